package moe

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// peerConfig is the model of bench/trl_grpo.py --arch deepseek_v3: 8.0 M parameters.
func peerConfig() Config {
	return Config{
		Vocab: 512, Width: 256, Layers: 6, Heads: 4, LatentRank: 64, NopeDim: 32, RopeDim: 32, ValueDim: 64,
		DenseHidden: 704, ExpertHidden: 176, SharedExperts: 1, Experts: 8, TopK: 2, DenseLayers: 1,
		RoutedScale: 2.5, RopeTheta: 10000, NormEps: 1e-6, MaxPositions: 1024,
	}
}

// BenchmarkGRPOStep is one GRPO step at the peer's shapes: 32 prompts of 29 tokens x 8 samples x exactly 224 new
// tokens, then one optimizer update on all of them. Compilation and two steps of warming up are left out.
func BenchmarkGRPOStep(b *testing.B) {
	trainer, err := New(openEngine(b), peerConfig(), DefaultShapes(), 1)
	require.NoError(b, err)
	stepShape{prompts: 32, group: 8, prompt: 29, fresh: 224}.measure(b, trainer)
}

// stepShape is the size of a GRPO step; prompt and fresh are tokens of one completion.
type stepShape struct{ prompts, group, prompt, fresh int }

// tokens is how many are drawn in a step.
func (s stepShape) tokens() int { return s.prompts * s.group * s.fresh }

// measure reports the rates of whole steps, in drawn tokens per second.
func (s stepShape) measure(b *testing.B, trainer *Trainer) (sampled, trained float64) {
	ctx := context.Background()
	requests := make([]policy.Request, s.prompts)
	for i := range requests {
		requests[i] = policy.Request{Task: fmt.Sprint(i), Params: policy.Params{N: s.group, MaxTokens: s.fresh, Temperature: 1, Seed: 1}}
		for j := range s.prompt {
			requests[i].Prompt = append(requests[i].Prompt, policy.Token((i*31+j*7)%500+3))
		}
	}
	var sampling, training float64
	overflows, useful := 0, 0.0
	step := func() {
		start := time.Now()
		sampler, err := trainer.Snapshot(ctx)
		require.NoError(b, err)
		groups, err := sampler.Sample(ctx, requests)
		require.NoError(b, err)
		sampledAt := time.Now()
		fb, err := trainer.ForwardBackward(ctx, s.data(requests, groups), policy.Loss{Kind: policy.LossPolicyGradient, ClipLow: .2, ClipHigh: .28})
		require.NoError(b, err)
		_, err = trainer.OptimStep(ctx, policy.Optim{LR: 1e-4, Beta1: .9, Beta2: .999, Eps: 1e-8, ClipNorm: 1, BiasRate: .01})
		require.NoError(b, err)
		sampling += sampledAt.Sub(start).Seconds()
		training += time.Since(sampledAt).Seconds()
		overflows += fb.Overflows
		useful = float64(fb.Positions) / float64(fb.Padded)
	}
	step()
	step()
	sampling, training, overflows = 0, 0, 0
	for b.Loop() {
		step()
	}
	n := float64(b.N)
	sampled, trained = float64(s.tokens())*n/sampling, float64(s.tokens())*n/training
	b.ReportMetric(sampled, "sampled_tok/s")
	b.ReportMetric(trained, "trained_tok/s")
	b.ReportMetric((sampling+training)/n, "s/step")
	b.ReportMetric(float64(overflows)/n, "overflows/step")
	b.ReportMetric(100*useful, "useful_%")
	return sampled, trained
}

// data gives every other completion the advantage 1, the rest -1.
func (s stepShape) data(requests []policy.Request, groups [][]policy.Sample) []policy.Datum {
	var data []policy.Datum
	for i, samples := range groups {
		for j, sample := range samples {
			d := policy.Datum{Prompt: requests[i].Prompt, Response: sample.Tokens, Logprobs: sample.Logprobs}
			for range sample.Tokens {
				d.Advantages = append(d.Advantages, float32(1-2*(j%2)))
				d.Weights = append(d.Weights, 1/float32(s.tokens()))
			}
			data = append(data, d)
		}
	}
	return data
}

// BenchmarkDemoStep is the demo model's share of a step: sampling 256 completions to their full length, and a
// forward-backward pass on them.
func BenchmarkDemoStep(b *testing.B) {
	ctx := context.Background()
	trainer, err := New(openEngine(b), Demo(), DefaultShapes(), 1)
	require.NoError(b, err)
	requests := make([]policy.Request, 32)
	for i := range requests {
		requests[i] = policy.Request{Task: fmt.Sprint(i), Params: policy.Params{N: 8, MaxTokens: 232, Temperature: 1, Seed: 1}}
		for j := range 20 {
			requests[i].Prompt = append(requests[i].Prompt, policy.Token((i*31+j*7)%100+3))
		}
	}
	sampler, err := trainer.Snapshot(ctx)
	require.NoError(b, err)
	_, err = sampler.Sample(ctx, requests)
	require.NoError(b, err)
	for b.Loop() {
		_, err = sampler.Sample(ctx, requests)
		require.NoError(b, err)
	}
	b.ReportMetric(32*8*232*float64(b.N)/b.Elapsed().Seconds(), "sampled_tok/s")
}
