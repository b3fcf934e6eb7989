package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/internal/xla"
)

const tinySteps = 40

// command is the test binary acting as rltrain.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	return cmd
}

func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	out, err := command(t, args...).CombinedOutput()
	require.NoError(t, err, "%v: %s", args, out)
	return string(out)
}

// needPlugin skips a test where the real engine cannot be had.
func needPlugin(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: the real engine compiles for half a minute")
	}
	if _, err := xla.Install(t.Context(), xla.CPU, os.Stderr); err != nil {
		t.Skipf("the XLA plug-in cannot be had here: %v", err)
	}
}

// rows are all rows of a query as text.
func rows(t *testing.T, run, query string) []string {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(run, runlog.DBFile)+"?mode=ro")
	require.NoError(t, err)
	defer db.Close()
	result, err := db.QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer result.Close()
	columns, err := result.Columns()
	require.NoError(t, err)
	var out []string
	for result.Next() {
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		require.NoError(t, result.Scan(places...))
		out = append(out, fmt.Sprint(values...))
	}
	require.NoError(t, result.Err())
	return out
}

// content is everything that a seed fixes in a run's log: no timings and no names.
func content(t *testing.T, run string) map[string][]string {
	t.Helper()
	metrics := []string{"step"}
	for _, c := range runlog.StepColumns() {
		if !strings.HasSuffix(c, "_s") && !slices.Contains([]string{"compilations", "sample_mfu", "train_mfu", "peak_rss"}, c) {
			metrics = append(metrics, c)
		}
	}
	return map[string][]string{
		"v_steps":    rows(t, run, "SELECT "+strings.Join(metrics, ", ")+" FROM v_steps ORDER BY step"),
		"v_rollouts": rows(t, run, "SELECT id, response, stop_reason, verdict, reward, advantage, policy_version, mean_logp FROM v_rollouts ORDER BY id"),
		"v_evals":    rows(t, run, "SELECT step, tasks, temperature, metric, value, ci_low, ci_high FROM v_evals ORDER BY step, tasks, temperature, metric"),
		"v_experts":  rows(t, run, "SELECT step, layer, expert, load, bias FROM v_experts ORDER BY step, layer, expert"),
	}
}

func mustRead(t *testing.T, parts ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(parts...))
	require.NoError(t, err)
	return data
}

// From nothing to a trained run with the real engine; then the same run killed at a random moment and resumed.
func TestEndToEnd(t *testing.T) {
	needPlugin(t)
	dir := t.TempDir()
	base, whole, killed := filepath.Join(dir, "base"), filepath.Join(dir, "whole"), filepath.Join(dir, "killed")
	mustRun(t, "pretrain", "testdata/tiny-base.yaml", "--out", base, "-o", "train.tokens=60000", "-o", "shapes.train_rows=8")
	for _, file := range []string{"config.json", "model.safetensors", "tokenizer.json", "recipe.yaml", "train_log.jsonl"} {
		require.FileExists(t, filepath.Join(base, file))
	}
	train := func(run string, more ...string) []string {
		return append([]string{"train", "testdata/tiny-train.yaml", "--model", base, "--out", run}, more...)
	}
	unbroken := command(t, train(whole)...) // beside the one to be killed: compiling keeps one core busy
	var out bytes.Buffer
	unbroken.Stderr = &out
	require.NoError(t, unbroken.Start())
	killAt := killRandomly(t, command(t, train(killed)...), killed, 1, tinySteps-5)
	require.NoError(t, unbroken.Wait(), out.String())
	require.Contains(t, out.String(), fmt.Sprintf("eval step %d", tinySteps))
	checkRun(t, whole)
	t.Run("folder that exists", func(t *testing.T) {
		code, stderr := runArgs(t, train(whole)...)
		require.Equal(t, exitFailed, code)
		require.Contains(t, stderr, "--resume")
		require.Contains(t, stderr, "--force")
	})
	t.Run("resume of a finished run", func(t *testing.T) {
		before, weights := content(t, whole), mustRead(t, whole, "checkpoints", fmt.Sprint(tinySteps), "model.safetensors")
		code, stderr := runArgs(t, train(whole, "--resume")...)
		require.Zero(t, code, stderr)
		require.Equal(t, before, content(t, whole))
		require.True(t, bytes.Equal(weights, mustRead(t, whole, "checkpoints", fmt.Sprint(tinySteps), "model.safetensors")))
	})
	t.Run("resume under another recipe", func(t *testing.T) {
		for change, want := range map[string]string{
			"sampling.temperature=0.5": "sampling.temperature 1, and the recipe now says 0.5: resume it with the value it had (-o sampling.temperature=1)",
			"grpo.prompts=8":           "grpo.prompts 4, and the recipe now says 8",
			"reward.mode=correct":      "reward.mode random, and the recipe now says correct",
			"seed=4":                   "seed 3, and the recipe now says 4",
		} {
			code, stderr := runArgs(t, train(whole, "--resume", "-o", change)...)
			require.Equal(t, exitFailed, code)
			require.Contains(t, stderr, want)
		}
	})
	t.Run("held to the first model", func(t *testing.T) {
		held := filepath.Join(dir, "held")
		mustRun(t, train(held, "--steps", "3", "-o", "grpo.kl=0.1", "-o", "validate.sets=[]", "-o", "validate.every=0")...)
		require.Equal(t, []string{"1", "1", "1"}, rows(t, held, "SELECT kl_reference > 0 FROM v_steps ORDER BY step"), "the second update of a step sees it")
		require.Equal(t, []string{"1"}, rows(t, held, "SELECT (SELECT kl_reference FROM v_steps WHERE step = 0) < (SELECT kl_reference FROM v_steps WHERE step = 2)"))
		require.Equal(t, []string{fmt.Sprint(tinySteps)}, rows(t, whole, "SELECT count(*) FROM v_steps WHERE kl_reference IS NULL"))
		_, shown, _ := strings.Cut(mustRun(t, "runs", "show", held), "kl_reference")
		require.Regexp(t, `^ +[0-9.e-]+ +[0-9.e-]+ `, shown)
		require.NotContains(t, mustRun(t, "runs", "show", whole), "kl_reference")
		require.Regexp(t, `"kl_reference":[0-9]`, string(mustRead(t, held, runlog.MetricsFile)))
		require.Contains(t, strings.SplitN(mustRun(t, "runs", "export", held, "--format", "csv"), "\n", 2)[0], "kl_reference")
	})
	t.Run("replay", func(t *testing.T) { replayStored(t, whole) })
	t.Run("probe", func(t *testing.T) { probeStored(t, whole) })
	t.Run("resume of a killed run", func(t *testing.T) {
		before := len(rows(t, killed, "SELECT step FROM v_steps"))
		out := mustRun(t, train(killed, "--resume")...)
		t.Logf("killed %s; %d steps were recorded; %s", killAt, before, strings.SplitN(out, "\n", 2)[0])
		sameRun(t, whole, killed)
	})
}

// sameRun compares two finished runs: the last checkpoint byte for byte, and all that a seed fixes in the log.
func sameRun(t *testing.T, whole, other string) {
	t.Helper()
	last := fmt.Sprint(tinySteps)
	for _, file := range []string{"model.safetensors", "optimizer.safetensors", "cursor.json"} {
		require.True(t, bytes.Equal(mustRead(t, whole, "checkpoints", last, file), mustRead(t, other, "checkpoints", last, file)), "%s differs", file)
	}
	want, got := content(t, whole), content(t, other)
	for view := range want {
		require.Equal(t, want[view], got[view], view)
	}
}

// manyKills names the variable that holds how often TestKilledRuns kills a run: once off-policy by default, and on-policy as
// well where it is set.
const manyKills = "RLTRAIN_KILLS"

// A run that is killed at random moments, again and again, is the same as an unbroken one: also where batches wait for their
// step, and tasks are chosen by how they went.
func TestKilledRuns(t *testing.T) {
	needPlugin(t)
	kills := 1
	settings := map[string][]string{"off-policy": {
		"-o", "grpo.max_staleness=1", "-o", "grpo.importance.mode=token_truncate", "-o", "grpo.epochs=2", "-o", "grpo.dynamic.max_rounds=1", "-o", "curriculum.floor=0.3",
		"-o", "shapes.train_tokens=768",
	}}
	if text := os.Getenv(manyKills); text != "" {
		var err error
		kills, err = strconv.Atoi(text)
		require.NoError(t, err)
		settings["on-policy"] = nil
	}
	dir := t.TempDir()
	base := filepath.Join(dir, "base")
	mustRun(t, "pretrain", "testdata/tiny-base.yaml", "--out", base, "-o", "train.tokens=60000", "-o", "shapes.train_rows=8")
	for name, more := range settings {
		whole, killed := filepath.Join(dir, name, "whole"), filepath.Join(dir, name, "killed")
		train := func(run string, last ...string) []string {
			return append(append([]string{"train", "testdata/tiny-train.yaml", "--model", base, "--out", run}, more...), last...)
		}
		mustRun(t, train(whole)...)
		how := []string(nil)
		for i := range kills {
			at := killRandomly(t, command(t, train(killed, how...)...), killed, 1+i*(tinySteps-5)/kills, (i+1)*(tinySteps-5)/kills)
			t.Logf("%s: killed %s; %d steps were recorded", name, at, len(rows(t, killed, "SELECT step FROM v_steps")))
			how = []string{"--resume"}
		}
		mustRun(t, train(killed, how...)...)
		sameRun(t, whole, killed)
	}
}

// A pretraining that is interrupted and resumed makes the same model as an unbroken one.
func TestPretrainInterrupted(t *testing.T) {
	needPlugin(t)
	whole, broken := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "broken")
	pretrain := func(folder string, more ...string) []string {
		return append([]string{"pretrain", "testdata/tiny-base.yaml", "--out", folder, "-o", "train.tokens=60000", "-o", "train.log_every=5"}, more...)
	}
	first := command(t, pretrain(broken)...)
	progress, err := first.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, first.Start())
	lines := bufio.NewScanner(progress)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "{") {
	}
	require.NoError(t, first.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(progress)
	require.NoError(t, err)
	var exit *exec.ExitError
	require.ErrorAs(t, first.Wait(), &exit)
	require.Equal(t, exitInterrupted, exit.ExitCode())
	require.Contains(t, string(rest), "go on with the same command and --resume")
	require.NoFileExists(t, filepath.Join(broken, "model.safetensors"), "an unfinished base does not look like a finished one")
	code, stderr := runArgs(t, pretrain(broken, "--resume", "-o", "corpus.hit_rate=0.5")...)
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "begun with another recipe")
	mustRun(t, pretrain(broken, "--resume")...)
	mustRun(t, pretrain(whole)...)
	require.True(t, bytes.Equal(mustRead(t, whole, "model.safetensors"), mustRead(t, broken, "model.safetensors")))
	require.NoDirExists(t, filepath.Join(broken, "unfinished"))
	code, stderr = runArgs(t, pretrain(whole, "--resume")...)
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "nothing to resume")
}

// checkRun looks at all that a finished run should hold.
func checkRun(t *testing.T, run string) {
	t.Helper()
	for view, n := range map[string]int{"v_runs": 1, "v_steps": tinySteps, "v_evals": -1, "v_rollouts": -1, "v_experts": tinySteps * 4} {
		got := rows(t, run, "SELECT * FROM "+view)
		require.NotEmpty(t, got, view)
		if n > 0 {
			require.Len(t, got, n, view)
		}
	}
	require.Equal(t, []string{fmt.Sprint(tinySteps * 16)}, rows(t, run, "SELECT count(*) FROM v_rollouts WHERE phase = 'train'"))
	require.Equal(t, []string{fmt.Sprint(tinySteps/2 + 1)}, rows(t, run, "SELECT count(DISTINCT step) FROM v_evals"))
	require.Equal(t, []string{"finished"}, rows(t, run, "SELECT status FROM v_runs"))
	require.NotEqual(t, []string{"0"}, rows(t, run, "SELECT count(*) FROM v_steps WHERE grad_norm > 0"), "it learned from something")
	require.Equal(t, []string{"1"}, rows(t, run, "SELECT logp_diff_max < 1e-3 FROM v_steps WHERE step = 0"), "sampler and trainer agree")
	require.Equal(t, tinySteps, bytes.Count(mustRead(t, run, runlog.MetricsFile), []byte("\n")))
	require.Contains(t, string(mustRead(t, run, runlog.ConfigFile)), "rollouts_per_step: 16")
	first, last := mustRead(t, run, "checkpoints", "0", "model.safetensors"), mustRead(t, run, "checkpoints", fmt.Sprint(tinySteps), "model.safetensors")
	require.False(t, bytes.Equal(first, last))
	require.NoFileExists(t, filepath.Join(run, "checkpoints", "0", "optimizer.safetensors"))
}

// killRandomly starts cmd, and kills it at a random moment after a checkpoint from low to high.
func killRandomly(t *testing.T, cmd *exec.Cmd, run string, low, high int) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	require.NoError(t, cmd.Start())
	step := low + rand.IntN(high-low+1) // wait for a random checkpoint, then a moment more: compiling takes most of the time
	for !exists(filepath.Join(run, "checkpoints", fmt.Sprint(step))) {
		require.NoError(t, ctx.Err(), "no checkpoint of step %d", step)
		time.Sleep(time.Millisecond)
	}
	pause := time.Duration(rand.IntN(60_000)) * time.Microsecond
	time.Sleep(pause)
	require.NoError(t, cmd.Process.Kill())
	require.ErrorContains(t, cmd.Wait(), "killed")
	return fmt.Sprintf("%v after checkpoint %d", pause, step)
}

func TestForceRemovesRunsOnly(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "thesis.txt")
	require.NoError(t, os.WriteFile(precious, nil, 0o600))
	start := func() error {
		s := session{run: dir, model: &model{engine: &xla.Engine{}}}
		_, _, err := s.openLog(t.Context(), "recipe", trainFlags{force: true})
		if err != nil {
			return err
		}
		return s.log.Close()
	}
	require.NoError(t, start())
	require.FileExists(t, precious, "a folder without a run is not removed")
	require.NoError(t, start())
	require.NoFileExists(t, precious, "an old run goes with all that is in its folder")

	s := session{run: dir, model: &model{engine: &xla.Engine{}}}
	_, _, err := s.openLog(t.Context(), "recipe", trainFlags{force: true})
	require.NoError(t, err)
	require.ErrorContains(t, start(), "being written by another process")
	require.FileExists(t, filepath.Join(dir, runlog.DBFile), "a run that goes on is left alone")
	require.NoError(t, s.log.Close())

	s = session{run: t.TempDir()}
	_, _, err = s.openLog(t.Context(), "recipe", trainFlags{resume: true})
	require.ErrorContains(t, err, "no checkpoint to resume from")
}
