package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/grpo"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/fake"
)

func stored(step int) runlog.Drawing {
	return runlog.Drawing{Rollout: runlog.Rollout{ID: "12:a:1", Step: step, Phase: runlog.PhaseTrain}, DrawnAt: step, NSamples: 8,
		Groups: []runlog.DrawnGroup{{TaskID: "a", Prompt: []int32{1, 2}}, {TaskID: "b", Prompt: []int32{1}}}}
}

func TestAskedFor(t *testing.T) {
	recipe := defaultTrainRecipe()
	recipe.Seed, recipe.Sampling.TopK = 3, 5
	d := stored(12)
	got, err := askedFor(d, recipe, []policy.Token{9})
	require.NoError(t, err)
	params := policy.Params{N: 8, MaxTokens: 224, Temperature: 1, Cut: policy.Cut{TopK: 5}, Seed: grpo.StepSeed(3, 12), Stop: []policy.Token{9}, Routing: true}
	require.Equal(t, []policy.Request{{Task: "a", Prompt: []int32{1, 2}, Params: params}, {Task: "b", Prompt: []int32{1}, Params: params}}, got)

	d.Seed, d.SeedKnown = 77, true
	got, err = askedFor(d, recipe, []policy.Token{9})
	require.NoError(t, err)
	require.Equal(t, uint64(77), got[1].Seed)

	d.SeedKnown, recipe.GRPO.Dynamic.MaxRounds = false, 1
	_, err = askedFor(d, recipe, []policy.Token{9})
	require.ErrorContains(t, err, "in which round")

	d.Rollout.Phase, d.NSamples, d.Eval = runlog.PhaseEval, 2, runlog.Eval{Tasks: "x", NSamples: 2, Temperature: 0.5}
	recipe.Final = []eval.Set{{Tasks: "x", Samples: 2, Temperature: 1, MaxTokens: 7}, {Tasks: "x", Samples: 2, Temperature: 0.5, MaxTokens: 30}}
	got, err = askedFor(d, recipe, []policy.Token{9})
	require.NoError(t, err)
	require.Equal(t, uint64(evalSeed), got[0].Seed)
	require.Equal(t, []int{2, 30}, []int{got[0].N, got[0].MaxTokens})
	require.InDelta(t, 0.5, got[0].Temperature, 0)
}

func TestWeightsBefore(t *testing.T) {
	run, recipe := t.TempDir(), defaultTrainRecipe()
	for _, step := range []string{"0", "10", "20"} {
		folder := filepath.Join(run, "checkpoints", step)
		require.NoError(t, os.MkdirAll(folder, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "config.json"), nil, 0o600))
	}
	folder, err := weightsBefore(run, recipe, stored(10))
	require.NoError(t, err)
	require.Equal(t, filepath.Join(run, "checkpoints", "10"), folder)
	_, err = weightsBefore(run, recipe, stored(12))
	require.ErrorContains(t, err, "the weights before step 12")
	require.ErrorContains(t, err, "there are 0 10 20")
	require.ErrorContains(t, err, filepath.Join(run, "config.yaml")+" --out ANOTHER -o checkpoint=1")
	require.NoError(t, os.RemoveAll(filepath.Join(run, "checkpoints", "0")))
	folder, err = weightsBefore(run, recipe, stored(0))
	require.NoError(t, err)
	require.Equal(t, "models/base", folder)
}

func TestTellReplay(t *testing.T) {
	d := stored(12)
	d.Tokens, d.Logprobs = []int32{'a', 'b', 'c'}, []float32{-1, -2, -3}
	for _, test := range []struct {
		name     string
		tokens   []policy.Token
		logprobs []float32
		want     string
		equal    bool
	}{
		{"same bits", []int32{'a', 'b', 'c'}, []float32{-1, -2, -3}, "equal: all 3 tokens, and their log-probs bit for bit", true},
		{"last bits of log-probs", []int32{'a', 'b', 'c'}, []float32{-1, math.Nextafter32(-2, 0), -3}, "log-probs differ by up to 1.2e-07", true},
		{"another token", []int32{'a', 'x', 'c'}, []float32{-1, -2, -3}, `differs at token 1: stored "b" (3 tokens in all), drawn "x" (3)`, false},
		{"shorter", []int32{'a', 'b'}, []float32{-1, -2}, `differs at token 2: stored "c" (3 tokens in all), drawn the end (2)`, false},
		{"longer", []int32{'a', 'b', 'c', '\x1b'}, []float32{-1, -2, -3, -4}, `stored the end (3 tokens in all), drawn "\x1b" (4)`, false},
	} {
		var out strings.Builder
		err := tellReplay(&out, fake.Bytes{}, d, policy.Sample{Tokens: test.tokens, Logprobs: test.logprobs})
		require.Contains(t, out.String(), test.want, test.name)
		if test.equal {
			require.NoError(t, err, test.name)
		} else {
			require.ErrorIs(t, err, errNotEqual, test.name)
		}
	}
}

// replayStored draws rollouts of a real run again, of training and of an evaluation, and one whose checkpoint is gone.
func replayStored(t *testing.T, run string) {
	t.Helper()
	for _, phase := range []string{"train", "eval"} {
		id := rows(t, run, "SELECT id FROM v_rollouts WHERE step = 6 AND phase = '"+phase+"' ORDER BY id LIMIT 1 OFFSET 2")[0]
		out := mustRun(t, "rollouts", run, "--replay", id)
		require.Contains(t, out, "and their log-probs bit for bit", id)
	}
	gone := filepath.Join(run, "checkpoints", "7")
	require.NoError(t, os.Rename(gone, gone+".away"))
	id := rows(t, run, "SELECT id FROM v_rollouts WHERE step = 7 LIMIT 1")[0]
	code, stderr := runArgs(t, "rollouts", run, "--replay", id)
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, gone+" is not there")
	require.NoError(t, os.Rename(gone+".away", gone))
}
