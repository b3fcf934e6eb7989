package verifiers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rltrain/rltrain/datasets"
)

// Exact judges by equality of strings, byte for byte. White space at both ends is dropped and \r\n is \n; case,
// punctuation, inner white space and invisible characters count. Without <answer> and box the last line is the answer.
type Exact struct{}

// Verify implements Verifier with Task.Answer as the gold answer.
func (Exact) Verify(_ context.Context, task datasets.Task, response string) (Verdict, error) {
	return judgeExact(response, []string{task.Answer})
}

func judgeExact(response string, golds []string) (Verdict, error) {
	var readable []string
	for _, gold := range golds {
		if gold = trimmed(gold); gold != "" && len(gold) <= maxText {
			readable = append(readable, gold)
		}
	}
	if len(readable) < max(1, len(golds)) {
		return Verdict{}, fmt.Errorf("gold %.80q cannot be compared: give texts of 1 to %d bytes", golds, maxText)
	}
	return judgeText(response, lastLine, func(answer string) found {
		if slices.Contains(readable, trimmed(answer)) {
			return found{kind: Correct}
		}
		return found{Wrong, fmt.Sprintf("%q is not %q", clip(answer, 80), clip(readable[0], 80))}
	}), nil
}

func trimmed(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
