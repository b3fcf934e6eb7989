package moe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// checkPacked requires every datum exactly once, nothing over another, and every array right.
func checkPacked(t *testing.T, data []policy.Datum, batches []*batch) {
	t.Helper()
	seen := make([]int, len(data))
	for _, b := range batches {
		require.NotEmpty(t, b.places)
		rows, width := b.rows, b.width
		owner := make([]int, rows*width) // datum + 1
		documents := map[[2]int]bool{}   // row, segment
		for _, p := range b.places {
			d := data[p.datum]
			seen[p.datum]++
			text := append(append([]policy.Token(nil), d.Prompt...), d.Response...)
			require.LessOrEqual(t, p.start+len(text)-1, width)
			segment := b.segments[p.row*width+p.start]
			require.Positive(t, segment)
			require.LessOrEqual(t, segment, int32(maxSegments))
			require.False(t, documents[[2]int{p.row, int(segment)}], "segment number taken")
			documents[[2]int{p.row, int(segment)}] = true
			from, to := b.response(p, d)
			require.Equal(t, d.Response, b.targets[from:to])
			for i := range len(text) - 1 {
				at := p.row*width + p.start + i
				require.Zero(t, owner[at], "two data on one position")
				owner[at] = p.datum + 1
				require.Equal(t, text[i], b.tokens[at])
				require.Equal(t, text[i+1], b.targets[at])
				require.EqualValues(t, i, b.positions[at])
				require.Equal(t, segment, b.segments[at])
				var behaviour, advantage, weight float32
				if at >= from {
					behaviour, advantage, weight = entry(d.Logprobs, at-from), entry(d.Advantages, at-from), entry(d.Weights, at-from)
				}
				require.Equal(t, []float32{behaviour, advantage, weight}, []float32{b.behaviour[at], b.advantages[at], b.weights[at]})
			}
		}
		for at, who := range owner {
			if who == 0 {
				require.Zero(t, b.segments[at])
				require.Zero(t, b.weights[at])
				require.Zero(t, b.tokens[at])
			}
		}
	}
	for i, n := range seen {
		require.Equal(t, 1, n, "datum %d", i)
	}
}

func TestPack(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		rows, width := 1+r.IntN(4), 8+r.IntN(64)
		data := randomData(r, 50, width, r.IntN(40))
		for i := range data {
			if i%5 == 0 {
				data[i].Logprobs, data[i].Advantages = nil, nil // as for cross-entropy
			}
		}
		batches, err := pack(data, rows, width, false)
		require.NoError(t, err)
		checkPacked(t, data, batches)
		for _, b := range batches {
			require.Equal(t, []int{rows, width}, []int{b.rows, b.width})
		}
		again, err := pack(data, rows, width, false)
		require.NoError(t, err)
		require.Equal(t, batches, again)
	}
	// Many short data: the number of documents in a row is bounded before its positions are.
	var data []policy.Datum
	for range 100 {
		data = append(data, policy.Datum{Prompt: []policy.Token{1}, Response: []policy.Token{2}, Weights: []float32{1}})
	}
	batches, err := pack(data, 2, 64, false)
	require.NoError(t, err)
	require.Len(t, batches, 2)
	checkPacked(t, data, batches)
}

func TestPackRefuses(t *testing.T) {
	good := policy.Datum{Prompt: []policy.Token{1, 2}, Response: []policy.Token{3, 4}}
	for want, change := range map[string]func(d *policy.Datum){
		"prompt of 0 and response of 2":                  func(d *policy.Datum) { d.Prompt = nil },
		"prompt of 2 and response of 0":                  func(d *policy.Datum) { d.Response = nil },
		"10 tokens do not fit the training width 8":      func(d *policy.Datum) { d.Prompt = make([]policy.Token, 8) },
		"1 weights for 2 response tokens: want one each": func(d *policy.Datum) { d.Weights = []float32{1} },
		"3 logprobs for 2 response tokens":               func(d *policy.Datum) { d.Logprobs = make([]float32, 3) },
		"4 advantages for 2 response tokens":             func(d *policy.Datum) { d.Advantages = make([]float32, 4) },
		"raise train.width or lower max_tokens":          func(d *policy.Datum) { d.Response = make([]policy.Token, 8) },
	} {
		bad := good
		change(&bad)
		_, err := pack([]policy.Datum{good, bad}, 2, 8, true)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "datum 1")
	}
	longest := policy.Datum{Prompt: make([]policy.Token, 8), Response: []policy.Token{1}}
	_, err := pack([]policy.Datum{longest}, 1, 8, true) // the last token is only a target
	require.NoError(t, err)
}

// TestPackedEqualsUnpacked compares documents side by side in rows with one document a row.
func TestPackedEqualsUnpacked(t *testing.T) {
	ctx := context.Background()
	for seed := uint64(1); seed <= 3; seed++ {
		packed, single := newSmall(t, seed), newSmall(t, seed)
		r := rand.New(rand.NewPCG(seed, 2))
		data := randomData(r, 24, 12, 14)
		onPolicyish(t, packed, r, data)
		stats, err := packed.ForwardBackward(ctx, data, policyGradient)
		require.NoError(t, err)
		single.grads = single.likeLearned()
		sums := statSums{logprobs: make([][]float32, len(data))}
		for from := 0; from < len(data); from += 4 {
			b := newBatch(4, 32)
			for i := from; i < min(from+4, len(data)); i++ {
				b.write(data[i], i, i-from)
			}
			require.NoError(t, single.accumulate([]*batch{b}, policyGradient, data, &sums))
		}
		alone := sums.stats()
		require.Less(t, stats.Padded, alone.Padded)
		for i := range data {
			near(t, "log-probs", alone.Logprobs[i], stats.Logprobs[i], 1e-5)
		}
		require.Equal(t, alone.Tokens, stats.Tokens)
		require.InDelta(t, alone.Loss, stats.Loss, 1e-5)
		require.InDelta(t, alone.KL, stats.KL, 1e-5)
		require.InDelta(t, alone.RatioMax, stats.RatioMax, 1e-5)
		require.InDelta(t, alone.ClipLowFrac+alone.ClipHighFrac, stats.ClipLowFrac+stats.ClipHighFrac, 1e-9)
		want, got := gradients(t, single), gradients(t, packed)
		for name := range want {
			near(t, fmt.Sprintf("seed %d: %s", seed, name), want[name], got[name], 1e-5)
		}
		scores, err := packed.Score(ctx, data)
		require.NoError(t, err)
		for i := range data {
			alone, err := single.Score(ctx, data[i:i+1])
			require.NoError(t, err)
			near(t, "log-probs", alone[0], scores[i], 1e-5)
		}
	}
}
