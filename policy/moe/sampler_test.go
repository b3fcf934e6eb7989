package moe

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/rltrain/rltrain/policy"
)

func sample(t testing.TB, trainer *Trainer, requests ...policy.Request) [][]policy.Sample {
	t.Helper()
	sampler, err := trainer.Snapshot(context.Background())
	require.NoError(t, err)
	samples, err := sampler.Sample(context.Background(), requests)
	require.NoError(t, err)
	require.Len(t, samples, len(requests))
	return plain(samples)
}

// plain leaves out what a sample cost.
func plain(samples [][]policy.Sample) [][]policy.Sample {
	for _, group := range samples {
		for n := range group {
			group[n].Seconds, group[n].PromptTokens = 0, 0
		}
	}
	return samples
}

// ask makes requests with prompts of different lengths.
func ask(count int, p policy.Params) []policy.Request {
	var requests []policy.Request
	for i := range count {
		r := policy.Request{Task: fmt.Sprint("task ", i), Params: p}
		for j := range 1 + (5*i)%14 {
			r.Prompt = append(r.Prompt, policy.Token((7*i+3*j+1)%24))
		}
		requests = append(requests, r)
	}
	return requests
}

// sameDraws requires equal tokens and nearly equal numbers.
func sameDraws(t testing.TB, want, got policy.Sample, what ...any) {
	t.Helper()
	require.Equal(t, want.Tokens, got.Tokens, what...)
	require.Equal(t, want.Stop, got.Stop, what...)
	require.Equal(t, want.Routing, got.Routing, what...)
	near32(t, want.Logprobs, got.Logprobs, what...)
	near32(t, want.Entropies, got.Entropies, what...)
}

func near32(t testing.TB, want, got []float32, what ...any) {
	t.Helper()
	require.Len(t, got, len(want), what...)
	for i := range want {
		require.InDelta(t, want[i], got[i], 2e-5, what...)
	}
}

func allSame(t testing.TB, want, got [][]policy.Sample) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.Len(t, got[i], len(want[i]))
		for n := range want[i] {
			sameDraws(t, want[i][n], got[i][n], "request", i, "sample", n)
		}
	}
}

// recompute runs a sample's whole sequence through the plain forward pass and returns the float64
// log-softmax behind each token of the completion.
func recompute(t testing.TB, trainer *Trainer, prompt []policy.Token, s policy.Sample) [][]float64 {
	t.Helper()
	d := policy.Datum{Prompt: prompt, Response: s.Tokens}
	b := newBatch(trainer.Shapes.TrainRows, trainer.Shapes.TrainWidth)
	b.write(d, 0, 0)
	p := probe(t, trainer, nil, b)
	from, to := b.response(b.places[0], d)
	var rows [][]float64
	for i := from; i < to; i++ {
		rows = append(rows, logSoftmax(p.logits[i*24:(i+1)*24]))
	}
	return rows
}

// dataOf makes data of samples whose weights sum to 1.
func dataOf(requests []policy.Request, samples [][]policy.Sample) []policy.Datum {
	var data []policy.Datum
	tokens := 0
	for i, group := range samples {
		for n, s := range group {
			d := policy.Datum{Prompt: requests[i].Prompt, Response: s.Tokens, Logprobs: s.Logprobs}
			for range s.Tokens {
				d.Advantages, tokens = append(d.Advantages, float32(1-2*(n%2))), tokens+1
			}
			data = append(data, d)
		}
	}
	for i := range data {
		for range data[i].Response {
			data[i].Weights = append(data[i].Weights, 1/float32(tokens))
		}
	}
	return data
}

func TestSamplerAgreesWithTrainer(t *testing.T) {
	ctx := context.Background()
	for seed := uint64(1); seed <= 3; seed++ {
		trainer := newSmall(t, seed)
		requests := ask(6, policy.Params{N: 4, MaxTokens: 16, Temperature: 1, Seed: seed, Stop: []policy.Token{2}})
		samples := sample(t, trainer, requests...)
		data := dataOf(requests, samples)
		scores, err := trainer.Score(ctx, data)
		require.NoError(t, err)
		for i, d := range data {
			for j := range d.Response {
				require.InDelta(t, d.Logprobs[j], scores[i][j], 1e-4)
			}
		}
		stats, err := trainer.ForwardBackward(ctx, data, policyGradient)
		require.NoError(t, err)
		require.Less(t, stats.LogpDiffMax, 1e-4)
		for i := range data {
			near(t, "log-probs of the gradient's weights", scores[i], stats.Logprobs[i], 1e-4)
		}
		require.InDelta(t, 1, stats.RatioMax, 1e-4)
		require.InDelta(t, 0, stats.KL, 1e-6)
		require.Zero(t, stats.ClipLowFrac+stats.ClipHighFrac)
		for i, r := range requests {
			s := samples[i][0]
			require.Zero(t, s.Version)
			for j, logp := range recompute(t, trainer, r.Prompt, s) {
				entropy := 0.0
				for _, x := range logp {
					entropy -= math.Exp(x) * x
				}
				require.InDelta(t, entropy, s.Entropies[j], 2e-5)
				require.InDelta(t, logp[s.Tokens[j]], s.Logprobs[j], 2e-5)
			}
		}
	}
}

// TestDrawsDependOnSeedTaskAndSampleOnly varies all that must not matter: company, N, batch and chunk sizes.
func TestDrawsDependOnSeedTaskAndSampleOnly(t *testing.T) {
	trainer := newSmall(t, 1)
	p := policy.Params{N: 8, MaxTokens: 14, Temperature: 1, Seed: 5, Stop: []policy.Token{2, 7}, Routing: true}
	requests := ask(5, p) // 40 rows for 16 lanes: three waves
	want := sample(t, trainer, requests...)
	allSame(t, want, sample(t, trainer, requests...))
	for i := range requests {
		alone := sample(t, trainer, requests[i])
		allSame(t, want[i:i+1], alone)
		one := requests[i]
		one.N = 1
		sameDraws(t, want[i][0], sample(t, trainer, one)[0][0])
	}
	for _, shapes := range []Shapes{{MaxRows: 8, DecodeChunk: 7}, {MaxRows: 16, DecodeChunk: 60}} {
		other := newSmall(t, 1)
		other.Shapes.MaxRows, other.Shapes.DecodeChunk = shapes.MaxRows, shapes.DecodeChunk
		allSame(t, want, sample(t, other, requests...))
	}
	first := func(change func(r *policy.Request)) []policy.Token {
		r := requests[4]
		r.N, r.Stop, r.MaxTokens = 1, nil, 14
		change(&r)
		return sample(t, trainer, r)[0][0].Tokens
	}
	base := first(func(*policy.Request) {})
	require.NotEqual(t, base, first(func(r *policy.Request) { r.Seed++ }))
	require.NotEqual(t, base, first(func(r *policy.Request) { r.Task += "'" }))
	require.NotEqual(t, want[4][0].Tokens, want[4][1].Tokens)
}

func TestStopsAndLimits(t *testing.T) {
	trainer := newSmall(t, 2)
	free := policy.Params{N: 8, MaxTokens: 15, Temperature: 1, Seed: 9}
	requests := ask(4, free)
	unstopped := sample(t, trainer, requests...)
	stop := []policy.Token{3, 11, 17}
	for i := range requests {
		requests[i].Stop = stop
		requests[i].MaxTokens = 15 - 3*i // limits differ within a call
	}
	stopped := map[policy.StopReason]int{}
	for i, group := range sample(t, trainer, requests...) {
		for n, s := range group {
			want := unstopped[i][n].Tokens[:15-3*i]
			reason := policy.StopLength
			for j, token := range want {
				if token == stop[0] || token == stop[1] || token == stop[2] {
					want, reason = want[:j+1], policy.StopToken
					break
				}
			}
			require.Equal(t, want, s.Tokens)
			require.Equal(t, reason, s.Stop)
			require.Len(t, s.Logprobs, len(want))
			require.Len(t, s.Entropies, len(want))
			stopped[reason]++
		}
	}
	require.Greater(t, stopped[policy.StopToken], 3)
	require.Greater(t, stopped[policy.StopLength], 3)
	for _, group := range unstopped {
		for _, s := range group {
			require.Len(t, s.Tokens, 15)
			require.Equal(t, policy.StopLength, s.Stop)
		}
	}
}

func TestGreedyEqualsFullRecompute(t *testing.T) {
	trainer := newSmall(t, 3)
	requests := ask(6, policy.Params{N: 2, MaxTokens: 17})
	for i, group := range sample(t, trainer, requests...) {
		require.Equal(t, group[0], group[1])
		for j, logp := range recompute(t, trainer, requests[i].Prompt, group[0]) {
			for _, other := range logp { // no token is likelier, to the last digits of float32
				require.LessOrEqual(t, other, logp[group[0].Tokens[j]]+1e-5)
			}
		}
	}
}

// TestForced cuts samples in the middle and lets the sampler go on: it must draw what it drew before.
func TestForced(t *testing.T) {
	trainer := newSmall(t, 4)
	for _, temperature := range []float32{1, 0} {
		requests := ask(3, policy.Params{N: 1, MaxTokens: 12, Temperature: temperature, Seed: 4})
		want := sample(t, trainer, requests...)
		for i := range requests {
			requests[i].Forced = want[i][0].Tokens[:1+2*i]
		}
		for i, group := range sample(t, trainer, requests...) {
			k := len(requests[i].Forced)
			require.Equal(t, want[i][0].Tokens, group[0].Tokens)
			require.Equal(t, make([]float32, k), group[0].Logprobs[:k])
			require.Equal(t, make([]float32, k), group[0].Entropies[:k])
			near32(t, want[i][0].Logprobs[k:], group[0].Logprobs[k:])
			near32(t, want[i][0].Entropies[k:], group[0].Entropies[k:])
		}
	}
	full := ask(1, policy.Params{N: 1, MaxTokens: 3, Temperature: 1})
	full[0].Forced = []policy.Token{4, 5, 6} // nothing is left to draw
	s := sample(t, trainer, full...)[0][0]
	require.Equal(t, full[0].Forced, s.Tokens)
	require.Equal(t, policy.StopLength, s.Stop)
	full[0].Forced = []policy.Token{4, 5}
	require.Len(t, sample(t, trainer, full...)[0][0].Tokens, 3)
}

// TestCompaction mixes short and long samples in one wave, so that ended rows are dropped and caches grow,
// and compares with every sample drawn without company.
func TestCompaction(t *testing.T) {
	trainer := newSmall(t, 1)
	p := policy.Params{N: 4, Temperature: 1, Seed: 12}
	requests := ask(4, p)
	for i, limit := range []int{2, 3, 60, 5} {
		requests[i].MaxTokens = limit
	}
	together := sample(t, trainer, requests...)
	for i := range requests {
		require.Len(t, together[i][0].Tokens, requests[i].MaxTokens)
		allSame(t, sample(t, trainer, requests[i]), together[i:i+1])
	}
	wide := newSmall(t, 1)
	wide.Shapes.DecodeChunk = 60 // one chunk: nothing is dropped or grown between
	allSame(t, together, sample(t, wide, requests...))
}

func TestSampleRefuses(t *testing.T) {
	sampler, err := newSmall(t, 1).Snapshot(context.Background())
	require.NoError(t, err)
	good := ask(2, policy.Params{N: 1, MaxTokens: 4, Temperature: 1})
	for want, change := range map[string]func(r *policy.Request){
		"prompt is empty":                   func(r *policy.Request) { r.Prompt = nil },
		"0 completions of 4":                func(r *policy.Request) { r.N = 0 },
		"beyond the model's 96 positions":   func(r *policy.Request) { r.MaxTokens = 96 },
		"temperature is -1":                 func(r *policy.Request) { r.Temperature = -1 },
		"differ from the first request's":   func(r *policy.Request) { r.Temperature = 2 },
		"banned tokens differ from the fi":  func(r *policy.Request) { r.Stop = []policy.Token{1} },
		"stop or banned tokens differ":      func(r *policy.Request) { r.Banned = []policy.Token{1} },
		"banned tokens [24]: want ids from": func(r *policy.Request) { r.Banned = []policy.Token{24} },
	} {
		requests := append([]policy.Request(nil), good...)
		change(&requests[1])
		_, err := sampler.Sample(context.Background(), requests)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, `task "task 1"`)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = sampler.Sample(ctx, good)
	require.ErrorIs(t, err, context.Canceled)
	samples, err := sampler.Sample(context.Background(), nil)
	require.NoError(t, err)
	require.Empty(t, samples)
}

// TestSamplerOutlivesOptimStep: a sampler goes on with the weights of its Snapshot, bit for bit.
func TestSamplerOutlivesOptimStep(t *testing.T) {
	ctx := context.Background()
	trainer := newSmall(t, 1)
	requests := ask(4, policy.Params{N: 2, MaxTokens: 10, Temperature: 1, Seed: 6})
	old, err := trainer.Snapshot(ctx)
	require.NoError(t, err)
	want, err := old.Sample(ctx, requests)
	require.NoError(t, err)
	data := randomData(rand.New(rand.NewPCG(1, 1)), 24, 32, 4)
	for range 3 {
		_, err := trainer.ForwardBackward(ctx, data, crossEntropy)
		require.NoError(t, err)
		_, err = trainer.OptimStep(ctx, policy.Optim{LR: 0.05, Beta1: .9, Beta2: .95, Eps: 1e-8, ClipNorm: 1, BiasRate: 0.1})
		require.NoError(t, err)
		got, err := old.Sample(ctx, requests)
		require.NoError(t, err)
		require.Equal(t, plain(want), plain(got))
	}
	fresh := sample(t, trainer, requests...)
	require.Equal(t, 3, fresh[0][0].Version)
	require.NotEqual(t, want[0][0].Tokens, fresh[0][0].Tokens)
}

// A sampler at work beside the trainer changes the bits of neither.
func TestSamplerBesideTrainer(t *testing.T) {
	ctx := context.Background()
	requests := ask(4, policy.Params{N: 2, MaxTokens: 10, Temperature: 1, Seed: 6})
	data := randomData(rand.New(rand.NewPCG(1, 1)), 24, 32, 4)
	run := func(beside bool) (drawn [][][]policy.Sample, weights map[string][]float32) {
		trainer := newSmall(t, 1)
		for range 3 {
			sampler, err := trainer.Snapshot(ctx)
			require.NoError(t, err)
			var samples [][]policy.Sample
			var drawing errgroup.Group
			drawing.Go(func() (err error) {
				samples, err = sampler.Sample(ctx, requests)
				return err
			})
			if !beside {
				require.NoError(t, drawing.Wait())
			}
			_, err = trainer.ForwardBackward(ctx, data, crossEntropy)
			require.NoError(t, err)
			_, err = trainer.OptimStep(ctx, policy.Optim{LR: 0.05, Beta1: .9, Beta2: .95, Eps: 1e-8, ClipNorm: 1, BiasRate: 0.1})
			require.NoError(t, err)
			_, err = trainer.Score(ctx, data)
			require.NoError(t, err)
			require.NoError(t, drawing.Wait())
			drawn = append(drawn, plain(samples))
		}
		weights, err := trainer.host(trainer.Config.params(), trainer.params)
		require.NoError(t, err)
		return drawn, weights
	}
	wantDrawn, wantWeights := run(false)
	drawn, weights := run(true)
	require.Equal(t, wantDrawn, drawn)
	require.Equal(t, wantWeights, weights)
}

// TestSnapshotSharesWeights: only the experts' input matrices are copied.
func TestSnapshotSharesWeights(t *testing.T) {
	trainer := newSmall(t, 3)
	snapshot, err := trainer.Snapshot(t.Context())
	require.NoError(t, err)
	for i, p := range trainer.Config.params() {
		if p.side() {
			require.NotSame(t, trainer.params[i], snapshot.(*sampler).weights[i])
		} else {
			require.Same(t, trainer.params[i], snapshot.(*sampler).weights[i], p.name)
		}
	}
}
