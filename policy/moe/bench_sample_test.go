package moe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// BenchmarkSample samples from a real model: 8 and 64 prompts of 32 random tokens, 64 new tokens each, prompts included in the time.
// bench/smollm2.sh names the folder; RLTRAIN_BENCH_DTYPE=bfloat16 asks for products in that type.
func BenchmarkSample(b *testing.B) {
	folder := os.Getenv("RLTRAIN_BENCH_MODEL")
	if folder == "" {
		b.Skip("RLTRAIN_BENCH_MODEL names no model folder: run bench/smollm2.sh")
	}
	for _, rows := range []int{8, 64} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) { benchmarkSample(b, folder, rows) })
	}
}

func benchmarkSample(b *testing.B, folder string, rows int) {
	ctx := context.Background()
	const prompt, fresh = 32, 64
	shapes := DefaultShapes()
	shapes.MaxRows, shapes.DType = rows, os.Getenv("RLTRAIN_BENCH_DTYPE")
	trainer, err := Open(openEngine(b), folder, shapes)
	require.NoError(b, err)
	sampler, err := trainer.Snapshot(ctx)
	require.NoError(b, err)
	r := rand.New(rand.NewPCG(1, 1))
	requests := make([]policy.Request, rows)
	for i := range requests {
		requests[i] = policy.Request{Task: fmt.Sprint(i), Params: policy.Params{N: 1, MaxTokens: fresh, Temperature: 1, Seed: 1}}
		for range prompt {
			requests[i].Prompt = append(requests[i].Prompt, policy.Token(1000+r.IntN(40000)))
		}
	}
	sample := func() {
		groups, err := sampler.Sample(ctx, requests)
		require.NoError(b, err)
		require.Len(b, groups[0][0].Tokens, fresh)
	}
	sample() // compiles
	sample()
	wall, cpu := time.Now(), processorTime(b)
	for b.Loop() {
		sample()
	}
	tokens := float64(rows * fresh * b.N)
	b.ReportMetric(tokens/time.Since(wall).Seconds(), "tok/s")
	b.ReportMetric(tokens/(processorTime(b)-cpu).Seconds(), "tok/cpu-s")
}

// processorTime is what this process has used so far: on a shared machine the fairer clock.
func processorTime(b *testing.B) time.Duration {
	var use syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
