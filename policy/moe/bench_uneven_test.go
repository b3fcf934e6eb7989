package moe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// BenchmarkUneven draws 1,024 completions of the demo model in one call, one for each prompt of 20 tokens. Their lengths are spread like
// those of the shipped base (exponential around 45 tokens, 2 % at the limit of 256), or have a long tail (16 to 32 tokens, one in 32
// has 256). Compilation is left out.
func BenchmarkUneven(b *testing.B) {
	for name, length := range map[string]func(r *rand.Rand) int{
		"demo": func(r *rand.Rand) int {
			limit := 10 + int(35*r.ExpFloat64())
			if r.IntN(50) == 0 {
				limit = 256
			}
			return min(limit, 256)
		},
		"tail": func(r *rand.Rand) int {
			if r.IntN(32) == 0 {
				return 256
			}
			return 16 + r.IntN(17)
		},
	} {
		b.Run(name, func(b *testing.B) { benchmarkUneven(b, length) })
	}
}

func benchmarkUneven(b *testing.B, length func(r *rand.Rand) int) {
	ctx := context.Background()
	trainer, err := New(openEngine(b), Demo(), DefaultShapes(), 1)
	require.NoError(b, err)
	r := rand.New(rand.NewPCG(1, 1))
	requests, tokens := make([]policy.Request, 1024), 0
	for i := range requests {
		limit := length(r)
		tokens += limit
		requests[i] = policy.Request{Task: fmt.Sprint(i), Params: policy.Params{N: 1, MaxTokens: limit, Temperature: 1, Seed: 1}}
		for j := range 20 {
			requests[i].Prompt = append(requests[i].Prompt, policy.Token((i*31+j*7)%100+3))
		}
	}
	sampler, err := trainer.Snapshot(ctx)
	require.NoError(b, err)
	sample := func() {
		_, err := sampler.Sample(ctx, requests)
		require.NoError(b, err)
	}
	sample()
	wall, cpu := time.Now(), processorTime(b)
	for b.Loop() {
		sample()
	}
	spent := (processorTime(b) - cpu).Seconds()
	b.ReportMetric(spent/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(tokens*b.N)/spent, "tok/cpu-s")
	b.ReportMetric(float64(tokens*b.N)/time.Since(wall).Seconds(), "tok/s")
	b.ReportMetric(float64(trainer.Compilations().Count), "graphs")
}
