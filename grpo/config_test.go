package grpo

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestValidate(t *testing.T) {
	require.NoError(t, Default().Validate())
	for _, test := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Steps = -1 }, "steps -1"},
		{func(c *Config) { c.Prompts = 0 }, "prompts 0"},
		{func(c *Config) { c.Minibatches = 0 }, "minibatches 0"},
		{func(c *Config) { c.Epochs = 0 }, "epochs 0"},
		{func(c *Config) { c.MaxStaleness = -1 }, "max_staleness -1"},
		{func(c *Config) { c.KLIn = "advantage" }, `kl_in is "advantage": want loss or reward`},
		{func(c *Config) { c.Importance.Mode = "token" }, `importance.mode is "token": want one of none, token_truncate`},
		{func(c *Config) { c.Importance = Importance{ImportanceTokenMask, 0} }, "importance.cap is 0"},
		{func(c *Config) { c.Objective, c.Importance.Mode = ObjectiveRFT, ImportanceTokenMask }, "no ratio to correct"},
		{func(c *Config) { c.Scale = "std" }, `scale is "std": want none, group or batch`},
		{func(c *Config) { c.Baseline = "median" }, `baseline is "median": want mean or leave_one_out`},
		{func(c *Config) { c.Dynamic.MaxRounds = -1 }, "max_rounds is -1"},
		{func(c *Config) { c.Overlong.Buffer = -1 }, "overlong.buffer -1"},
		{func(c *Config) { c.Overlong.Penalty = math.NaN() }, "overlong.penalty NaN"},
		{func(c *Config) { c.Overlong.Penalty = 1 }, "overlong.buffer 0"},
		{func(c *Config) { c.Aggregation = "sum" }, `aggregation is "sum": want token-mean, seq-mean-token-mean or seq-mean-token-sum-norm`},
		{func(c *Config) { c.LengthNorm = 0 }, "length_norm is 0"},
		{func(c *Config) { c.ClipLow = 1.1 }, "clip_low 1.1"},
		{func(c *Config) { c.Loss = "gpro" }, `loss is "gpro"`},
		{func(c *Config) { c.DualClip = 1 }, "dual_clip 1"},
		{func(c *Config) { c.KL = -1 }, "kl -1"},
		{func(c *Config) { c.ClipLow = -0.1 }, "clip_low -0.1"},
		{func(c *Config) { c.ClipHigh = -1 }, "clip_high -1"},
		{func(c *Config) { c.LR = -1 }, "lr -1"},
		{func(c *Config) { c.LRFinal = -1 }, "lr_final -1"},
		{func(c *Config) { c.Warmup = -1 }, "warmup -1"},
		{func(c *Config) { c.BiasRate = -1 }, "bias_rate -1"},
		{func(c *Config) { c.WeightDecay = -1 }, "weight_decay -1"},
		{func(c *Config) { c.ClipNorm = 0 }, "clip_norm 0"},
		{func(c *Config) { c.Beta1 = 1 }, "beta1 1"},
		{func(c *Config) { c.Beta2 = -0.5 }, "beta2 -0.5"},
	} {
		c := Default()
		test.change(&c)
		require.ErrorContains(t, c.Validate(), test.want)
	}
	c := Default()
	c.Steps, c.Aggregation, c.LengthNorm = 0, TokenMean, 0
	require.NoError(t, c.Validate(), "no step is fine, and only one aggregation needs the constant")
}

func TestRate(t *testing.T) {
	l := Loop{Config: Config{Steps: 5, LR: 1, LRFinal: 0.2, Warmup: 2}}
	for step, want := range []float64{0.5, 0.8, 0.6, 0.4, 0.2} {
		require.InDelta(t, want, l.rate(step), 1e-12, "step %d", step)
		require.Equal(t, float32(l.rate(step)), l.optim(step).LR)
	}
	l.Config = Config{Steps: 1, LR: 1, LRFinal: 0.2}
	require.Equal(t, 1.0, l.rate(0))
}

// The first outputs of SplitMix64 started at 0, as its author's C program prints them.
func TestStepSeed(t *testing.T) {
	for seed, want := range map[uint64]uint64{1: 0xe220a8397b1dcdaf, 2: 0x6e789e6aa1b965f4, 3: 0x06c45d188009454f} {
		require.Equal(t, want, StepSeed(seed, 0))
	}
	seen := map[uint64]bool{}
	for seed := range uint64(50) {
		for step := range 400 {
			seen[StepSeed(seed, step)] = true
		}
	}
	require.Len(t, seen, 50*400)
}
