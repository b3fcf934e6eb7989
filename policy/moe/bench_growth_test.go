package moe

import (
	"fmt"
	"math"
	"math/rand/v2"
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

// trained measures gradients of data: tokens a second of wall time and of processor time, and the useful share of what was computed.
func trained(b *testing.B, trainer *Trainer, data []policy.Datum, tokens int) {
	var stats policy.Stats
	step := func() {
		var err error
		stats, err = trainer.ForwardBackward(b.Context(), data, policyGradient)
		require.NoError(b, err)
	}
	step() // compiles
	wall, cpu := time.Now(), processorTime(b)
	for b.Loop() {
		step()
	}
	n := float64(b.N) * float64(tokens)
	b.ReportMetric(n/time.Since(wall).Seconds(), "trained_tok/s")
	b.ReportMetric(n/(processorTime(b)-cpu).Seconds(), "trained_tok/cpu-s")
	b.ReportMetric(100*float64(stats.Positions)/float64(stats.Padded), "useful_%")
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
