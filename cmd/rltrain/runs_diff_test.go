package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// mustMakeEvaluated makes a run with one step for each accuracy, and an evaluation after the last of them in which the
// tasks named right are solved and the others are not.
func mustMakeEvaluated(t *testing.T, dir, name, config string, accuracy []float64, tasks []string, right string) {
	t.Helper()
	ctx := context.Background()
	log, err := runlog.Create(filepath.Join(dir, name), runlog.Meta{Run: name, Config: []byte(config)})
	require.NoError(t, err)
	defer log.Close()
	for step, a := range accuracy {
		require.NoError(t, log.RecordStep(ctx, runlog.Step{Step: step, Accuracy: a, PCorrectReflect: math.NaN()}, nil, nil, nil))
	}
	var groups []rollout.Group
	solved := 0
	for _, id := range tasks {
		r := rollout.Rollout{Text: id, Verdict: verifiers.Verdict{Kind: verifiers.Wrong}}
		if strings.Contains(right, id) {
			r.Verdict.Kind = verifiers.Correct
			solved++
		}
		groups = append(groups, rollout.Group{Task: datasets.Task{ID: id, Kind: "countdown"}, Rollouts: []rollout.Rollout{r}})
	}
	e := runlog.Eval{Tasks: "countdown/test", NTasks: len(tasks), NSamples: 1, Temperature: 1, Metrics: []runlog.Metric{
		{Name: "pass@1", Value: float64(solved) / float64(len(tasks)), Low: 0.125, High: 0.875}, {Name: "errors", Value: 0}}}
	require.NoError(t, log.RecordEval(ctx, len(accuracy), e, groups))
	require.NoError(t, log.SetStatus(ctx, runlog.Finished))
}

func TestRunsDiff(t *testing.T) {
	dir := t.TempDir()
	tasks := []string{"t0", "t1", "t2", "t3"}
	mustMakeEvaluated(t, dir, "a", "grpo: {lr: 1}\nsame: 2\n", []float64{0, 0.25}, tasks, "t0")
	mustMakeEvaluated(t, dir, "b", "grpo: {lr: \"\\e[2J\"}\nsame: 2\n", []float64{0, 0.5, 0.75, 1}, tasks, "t0 t1 t2")
	out, _, err := runCommand(t, runsCommand(), "diff", "a", "b", "--runs", dir)
	require.NoError(t, err)
	flat := strings.Join(strings.Fields(out), " ")
	require.Contains(t, flat, "A: a, finished, 2 steps B: b, finished, 4 steps")
	require.Contains(t, flat, `SETTING A B grpo.lr 1 \x1b[2J steps 0 to 3`, "only what differs, and escaped")
	require.Contains(t, flat, "accuracy 0 0.25 0 1 ▁▃ ▁▅▇█", "one scale for both")
	require.NotContains(t, flat, "p_correct_reflect")
	require.Regexp(t, `countdown/test 4×1 1 pass@1 2 25\.0 % \[12\.5, 87\.5\] 4 75\.0 % \[12\.5, 87\.5\] 50\.0 % \[0\.0, 100\.0\]`, flat)
	require.NotContains(t, flat, "errors")
	require.NotContains(t, out, "\x1b")
}

func TestRunsDiffOfUnlikeRuns(t *testing.T) {
	dir := t.TempDir()
	mustMakeEvaluated(t, dir, "a", "", []float64{0, 1}, []string{"t0", "t1"}, "t0")
	mustMakeEvaluated(t, dir, "same", "", []float64{0, 1}, []string{"t0", "t1"}, "t0")
	mustMakeEvaluated(t, dir, "others", "", []float64{0, 1}, []string{"t0", "x1"}, "t0")
	mustMakeEvaluated(t, dir, "more", "", []float64{0, 1}, []string{"t0", "t1", "t2"}, "t0")
	log, err := runlog.Create(filepath.Join(dir, "empty"), runlog.Meta{Run: "empty"})
	require.NoError(t, err)
	require.NoError(t, log.Close())
	for _, c := range []struct{ other, want string }{
		{"same", "no setting differs"},
		{"same", "same on every task"},
		{"others", "other tasks"},
		{"more", "no evaluation to compare"},
		{"empty", "no curves"},
	} {
		out, _, err := runCommand(t, runsCommand(), "diff", "a", c.other, "--runs", dir)
		require.NoError(t, err)
		require.Contains(t, out, c.want, c.other)
	}
	_, _, err = runCommand(t, runsCommand(), "diff", "a", "sme", "--runs", dir)
	require.ErrorContains(t, err, fmt.Sprintf("no run %q in %s: did you mean %q?", "sme", dir, "same"))
}

func TestSparklinesShareOneScale(t *testing.T) {
	require.Equal(t, []string{"▁▂", "▇█"}, sparklines(40, []float64{0, 1}, []float64{6, 7}))
	require.Equal(t, []string{"▁ ", "▁█"}, sparklines(40, []float64{0, math.NaN()}, []float64{0, 7}))
}
