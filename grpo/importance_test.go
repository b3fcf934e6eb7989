package grpo

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/fake"
	"github.com/rltrain/rltrain/rollout"
)

// scorer is a reference whose every log-prob is the same, and whose calls are counted.
type scorer struct {
	logp  float32
	calls int
	err   error
}

func (s *scorer) Score(_ context.Context, data []policy.Datum) ([][]float32, error) {
	s.calls++
	out := make([][]float32, len(data))
	for i, d := range data {
		for range d.Response {
			out[i] = append(out[i], s.logp)
		}
	}
	return out, s.err
}

func TestImportanceAgainstNumpy(t *testing.T) {
	type response struct {
		Behaviour, Old, New []float32
		Advantage           float32
	}
	var want struct {
		Cap       float64
		ClipLow   float64 `json:"clip_low"`
		ClipHigh  float64 `json:"clip_high"`
		Responses []response
		DiffMean  float64 `json:"diff_mean"`
		DiffMax   float64 `json:"diff_max"`
		Modes     map[string]struct {
			RatioMean  float64 `json:"ratio_mean"`
			RatioMax   float64 `json:"ratio_max"`
			WeightMean float64 `json:"weight_mean"`
			Capped     float64
			Losses     [][]float64
		}
	}
	file, err := os.ReadFile("testdata/importance.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(file, &want))
	require.Len(t, want.Modes, len(ImportanceModes())-1)
	for mode, w := range want.Modes {
		c := Importance{mode, want.Cap}
		require.NoError(t, c.validate())
		var data []policy.Datum
		var old [][]float32
		for i, r := range want.Responses {
			d := policy.Datum{Logprobs: r.Behaviour}
			for range r.Old {
				d.Advantages = append(d.Advantages, r.Advantage)
			}
			data, old = append(data, d), append(old, r.Old)
			applied := d
			applied.Advantages = append([]float32(nil), d.Advantages...)
			c.apply(&applied, r.Old)
			require.Equal(t, r.Old, applied.Logprobs, "the loss takes its ratio against the step's start")
			for j, a := range applied.Advantages {
				ratio := math.Exp(float64(r.New[j] - applied.Logprobs[j]))
				clipped := min(max(ratio, 1-want.ClipLow), 1+want.ClipHigh)
				require.InDelta(t, w.Losses[i][j], -min(ratio*float64(a), clipped*float64(a)), 1e-6, "%s: response %d, token %d", mode, i, j)
			}
			require.Equal(t, r.Behaviour, d.Logprobs)
		}
		got := c.measure(data, old)
		require.InDelta(t, w.RatioMean, got.ratioMean, 1e-6, mode)
		require.InDelta(t, w.RatioMax, got.ratioMax, 1e-6, mode)
		require.InDelta(t, w.WeightMean, got.weightMean, 1e-6, mode)
		require.InDelta(t, w.Capped, got.capped, 1e-9, mode)
		require.InDelta(t, want.DiffMean, got.diffMean, 1e-6, mode)
		require.InDelta(t, want.DiffMax, got.diffMax, 1e-6, mode)
	}
}

// Where sampler and trainer are the same weights the correction changes nothing; with stale weights it does, and the ratio of
// the first update is 1 all the same.
func TestImportanceInTheLoop(t *testing.T) {
	run := func(staleness int, mode string) (*fake.Trainer, []runlog.Step) {
		l, trainer, log, _ := newLoop(6)
		l.MaxStaleness, l.Importance.Mode, l.Epochs, l.Minibatches, l.LR = staleness, mode, 2, 1, 0.5
		require.NoError(t, l.Run(t.Context(), 0, false))
		return trainer, log.steps
	}
	plain, steps := run(0, ImportanceNone)
	require.True(t, math.IsNaN(steps[0].ISRatioMean), "nothing was measured")
	same, steps := run(0, ImportanceTokenTruncate)
	require.InDelta(t, plain.Prob('a'), same.Prob('a'), 1e-6)
	for _, s := range steps {
		require.Equal(t, []float64{1, 1, 1, 0, 0}, []float64{s.ISRatioMean, s.ISRatioMax, s.ISWeightMean, s.ISCappedFrac, s.LogpDiffMax})
		require.Zero(t, s.Staleness)
	}
	stale, _ := run(1, ImportanceNone)
	corrected, steps := run(1, ImportanceSequenceMask)
	require.NotEqual(t, stale.Prob('a'), corrected.Prob('a'))
	require.Equal(t, 1.0, steps[0].ISRatioMax)
	require.Positive(t, steps[3].LogpDiffMax)
	require.NotEqual(t, 1.0, steps[3].ISRatioMax)
	require.Equal(t, []float64{0, 1, 1}, []float64{steps[0].Staleness, steps[1].Staleness, steps[5].Staleness})
	scores := 0
	for _, call := range corrected.Calls {
		if call == "score" {
			scores++
		}
	}
	require.Equal(t, 6, scores, "once a step, however many epochs")
}

// Each epoch deals all rollouts out anew.
func TestEpochs(t *testing.T) {
	l, trainer, _, _ := newLoop(1)
	l.Epochs, l.Minibatches = 3, 2
	require.NoError(t, l.Run(t.Context(), 0, false))
	updates := 0
	for _, call := range trainer.Calls {
		if call == "optim" {
			updates++
		}
	}
	require.Equal(t, 6, updates)
}

// R falls by KL * sum(log p - reference): here every token has log-prob -ln 4 or so and the reference -1.
func TestKLInReward(t *testing.T) {
	l, _, log, _ := newLoop(1)
	reference := &scorer{logp: -1}
	l.Reference, l.KL, l.KLIn = reference, 0.5, KLInReward
	require.Zero(t, l.loss().KL, "not twice")
	g := judged(1, 0, math.NaN(), 1)
	for j := range g.Rollouts {
		g.Rollouts[j].Sample = policy.Sample{Tokens: []policy.Token{1, 2}, Logprobs: []float32{-0.5, -2 - float32(j)}}
	}
	g.Rollouts[3].Sample = policy.Sample{}
	charged, err := l.chargeKL(t.Context(), []rollout.Group{g})
	require.NoError(t, err)
	require.Equal(t, 4, charged.Tokens)
	// x - 1 - log x with log x = reference - log p of -0.5, 1, -0.5 and 2
	require.InDelta(t, 5.3203993, charged.Nats, 1e-6)
	rewards := []float64{}
	for _, r := range g.Rollouts {
		rewards = append(rewards, r.Verdict.Reward)
	}
	// sums: (-0.5+1)+(-2+1) = -0.5 and (-0.5+1)+(-3+1) = -1.5; the third was not judged, the last has no token
	require.Equal(t, []float64{1.25, 0.75, 99, 1}, rewards)

	reference.calls = 0
	require.NoError(t, l.Run(t.Context(), 0, false))
	require.Equal(t, 1, reference.calls, "in the reward alone")
	require.Len(t, log.steps, 1)
	require.Positive(t, log.steps[0].KLReference)
	boom := errors.New("boom")
	reference.err = boom
	require.ErrorIs(t, l.Run(t.Context(), 0, false), boom)
	l.KLIn, reference.calls = KLInLoss, 0
	charged, err = l.chargeKL(t.Context(), []rollout.Group{g})
	require.NoError(t, err)
	require.Zero(t, reference.calls)
	require.Zero(t, charged)
	require.True(t, math.IsNaN(l.klReference(charged, updateStats{})), "nothing was learned from")
	require.Equal(t, 0.25, l.klReference(charged, updateStats{updates: 1, klReference: 0.25}))
	l.KL = 0
	require.True(t, math.IsNaN(l.klReference(charged, updateStats{updates: 1})), "there is no reference")
	l.KL = 0.5
	require.Equal(t, float32(0.5), l.loss().KL)
}
