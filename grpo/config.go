// Package grpo turns groups of judged rollouts into data to learn from (Assemble, pure) and runs
// the training loop: sample, verify, assemble, update, log.
package grpo

import "fmt"

// Config is group relative policy optimisation (arXiv:2402.03300) with the variants that are data:
// the defaults are Dr. GRPO (arXiv:2503.20783) with DAPO's separate clip bounds (arXiv:2503.14476).
type Config struct {
	Objective   string  `yaml:"objective"` // grpo, or rft for the control: cross-entropy on right rollouts alone
	Steps       int     `yaml:"steps"`
	Prompts     int     `yaml:"prompts"`     // tasks a step; with the group size, rollouts a step
	Minibatches int     `yaml:"minibatches"` // optimizer updates a step
	Scale       string  `yaml:"scale"`       // of advantages: none, group (by the group's std) or batch
	Aggregation string  `yaml:"aggregation"` // seq-mean-token-sum-norm, token-mean or seq-mean-token-mean
	LengthNorm  float64 `yaml:"length_norm"` // constant of seq-mean-token-sum-norm, in tokens
	ClipLow     float64 `yaml:"clip_low"`    // ratio is clipped to [1-clip_low, 1+clip_high]
	ClipHigh    float64 `yaml:"clip_high"`
	LR          float64 `yaml:"lr"`
	LRFinal     float64 `yaml:"lr_final"` // reached linearly at the last step
	Warmup      int     `yaml:"warmup"`   // steps
	Beta1       float64 `yaml:"beta1"`
	Beta2       float64 `yaml:"beta2"`
	WeightDecay float64 `yaml:"weight_decay"`
	ClipNorm    float64 `yaml:"clip_norm"` // of the gradient
	BiasRate    float64 `yaml:"bias_rate"` // step of the routing bias, an update
}

// Names of objectives, advantage scales and loss aggregations.
const (
	ObjectiveGRPO = "grpo"
	ObjectiveRFT  = "rft"

	ScaleNone  = "none"
	ScaleGroup = "group"
	ScaleBatch = "batch"

	TokenMean        = "token-mean"
	SeqMeanTokenMean = "seq-mean-token-mean"
	SeqMeanTokenSum  = "seq-mean-token-sum-norm"
)

// Default is the recipe that was measured on the shipped base.
func Default() Config {
	return Config{
		Objective: ObjectiveGRPO, Steps: 60, Prompts: 32, Minibatches: 2, Scale: ScaleNone, Aggregation: SeqMeanTokenSum, LengthNorm: 100,
		ClipLow: 0.2, ClipHigh: 0.28, LR: 3e-4, LRFinal: 3e-5, Warmup: 3, Beta1: 0.9, Beta2: 0.95, ClipNorm: 1, BiasRate: 1e-3,
	}
}

// Validate names the first value out of range.
func (c Config) Validate() error {
	switch {
	case c.Steps < 0 || c.Prompts < 1 || c.Minibatches < 1:
		return fmt.Errorf("grpo: steps %d, prompts %d, minibatches %d: want steps >= 0 and the others at least 1", c.Steps, c.Prompts, c.Minibatches)
	case c.Objective != ObjectiveGRPO && c.Objective != ObjectiveRFT:
		return fmt.Errorf("grpo: objective is %q: want %s or %s", c.Objective, ObjectiveGRPO, ObjectiveRFT)
	case c.Scale != ScaleNone && c.Scale != ScaleGroup && c.Scale != ScaleBatch:
		return fmt.Errorf("grpo: scale is %q: want %s, %s or %s", c.Scale, ScaleNone, ScaleGroup, ScaleBatch)
	case c.Aggregation != TokenMean && c.Aggregation != SeqMeanTokenMean && c.Aggregation != SeqMeanTokenSum:
		return fmt.Errorf("grpo: aggregation is %q: want %s, %s or %s", c.Aggregation, TokenMean, SeqMeanTokenMean, SeqMeanTokenSum)
	case c.Aggregation == SeqMeanTokenSum && c.LengthNorm <= 0:
		return fmt.Errorf("grpo: length_norm is %g: want a positive number of tokens", c.LengthNorm)
	case c.ClipLow < 0 || c.ClipLow >= 1 || c.ClipHigh < 0:
		return fmt.Errorf("grpo: clip_low %g, clip_high %g: want 0 <= clip_low < 1 and clip_high >= 0", c.ClipLow, c.ClipHigh)
	case c.LR < 0 || c.LRFinal < 0 || c.ClipNorm <= 0:
		return fmt.Errorf("grpo: lr %g, lr_final %g, clip_norm %g: rates must not be negative, clip_norm positive", c.LR, c.LRFinal, c.ClipNorm)
	case c.Warmup < 0 || c.BiasRate < 0 || c.WeightDecay < 0:
		return fmt.Errorf("grpo: warmup %d, bias_rate %g, weight_decay %g: none may be negative", c.Warmup, c.BiasRate, c.WeightDecay)
	case c.Beta1 < 0 || c.Beta1 >= 1 || c.Beta2 < 0 || c.Beta2 >= 1:
		return fmt.Errorf("grpo: beta1 %g, beta2 %g: want both in [0, 1)", c.Beta1, c.Beta2)
	}
	return nil
}
