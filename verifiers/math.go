package verifiers

import (
	"context"
	"fmt"
	"strings"

	"github.com/rltrain/rltrain/datasets"
)

// Math judges final answers in LaTeX or plain text by exact value: integers, decimals, fractions, mixed
// numbers, per cent, thousands separators, units, tuples, intervals, sets and lists of these; what is none of
// them by its normalised text. Nothing is evaluated (1+1 is not 2: an unfinished calculation is no
// answer), nothing is rounded, and a list must match as a whole. Work is linear in the response and
// bounded by maxAnswer beyond it.
type Math struct{}

// maxAnswer is the longest answer, in bytes, that is read as a value.
const maxAnswer = 2000

// Verify implements Verifier with Task.Answer as the gold answer.
func (Math) Verify(_ context.Context, task datasets.Task, response string) (Verdict, error) {
	return JudgeMath(response, task.Answer)
}

// JudgeMath compares the response's final answer with the golds, any of which will do. The error tells that no
// gold can be read.
func JudgeMath(response string, golds ...string) (Verdict, error) {
	var readable []string
	for _, gold := range golds {
		if gold = finalPart(gold); gold != "" && len(gold) <= maxAnswer && balanced(gold) {
			readable = append(readable, gold)
		}
	}
	if len(readable) == 0 {
		return Verdict{}, fmt.Errorf("gold answer %.80q cannot be read: give a non-empty answer of at most %d bytes", golds, maxAnswer)
	}
	answer, found := ExtractMath(response)
	if !found.ok() {
		return Verdict{Kind: found.kind, Reason: found.reason}, nil
	}
	v := Verdict{Kind: Wrong, Answer: clip(answer, 200)}
	if len(answer) > maxAnswer {
		v.Kind, v.Reason = Unparseable, fmt.Sprintf("answer of %d bytes, more than %d", len(answer), maxAnswer)
		return v, nil
	}
	if !balanced(answer) {
		v.Kind, v.Reason = Unparseable, "brackets do not match"
		return v, nil
	}
	for _, gold := range readable {
		if SameMath(gold, answer) {
			v.Kind, v.Reward, v.Reason = Correct, 1, ""
			return v, nil
		}
	}
	v.Reason = fmt.Sprintf("%s is not %s", clip(answer, 80), clip(readable[0], 80))
	return v, nil
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
