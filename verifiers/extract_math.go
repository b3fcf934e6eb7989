package verifiers

import (
	"regexp"
	"strings"
)

// found tells how a search for an answer ended; the zero value is success.
type found struct {
	kind   Kind
	reason string
}

func (f found) ok() bool { return f.kind == "" }

func nothing() found { return found{NoAnswer, "no \\boxed, <answer>, #### or \"the answer is\""} }

// maxTail is how much of the end of a response is searched for phrases.
const maxTail = 20_000

var (
	answerIs  = regexp.MustCompile(`(?i)\b(?:the\s+)?(?:final\s+)?answer\s*(?:is|:|=)\s*:?`)
	answerEnd = regexp.MustCompile(`\.(?:\s|$)`)
)

// ExtractMath finds the final answer after the chain of thought. The first kind that occurs counts, and of
// that kind the last one: <answer>, \boxed, ####, "the answer is"; or the whole text if it is one line
// that is a value by itself.
func ExtractMath(response string) (string, found) {
	text := afterThink(response)
	if strings.Contains(text, answerOpen) {
		answer, ok := Answer(text)
		if !ok {
			return "", found{NoAnswer, "<answer> is not closed"}
		}
		text = answer
		if !strings.Contains(text, boxed) {
			return notEmpty(text)
		}
	}
	if strings.Contains(text, boxed) || strings.Contains(text, fbox) {
		box, f := lastBox(text)
		if !f.ok() {
			return "", f
		}
		return notEmpty(box)
	}
	if i := strings.LastIndex(text, "####"); i >= 0 {
		line, _, _ := strings.Cut(text[i+4:], "\n")
		return notEmpty(strings.TrimSpace(line))
	}
	return phrased(text)
}

func notEmpty(s string) (string, found) {
	if s == "" {
		return "", found{NoAnswer, "the answer is empty"}
	}
	return s, found{}
}

func phrased(text string) (string, found) {
	text = strings.TrimSpace(text)
	if len(text) > maxTail {
		text = text[len(text)-maxTail:]
	}
	if hits := answerIs.FindAllStringIndex(text, -1); len(hits) > 0 {
		s, _, _ := strings.Cut(strings.TrimSpace(text[hits[len(hits)-1][1]:]), "\n")
		if end := answerEnd.FindStringIndex(s); end != nil {
			s = s[:end[0]]
		}
		return notEmpty(strings.TrimSpace(s))
	}
	if len(text) > 0 && len(text) <= maxAnswer && !strings.Contains(text, "\n") && parseMath(text).exact() {
		return text, found{}
	}
	return "", nothing()
}

const (
	boxed = `\boxed`
	fbox  = `\fbox`
)

// lastBox is the content of the last \boxed{…} or \fbox{…}, its brackets balanced; `\boxed 5` is read too.
func lastBox(text string) (string, found) {
	i, length := strings.LastIndex(text, boxed), len(boxed)
	if j := strings.LastIndex(text, fbox); j > i {
		i, length = j, len(fbox)
	}
	if i < 0 {
		return "", nothing()
	}
	rest := strings.TrimLeft(text[i+length:], " \t\n")
	if !strings.HasPrefix(rest, "{") {
		word := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(" \t\n$", r) })
		if len(word) == 0 {
			return "", nothing()
		}
		return strings.TrimSuffix(word[0], "."), found{}
	}
	if inner, ok := group(rest); ok {
		return strings.TrimSpace(inner), found{}
	}
	return "", found{Unparseable, "the last \\boxed is not closed"}
}

// group is what stands between the curly bracket that s starts with and its partner.
func group(s string) (string, bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return s[1:i], true
			}
		}
	}
	return "", false
}
