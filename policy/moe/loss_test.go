package moe

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// lossCases are testdata/losses.json, made by testdata/losses.py with torch.
type lossCases struct {
	Rows, Width                                     int
	Segments                                        []int32
	Logp, Behaviour, Reference, Advantages, Weights []float32
	Cases                                           []struct {
		Kind                policy.LossKind
		Low, High, Dual, KL float32
		Loss                float64
		Gradient            []float32
	}
}

// TestLossesAgainstTorch compares each loss and its gradient in the log-probs.
func TestLossesAgainstTorch(t *testing.T) {
	var c lossCases
	data, err := os.ReadFile("testdata/losses.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &c))
	backend := openEngine(t).Backend
	kinds := map[policy.LossKind]*program{}
	var meter Compilations
	for _, kind := range policy.Losses() {
		kinds[kind], err = newProgram(backend, &meter, "loss", func(in []*Node) []*Node {
			loss, stats := tokenLoss(kind, in[0], learn{nil, in[1], in[2], in[3], in[4], in[5], in[6]}, trunk{})
			return append([]*Node{loss, stats}, Gradient(loss, in[0])...)
		})
		require.NoError(t, err)
	}
	for _, test := range c.Cases {
		l := policy.Loss{Kind: test.Kind, ClipLow: test.Low, ClipHigh: test.High, DualClip: test.Dual, KL: test.KL}
		var args []*tensors.Tensor
		add := func(tensor *tensors.Tensor, err error) {
			require.NoError(t, err)
			args = append(args, tensor)
		}
		add(toDevice(backend, c.Logp, c.Rows, c.Width))
		add(toDevice(backend, c.Segments, c.Rows, c.Width))
		for _, values := range [][]float32{c.Behaviour, c.Reference, c.Advantages, c.Weights} {
			add(toDevice(backend, values, c.Rows, c.Width))
		}
		add(toDevice(backend, constants(l, 1), constCount))
		out, err := kinds[test.Kind].run(asArgs(args...))
		require.NoError(t, err)
		require.InDelta(t, test.Loss, tensors.ToScalar[float32](out[0]), 1e-5, "%+v", l)
		near(t, string(test.Kind), test.Gradient, tensors.MustCopyFlatData[float32](out[2]), 1e-5)
		stats := tensors.MustCopyFlatData[float32](out[1])
		require.Equal(t, test.KL > 0, stats[sumKLReference] > 0)
	}
	require.Len(t, kinds, 3)
}

// A batch without a finite gradient changes nothing, and the next one is learned from as ever.
func TestGradientThatIsNotFinite(t *testing.T) {
	ctx := context.Background()
	trainer, twin := newSmall(t, 8), newSmall(t, 8)
	data := []policy.Datum{{Prompt: []policy.Token{1}, Response: []policy.Token{2, 3}, Logprobs: []float32{-1, -1}, Advantages: []float32{1, 1}, Weights: []float32{1, 1}}}
	broken := slices.Clone(data)
	broken[0].Advantages = []float32{1, float32(math.NaN())}
	optim := policy.Optim{LR: 1e-2, Beta1: .9, Beta2: .95, Eps: 1e-8, ClipNorm: 1, BiasRate: 0.1}
	for _, muon := range []float32{0, 1e-2} {
		optim.MuonLR, optim.MuonMomentum = muon, 0.9
		_, err := trainer.ForwardBackward(ctx, broken, policyGradient)
		require.NoError(t, err)
		_, err = trainer.OptimStep(ctx, optim)
		require.ErrorIs(t, err, policy.ErrNotFinite)
		for _, x := range []*Trainer{trainer, twin} {
			_, err := x.ForwardBackward(ctx, data, policyGradient)
			require.NoError(t, err)
			_, err = x.OptimStep(ctx, optim)
			require.NoError(t, err)
		}
		require.Equal(t, twin.steps, trainer.steps)
		require.Equal(t, twin.bias, trainer.bias)
		for i, p := range trainer.Config.params() {
			require.Equal(t, tensors.MustCopyFlatData[float32](twin.params[i]), tensors.MustCopyFlatData[float32](trainer.params[i]), p.name)
		}
	}
}

func TestLossesThatLackSomething(t *testing.T) {
	trainer := newSmall(t, 9)
	data := []policy.Datum{{Prompt: []policy.Token{1}, Response: []policy.Token{2}, Weights: []float32{1}}}
	_, err := trainer.ForwardBackward(t.Context(), data, policy.Loss{Kind: policy.LossGSPO, KL: 0.1})
	require.ErrorContains(t, err, "0 reference log-probs for 1 response tokens")
	_, err = trainer.ForwardBackward(t.Context(), data, policy.Loss{Kind: "gpro"})
	require.ErrorContains(t, err, `loss "gpro" is not known`)
}
