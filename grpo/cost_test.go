package grpo

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/fake"
)

// meteredTrainer counts as an engine does: each Snapshot compiles once, and work is counted at each call.
type meteredTrainer struct {
	*fake.Trainer
	account policy.Account
}

func (m *meteredTrainer) Snapshot(ctx context.Context) (policy.Sampler, error) {
	m.account.Compilations++
	sampler, err := m.Trainer.Snapshot(ctx)
	return fake.Sampler(func(ctx context.Context, requests []policy.Request) ([][]policy.Sample, error) {
		m.account.SampleFLOPs += 1e9
		return sampler.Sample(ctx, requests)
	}), err
}

func (m *meteredTrainer) ForwardBackward(ctx context.Context, data []policy.Datum, loss policy.Loss) (policy.Stats, error) {
	m.account.TrainFLOPs += 2e9
	s, err := m.Trainer.ForwardBackward(ctx, data, loss)
	s.Positions, s.Padded, s.RoutingSlots, s.RoutingSame = 30, 40, 10, 9
	return s, err
}

func (m *meteredTrainer) Account() policy.Account { return m.account }

func TestStepTellsItsCost(t *testing.T) {
	l, trainer, log, _ := newLoop(2)
	l.Policy, l.PeakFLOPs = &meteredTrainer{Trainer: trainer}, 1e12
	require.NoError(t, l.Run(t.Context(), 0, false))
	for _, s := range log.steps {
		require.Equal(t, 1.0, s.Compilations)
		require.Equal(t, 1e9, s.SampleFLOPs)
		require.Equal(t, 4e9, s.TrainFLOPs, "two updates")
		require.InDelta(t, 1e9/(1e12*s.SampleS), s.SampleMFU, 1e-9)
		require.InDelta(t, 4e9/(1e12*s.TrainS), s.TrainMFU, 1e-9)
		require.Equal(t, 60.0, s.TrainTokens)
		require.Equal(t, 0.75, s.UsefulShare)
		require.Equal(t, 0.9, s.RoutingAgreement)
		require.Greater(t, s.PeakRSS, 1e6)
	}
	l, _, log, _ = newLoop(1) // an engine without an account
	require.NoError(t, l.Run(t.Context(), 0, false))
	for _, v := range []float64{log.steps[0].Compilations, log.steps[0].SampleFLOPs, log.steps[0].TrainMFU, log.steps[0].RoutingAgreement} {
		require.True(t, math.IsNaN(v))
	}
}
