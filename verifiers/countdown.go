package verifiers

import (
	"context"
	"fmt"
	"math/big"

	"github.com/rltrain/rltrain/datasets"
)

// Countdown judges arithmetic: the answer must come to Task.Target and use each of Task.Numbers exactly
// once. The answer is the last <answer>…</answer> after the thought; see ParseExpression for what may stand there.
type Countdown struct{}

// Verify implements Verifier. It does not ask for the <think> part: Rules does.
func (Countdown) Verify(_ context.Context, task datasets.Task, response string) (Verdict, error) {
	if len(task.Numbers) == 0 {
		return Verdict{}, fmt.Errorf("countdown task %q has no numbers", task.ID)
	}
	answer, ok := Answer(afterThink(response))
	if !ok {
		return Verdict{Kind: NoAnswer, Reason: "no complete <answer>…</answer> after the thought"}, nil
	}
	v := Verdict{Answer: clip(answer, 200)}
	if answer == "" {
		v.Kind, v.Reason = NoAnswer, "the answer is empty"
		return v, nil
	}
	e, err := ParseExpression(answer)
	if err != nil {
		v.Kind, v.Reason = Unparseable, err.Error()
		return v, nil
	}
	if reason := Misuse(e.Used, task.Numbers); reason != "" {
		v.Kind, v.Reason = Wrong, reason
		return v, nil
	}
	if e.Value.Cmp(new(big.Rat).SetInt64(int64(task.Target))) != 0 {
		v.Kind, v.Reason = Wrong, fmt.Sprintf("value %s instead of %d", e.Value.RatString(), task.Target)
		return v, nil
	}
	v.Kind, v.Reward = Correct, 1
	return v, nil
}

// Misuse tells how the multiset used differs from given, "" if it does not.
func Misuse(used, given []int) string {
	left := make(map[int]int, len(given))
	known := make(map[int]bool, len(given))
	for _, n := range given {
		left[n]++
		known[n] = true
	}
	for _, n := range used {
		if !known[n] {
			return fmt.Sprintf("%d is not among the numbers", n)
		}
		left[n]--
	}
	for _, n := range used {
		if left[n] < 0 {
			return fmt.Sprintf("number %d used %s", n, times(count(used, n)))
		}
	}
	for _, n := range given {
		if left[n] > 0 {
			return fmt.Sprintf("%d not used", n)
		}
	}
	return ""
}

func count(list []int, n int) (c int) {
	for _, m := range list {
		if m == n {
			c++
		}
	}
	return c
}

func times(n int) string {
	if n == 2 {
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}
