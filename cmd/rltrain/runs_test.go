package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// hostileChain tries to clear the screen, to forge a line of ours and to turn the text round.
const hostileChain = "24-5 = 19. Wait, that is wrong.\x1b[2J\n0:forged:0  correct\u202e\u009b31m"

// mustMakeRun makes a finished run of three steps in dir, two evaluations and a hostile rollout.
func mustMakeRun(t *testing.T, dir, name string) {
	t.Helper()
	ctx := context.Background()
	log, err := runlog.Create(filepath.Join(dir, name), runlog.Meta{Run: name, Recipe: "demo", Model: "base\x1b[31m",
		Host: "laptop", Seed: 3, StartedAt: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	defer log.Close()
	for step := range 3 {
		s := runlog.Step{Step: step, Accuracy: 0.25 + 0.25*float64(step), ReflectFrac: 0.1 * float64(step),
			PCorrectReflect: math.NaN(), SampleS: 1, TrainS: 2, VerifyS: 0.5, StepS: 4, Tokens: 100}
		require.NoError(t, log.RecordStep(ctx, s, mustGroups(step), [][]float64{{0.5, -0.5}}, nil))
	}
	for step, value := range map[int]float64{0: 0.167, 3: 0.604} {
		e := runlog.Eval{Tasks: "countdown", NTasks: 1, NSamples: 2, Temperature: 1,
			Metrics: []runlog.Metric{{Name: "pass@1", Value: value, Low: value - 0.05, High: value + 0.05}}}
		require.NoError(t, log.RecordEval(ctx, step, e, mustGroups(step)))
	}
	require.NoError(t, log.SetStatus(ctx, runlog.Finished))
}

func mustGroups(step int) []rollout.Group {
	right := rollout.Rollout{Text: hostileChain, Verdict: verifiers.Verdict{Kind: verifiers.Correct, Reward: 1.1}}
	right.Tokens = make([]int32, 12)
	right.Reflections = []reflect.Reflection{{Offset: 11, Category: reflect.Backtracking, Phrase: "Wait, that is wrong.", Effect: reflect.Good}}
	wrong := rollout.Rollout{Text: "no idea", Verdict: verifiers.Verdict{Kind: verifiers.NoAnswer, Reason: "nothing was boxed"}}
	task := datasets.Task{ID: fmt.Sprintf("task-%d", step), Kind: "countdown"}
	return []rollout.Group{{Task: task, Prompt: "make 19 from 24 5", Rollouts: []rollout.Rollout{right, wrong}}}
}

// runCommand runs a command as the program would and returns what it printed.
func runCommand(t *testing.T, cmd *cobra.Command, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errout bytes.Buffer
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errout)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err = cmd.Execute()
	return out.String(), errout.String(), err
}

func TestRunsList(t *testing.T) {
	dir := t.TempDir()
	mustMakeRun(t, dir, "first")
	mustMakeRun(t, dir, "second")
	for _, args := range [][]string{{"--runs", dir}, {"list", "--runs", dir}} {
		out, _, err := runCommand(t, runsCommand(), args...)
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		require.Len(t, lines, 3)
		require.Equal(t, "RUN STATUS STEPS ACCURACY REFLECTION EVAL PASS@1 TIME", strings.Join(strings.Fields(lines[0]), " "))
		require.Equal(t, "first finished 3 25.0% → 75.0% 0.0% → 20.0% countdown 16.7% → 60.4% 12s", strings.Join(strings.Fields(lines[1]), " "))
	}
}

func TestRunsListGoesOnAfterABadRun(t *testing.T) {
	dir := t.TempDir()
	mustMakeRun(t, dir, "good")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bad"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bad", runlog.DBFile), []byte("no database at all, whatever its name"), 0o600))
	out, errout, err := runCommand(t, runsCommand(), "--runs", dir)
	require.ErrorContains(t, err, "1 of 2 runs")
	require.Contains(t, out, "good")
	require.Contains(t, errout, "no SQLite file")
}

func TestRunsWithoutAny(t *testing.T) {
	out, errout, err := runCommand(t, runsCommand(), "--runs", filepath.Join(t.TempDir(), "none"))
	require.NoError(t, err)
	require.Empty(t, out)
	require.Contains(t, errout, "rltrain demo")
}

func TestRunningRunWithoutAProcessIsKilled(t *testing.T) {
	dir := t.TempDir()
	log, err := runlog.Create(filepath.Join(dir, "r"), runlog.Meta{Run: "r"})
	require.NoError(t, err)
	out, _, err := runCommand(t, runsCommand(), "--runs", dir)
	require.NoError(t, err)
	require.Contains(t, out, "running")
	require.NoError(t, log.Close())
	out, _, err = runCommand(t, runsCommand(), "--runs", dir)
	require.NoError(t, err)
	require.Contains(t, out, "killed")
	out, _, err = runCommand(t, runsCommand(), "show", "r", "--runs", dir)
	require.NoError(t, err)
	require.Contains(t, out, "no step is recorded yet")
}

func TestRunsShow(t *testing.T) {
	dir := t.TempDir()
	mustMakeRun(t, dir, "demo")
	for _, name := range []string{"demo", filepath.Join(dir, "demo")} {
		out, _, err := runCommand(t, runsCommand(), "show", name, "--runs", dir)
		require.NoError(t, err)
		flat := strings.Join(strings.Fields(out), " ")
		require.Contains(t, flat, "accuracy 0.25 0.75 0.25 0.75 ▁▅█")
		require.NotContains(t, flat, "p_correct_reflect", "it is undefined in every step")
		require.Contains(t, out, "best step: 2, accuracy 75.0%")
		require.Contains(t, out, "reflection has not taken off")
		require.Contains(t, out, "12s in steps: 25.0% sampling, 12.5% verifying, 50.0% training, 12.5% other")
		require.Contains(t, flat, "3 countdown 1×2 1 pass@1 0.604 0.554 … 0.654")
		require.Contains(t, out, `model base\x1b[31m`)
		require.NotContains(t, out, "\x1b")
	}
	_, _, err := runCommand(t, runsCommand(), "show", "dmo", "--runs", dir)
	require.ErrorContains(t, err, `no run "dmo"`)
	require.ErrorContains(t, err, `did you mean "demo"`)
}

func TestRunsExport(t *testing.T) {
	dir := t.TempDir()
	mustMakeRun(t, dir, "demo")
	out, _, err := runCommand(t, runsCommand(), "export", "demo", "--runs", dir)
	require.NoError(t, err)
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 4)
	require.Equal(t, append([]string{"step", "phase"}, runlog.StepColumns()...), rows[0])
	require.Equal(t, []string{"2", "train"}, rows[3][:2])

	out, _, err = runCommand(t, runsCommand(), "export", "demo", "--format", "jsonl", "--runs", dir)
	require.NoError(t, err)
	decoder := json.NewDecoder(strings.NewReader(out))
	for step := range 3 {
		var object map[string]any
		require.NoError(t, decoder.Decode(&object))
		require.EqualValues(t, step, object["step"])
		require.Nil(t, object["p_correct_reflect"])
	}
}

func TestSparkline(t *testing.T) {
	require.Equal(t, "▁▂▃▄▅▆▇█", sparkline([]float64{0, 1, 2, 3, 4, 5, 6, 7}, 40))
	require.Equal(t, "▁█", sparkline([]float64{0, 1, 10, 11}, 2))
	require.Equal(t, "▁ █", sparkline([]float64{1, math.NaN(), 2}, 40))
	require.Equal(t, "▄▄", sparkline([]float64{5, 5}, 40))
	require.Equal(t, "", sparkline(nil, 40))
}
