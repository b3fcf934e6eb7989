package moe

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/xla"
	"github.com/rltrain/rltrain/policy"
)

// TestTwoDevices computes gradients and an optimizer step on two devices of this machine's processors and on one: sums, statistics
// and weights must agree. Three microbatches make two rounds, the second with an empty microbatch.
func TestTwoDevices(t *testing.T) {
	one := newSmall(t, 7)
	if one.engine.PureGo {
		t.Skip("the pure-Go backend has one device")
	}
	engine, err := xla.Open(context.Background(), xla.Options{Devices: 2})
	require.NoError(t, err)
	defer engine.Finalize()
	require.Equal(t, 2, engine.NumDevices())
	shapes := shapesOfSmall()
	shapes.Devices = 2
	two, err := New(engine, small(), shapes, 7)
	require.NoError(t, err)
	require.NoError(t, two.setParams(randomParams(small(), 7)))
	copy(two.bias, one.bias)

	data := randomData(rand.New(rand.NewPCG(3, 3)), small().Vocab, 32, 24)
	batches, err := pack(data, shapes.TrainRows, shapes.TrainWidth, false)
	require.NoError(t, err)
	require.Len(t, batches, 3)
	for step := range 2 { // the second step is on weights that the first one changed: the copies must follow
		want, err := one.ForwardBackward(t.Context(), data, policyGradient)
		require.NoError(t, err)
		got, err := two.ForwardBackward(t.Context(), data, policyGradient)
		require.NoError(t, err)
		require.Equal(t, want.Tokens, got.Tokens)
		require.InDelta(t, want.Loss, got.Loss, 1e-5*max(1, math.Abs(want.Loss)))
		require.InDelta(t, want.RatioMax, got.RatioMax, 1e-4*want.RatioMax)
		require.InDeltaSlice(t, one.load, two.load, 0)
		for i, p := range small().params() {
			require.InDeltaSlice(t, tensors.MustCopyFlatData[float32](one.grads[i]), tensors.MustCopyFlatData[float32](two.grads[i]), 1e-5, p.name)
		}
		optim := policy.Optim{LR: 1e-3, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, ClipNorm: 1, BiasRate: 1e-3}
		_, err = one.OptimStep(t.Context(), optim)
		require.NoError(t, err)
		_, err = two.OptimStep(t.Context(), optim)
		require.NoError(t, err)
		require.Equal(t, step+1, two.Steps())
	}
}

// TestAdaptersOnTwoDevices: adapters follow their steps to the other device, the weights stay there.
func TestAdaptersOnTwoDevices(t *testing.T) {
	l := LoRA{Rank: 2, Alpha: 4, Targets: []string{allLinear}}
	one := adapt(t, "qwen2", l, 1)
	if one.engine.PureGo {
		t.Skip("the pure-Go backend has one device")
	}
	engine, err := xla.Open(context.Background(), xla.Options{Devices: 2})
	require.NoError(t, err)
	defer engine.Finalize()
	shapes := smallShapes()
	shapes.Devices = 2
	two, err := Adapt(engine, "testdata/qwen2", shapes, l, 1)
	require.NoError(t, err)
	data := randomData(rand.New(rand.NewPCG(3, 3)), 64, 16, 9)
	var there *tensors.Tensor
	for range 3 {
		_, err := one.ForwardBackward(t.Context(), data, crossEntropy)
		require.NoError(t, err)
		_, err = two.ForwardBackward(t.Context(), data, crossEntropy)
		require.NoError(t, err)
		for i, p := range one.Config.adapters() {
			require.InDeltaSlice(t, tensors.MustCopyFlatData[float32](one.grads[i]), tensors.MustCopyFlatData[float32](two.grads[i]), 1e-5, p.name)
		}
		if there == nil {
			there = two.replicas.params[0][0]
		}
		require.Same(t, there, two.replicas.params[0][0])
		for _, trainer := range []*Trainer{one, two} {
			_, err = trainer.OptimStep(t.Context(), adam())
			require.NoError(t, err)
		}
	}
}
