package main

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/verifiers"
)

func TestShowCost(t *testing.T) {
	cold := runlog.Step{Tokens: 1000, SampleS: 50, TrainS: 50, StepS: 100, SampleFLOPs: 2e9, TrainFLOPs: 12e9, TrainTokens: 2000, Compilations: 9, PeakRSS: 2e9}
	warm := cold
	warm.Compilations, warm.SampleS, warm.TrainS, warm.StepS = 0, 2, 4, 6.2
	told := story{steps: []runlog.Step{cold, warm, warm, warm}, info: runlog.Info{PeakFLOPs: 100e9, Config: "price_per_hour: 3.6\n"}}
	lines := func() string {
		var out strings.Builder
		require.NoError(t, showCost(&out, told))
		return strings.Join(strings.Fields(out.String()), " ")
	}
	got := lines()
	for _, want := range []string{
		"sampling 500 tokens/s, 2 MFLOPs a token, 1.0% of the matmul peak", // 1000 tokens and 2 GFLOP in 2 s of 100 GFLOP/s
		"training 500 tokens/s with prompts, 6 MFLOPs a token, 3.0% of the matmul peak",
		"matmul peak 100 GFLOPs/s", "compiled 9 graphs, 0 of them after the first three steps", "memory 2 GB at most",
		"price $29.65 for a million sampled tokens", // 118.6 s at 0.1 cent each, for 4000 tokens
	} {
		require.Contains(t, got, want)
	}
	told.info = runlog.Info{}
	told.steps[3].Compilations = 2
	got = lines()
	require.NotContains(t, got, "matmul peak")
	require.NotContains(t, got, "price")
	require.Contains(t, got, "2 of them after the first three steps")
	told.steps = []runlog.Step{{Tokens: 5, SampleS: 1, SampleFLOPs: math.NaN()}} // of a log from before the account
	require.Empty(t, lines())
}

// Two tasks in three groups, one of them solved in two; what an evaluation solves is not counted.
func TestShowSolved(t *testing.T) {
	ctx := t.Context()
	show := func(config string, right ...int) string {
		log, err := runlog.Create(filepath.Join(t.TempDir(), "run"), runlog.Meta{Run: "run", Config: []byte(config), StartedAt: time.Unix(0, 0)})
		require.NoError(t, err)
		defer log.Close()
		for step := range 3 {
			groups := mustGroups(step % 2)
			groups[0].PromptTokens = make([]policy.Token, 500)
			if !slices.Contains(right, step) {
				groups[0].Rollouts[0].Verdict.Kind = verifiers.Wrong
			}
			require.NoError(t, log.RecordStep(ctx, runlog.Step{Step: step, StepS: 1200, Tokens: 1000}, groups, [][]float64{{0.5, -0.5}}, nil))
		}
		require.NoError(t, log.RecordEval(ctx, 3, runlog.Eval{Tasks: "countdown", NTasks: 1, NSamples: 2}, mustGroups(1)))
		told, err := readStory(ctx, log)
		require.NoError(t, err)
		var out strings.Builder
		require.NoError(t, showSolved(ctx, &out, log, told))
		return out.String()
	}
	// An hour at 2, 3000 tokens at 1 a thousand, and 3 groups x 2 rollouts x 500 tokens of prompts at 0.1 a thousand.
	config := "price_per_hour: 2\nprice_completion: 1000\nprice_prompt: 100\n"
	require.Equal(t, "cost of training: $5.30 for 2 tasks, $5.30 for each of the 1 that were solved at least once\n", show(config, 0, 2))
	require.Equal(t, "cost of training: $5.30 for 2 tasks, $2.65 for each of the 2 that were solved at least once\n", show(config, 0, 1))
	require.Equal(t, "cost of training: $2.00 for 2 tasks, none of them is solved\n", show("price_per_hour: 2\n"))
	require.Empty(t, show("seed: 1\n"))
}
