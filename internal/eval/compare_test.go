package eval_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
)

// subsets calls f with each choice of k of n indices.
func subsets(n, k int, f func(chosen []int)) {
	var choose func(from int, chosen []int)
	choose = func(from int, chosen []int) {
		if len(chosen) == k {
			f(chosen)
			return
		}
		for i := from; i < n; i++ {
			choose(i+1, append(chosen, i))
		}
	}
	choose(0, nil)
}

// All estimators equal the mean over all subsets, written out.
func TestEstimatorsAgainstEnumeration(t *testing.T) {
	scores := []float64{-0.3, -2, -0.1, -1, -0.7, -3, -0.2}
	for n := 1; n <= 7; n++ {
		for c := 0; c <= n; c++ {
			right := make([]float64, n)
			for i := range c {
				right[(i*3)%n] = 1
			}
			sum := 0
			for _, r := range right {
				sum += int(r)
			}
			for k := 1; k <= n; k++ {
				total, some, all, chosen := 0.0, 0.0, 0.0, 0.0
				subsets(n, k, func(s []int) {
					hits, best := 0.0, s[0]
					for _, i := range s {
						hits += right[i]
						if scores[i] > scores[best] {
							best = i
						}
					}
					total++
					chosen += right[best]
					if hits > 0 {
						some++
					}
					if int(hits) == k {
						all++
					}
				})
				what := fmt.Sprintf("n=%d c=%d k=%d", n, sum, k)
				require.InDelta(t, some/total, eval.PassAtK(n, sum, k), 1e-12, what)
				require.InDelta(t, all/total, eval.PassHatK(n, sum, k), 1e-12, what)
				require.InDelta(t, chosen/total, eval.ChosenAtK(right, scores[:n], k), 1e-12, what)
			}
		}
	}
	require.True(t, math.IsNaN(eval.PassHatK(2, 1, 3)))
}

func TestFiguresByHand(t *testing.T) {
	groups := []rollout.Group{judged("a", "math", "ccww"), judged("b", "math", "wwww")}
	for i := range groups {
		for j := range groups[i].Rollouts {
			r := &groups[i].Rollouts[j]
			r.Logprobs = []float32{-float32(j)} // the first is the likeliest
			r.Seconds, r.PromptTokens = 0.5, 0
		}
		groups[i].Rollouts[0].PromptTokens = 100
	}
	m := named(eval.Summarize(groups, []int{1, 2, 4}, 1))
	require.InDelta(t, (1.0/6)/2, m["pass^2"].Value, 1e-12)
	require.InDelta(t, 0.5, m["logp@4"].Value, 1e-12)
	require.InDelta(t, 5.0/12, m["logp@2"].Value, 1e-12) // of task a's 6 pairs only the two wrong ones fail
	require.Zero(t, m["no_answer_frac"].Value)
	require.NotContains(t, m, "pass^1")

	spent := named(eval.Spent(groups, eval.Prices{Prompt: 10, Completion: 100, Hour: 36}, 1))
	require.Equal(t, 200.0, spent["tokens_per_solved"].Value) // one task solved; 10+20+30+40 tokens in each
	require.Equal(t, 4.0, spent["seconds_per_solved"].Value)
	require.InDelta(t, (200*10.0+200*100)/1e6+4*0.01, spent["cost_per_solved"].Value, 1e-12)
	require.NotContains(t, named(eval.Spent(groups, eval.Prices{}, 1)), "cost_per_solved")
	require.Equal(t, []int{1, 2, 4, 8, 12}, eval.CurveKs(12))
	require.Equal(t, []int{1}, eval.CurveKs(1))
}

func TestTestTime(t *testing.T) {
	groups := []rollout.Group{judged("a", "math", "wccw")} // 10, 20, 30 and 40 tokens
	groups[0].Rollouts[3].Stop = policy.StopLength
	var by []string
	for _, p := range eval.TestTime(groups, []int{1, 4}, 1) {
		by = append(by, fmt.Sprintf("%s %d %d: %g tokens, %s %g", p.Way, p.K, p.Limit, p.Tokens, p.Name, p.Value))
	}
	require.Equal(t, []string{
		"samples 1 0: 25 tokens, pass@1 0.5", "samples 4 0: 100 tokens, maj@4 1",
		"length 0 16: 14.5 tokens, accuracy 0", "length 0 32: 23 tokens, accuracy 0.5", "length 0 40: 25 tokens, accuracy 0.5",
	}, by)
	require.Empty(t, eval.TestTime(nil, []int{1}, 1))
}

func TestCompare(t *testing.T) {
	rows := func(verdicts ...string) []eval.Row {
		var groups []rollout.Group
		for i, v := range verdicts {
			groups = append(groups, judged(fmt.Sprint("t", i), "math", v))
		}
		return eval.Rows(groups, eval.CurveKs(4), 1)
	}
	// The base finds each task once; the trained model two of four always, and the others never.
	base, trained := rows("cwww", "wcww", "wwcw", "wwwc"), rows("cccc", "cccc", "wwww", "wwww")
	c, err := eval.Compare(base, trained, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"t2", "t3"}, c.Lost)
	require.Empty(t, c.Gained)
	require.True(t, c.Crossover.Better)
	require.Equal(t, 3, c.Crossover.K, "pass@2 is 0.5 on both sides, pass@3 0.75 against 0.5")
	changes := map[string]eval.Change{}
	for _, x := range c.Changes {
		changes[x.Name] = x
	}
	require.InDelta(t, 0.25, changes["pass@1"].Value, 1e-12)
	require.InDelta(t, -0.5, changes["pass@4"].Value, 1e-12)
	require.Equal(t, []float64{0.25, 0.5}, []float64{changes["pass@1"].Before, changes["pass@1"].After})
	require.Less(t, changes["pass@1"].Low, 0.25)
	require.Contains(t, changes, "length_mean")
	require.Contains(t, changes, "maj@4")

	c, err = eval.Compare(base, rows("cccc", "cccc", "cccc", "cccc", "cccc"), 1)
	require.NoError(t, err)
	require.Zero(t, c.Crossover.K)
	require.Equal(t, 1, c.Left)
	_, err = eval.Compare(base, []eval.Row{{ID: "other", Samples: 1}}, 1)
	require.ErrorContains(t, err, "no task in common")
}
