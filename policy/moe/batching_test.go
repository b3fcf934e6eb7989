package moe

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// unlike are requests whose completions have very different lengths, more of them than rows; the first one is by far the longest.
func unlike() []policy.Request {
	requests := ask(12, policy.Params{N: 4, Temperature: 1, Seed: 3, Routing: true})
	requests[0].N = 1
	for i := range requests {
		requests[i].MaxTokens = 1 + (7*i)%12
	}
	requests[0].MaxTokens = 76
	return requests
}

// handed is one call of done.
type handed struct {
	request, number int
	sample          policy.Sample
}

// stream returns what is handed over, in order.
func stream(t *testing.T, trainer *Trainer, requests []policy.Request) []handed {
	t.Helper()
	sampler, err := trainer.Snapshot(t.Context())
	require.NoError(t, err)
	var list []handed
	require.NoError(t, sampler.(policy.Streamer).Stream(t.Context(), requests, func(request, number int, s policy.Sample) error {
		require.Positive(t, s.Seconds)
		s.Seconds = 0
		list = append(list, handed{request, number, s})
		return nil
	}))
	return list
}

// TestBatchingChangesNoCompletion: the same tokens, log-probs and experts whatever the number of rows and the chunk, and without company.
func TestBatchingChangesNoCompletion(t *testing.T) {
	trainer := newSmall(t, 1)
	requests := unlike()
	want := sample(t, trainer, requests...)
	for i := range requests {
		allSame(t, sample(t, trainer, requests[i]), want[i:i+1])
	}
	for _, shapes := range []Shapes{{MaxRows: 16, DecodeChunk: 3}, {MaxRows: 8, DecodeChunk: 5}, {MaxRows: 64, DecodeChunk: 16}} {
		other := newSmall(t, 1)
		other.Shapes.MaxRows, other.Shapes.DecodeChunk = shapes.MaxRows, shapes.DecodeChunk
		allSame(t, want, sample(t, other, requests...))
	}
}

// TestALongChainHoldsUpNobody: the longest completion begins first, in the first of three waves, and the others end before it.
func TestALongChainHoldsUpNobody(t *testing.T) {
	requests := unlike()
	list := stream(t, newSmall(t, 1), requests)
	require.Len(t, list, 45)
	last := list[44]
	require.Equal(t, 0, last.request)
	require.Len(t, last.sample.Tokens, 76)
	require.Equal(t, list, stream(t, newSmall(t, 1), requests), "the order follows from the requests")
}

// TestStreamHandsOverWhatSampleReturns, each once and complete.
func TestStreamHandsOverWhatSampleReturns(t *testing.T) {
	trainer := newSmall(t, 1)
	requests := unlike()
	requests[2].First = 5
	requests[3].Forced, requests[3].MaxTokens = []policy.Token{4, 5, 6}, 3 // nothing is left to draw
	sampler, err := trainer.Snapshot(t.Context())
	require.NoError(t, err)
	want, err := sampler.Sample(t.Context(), requests)
	require.NoError(t, err)
	got := map[[2]int]policy.Sample{}
	err = sampler.(policy.Streamer).Stream(t.Context(), requests, func(request, number int, s policy.Sample) error {
		_, again := got[[2]int{request, number}]
		require.False(t, again)
		s.Seconds = 0
		got[[2]int{request, number}] = s
		return nil
	})
	require.NoError(t, err)
	all := 0
	for i, group := range want {
		for n, s := range group {
			s.Seconds = 0
			require.Equal(t, s, got[[2]int{i, requests[i].First + n}])
			if len(requests[i].Forced) == 0 {
				slots := trainer.Config.routeSlots()
				require.Len(t, s.Routing, (len(requests[i].Prompt)+len(s.Tokens)-1)*slots)
			}
			all++
		}
	}
	require.Len(t, got, all)
}

func TestStreamEndsEarly(t *testing.T) {
	sampler, err := newSmall(t, 1).Snapshot(t.Context())
	require.NoError(t, err)
	streamer := sampler.(policy.Streamer)
	boom, calls := errors.New("no more"), 0
	require.ErrorIs(t, streamer.Stream(t.Context(), unlike(), func(int, int, policy.Sample) error {
		calls++
		return boom
	}), boom)
	require.Equal(t, 1, calls)
	ctx, cancel := context.WithCancel(t.Context())
	require.ErrorIs(t, streamer.Stream(ctx, unlike(), func(int, int, policy.Sample) error {
		cancel()
		return nil
	}), context.Canceled)
	require.ErrorContains(t, streamer.Stream(t.Context(), []policy.Request{{}}, nil), "prompt is empty")
}

// TestAsideIsBounded: what is off the device is less than a batch and a half, however much is asked for.
func TestAsideIsBounded(t *testing.T) {
	trainer := newSmall(t, 1)
	snapshot, err := trainer.Snapshot(t.Context())
	require.NoError(t, err)
	s := snapshot.(*sampler)
	requests := ask(14, policy.Params{N: 16, MaxTokens: 2, Temperature: 1, Seed: 3})
	var long []policy.Request // two of each wave of 16
	for _, r := range requests {
		short := r
		short.N = 14
		r.Task, r.N, r.MaxTokens = r.Task+" long", 2, 40
		long = append(long, short, r)
	}
	d := drawing{s: s, requests: long}
	most := 0
	d.ended = func(*lane) error {
		most = max(most, len(d.aside))
		for _, l := range d.aside {
			require.Len(t, l.cache, 2*trainer.Config.Layers)
		}
		return nil
	}
	lanes, _ := lanesOf(long, 0)
	require.NoError(t, d.run(t.Context(), lanes))
	require.Empty(t, d.aside)
	require.Greater(t, most, 8)
	require.Less(t, most, 16+8, "26 would gather if they went on at the end only")
}
