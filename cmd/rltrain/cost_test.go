package main

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
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
