package grpo

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// described is a rollout of n tokens of entropy each.
func described(kind verifiers.Kind, reward float64, n int, entropy float32, stop policy.StopReason, effects ...reflect.Effect) rollout.Rollout {
	var r rollout.Rollout
	r.Verdict = verifiers.Verdict{Kind: kind, Reward: reward}
	r.Tokens, r.Entropies, r.Stop = make([]policy.Token, n), slices.Repeat([]float32{entropy}, n), stop
	for _, effect := range effects {
		r.Reflections = append(r.Reflections, reflect.Reflection{Effect: effect})
	}
	return r
}

func TestSummarise(t *testing.T) {
	groups := []rollout.Group{
		{Rollouts: []rollout.Rollout{
			described(verifiers.Correct, 1.1, 3, 1, policy.StopToken),
			described(verifiers.Wrong, 0.1, 5, 2, policy.StopLength, reflect.Good, reflect.NoneOther),
		}},
		{Rollouts: []rollout.Rollout{
			described(verifiers.Error, 0, 2, 1, policy.StopToken, reflect.Bad),
			described(verifiers.Timeout, 0, 10, 0.5, policy.StopToken),
		}},
	}
	var u updateStats
	u.add(policy.Stats{KL: 0.1, KLReference: 0.5, ClipLowFrac: 0.2, ClipHighFrac: 0, RatioMax: 2, LogpDiffMean: 0.01, LogpDiffMax: 0.02}, policy.Stats{GradNorm: 5})
	u.add(policy.Stats{KL: 0.3, KLReference: 1, ClipLowFrac: 0.4, ClipHighFrac: 0.1, RatioMax: 1.5, LogpDiffMean: 7, LogpDiffMax: 7},
		policy.Stats{GradNorm: 3, ExpertLoad: [][]float64{{0.25, 0.25, 0.25, 0.25}, {0.5, 0.5, 0, 0}}})
	s := summarise(rollout.Batch{Groups: groups, SampleS: 1, VerifyS: 2}, u)
	for name, pair := range map[string][2]float64{
		"reward_mean":    {0.4, s.RewardMean},               // (1.1 + 0.1 + 0) / 3
		"reward_std":     {0.4966554808583780, s.RewardStd}, // sqrt(1.22/3 - 0.16)
		"accuracy":       {1.0 / 3, s.Accuracy},
		"frac_zero_std":  {0.5, s.FracZeroStd}, // the second group has one judged rollout
		"length_mean":    {5, s.LengthMean},
		"length_p90":     {10, s.LengthP90},
		"truncated_frac": {0.25, s.TruncatedFrac},
		"entropy":        {1, s.Entropy}, // (3 + 10 + 2 + 5) / 20
		"tokens":         {20, float64(s.Tokens)},
		"reflect_frac":   {0.5, s.ReflectFrac},
		"per_rollout":    {0.75, s.ReflectPerRollout},
		"p_reflect":      {0, s.PCorrectReflect},
		"p_no_reflect":   {0.5, s.PCorrectNoReflect},
		"flips_good":     {1, float64(s.FlipsGood)},
		"flips_bad":      {1, float64(s.FlipsBad)},
		"kl":             {0.2, s.KL},
		"kl_reference":   {0.75, u.klReference},
		"clip_low":       {0.3, s.ClipLowFrac},
		"clip_high":      {0.05, s.ClipHighFrac},
		"ratio_max":      {2, s.RatioMax},
		"diff_mean":      {0.01, s.LogpDiffMean}, // of the first update
		"diff_max":       {0.02, s.LogpDiffMax},
		"grad_norm":      {3, s.GradNorm}, // of the last
		"violation":      {1, s.MoEMaxViolation},
		"dead":           {2, float64(s.MoEDead)},
		"seconds":        {3, s.SampleS + s.VerifyS},
	} {
		require.InDelta(t, pair[0], pair[1], 1e-12, name)
	}
}

func TestSummariseWhereUndefined(t *testing.T) {
	plain := []rollout.Group{{Rollouts: []rollout.Rollout{described(verifiers.Correct, 1, 1, 0, policy.StopToken)}}}
	s := summarise(rollout.Batch{Groups: plain}, updateStats{})
	require.True(t, math.IsNaN(s.PCorrectReflect))
	require.Equal(t, 1.0, s.PCorrectNoReflect)
	require.Equal(t, 1.0, s.FracZeroStd)
	require.Zero(t, s.ReflectFrac)

	broken := []rollout.Group{{Rollouts: []rollout.Rollout{described(verifiers.Error, 0, 1, 0, policy.StopToken, reflect.NoneOther)}}}
	s = summarise(rollout.Batch{Groups: broken}, updateStats{})
	require.True(t, math.IsNaN(s.RewardMean))
	require.True(t, math.IsNaN(s.RewardStd))
	require.True(t, math.IsNaN(s.Accuracy))
	require.True(t, math.IsNaN(s.PCorrectNoReflect))
	require.Equal(t, 1.0, s.FracZeroStd)

	// A reflecting rollout that could not be judged says nothing about P(correct | reflects).
	broken[0].Rollouts = append(broken[0].Rollouts, described(verifiers.Correct, 1, 1, 0, policy.StopToken, reflect.NoneOther))
	s = summarise(rollout.Batch{Groups: broken}, updateStats{})
	require.Equal(t, 1.0, s.PCorrectReflect)
	require.Equal(t, 1.0, s.ReflectFrac)

	s = summarise(rollout.Batch{}, updateStats{})
	require.True(t, math.IsNaN(s.ReflectFrac))
	require.True(t, math.IsNaN(s.RewardMean))
	require.Zero(t, s.Tokens)
}

// p90 is the smallest length that at least nine tenths of the others do not exceed.
func TestLengthP90(t *testing.T) {
	for n, want := range map[int]float64{1: 1, 2: 2, 10: 10, 11: 10, 20: 19, 100: 91} {
		var g rollout.Group
		for i := range n {
			g.Rollouts = append(g.Rollouts, described(verifiers.Wrong, 0, n-i, 0, policy.StopToken))
		}
		require.Equal(t, want, summarise(rollout.Batch{Groups: []rollout.Group{g}}, updateStats{}).LengthP90, "%d rollouts", n)
	}
}
