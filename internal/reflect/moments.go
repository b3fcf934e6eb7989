package reflect

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxBetween is how far two phrases of one moment may stand apart, in bytes.
const maxBetween = 48

// maxApart is how far a plan may stand from the turn that it is part of: "let me try another way: first find …".
const maxApart = 16

// moments joins phrases that turn on the same spot: "Hmm, wait. That is wrong. Let me try again." is one. A "no" counts
// only where it rejects an answer.
func moments(text string, hits []hit, answers []held) []hit {
	var out []hit
	next, given := 0, -1 // the first answer after this phrase, and where the last one before it ends
	for _, h := range hits {
		for ; next < len(answers) && answers[next].start < h.start; next++ {
			given = answers[next].end
		}
		if isNo(text[h.start:h.end]) && (given < 0 || h.start-given > maxBetween || strings.ContainsAny(text[min(given, h.start):h.start], "?？")) {
			continue
		}
		n := len(out)
		if n > 0 && given < out[n-1].end && sameMoment(out[n-1].category, h.category, text[out[n-1].end:h.start]) {
			out[n-1].join(h)
			continue
		}
		out = append(out, h)
	}
	return out
}

// sameMoment tells whether two phrases belong together, by what stands between.
func sameMoment(a, b Category, between string) bool {
	switch {
	case turns(a) && turns(b), a == BackwardChaining && b == a:
		return bridge(between)
	case turns(a) && b == Subgoal:
		return len(between) <= maxApart && !strings.ContainsAny(between, ".。!?\n")
	}
	return false
}

// isNo tells whether a phrase is a bare "no", which says little without an answer before it.
func isNo(phrase string) bool { return strings.EqualFold(phrase, "no") }

// bridge tells whether nothing new is said between two phrases: few words, no number, no formula.
func bridge(between string) bool {
	return len(between) <= maxBetween && !strings.ContainsAny(between, "0123456789=`")
}

// unquoted drops the phrases that the writer takes from the question, with the words around them.
func unquoted(question, text string, hits []hit) []hit {
	if question == "" || len(hits) == 0 {
		return hits
	}
	asked := letters(question)
	out := hits[:0]
	for _, h := range hits {
		if said := letters(around(text, h)); len(said) < minQuoted || !strings.Contains(asked, said) {
			out = append(out, h)
		}
	}
	return out
}

// minQuoted is how much of the question must be repeated, in bytes of letters.
const minQuoted = 12

// around is a phrase with some words more of its sentence on both sides.
func around(text string, h hit) string {
	const more = 12
	start, end := h.start, h.end
	for i := 0; i < more && start > 0; i++ {
		r, size := utf8.DecodeLastRuneInString(text[:start])
		if isStop(r) {
			break
		}
		start -= size
	}
	for i := 0; i < more && end < len(text); i++ {
		r, size := utf8.DecodeRuneInString(text[end:])
		if isStop(r) {
			break
		}
		end += size
	}
	// A word that was cut is left out.
	for start < h.start && isWordRune(rune(text[start])) && start > 0 && isWordRune(rune(text[start-1])) {
		start++
	}
	for end > h.end && end < len(text) && isWordRune(rune(text[end-1])) && isWordRune(rune(text[end])) {
		end--
	}
	return text[start:end]
}

func isStop(r rune) bool { return strings.ContainsRune(".!?\n\"“”。！？：:", r) }

// letters is the text's letters and digits in lower case.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
