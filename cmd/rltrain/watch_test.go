package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/grpo"
	"github.com/rltrain/rltrain/internal/runlog"
)

// logged is the log of a new run.
func logged(t *testing.T) *runlog.Log {
	t.Helper()
	log, err := runlog.Create(filepath.Join(t.TempDir(), "run"), runlog.Meta{Run: "run", StartedAt: time.Now()})
	require.NoError(t, err)
	t.Cleanup(func() { log.Close() })
	return log
}

func TestWatchWarns(t *testing.T) {
	log := logged(t)
	var out bytes.Buffer
	w, err := newWatch(t.Context(), log, &out, false)
	require.NoError(t, err)
	for step := range 50 {
		s := runlog.Step{Step: step, RewardMean: 0.5, RewardStd: 0.1, Accuracy: 0.5, LengthMean: 50, Entropy: 0.2}
		if step >= 10 {
			s.TruncatedFrac = 0.75
		}
		require.NoError(t, w.RecordStep(t.Context(), s, nil, nil, nil))
	}
	require.NoError(t, w.flush())
	require.Equal(t, 2, strings.Count(out.String(), "\n"), "once, and once more after a while: %s", out.String())
	require.Contains(t, out.String(), "warning at step 13: 60 % of completions are cut off")

	again, err := newWatch(t.Context(), log, &out, false)
	require.NoError(t, err)
	require.Len(t, again.steps, 50, "a resumed run knows its past")

	var told bytes.Buffer
	require.NoError(t, examineRun(t.Context(), &told, log))
	require.Contains(t, told.String(), "mostly_cut, since step 9:\n  75 % of completions")
}

// A step that cannot be written is told of by the next, or by what wants it on disk.
func TestWatchTellsWhatWasNotWritten(t *testing.T) {
	w, err := newWatch(t.Context(), logged(t), &bytes.Buffer{}, false)
	require.NoError(t, err)
	for _, last := range []func() error{w.flush, func() error { return w.RecordStep(t.Context(), runlog.Step{Step: 2}, nil, nil, nil) }} {
		require.NoError(t, w.RecordStep(t.Context(), runlog.Step{Step: 1}, nil, [][]float64{{1}}, nil))
		require.ErrorContains(t, last(), "groups")
	}
	require.NoError(t, w.flush(), "told once")
}

func TestWatchStopsHopelessRuns(t *testing.T) {
	for _, force := range []bool{false, true} {
		var out bytes.Buffer
		w, err := newWatch(t.Context(), logged(t), &out, force)
		require.NoError(t, err)
		for step := range 3 {
			err = w.RecordStep(t.Context(), runlog.Step{Step: step, FracZeroStd: 1}, nil, nil, nil)
			if step < 2 || force {
				require.NoError(t, err)
			}
		}
		if !force {
			require.ErrorContains(t, err, "a hopeless start: all rewards of the first 3 steps are 0")
			require.ErrorContains(t, err, "--even-if-hopeless")
		}
		require.NoError(t, w.flush())
		require.Equal(t, force, strings.Contains(out.String(), "warning at step 2: a hopeless start"))
	}
}

func TestDoctor(t *testing.T) {
	log := logged(t)
	var out bytes.Buffer
	require.NoError(t, examineRun(t.Context(), &out, log))
	require.Contains(t, out.String(), "too young")
	for step := range 6 {
		require.NoError(t, log.RecordStep(t.Context(), runlog.Step{Step: step, RewardMean: 0.5, RewardStd: 0.1, Accuracy: 0.5, LengthMean: 50, Entropy: 0.2}, nil, nil, nil))
	}
	out.Reset()
	require.NoError(t, examineRun(t.Context(), &out, log))
	require.Contains(t, out.String(), "6 steps\nhealthy:")

	out.Reset()
	require.NoError(t, examineMachine(t.Context(), &out, t.TempDir()))
	for _, line := range []string{"system", "cores", "plug-in", "disk"} {
		require.Contains(t, out.String(), line)
	}
	code, stderr := runArgs(t, "doctor", "--runs", t.TempDir(), "nowhere")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, `no run "nowhere"`)
}

func TestSkippedUpdates(t *testing.T) {
	var out bytes.Buffer
	s := session{run: t.TempDir(), progress: newProgress(&out)}
	require.NoError(t, cutSkipped(s.run, 3), "no file, nothing to do")
	for step := range 5 {
		require.NoError(t, s.skip(grpo.Skipped{Step: step, Minibatch: 1, Reason: "gradient is not finite", Rollouts: []string{"0:a:1", "0:b:2"}}))
	}
	require.Contains(t, out.String(), "step 4, minibatch 1: left out: gradient is not finite (2 rollouts, listed in skipped.jsonl)\n")
	require.NoError(t, cutSkipped(s.run, 3))
	data, err := os.ReadFile(filepath.Join(s.run, skippedFile))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	require.Len(t, lines, 3)
	require.JSONEq(t, `{"step":2,"minibatch":1,"reason":"gradient is not finite","rollouts":["0:a:1","0:b:2"]}`, lines[2])
}

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	plain := newProgress(&out)
	s := session{progress: plain}
	step := runlog.Step{Step: 11, RewardMean: 0.577, Accuracy: 0.484, LengthMean: 62.4, ReflectFrac: 0.31, Entropy: 0.14, KL: 1e-3, GradNorm: 0.02, SampleS: 1, TrainS: 0.5, StepS: 2, Tokens: 4000}
	s.report(step)
	require.Equal(t, "step  11  reward 0.577  accuracy 0.484  length  62.4  reflect 0.31  entropy 0.140  kl 1.0e-03  grad 0.020  sample 1.0 s  train 0.5 s\n", out.String())
	plain.redraw("never seen")
	require.NotContains(t, out.String(), "never")

	out.Reset()
	s = session{progress: &progress{out: &out, live: true}}
	s.recipe.GRPO.Steps = 60
	s.report(step)
	line := "step 12/60  reward 0.577  accuracy 0.484  length 62.4  reflect 0.31  2000 tokens/s  1m36s to go"
	drawn := "\x1b[?7l" + line + "\x1b[?7h"
	require.Equal(t, clearLine+drawn, out.String())
	out.Reset()
	_, err := s.progress.Write([]byte("warning\n"))
	require.NoError(t, err)
	require.Equal(t, clearLine+"warning\n"+drawn, out.String(), "what stays comes above")
	out.Reset()
	s.progress.redraw("")
	_, _ = s.progress.Write([]byte("done\n"))
	require.Equal(t, "\ndone\n", out.String())
}
