package moe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// dense is a small decoder without experts, of the Llama line.
func dense() Config {
	return Config{
		Vocab: 24, Width: 16, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 4, Tied: true, DenseHidden: 12, DenseLayers: 2,
		RoutedScale: 1, RopeTheta: 10000, NormEps: 1e-6, MaxPositions: 96,
	}
}

func newDense(t testing.TB, recompute bool) *Trainer {
	shapes := shapesOfSmall()
	shapes.Recompute = recompute
	trainer, err := New(newSmall(t, 1).engine, dense(), shapes, 1)
	require.NoError(t, err)
	require.NoError(t, trainer.setParams(randomParams(dense(), 5)))
	return trainer
}

// groupsOf draws data of which some share a prompt.
func groupsOf(r *rand.Rand, count int) []policy.Datum {
	data := randomData(r, 24, 24, count)
	for i := range data {
		if from := r.IntN(i + 1); r.IntN(3) > 0 && len(data[from].Prompt)+len(data[i].Response) <= 24 {
			data[i].Prompt = data[from].Prompt
		}
	}
	return data
}

// TestSharedPromptsAndRecomputing compares bundles, with and without recomputing, with one datum a row.
func TestSharedPromptsAndRecomputing(t *testing.T) {
	ctx := context.Background()
	single := newDense(t, false)
	for _, recompute := range []bool{false, true} {
		bundled := newDense(t, recompute)
		for seed := range uint64(3) {
			data := groupsOf(rand.New(rand.NewPCG(seed, 4)), 24)
			onPolicyish(t, bundled, rand.New(rand.NewPCG(seed, 5)), data)
			for _, loss := range []policy.Loss{policyGradient, {Kind: policy.LossGSPO, ClipLow: .2, ClipHigh: .2}} {
				name := fmt.Sprintf("recompute %v, seed %d, %s: ", recompute, seed, loss.Kind)
				bundled.grads = nil
				stats, err := bundled.ForwardBackward(ctx, data, loss)
				require.NoError(t, err)
				single.grads = single.likeLearned()
				sums := statSums{logprobs: make([][]float32, len(data))}
				for i, d := range data {
					b := newBatch(4, 32)
					b.write(d, i, 0)
					require.NoError(t, single.accumulate([]*batch{b}, loss, data, &sums))
				}
				alone := sums.stats()
				require.Less(t, stats.Positions, alone.Positions, "some prompt is shared")
				require.Equal(t, alone.Tokens, stats.Tokens)
				require.InDelta(t, alone.Loss, stats.Loss, 1e-5, name)
				require.InDelta(t, alone.KL, stats.KL, 1e-5, name)
				want, got := gradients(t, single), gradients(t, bundled)
				for param := range want {
					near(t, name+param, want[param], got[param], 1e-5)
				}
			}
			scores, err := bundled.Score(ctx, data)
			require.NoError(t, err)
			for i := range data {
				alone, err := single.Score(ctx, data[i:i+1])
				require.NoError(t, err)
				near(t, "log-probs", alone[0], scores[i], 1e-5)
			}
		}
	}
}

// Every datum is in one bundle, none overfills its row, and members share their prompt.
func TestBundles(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 6))
		data := groupsOf(r, r.IntN(80))
		seen := make([]int, len(data))
		for _, b := range bundles(data, 24, true) {
			require.LessOrEqual(t, b.length, 24)
			require.LessOrEqual(t, b.segments(), maxSegments)
			for _, i := range b.members {
				seen[i]++
				require.Equal(t, data[b.members[0]].Prompt, data[i].Prompt)
			}
		}
		for i, n := range seen {
			require.Equal(t, 1, n, "datum %d", i)
		}
		for _, b := range bundles(data, 24, false) {
			require.Len(t, b.members, 1)
		}
	}
}

// TestWideHead compares log-probs and gradients of the scored positions with those of a head over all positions.
func TestWideHead(t *testing.T) {
	c := Config{Vocab: wideVocab, Width: 2, Tied: true}
	const B, T = 2, 64
	r := rand.New(rand.NewPCG(1, 1))
	embed, hidden, upstream, targets := make([]float32, c.Vocab*2), make([]float32, B*T*2), make([]float32, B*T), make([]int32, B*T)
	for _, x := range [][]float32{embed, hidden} {
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
	}
	b := newBatch(B, T)
	b.spans = [][2]int{{3, 20}, {40, 64}, {70, 83}} // 54 positions: 64 of 128 are computed, in four parts
	for i := range targets {
		targets[i] = int32(r.IntN(c.Vocab))
	}
	for _, span := range b.spans {
		for i := span[0]; i < span[1]; i++ {
			upstream[i] = float32(r.NormFloat64())
		}
	}
	build := newGraph(t, func(in []*graph.Node) []*graph.Node {
		w := weights{byName: map[string]*graph.Node{"embed": in[0]}}
		logp := c.logProbs(w, in[1], in[2], places{in[4], in[5], 20})
		loss := graph.ReduceAllSum(graph.Mul(logp, in[3]))
		return append([]*graph.Node{graph.Mul(logp, in[3])}, graph.Gradient(loss, in[0], in[1])...)
	})
	run := func(vocab int) (out [][]float32) {
		at, slots := b.scored(vocab)
		if vocab >= wideVocab {
			require.Len(t, at, B*T/2)
		} else {
			require.Len(t, at, B*T)
		}
		for _, x := range build(tensors.FromFlatDataAndDimensions(embed, c.Vocab, 2), tensors.FromFlatDataAndDimensions(hidden, B, T, 2),
			tensors.FromFlatDataAndDimensions(targets, B, T), tensors.FromFlatDataAndDimensions(upstream, B, T),
			tensors.FromFlatDataAndDimensions(at, len(at)), tensors.FromFlatDataAndDimensions(slots, B*T)) {
			out = append(out, tensors.MustCopyFlatData[float32](x))
		}
		return out
	}
	all, some := run(wideVocab-1), run(wideVocab)
	for i, name := range []string{"log-probs", "d embed", "d hidden"} {
		near(t, name, all[i], some[i], 1e-4)
	}
}
