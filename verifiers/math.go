package verifiers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers/mathexpr"
)

// Math judges final answers in LaTeX or plain text by value: see package mathexpr for what is read and when two
// answers are equal. Nothing is rounded, and a list must match as a whole. Work is linear in the response and bounded
// by maxAnswer and a budget of work units beyond it.
type Math struct {
	Extraction Extraction // where answers are looked for; the zero value is the default
}

// maxAnswer is the longest answer, in bytes, that is read as a value.
const maxAnswer = 2000

// Verify implements Verifier with Task.Answer as the gold answer.
func (m Math) Verify(_ context.Context, task datasets.Task, response string) (Verdict, error) {
	return m.judge(response, task.Answer)
}

// gold is a readable gold answer.
type gold struct {
	text  string
	value mathexpr.Answer
}

// JudgeMath compares the response's final answer, found in the default places, with the golds, any of which will do.
// The error tells that no gold can be read.
func JudgeMath(response string, golds ...string) (Verdict, error) {
	return Math{}.judge(response, golds...)
}

func (m Math) judge(response string, golds ...string) (Verdict, error) {
	var readable []gold
	for _, text := range golds {
		text = finalPart(text)
		if len(text) > maxAnswer || !balanced(text) {
			continue
		}
		if value, err := mathexpr.Parse(text, newBudget()); !errors.Is(err, mathexpr.ErrSyntax) {
			readable = append(readable, gold{text, value})
		}
	}
	if len(readable) == 0 {
		return Verdict{}, fmt.Errorf("gold answer %.80q cannot be read: give a non-empty answer of at most %d bytes", golds, maxAnswer)
	}
	answer, found := m.Extraction.Find(response)
	if !found.ok() {
		return Verdict{Kind: found.kind, Reason: found.reason}, nil
	}
	return judgeAnswer(answer, readable), nil
}

func newBudget() *mathexpr.Budget { return mathexpr.NewBudget(mathexpr.Limits{}) }

// judgeAnswer compares an extracted answer with golds, each under a budget of its own.
func judgeAnswer(answer string, golds []gold) Verdict {
	v := Verdict{Kind: Unparseable, Answer: clip(answer, 200)}
	if len(answer) > maxAnswer {
		v.Reason = fmt.Sprintf("answer of %d bytes, more than %d", len(answer), maxAnswer)
		return v
	}
	if !balanced(answer) {
		v.Reason = "brackets do not match"
		return v
	}
	value, err := mathexpr.Parse(answer, newBudget())
	if errors.Is(err, mathexpr.ErrSyntax) {
		v.Reason = fmt.Sprintf("%.80q: %v", answer, err)
		return v
	}
	v.Kind, v.Reason = Wrong, fmt.Sprintf("%s is not %s", clip(answer, 80), clip(golds[0].text, 80))
	if found, wanted := value.Kind(), golds[0].value.Kind(); found != wanted {
		v.Reason += fmt.Sprintf(": %s against %s", found, wanted)
	}
	for _, gold := range golds {
		equal, err := mathexpr.Equal(gold.value, value, mathexpr.Rules{}, newBudget())
		if equal {
			v.Kind, v.Reward, v.Reason = Correct, 1, ""
			return v
		}
		if err != nil {
			v.Kind, v.Reason = Timeout, fmt.Sprintf("%s against %s: %v", clip(answer, 80), clip(gold.text, 80), err)
		}
	}
	return v
}

// SameMath tells whether two answers are equal. It is symmetric, and false where deciding costs too much.
func SameMath(a, b string) bool {
	x, err := mathexpr.Parse(a, newBudget())
	if errors.Is(err, mathexpr.ErrSyntax) {
		return false
	}
	y, err := mathexpr.Parse(b, newBudget())
	if errors.Is(err, mathexpr.ErrSyntax) {
		return false
	}
	equal, err := mathexpr.Equal(x, y, mathexpr.Rules{}, newBudget())
	return equal && err == nil
}

// finalPart is a gold answer without the solution that some data sets put around it.
func finalPart(gold string) string {
	if i := strings.LastIndex(gold, "####"); i >= 0 {
		return strings.TrimSpace(gold[i+4:])
	}
	if box, found := lastBox(gold); found.ok() {
		return box
	}
	return strings.TrimSpace(gold)
}

// balanced tells whether curly brackets match.
func balanced(s string) bool {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++ // an escaped bracket is text
		case '{':
			depth++
		case '}':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}
