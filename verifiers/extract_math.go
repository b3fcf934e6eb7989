package verifiers

import (
	"fmt"
	"slices"
	"strings"
)

// found tells how a search for an answer ended; the zero value is success.
type found struct {
	kind   Kind
	reason string
}

func (f found) ok() bool { return f.kind == "" }

func nothing() found {
	return found{NoAnswer, `no \boxed, <answer>, ####, "the answer is" or formula in the last line`}
}

func notEmpty(s string) (string, found) {
	if s == "" {
		return "", found{NoAnswer, "the answer is empty"}
	}
	return s, found{}
}

// Place names where in a response a final answer may stand.
type Place string

// The places, in the order in which they are tried by default.
const (
	InBox     Place = "box"     // \boxed{…} or \fbox{…}
	InTag     Place = "answer"  // <answer>…</answer>
	AtHashes  Place = "hashes"  // #### 72, as in GSM8K
	AfterCue  Place = "cue"     // "the answer is", "Answer:", 答案是; or a last line "Therefore, … is …"
	InFormula Place = "formula" // the last line ends in $…$, $$…$$, \(…\) or \[…\]
	OnlyLine  Place = "line"    // the whole response is one line that is a value
)

// Places lists all places in the default order.
func Places() []Place { return []Place{InBox, InTag, AtHashes, AfterCue, InFormula, OnlyLine} }

// Extraction tells where final answers are looked for. Of Order the first place that occurs counts, and there
// the last answer.
type Extraction struct {
	Order        []Place // nil is Places()
	RequireThink bool    // a response without </think> has no answer
}

// Check tells whether all places are known, each given once.
func (e Extraction) Check() error {
	for i, place := range e.Order {
		if !slices.Contains(Places(), place) {
			return fmt.Errorf("unknown place of an answer %q: use some of %q", place, Places())
		}
		if slices.Contains(e.Order[:i], place) {
			return fmt.Errorf("place of an answer %q is given twice", place)
		}
	}
	return nil
}

// ExtractMath finds the final answer after the chain of thought, in the default places.
func ExtractMath(response string) (string, found) { return Extraction{}.Find(response) }

// Find finds the final answer. Only what follows the chain of thought counts, and a thought that is not finished
// has no answer. Where <answer> is among the places, one that is not closed, or nested, means that there is
// none: the response was cut while it changed its mind. Work is linear in the response.
func (e Extraction) Find(response string) (string, found) {
	text := afterThink(response)
	if e.RequireThink && !strings.Contains(response, thinkClose) || text == "" && response != "" {
		return "", found{NoAnswer, "the thought is not finished, or nothing follows it"}
	}
	order := e.Order
	if order == nil {
		order = Places()
	}
	if slices.Contains(order, InTag) && strings.Contains(text, answerOpen) {
		if _, ok := Answer(text); !ok {
			return "", found{NoAnswer, "<answer> is not closed, or nested"}
		}
	}
	if answer, f, hit := search(text, order); hit {
		return answer, f
	}
	return "", nothing()
}

// search tries the places in order; hit tells that one of them occurs.
func search(text string, order []Place) (answer string, f found, hit bool) {
	for _, place := range order {
		switch place {
		case InBox:
			answer, hit, f = boxAnswer(text)
		case InTag:
			if hit = strings.Contains(text, answerOpen); hit {
				answer = tagAnswer(text, order)
			}
		case AtHashes:
			answer, hit = hashAnswer(text)
		case AfterCue:
			answer, hit = cueAnswer(text)
		case InFormula:
			answer, hit = formulaAnswer(text)
		case OnlyLine:
			answer, hit = strings.TrimSpace(text), onlyValue(text)
		}
		if !hit {
			continue
		}
		if f.ok() {
			answer, f = notEmpty(answer)
		}
		return answer, f, true
	}
	return "", found{}, false
}

// tagAnswer is what the last <answer> says: what the other places find in it, else all of it.
func tagAnswer(text string, order []Place) string {
	inner, _ := Answer(text)
	if len(inner) > maxTail {
		return inner
	}
	rest := slices.DeleteFunc(slices.Clone(order), func(p Place) bool { return p == InTag || p == OnlyLine })
	if answer, f, hit := search(inner, rest); hit && f.ok() {
		return answer
	}
	return inner
}

// hashAnswer is the rest of the line after the last ####. Markdown has headings of that form: a line in words counts
// only at the end of the text.
func hashAnswer(text string) (string, bool) {
	i := strings.LastIndex(text, "####")
	if i < 0 {
		return "", false
	}
	line, rest, _ := strings.Cut(text[i+4:], "\n")
	line = trimAnswer(line)
	return line, valueLike(line) || strings.TrimSpace(rest) == ""
}
