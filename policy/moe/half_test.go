package moe

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// halfPair is a Trainer that multiplies in float32 and one that does in bfloat16, of the same weights.
func halfPair(t testing.TB, c Config, seed uint64) (full, half *Trainer) {
	t.Helper()
	engine := newSmall(t, seed).engine
	if engine.PureGo {
		t.Skip("the pure-Go backend has no bfloat16")
	}
	pair := make([]*Trainer, 2)
	for i, dtype := range []string{Float32, BFloat16} {
		shapes := shapesOfSmall()
		shapes.DType = dtype
		var err error
		pair[i], err = New(engine, c, shapes, seed)
		require.NoError(t, err)
		require.NoError(t, pair[i].setParams(randomParams(c, seed)))
	}
	return pair[0], pair[1]
}

// drawnData are completions that the trainer has drawn, with its routing where it has experts.
func drawnData(t *testing.T, trainer *Trainer) []policy.Datum {
	requests := ask(8, policy.Params{N: 4, MaxTokens: 14, Temperature: 1, Seed: 3, Routing: true})
	samples := sample(t, trainer, requests...)
	data := dataOf(requests, samples)
	for i := range data {
		data[i].Routing = samples[i/4][i%4].Routing
	}
	return data
}

// cosine of the angle between two lists of numbers.
func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

// Products in bfloat16 have 8 significant bits. Log-probs and the loss stay near, gradients keep their direction, ten steps go the same way, and
// what is learned is not lost to rounding: the weights are float32.
func TestHalfAgainstFloat32(t *testing.T) {
	for name, c := range map[string]Config{"latent attention, experts": small(), "grouped-query attention, tied": dense()} {
		t.Run(name, func(t *testing.T) {
			full, half := halfPair(t, c, 4)
			data := drawnData(t, full)
			loss := policyGradient
			loss.Replay = true
			var first []float64
			start := full.hostOrFail(t)
			for step := range 10 {
				want, err := full.ForwardBackward(t.Context(), data, loss)
				require.NoError(t, err)
				got, err := half.ForwardBackward(t.Context(), data, loss)
				require.NoError(t, err)
				require.Equal(t, want.Tokens, got.Tokens)
				if step == 0 {
					first = compareHalf(t, full, half, want, got)
				}
				optim := policy.Optim{LR: 1e-3, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, ClipNorm: 1}
				_, err = full.OptimStep(t.Context(), optim)
				require.NoError(t, err)
				_, err = half.OptimStep(t.Context(), optim)
				require.NoError(t, err)
			}
			var moved, movedHalf []float32
			for i, p := range half.params {
				require.Equal(t, "Float32", fmt.Sprint(p.DType()))
				a, b := tensors.MustCopyFlatData[float32](full.params[i]), tensors.MustCopyFlatData[float32](p)
				for j := range a {
					moved, movedHalf = append(moved, a[j]-start[i][j]), append(movedHalf, b[j]-start[i][j])
				}
			}
			path := cosine(moved, movedHalf)
			t.Logf("greatest difference of a log-prob %.1e, least cosine of a tensor's gradient %.5f; of the way of ten steps %.4f", first[0], first[1], path)
			require.Greater(t, path, 0.95)
		})
	}
}

// hostOrFail are the weights by parameter.
func (t *Trainer) hostOrFail(tb testing.TB) (list [][]float32) {
	tb.Helper()
	for _, p := range t.params {
		list = append(list, tensors.MustCopyFlatData[float32](p))
	}
	return list
}

// compareHalf returns the greatest difference of a log-prob and the least cosine of a gradient.
func compareHalf(t *testing.T, full, half *Trainer, want, got policy.Stats) []float64 {
	t.Helper()
	worst, least := 0.0, 1.0
	for i := range want.Logprobs {
		for j := range want.Logprobs[i] {
			worst = max(worst, math.Abs(float64(want.Logprobs[i][j]-got.Logprobs[i][j])))
		}
	}
	require.Positive(t, worst, "it is computed in another type")
	require.Less(t, worst, 0.25)
	require.InDelta(t, want.Loss, got.Loss, 0.01)
	a, b := gradients(t, full), gradients(t, half)
	for name := range a {
		c := cosine(a[name], b[name])
		require.Greater(t, c, 0.99, name)
		least = min(least, c)
	}
	return []float64{worst, least}
}

// Sampler and trainer of one type agree: to 1e-4 in float32, to some of the 8 bits of bfloat16.
func TestHalfSamplerAgainstTrainer(t *testing.T) {
	for name, c := range map[string]Config{"latent attention, experts": small(), "grouped-query attention, tied": dense()} {
		full, half := halfPair(t, c, 5)
		for dtype, within := range map[string]float64{Float32: 1e-4, BFloat16: 0.25} {
			trainer := full
			if dtype == BFloat16 {
				trainer = half
			}
			data := drawnData(t, trainer)
			loss := policyGradient
			loss.Replay = true
			stats, err := trainer.ForwardBackward(t.Context(), data, loss)
			require.NoError(t, err)
			t.Logf("%s, %s: log-probs of sampler and trainer differ by %.1e at most, %.1e in the mean; %d of %d choices of experts agree",
				name, dtype, stats.LogpDiffMax, stats.LogpDiffMean, stats.RoutingSame, stats.RoutingSlots)
			require.Less(t, stats.LogpDiffMax, within)
		}
	}
}

// Layers that are computed again give the same gradient in bfloat16 too, and so does a graph whose products have batches.
func TestHalfRecomputed(t *testing.T) {
	_, half := halfPair(t, dense(), 6)
	shapes := half.Shapes
	shapes.Recompute = true
	again, err := New(half.engine, dense(), shapes, 6)
	require.NoError(t, err)
	require.NoError(t, again.setParams(randomParams(dense(), 6)))
	data := drawnData(t, half)
	for _, trainer := range []*Trainer{half, again} {
		_, err := trainer.ForwardBackward(t.Context(), data, policyGradient)
		require.NoError(t, err)
	}
	want, got := gradients(t, half), gradients(t, again)
	for name := range want {
		require.Greater(t, cosine(want[name], got[name]), 0.9999, name)
	}
}

func TestDTypeIsChecked(t *testing.T) {
	shapes := shapesOfSmall()
	shapes.DType = "fp16"
	_, err := New(newSmall(t, 1).engine, small(), shapes, 1)
	require.ErrorContains(t, err, `shapes.dtype is "fp16": want float32 or bfloat16`)
}
