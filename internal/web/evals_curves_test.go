package web

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
)

func TestBudgetOf(t *testing.T) {
	for metric, want := range map[string]struct {
		name string
		k    int
	}{"pass@16": {"pass@k", 16}, "best_logp@4": {"best_logp@k", 4}, "pass^2": {"pass^k", 2}} {
		name, k, ok := budgetOf(metric)
		require.True(t, ok, metric)
		require.Equal(t, want.name, name)
		require.Equal(t, want.k, k)
	}
	for _, metric := range []string{"reflect_frac", "@4", "maj@", "maj@x", "maj@0", "maj@-1"} {
		_, _, ok := budgetOf(metric)
		require.False(t, ok, metric)
	}
}

func TestBudgetsNeedSeveralKs(t *testing.T) {
	row := func(step int, value float64) runlog.EvalRow {
		e := runlog.EvalRow{Step: step}
		for _, name := range []string{"pass@1", "pass@4", "maj@16", "best@16", "maj@4", "reflect_frac"} {
			e.Metrics = append(e.Metrics, runlog.Metric{Name: name, Value: value, Low: value - 0.1, High: value + 0.1})
		}
		return e
	}
	set := evalSet{Tasks: "math", NSamples: 16, Rows: []runlog.EvalRow{row(0, 0.2), row(9, 0.6)}}
	budgets := set.budgets()
	require.Len(t, budgets, 1, "best@16 alone makes no curve, and pass@k has its own")
	require.Equal(t, "maj@k", budgets[0].Name)
	require.Equal(t, []int{4, 16}, []int{budgets[0].Rows[0].K, budgets[0].Rows[1].K}, "in the order of k")
	require.Equal(t, 0.2, budgets[0].Rows[0].First.Value)
	require.Equal(t, 0.6, budgets[0].Rows[0].Last.Value)
	require.Equal(t, "0.2 0.2", budgets[0].Chart.Lines[0].DataY)
}

func TestCrossingFindsWhereTheBaseCatchesUp(t *testing.T) {
	results := func(correct ...int) (out []runlog.TaskResult) {
		for i, c := range correct {
			out = append(out, runlog.TaskResult{TaskID: string(rune('a' + i)), Samples: 4, Correct: c})
		}
		return out
	}
	// pass@1: 1/4 of the base, 1/2 of the trained; pass@2: 1/2 and 1/2; pass@4: 1 and 1/2.
	base, sharper := results(1, 1), results(4, 0)
	c, ok := crossingOf(base, sharper, passCurve(base, sharper, 4))
	require.True(t, ok)
	require.Equal(t, 2, c.At)
	require.Equal(t, 4, c.K)
	require.InDelta(t, -0.5, c.Gain.Value, 1e-12)

	stronger := results(4, 4)
	none := results(0, 0)
	c, ok = crossingOf(none, stronger, passCurve(none, stronger, 4))
	require.True(t, ok)
	require.Zero(t, c.At)
	require.Equal(t, 1.0, c.Gain.Value)
	require.True(t, c.Clear)

	_, ok = crossingOf(base, sharper, passCurve(base, sharper, 1))
	require.False(t, ok, "one sample a task has no curve")
	_, ok = crossingOf(base, nil, passCurve(base, nil, 4))
	require.False(t, ok, "no task in common")
}
