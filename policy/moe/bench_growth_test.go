package moe

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// randomOf are data of so many tokens each, an eighth of them prompt.
func randomOf(r *rand.Rand, vocab int, lengths []int) (data []policy.Datum, tokens int) {
	for _, n := range lengths {
		d := policy.Datum{}
		for i := range n {
			if i < max(1, n/8) {
				d.Prompt = append(d.Prompt, policy.Token(r.IntN(vocab)))
				continue
			}
			d.Response = append(d.Response, policy.Token(r.IntN(vocab)))
			d.Logprobs, d.Advantages, d.Weights = append(d.Logprobs, -6), append(d.Advantages, float32(r.NormFloat64())), append(d.Weights, 1e-4)
		}
		data, tokens = append(data, d), tokens+n
	}
	return data, tokens
}

// timed calls f, after once for compiling, for at least two calls and two seconds, and reports how much of what, amount a call, is done in a
// second of wall time and of processor time.
func timed(b *testing.B, amount float64, what string, f func()) {
	f()
	wall, cpu, n := time.Now(), processorTime(b), 0.0
	for n < 2 || time.Since(wall) < 2*time.Second {
		f()
		n++
	}
	b.ReportMetric(n*amount/time.Since(wall).Seconds(), what+"/s")
	b.ReportMetric(n*amount/(processorTime(b)-cpu).Seconds(), what+"/cpu-s")
}

// trained measures gradients of data, and the useful share of what was computed.
func trained(b *testing.B, trainer *Trainer, data []policy.Datum, tokens int) {
	var stats policy.Stats
	timed(b, float64(tokens), "trained_tok", func() {
		var err error
		stats, err = trainer.ForwardBackward(b.Context(), data, policyGradient)
		require.NoError(b, err)
	})
	b.ReportMetric(100*float64(stats.Positions)/float64(stats.Padded), "useful_%")
	b.ReportMetric(float64(stats.Overflows), "overflows")
}

// BenchmarkPadding trains on completions of very different lengths (median 180 tokens, some of 1,000) in rows of 1,024 positions, and with as
// many positions a microbatch in rows that fit.
func BenchmarkPadding(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	var lengths []int
	for range 96 {
		lengths = append(lengths, min(1024, max(16, int(180*math.Exp(0.7*r.NormFloat64())))))
	}
	config := peerConfig()
	data, tokens := randomOf(r, config.Vocab, lengths)
	for _, budget := range []int{0, 4096} {
		b.Run(fmt.Sprintf("train_tokens=%d", budget), func(b *testing.B) {
			shapes := DefaultShapes()
			shapes.TrainRows, shapes.TrainWidth, shapes.TrainTokens = 4, 1024, budget
			trainer, err := New(openEngine(b), config, shapes, 1)
			require.NoError(b, err)
			trained(b, trainer, data, tokens)
		})
	}
}

// growing is a model of some millions of parameters; the axes of BenchmarkGrowth change one number each.
func growing() Config {
	return Config{
		Vocab: 512, Width: 256, Layers: 3, Heads: 4, LatentRank: 64, NopeDim: 32, RopeDim: 32, ValueDim: 64,
		DenseHidden: 704, ExpertHidden: 64, SharedExperts: 1, Experts: 16, TopK: 8, DenseLayers: 1,
		RoutedScale: 2.5, RopeTheta: 10000, NormEps: 1e-6, MaxPositions: 1024,
	}
}

// plainAttention is the model with a key and a value for each head in place of a latent.
func plainAttention(c Config) Config {
	c.KVHeads, c.HeadDim = c.Heads, c.ValueDim
	return c
}

// BenchmarkGrowth tells how rates and memory grow along one axis at a time. bench/growth.sh runs each case in a process of its own, for its
// peak memory.
func BenchmarkGrowth(b *testing.B) {
	along := func(axis string, sizes []int, run func(b *testing.B, n int)) {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/%d", axis, n), func(b *testing.B) {
				run(b, n)
				b.ReportMetric(peakMegabytes(b), "peak_MB")
			})
		}
	}
	lengths := []int{256, 512, 1024, 2048, 4096, 8192}
	along("batch", []int{8, 32, 128, 256}, func(b *testing.B, n int) { sampleRows(b, growing(), n, 64) })
	along("layers", []int{2, 4, 8, 16}, func(b *testing.B, n int) {
		c := growing()
		c.Layers = n
		sampleAndTrain(b, c)
	})
	along("experts", []int{8, 16, 64, 256}, func(b *testing.B, n int) {
		c := growing()
		c.Experts = n
		sampleAndTrain(b, c)
	})
	along("length-latent", lengths, func(b *testing.B, n int) { trainAtLength(b, growing(), n) })
	along("length-plain", lengths, func(b *testing.B, n int) { trainAtLength(b, plainAttention(growing()), n) })
	along("drawn-latent", lengths, func(b *testing.B, n int) { drawAtLength(b, growing(), n) })
	along("drawn-plain", lengths, func(b *testing.B, n int) { drawAtLength(b, plainAttention(growing()), n) })
}

// sampleAndTrain draws 64 tokens for each of 32 rows, and makes a gradient of 8 other sequences of 256 positions.
func sampleAndTrain(b *testing.B, c Config) {
	trainer := sampleRows(b, c, 32, 64)
	data, tokens := randomOf(rand.New(rand.NewPCG(1, 1)), c.Vocab, slices.Repeat([]int{257}, 8))
	trained(b, trainer, data, tokens)
}

// sampleRows draws fresh tokens for each of so many rows.
func sampleRows(b *testing.B, c Config, rows, fresh int) *Trainer {
	shapes := DefaultShapes()
	shapes.TrainRows = 8
	trainer, err := New(openEngine(b), c, shapes, 1)
	require.NoError(b, err)
	sampler, err := trainer.Snapshot(b.Context())
	require.NoError(b, err)
	requests := make([]policy.Request, rows)
	for i := range requests {
		requests[i] = policy.Request{Task: fmt.Sprint(i), Prompt: make([]policy.Token, 32), Params: policy.Params{N: 1, MaxTokens: fresh, Temperature: 1, Seed: 1}}
	}
	timed(b, float64(rows*fresh), "sampled_tok", func() {
		_, err := sampler.Sample(b.Context(), requests)
		require.NoError(b, err)
	})
	return trainer
}

// trainAtLength makes a gradient of 8,192 positions in sequences of one length, with layers computed again; the cache of a sequence is by formula.
func trainAtLength(b *testing.B, c Config, length int) {
	c.MaxPositions = length
	shapes := DefaultShapes()
	shapes.TrainRows, shapes.TrainWidth, shapes.Recompute = 1, length, true
	trainer, err := New(openEngine(b), c, shapes, 1)
	require.NoError(b, err)
	data, tokens := randomOf(rand.New(rand.NewPCG(1, 1)), c.Vocab, slices.Repeat([]int{length + 1}, 8192/length))
	trained(b, trainer, data, tokens)
	b.ReportMetric(float64(4*c.Layers*c.attention().cacheWidth()*length)/(1<<20), "cache_MB")
}

// drawAtLength draws 64 tokens for each of 32 completions of one prompt that ends 64 before a length. The time of drawing one token for each, which is
// that of the prompt, is taken off.
func drawAtLength(b *testing.B, c Config, length int) {
	const rows, fresh = 32, 65
	c.MaxPositions = length + 1
	trainer, err := New(openEngine(b), c, DefaultShapes(), 1)
	require.NoError(b, err)
	sampler, err := trainer.Snapshot(b.Context())
	require.NoError(b, err)
	best := func(tokens int) time.Duration {
		request := policy.Request{Prompt: make([]policy.Token, length-fresh+1), Params: policy.Params{N: rows, MaxTokens: tokens, Temperature: 1, Seed: 1}}
		least := time.Duration(math.MaxInt64)
		for range 4 { // the first time compiles
			start := time.Now()
			_, err := sampler.Sample(b.Context(), []policy.Request{request})
			require.NoError(b, err)
			least = min(least, time.Since(start))
		}
		return least
	}
	prompt, all := best(1), best(fresh)
	b.ReportMetric(rows*(fresh-1)/(all-prompt).Seconds(), "sampled_tok/s")
	b.ReportMetric(float64(length-fresh+1)/prompt.Seconds(), "prompt_tok/s")
	b.ReportMetric(float64(4*c.Layers*c.attention().cacheWidth()*length)/(1<<20), "cache_MB")
}

// peakMegabytes is the most memory that this process has held.
func peakMegabytes(b *testing.B) float64 {
	var use syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return float64(use.Maxrss) / 1024
}
