package verifiers

import (
	"fmt"
	"strings"
)

// maxText is the longest answer, in bytes, that choice, exact, numeric and regex read.
const maxText = 4096

// fallback is what finalAnswer does with a response that has neither tag nor box.
type fallback bool

const (
	taggedOnly fallback = false // there is no answer
	lastLine   fallback = true  // the last line that is not blank is the answer
)

// finalAnswer finds the answer for the kinds that compare text: the last <answer>…</answer> after the thought, else
// the last \boxed{…}, else what otherwise says. A box that is all of an <answer> is unwrapped.
func finalAnswer(response string, otherwise fallback) (string, found) {
	text := afterThink(response)
	if strings.Contains(text, answerOpen) {
		answer, ok := Answer(text)
		if !ok {
			return "", found{NoAnswer, "<answer> is not closed, or nested"}
		}
		return notEmpty(unbox(answer))
	}
	if strings.Contains(text, boxed) {
		box, f := lastBox(text)
		if !f.ok() {
			return "", f
		}
		return notEmpty(box)
	}
	if line := lastLineOf(text); otherwise == lastLine && line != "" {
		return line, found{}
	}
	return "", found{NoAnswer, `no <answer>…</answer> and no \boxed{…} after the thought`}
}

// lastLineOf is the last line that is not blank, trimmed.
func lastLineOf(text string) string {
	text = strings.TrimSpace(text)
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}

// unbox is the content of a \boxed{…} that is the whole text; any other text stays.
func unbox(text string) string {
	boxes, open, _ := findBoxes(text)
	if len(boxes) == 1 && !open && boxes[0].start == 0 && boxes[0].end == len(text) {
		return unnest(boxes[0].content)
	}
	return text
}

// judgeText is the frame that the kinds on short text share: it finds the answer, bounds it and asks same, whose
// verdict may be Correct, Wrong or Unparseable.
func judgeText(response string, otherwise fallback, same func(answer string) found) Verdict {
	answer, f := finalAnswer(response, otherwise)
	if !f.ok() {
		return Verdict{Kind: f.kind, Reason: f.reason}
	}
	v := Verdict{Answer: clip(answer, 200)}
	if len(answer) > maxText {
		f = found{Unparseable, fmt.Sprintf("answer of %d bytes, more than %d", len(answer), maxText)}
	} else {
		f = same(answer)
	}
	if v.Kind, v.Reason = f.kind, f.reason; v.Kind == Correct {
		v.Reward = 1
	}
	return v
}
