package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// mustMakeStudyRun makes a run of 6 steps that ends with right of 4 test tasks solved; reflection rises at step 2.
func mustMakeStudyRun(t *testing.T, dir string, status string, right int) {
	t.Helper()
	ctx := context.Background()
	log, err := runlog.Create(dir, runlog.Meta{Run: filepath.Base(dir), Recipe: "r", Model: "m", Host: "h", StartedAt: time.Unix(0, 0)})
	require.NoError(t, err)
	defer log.Close()
	for step := range 6 {
		reflecting := 0.1
		if step >= 2 {
			reflecting = 0.5
		}
		s := runlog.Step{Step: step, ReflectFrac: reflecting, CPUS: 2, StepS: 1.5}
		require.NoError(t, log.RecordStep(ctx, s, mustGroups(step), [][]float64{{0.5, -0.5}}, nil))
	}
	for _, at := range []struct{ step, right int }{{0, 1}, {6, right}} {
		var groups []rollout.Group
		for i := range 4 {
			kind := verifiers.Wrong
			if i < at.right {
				kind = verifiers.Correct
			}
			r := rollout.Rollout{Verdict: verifiers.Verdict{Kind: kind}}
			groups = append(groups, rollout.Group{Task: datasets.Task{ID: fmt.Sprintf("task-%d", i), Kind: "countdown"}, Rollouts: []rollout.Rollout{r, r}})
		}
		metrics := []runlog.Metric{{Name: "reflect_frac", Value: 0.2, Low: 0.1, High: 0.3}, {Name: "attempts", Value: 1.5}, {Name: "hits_per_attempt", Value: 0.15}, {Name: "length_mean", Value: 40}}
		require.NoError(t, log.RecordEval(ctx, at.step, runlog.Eval{Tasks: "countdown/test", NTasks: 4, NSamples: 2, Temperature: 1, Metrics: metrics}, groups))
	}
	for step, value := range map[int]float64{0: 0.2, 3: 0.44, 4: 0.46, 6: 0.6} {
		e := runlog.Eval{Tasks: "countdown/validation", NTasks: 1, NSamples: 1, Temperature: 1, Metrics: []runlog.Metric{{Name: "pass@1", Value: value}}}
		require.NoError(t, log.RecordEval(ctx, step, e, mustGroups(step)))
	}
	require.NoError(t, log.SetStatus(ctx, status))
}

func TestResultsTellRunsAndBases(t *testing.T) {
	dir := t.TempDir()
	mustMakeStudyRun(t, filepath.Join(dir, "runs", "rl", "base-seed1"), runlog.Finished, 3)
	mustMakeStudyRun(t, filepath.Join(dir, "runs", "rl", "base-seed2"), runlog.Finished, 4)
	mustMakeStudyRun(t, filepath.Join(dir, "runs", "rl", "base-seed3"), runlog.Interrupted, 0) // does not count
	free := runlog.Eval{Tasks: "countdown/rl", NTasks: 10240, NSamples: 1, Temperature: 1, Metrics: []runlog.Metric{
		{Name: "reflect_frac", Value: 0, Low: 0, High: 0.00036}, {Name: "pass@1", Value: 0.2, Low: 0.19, High: 0.21}}}
	base := filepath.Join(dir, "bases", "share-0")
	require.NoError(t, os.MkdirAll(base, 0o755))
	require.NoError(t, evalReport{Eval: free}.print(filepath.Join(base, "step0.json"), nil))
	out, _, err := runCommand(t, resultsCommand(), dir)
	require.NoError(t, err)
	require.Contains(t, out, "| rl        | 2    | 25.0 % ")
	require.Contains(t, out, "| 87.5 % ")      // after
	require.Contains(t, out, "| 62.5 % ")      // gain
	require.Contains(t, out, "| 2, 2 ")        // take-off
	require.Contains(t, out, "| 8 (4), 8 (4)") // four steps of 2 processor seconds before the evaluation at step 4
	require.Contains(t, out, "| share-0 | 10240  | 0.000 % [0.000, 0.036] | 20.0 % [19.0, 21.0] | -             | -                        |")
}

func TestResultsOfNothing(t *testing.T) {
	_, _, err := runCommand(t, resultsCommand(), t.TempDir())
	require.ErrorContains(t, err, "bench/results.sh makes them")
}

func TestTakeOffNeedsARunOfSteps(t *testing.T) {
	base := runlog.EvalRow{Eval: runlog.Eval{Tasks: "countdown/validation", NSamples: 1, Temperature: 1, Metrics: []runlog.Metric{{Name: "reflect_frac", High: 0.2}}}}
	for _, test := range []struct {
		shares []float64
		step   int
		ok     bool
	}{
		{[]float64{0.3, 0.3, 0.1, 0.3, 0.3, 0.3, 0.1}, 3, true},
		{[]float64{0.3, 0.3, 0.2, 0.3, 0.3}, 0, false},
		{[]float64{math.NaN(), 0.3, 0.3, 0.3}, 1, true},
		{nil, 0, false},
	} {
		s := story{evals: []runlog.EvalRow{base}}
		for i, share := range test.shares {
			s.steps = append(s.steps, runlog.Step{Step: i, ReflectFrac: share})
		}
		step, ok := s.takeOff()
		require.Equal(t, test.ok, ok, "%v", test.shares)
		require.Equal(t, test.step, step, "%v", test.shares)
		s.evals = nil
		_, ok = s.takeOff()
		require.False(t, ok, "without a base to compare with")
	}
}
