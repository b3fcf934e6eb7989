package web

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rltrain/rltrain/internal/reflect"
)

// visible makes every rune show that would otherwise act or hide: control characters, terminal escapes and
// bidirectional marks become \x.. or \u..... Line breaks, tabs and spaces stay.
func visible(text string) string {
	if plain(text) {
		return text
	}
	var out strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd"):
			fmt.Fprintf(&out, `\x%02x`, text[i])
		case shows(r):
			out.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			out.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return out.String()
}

func shows(r rune) bool {
	return r == '\n' || r == '\t' || strconv.IsPrint(r) || unicode.Is(unicode.Zs, r)
}

// plain is the quick answer for what nearly all text is.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < 0x20 && c != '\n' && c != '\t') || c >= 0x7f {
			return false
		}
	}
	return true
}

// oneLine is the beginning of a text on one line.
func oneLine(text string, runes int) string {
	text = strings.Join(strings.Fields(visible(text)), " ")
	if n := []rune(text); len(n) > runes {
		return string(n[:runes]) + "…"
	}
	return text
}

// piece is a stretch of a chain: plain text, or the phrase of a reflection.
type piece struct {
	Text     string
	Category reflect.Category // "" for plain text
	Flip     string           // right or lost, for a reflection that changed the answer's correctness
	Title    string
}

// pieces cuts a chain at its reflections. Phrases may overlap; then the first one stands.
func pieces(text string, found []reflect.Reflection) []piece {
	var out []piece
	at := 0
	for _, f := range found {
		end := f.Offset + len(f.Phrase)
		if f.Offset < at || end > len(text) {
			continue
		}
		if f.Offset > at {
			out = append(out, piece{Text: visible(text[at:f.Offset])})
		}
		out = append(out, piece{Text: visible(text[f.Offset:end]), Category: f.Category, Flip: flip(f.Effect), Title: title(f)})
		at = end
	}
	if at < len(text) {
		out = append(out, piece{Text: visible(text[at:])})
	}
	return out
}

func flip(e reflect.Effect) string {
	switch e {
	case reflect.Good:
		return "good"
	case reflect.Bad:
		return "bad"
	}
	return ""
}

func title(f reflect.Reflection) string {
	out := words(string(f.Category))
	if f.Before != "" || f.After != "" {
		out += ": held " + orNone(f.Before) + " before, " + orNone(f.After) + " after"
	}
	switch f.Effect {
	case reflect.Good:
		out += ": wrong to right"
	case reflect.Bad:
		out += ": right to wrong"
	}
	return oneLine(out, 200)
}

func orNone(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

// cut shortens a text to about so many bytes at a rune's border.
func cut(text string, limit int) (string, bool) {
	if limit <= 0 || len(text) <= limit {
		return text, false
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit], true
}
