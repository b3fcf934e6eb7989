package main

import (
	"strings"

	"github.com/rltrain/rltrain/internal/reflect"
)

// paint sets text in a colour of the terminal (SGR parameters), or leaves it.
func paint(text, sgr string, color bool) string {
	if !color || sgr == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

// verdictColor is green for right, red for wrong, yellow for what could not be read or judged.
func verdictColor(verdict string) string {
	switch verdict {
	case "correct":
		return "32"
	case "wrong", "timeout":
		return "31"
	}
	return "33"
}

// categoryColor tells the kinds of reflection apart.
func categoryColor(c reflect.Category) string {
	switch c {
	case reflect.Backtracking:
		return "1;35"
	case reflect.Verification:
		return "1;36"
	case reflect.Subgoal:
		return "1;34"
	case reflect.BackwardChaining:
		return "1;32"
	case reflect.LanguageSwitch:
		return "1;31"
	}
	return "1;33" // reconsideration, the most frequent
}

// highlight escapes the text and, with color, marks the phrases of the reflections in it by kind, and those that turned the answer.
func highlight(text string, found []reflect.Reflection, color bool) string {
	var out strings.Builder
	at := 0
	for _, f := range found {
		end := f.Offset + len(f.Phrase)
		if !color || f.Offset < at || end > len(text) {
			continue // phrases may overlap; the first one stands
		}
		out.WriteString(escapeLines(text[at:f.Offset]) + paint(escapeLines(text[f.Offset:end]), categoryColor(f.Category), true))
		switch f.Effect {
		case reflect.Good:
			out.WriteString(paint("[wrong → right]", "32", true))
		case reflect.Bad:
			out.WriteString(paint("[right → wrong]", "31", true))
		}
		at = end
	}
	return out.String() + escapeLines(text[at:])
}

// paintedKinds is the key to the colours of highlight.
func paintedKinds() string {
	var names []string
	for _, c := range []reflect.Category{reflect.Reconsideration, reflect.Backtracking, reflect.Verification, reflect.Subgoal, reflect.BackwardChaining, reflect.LanguageSwitch} {
		names = append(names, paint(strings.ReplaceAll(string(c), "_", " "), categoryColor(c), true))
	}
	return strings.Join(names, "  ")
}
