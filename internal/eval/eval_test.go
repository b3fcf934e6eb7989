package eval_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// judged makes a group of one rollout for each letter: c correct, w wrong, e error.
func judged(id, kind, verdicts string) rollout.Group {
	g := rollout.Group{Task: datasets.Task{ID: id, Kind: kind}}
	for i, letter := range verdicts {
		r := rollout.Rollout{Text: "text"}
		r.Tokens, r.Stop = make([]policy.Token, 10*(i+1)), policy.StopToken
		r.Verdict = verifiers.Verdict{Kind: verifiers.Wrong, Format: true, Answer: fmt.Sprint("w", i)}
		switch letter {
		case 'c':
			r.Verdict.Kind, r.Verdict.Reward, r.Verdict.Answer = verifiers.Correct, 1, "right"
		case 'e':
			r.Verdict = verifiers.Verdict{Kind: verifiers.Error}
		}
		g.Rollouts = append(g.Rollouts, r)
	}
	return g
}

func named(metrics []runlog.Metric) map[string]runlog.Metric {
	out := map[string]runlog.Metric{}
	for _, m := range metrics {
		out[m.Name] = m
	}
	return out
}

func TestSummarizeByHand(t *testing.T) {
	groups := []rollout.Group{judged("a", "math", "ccww"), judged("b", "math", "wwww"), judged("c", "math", "cccc")}
	groups[1].Rollouts[0].Reflections = []reflect.Reflection{{}, {}}
	groups[1].Rollouts[3].Stop = policy.StopLength
	groups[1].Rollouts[3].Verdict.Format = false

	m := named(eval.Summarize(groups, []int{1, 2, 4, 8}, 1))
	require.InDelta(t, (0.5+0+1)/3, m["pass@1"].Value, 1e-12)
	require.InDelta(t, (5.0/6+0+1)/3, m["pass@2"].Value, 1e-12) // 1 - C(2,2)/C(4,2) = 5/6
	require.InDelta(t, 2.0/3, m["pass@4"].Value, 1e-12)
	require.NotContains(t, m, "pass@8")
	require.InDelta(t, 2.0/3, m["maj@4"].Value, 1e-12) // "right" twice beats two different wrong ones
	require.InDelta(t, 2.0/3, m["best@4"].Value, 1e-12)
	require.InDelta(t, 1.0/12, m["reflect_frac"].Value, 1e-12)
	require.InDelta(t, 25, m["length_mean"].Value, 1e-12)
	require.InDelta(t, 11.0/12, m["format"].Value, 1e-12)
	require.InDelta(t, 1.0/12, m["truncated_frac"].Value, 1e-12)
	require.Equal(t, 0.0, m["errors"].Value)
	for _, name := range []string{"pass@1", "pass@2", "format"} {
		require.Less(t, m[name].Low, m[name].Value, name)
		require.Greater(t, m[name].High, m[name].Value, name)
	}
}

func TestErrorsAreLeftOutAndCounted(t *testing.T) {
	groups := []rollout.Group{judged("a", "math", "ceww"), judged("b", "math", "eeee"), judged("c", "math", "cccc")}
	m := named(eval.Summarize(groups, []int{1, 4}, 1))
	require.InDelta(t, (1.0/3+1)/2, m["pass@1"].Value, 1e-12)
	require.Equal(t, 1.0, m["pass@4"].Value, "only task c still has four judged samples")
	require.Equal(t, 5.0, m["errors"].Value)
	require.True(t, math.IsNaN(m["errors"].Low))

	none := eval.Summarize(groups[1:2], []int{1}, 1)
	require.Equal(t, "errors", none[0].Name)
	require.Len(t, none, 1)
	require.Len(t, eval.Summarize(nil, []int{1}, 1), 1)

	scores := eval.TaskScores(groups, 1)
	require.InDelta(t, 1.0/3, scores[0], 1e-12)
	require.True(t, math.IsNaN(scores[1]))
}

func TestSummarizeIsTheSameForTheSameSeed(t *testing.T) {
	groups := []rollout.Group{judged("a", "countdown", "ccwwcw"), judged("b", "countdown", "wwwwcc"), judged("c", "code", "cccwww")}
	one, two := eval.Summarize(groups, []int{1, 2}, 5), eval.Summarize(groups, []int{1, 2}, 5)
	require.Equal(t, fmt.Sprint(one), fmt.Sprint(two))
	code := named(eval.Summarize(groups[2:], []int{1}, 5))
	require.NotContains(t, code, "maj@6", "programs have no majority")
}

func TestExtremeSharesHaveAnInterval(t *testing.T) {
	var all, none []rollout.Group
	for i := range 10 {
		all = append(all, judged(fmt.Sprint(i), "math", "cc"))
		none = append(none, judged(fmt.Sprint(i), "math", "ww"))
	}
	bound := 1 - math.Pow(0.025, 0.1) // Clopper-Pearson for 0 of 10: 0.3085
	require.InDelta(t, 0.3085, bound, 1e-4)
	m := named(eval.Summarize(none, []int{1}, 1))["pass@1"]
	require.Equal(t, [2]float64{0, bound}, [2]float64{m.Low, m.High})
	m = named(eval.Summarize(all, []int{1}, 1))["pass@1"]
	require.Equal(t, [2]float64{1 - bound, 1}, [2]float64{m.Low, m.High})
}

func TestAttemptsAreCounted(t *testing.T) {
	g := judged("a", "countdown", "cw")
	g.Task.Numbers, g.Task.Target = []int{2, 8, 22}, 32
	g.Rollouts[0].Text = "<think>8+2=10,22-10=12 too small. Wait, that is wrong. 8+2=10,22+10=32 that works.</think><answer>22+(8+2)</answer>"
	g.Rollouts[1].Text = "<think>22-8=14,14-2=12 too small. Hmm, try again. 22-8=14,14-2=12 too small.</think><answer>22-8-2</answer>"
	m := named(eval.Summarize([]rollout.Group{g}, []int{1}, 1))
	require.Equal(t, 2.0, m["attempts"].Value)          // two in each chain
	require.Equal(t, 0.25, m["hits_per_attempt"].Value) // 22+10=32
	require.Equal(t, 0.25, m["repeats"].Value)          // 22-8-2 again
	require.NotContains(t, named(eval.Summarize([]rollout.Group{judged("b", "math", "cw")}, []int{1}, 1)), "attempts")
}
