package moe

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// TestRecordedRouting compares what the sampler records with the choices of a plain forward pass, and then lets the trainer
// follow the record.
func TestRecordedRouting(t *testing.T) {
	ctx := context.Background()
	for seed := uint64(1); seed <= 3; seed++ {
		trainer := newSmall(t, seed)
		requests := ask(6, policy.Params{N: 4, MaxTokens: 14, Temperature: 1, Seed: seed, Stop: []policy.Token{2}, Routing: true})
		requests[3].Forced = []policy.Token{5, 6, 7}
		samples := sample(t, trainer, requests...)
		data := dataOf(requests, samples)
		for i := range data {
			s := samples[i/4][i%4]
			data[i].Routing = s.Routing
			clear(data[i].Weights[:len(requests[i/4].Forced)]) // forced tokens have no log-prob
			require.Len(t, s.Routing, length(data[i])*2)
			if len(requests[i/4].Forced) == 0 {
				require.Equal(t, chosenByPlainPass(t, trainer, data[i]), sortedPairs(s.Routing))
			}
		}
		stats, err := trainer.ForwardBackward(ctx, data, policyGradient)
		require.NoError(t, err)
		require.Positive(t, stats.RoutingSlots)
		t.Logf("seed %d without replay: %d of %d choices agree, log-probs differ by at most %.1e", seed, stats.RoutingSame, stats.RoutingSlots, stats.LogpDiffMax)
		replay := policyGradient
		replay.Replay = true
		stats, err = trainer.ForwardBackward(ctx, data, replay)
		require.NoError(t, err)
		require.Equal(t, stats.RoutingSlots, stats.RoutingSame, "the weights have not moved")
		require.Less(t, stats.LogpDiffMax, 1e-4)
		scores, err := trainer.Score(ctx, data)
		require.NoError(t, err)
		for i, d := range data {
			skip := len(requests[i/4].Forced)
			require.Len(t, scores[i], len(d.Response))
			for j := skip; j < len(d.Response); j++ {
				require.InDelta(t, d.Logprobs[j], scores[i][j], 1e-4)
			}
		}
	}
	requests := ask(1, policy.Params{N: 1, MaxTokens: 4, Temperature: 1})
	require.Nil(t, sample(t, newSmall(t, 1), requests...)[0][0].Routing, "nobody asked")
}

// chosenByPlainPass are the experts of the one layer that has any, two for each position, in ascending order.
func chosenByPlainPass(t *testing.T, trainer *Trainer, d policy.Datum) []uint16 {
	b := newBatch(trainer.Shapes.TrainRows, trainer.Shapes.TrainWidth)
	b.write(d, 0, 0)
	chosen := probe(t, trainer, nil, b).chosen[0]
	var out []uint16
	for i := range length(d) {
		for e := range 8 {
			if chosen[i*8+e] == 1 {
				out = append(out, uint16(e))
			}
		}
	}
	return out
}

// sortedPairs orders the two experts of each position.
func sortedPairs(routing []uint16) []uint16 {
	out := slices.Clone(routing)
	for i := 0; i < len(out); i += 2 {
		slices.Sort(out[i : i+2])
	}
	return out
}

// TestReplayFollowsAForeignRecord: whatever the router would choose, the recorded experts learn and the others do not.
func TestReplayFollowsAForeignRecord(t *testing.T) {
	ctx := context.Background()
	data := randomData(rand.New(rand.NewPCG(3, 3)), 24, 32, 6)
	plain, followed, dense := newSmall(t, 1), newSmall(t, 1), denseTwin(t, 1)
	free, err := plain.ForwardBackward(ctx, data, policyGradient)
	require.NoError(t, err)
	want := gradients(t, plain)
	for i := range data {
		for range length(data[i]) {
			data[i].Routing = append(data[i].Routing, 6, 3)
		}
	}
	compared := newSmall(t, 1)
	stats, err := compared.ForwardBackward(ctx, data, policyGradient)
	require.NoError(t, err)
	require.Equal(t, want, gradients(t, compared), "a record that is not replayed changes nothing")
	require.Equal(t, free.Loss, stats.Loss)
	require.Less(t, stats.RoutingSame, stats.RoutingSlots)
	require.Positive(t, stats.RoutingSame)

	replay := policyGradient
	replay.Replay = true
	for _, trainer := range []*Trainer{followed, dense} {
		stats, err = trainer.ForwardBackward(ctx, data, replay)
		require.NoError(t, err)
		require.NotEqual(t, free.Loss, stats.Loss)
		name := layerName(1, "experts_out")
		per := len(want[name]) / 8
		got := gradients(t, trainer)[name]
		for e := range 8 {
			learned := slices.ContainsFunc(got[e*per:(e+1)*per], func(g float32) bool { return g != 0 })
			require.Equal(t, e == 3 || e == 6, learned, "expert %d", e)
		}
	}
	ours, theirs := gradients(t, followed), gradients(t, dense)
	for name := range ours {
		require.InDeltaSlice(t, theirs[name], ours[name], 2e-5, name)
	}
}

func TestReplayRefuses(t *testing.T) {
	trainer := newSmall(t, 1)
	data := randomData(rand.New(rand.NewPCG(3, 3)), 24, 32, 1)
	data[0].Routing = make([]uint16, 2*length(data[0])-1)
	_, err := trainer.ForwardBackward(context.Background(), data, policyGradient)
	require.ErrorContains(t, err, "datum 0")
	require.ErrorContains(t, err, "want ")
	data[0].Routing = make([]uint16, 2*length(data[0]))
	data[0].Routing[1] = 8
	_, err = trainer.Score(context.Background(), data)
	require.ErrorContains(t, err, "expert 8 is recorded: this model has 8")
}
