// Package grpo turns groups of judged rollouts into data to learn from (Assemble, pure) and runs
// the training loop: sample, verify, assemble, update, log.
package grpo

import (
	"fmt"
	"math"
	"slices"

	"github.com/rltrain/rltrain/policy"
)

// Config is group relative policy optimisation (arXiv:2402.03300) with the variants that are data:
// the defaults are Dr. GRPO (arXiv:2503.20783) with DAPO's separate clip bounds (arXiv:2503.14476). The
// names stand in docs/algorithms.md beside those of other trainers.
type Config struct {
	Objective   string `yaml:"objective"` // grpo, or rft for the control: cross-entropy on right rollouts alone
	Steps       int    `yaml:"steps"`
	Prompts     int    `yaml:"prompts"`     // tasks a step; with the group size, rollouts a step
	Minibatches int    `yaml:"minibatches"` // optimizer updates an epoch
	Epochs      int    `yaml:"epochs"`      // times that a step learns from its rollouts
	// MaxStaleness is how many steps old the weights may be that draw a batch: 0 draws and trains in turn, n draws the batch
	// of step s+n while step s is trained.
	MaxStaleness int     `yaml:"max_staleness"`
	Baseline     string  `yaml:"baseline"`    // that rewards are measured from: mean of the group, or leave_one_out
	Scale        string  `yaml:"scale"`       // of advantages: none, group (by the group's std) or batch
	Aggregation  string  `yaml:"aggregation"` // seq-mean-token-sum-norm, token-mean or seq-mean-token-mean
	LengthNorm   float64 `yaml:"length_norm"` // constant of seq-mean-token-sum-norm, in tokens
	Loss         string  `yaml:"loss"`        // policy_gradient (PPO's clipped surrogate), cispo or gspo
	ClipLow      float64 `yaml:"clip_low"`    // ratio is clipped to [1-clip_low, 1+clip_high]
	ClipHigh     float64 `yaml:"clip_high"`
	DualClip     float64 `yaml:"dual_clip"` // above 1: what a token with a negative advantage can cost at most, times it; 0 is off
	KL           float64 `yaml:"kl"`        // weight of the KL to the model that the run began with; 0 is off
	KLIn         string  `yaml:"kl_in"`     // where it counts: loss or reward
	LR           float64 `yaml:"lr"`
	LRFinal      float64 `yaml:"lr_final"` // reached linearly at the last step
	Warmup       int     `yaml:"warmup"`   // steps
	Beta1        float64 `yaml:"beta1"`
	Beta2        float64 `yaml:"beta2"`
	WeightDecay  float64 `yaml:"weight_decay"`
	ClipNorm     float64 `yaml:"clip_norm"` // of the gradient
	BiasRate     float64 `yaml:"bias_rate"` // step of the routing bias, an update

	RoutingReplay bool `yaml:"routing_replay"` // updates send tokens to the experts that the sampler sent them to

	Importance Importance `yaml:"importance"`
	Overlong   Overlong   `yaml:"overlong"`
	Dynamic    Dynamic    `yaml:"dynamic"`
}

// Overlong says what becomes of long completions; its zero value does nothing (DAPO, arXiv:2503.14476).
type Overlong struct {
	Mask    bool    `yaml:"mask"`    // nothing is learned from a completion that was cut off
	Buffer  int     `yaml:"buffer"`  // the last so many tokens below the limit cost a rising share of the penalty
	Penalty float64 `yaml:"penalty"` // taken off the reward of a completion at the limit
}

// Dynamic is dynamic sampling (DAPO, arXiv:2503.14476); its zero value is off.
type Dynamic struct {
	MaxRounds int `yaml:"max_rounds"` // at most so many further draws a step, in place of groups without spread
}

// Names of objectives, baselines, advantage scales and loss aggregations.
const (
	ObjectiveGRPO = "grpo"
	ObjectiveRFT  = "rft"

	BaselineMean        = "mean"
	BaselineLeaveOneOut = "leave_one_out"

	ScaleNone  = "none"
	ScaleGroup = "group"
	ScaleBatch = "batch"

	KLInLoss   = "loss"
	KLInReward = "reward"

	TokenMean        = "token-mean"
	SeqMeanTokenMean = "seq-mean-token-mean"
	SeqMeanTokenSum  = "seq-mean-token-sum-norm"
)

// Default is the recipe that was measured on the shipped base.
func Default() Config {
	return Config{
		Objective: ObjectiveGRPO, Steps: 60, Prompts: 32, Minibatches: 2, Epochs: 1,
		Baseline: BaselineMean, Scale: ScaleNone, Aggregation: SeqMeanTokenSum, LengthNorm: 100,
		Loss: string(policy.LossPolicyGradient), ClipLow: 0.2, ClipHigh: 0.28, KLIn: KLInLoss, Importance: Importance{Mode: ImportanceNone, Cap: 3},
		LR: 3e-4, LRFinal: 3e-5, Warmup: 3, Beta1: 0.9, Beta2: 0.95, ClipNorm: 1, BiasRate: 1e-3,
		RoutingReplay: true,
	}
}

// Validate names the first value out of range.
func (c Config) Validate() error {
	switch {
	case c.Steps < 0 || c.Prompts < 1 || c.Minibatches < 1:
		return fmt.Errorf("grpo: steps %d, prompts %d, minibatches %d: want steps >= 0 and the others at least 1", c.Steps, c.Prompts, c.Minibatches)
	case c.Epochs < 1 || c.MaxStaleness < 0:
		return fmt.Errorf("grpo: epochs %d, max_staleness %d: want epochs of at least 1 and max_staleness of at least 0", c.Epochs, c.MaxStaleness)
	case c.Objective != ObjectiveGRPO && c.Objective != ObjectiveRFT:
		return fmt.Errorf("grpo: objective is %q: want %s or %s", c.Objective, ObjectiveGRPO, ObjectiveRFT)
	case c.Baseline != BaselineMean && c.Baseline != BaselineLeaveOneOut:
		return fmt.Errorf("grpo: baseline is %q: want %s or %s", c.Baseline, BaselineMean, BaselineLeaveOneOut)
	case c.Scale != ScaleNone && c.Scale != ScaleGroup && c.Scale != ScaleBatch:
		return fmt.Errorf("grpo: scale is %q: want %s, %s or %s", c.Scale, ScaleNone, ScaleGroup, ScaleBatch)
	case c.Aggregation != TokenMean && c.Aggregation != SeqMeanTokenMean && c.Aggregation != SeqMeanTokenSum:
		return fmt.Errorf("grpo: aggregation is %q: want %s, %s or %s", c.Aggregation, TokenMean, SeqMeanTokenMean, SeqMeanTokenSum)
	case c.Aggregation == SeqMeanTokenSum && c.LengthNorm <= 0:
		return fmt.Errorf("grpo: length_norm is %g: want a positive number of tokens", c.LengthNorm)
	case !slices.Contains(policy.Losses(), policy.LossKind(c.Loss)):
		return fmt.Errorf("grpo: loss is %q: want one of %q", c.Loss, policy.Losses())
	case !(c.ClipLow >= 0 && c.ClipLow <= 1) || c.ClipHigh < 0:
		return fmt.Errorf("grpo: clip_low %g, clip_high %g: want 0 <= clip_low <= 1 and clip_high >= 0", c.ClipLow, c.ClipHigh)
	case c.DualClip != 0 && !(c.DualClip > 1) || !(c.KL >= 0):
		return fmt.Errorf("grpo: dual_clip %g, kl %g: want a dual_clip above 1, or 0 for none, and a kl of at least 0", c.DualClip, c.KL)
	case c.KLIn != KLInLoss && c.KLIn != KLInReward:
		return fmt.Errorf("grpo: kl_in is %q: want %s or %s", c.KLIn, KLInLoss, KLInReward)
	case c.Objective == ObjectiveRFT && c.Importance.Mode != ImportanceNone:
		return fmt.Errorf("grpo: importance.mode %s with objective %s: cross-entropy has no ratio to correct; leave one of the two out", c.Importance.Mode, c.Objective)
	case c.LR < 0 || c.LRFinal < 0 || c.ClipNorm <= 0:
		return fmt.Errorf("grpo: lr %g, lr_final %g, clip_norm %g: rates must not be negative, clip_norm positive", c.LR, c.LRFinal, c.ClipNorm)
	case c.Warmup < 0 || c.BiasRate < 0 || c.WeightDecay < 0:
		return fmt.Errorf("grpo: warmup %d, bias_rate %g, weight_decay %g: none may be negative", c.Warmup, c.BiasRate, c.WeightDecay)
	case c.Beta1 < 0 || c.Beta1 >= 1 || c.Beta2 < 0 || c.Beta2 >= 1:
		return fmt.Errorf("grpo: beta1 %g, beta2 %g: want both in [0, 1)", c.Beta1, c.Beta2)
	case c.Dynamic.MaxRounds < 0:
		return fmt.Errorf("grpo: dynamic.max_rounds is %d: want 0 (off) or more", c.Dynamic.MaxRounds)
	}
	if err := c.Importance.validate(); err != nil {
		return err
	}
	return c.Overlong.validate()
}

func (o Overlong) validate() error {
	switch {
	case o.Buffer < 0 || !(o.Penalty >= 0) || math.IsInf(o.Penalty, 1):
		return fmt.Errorf("grpo: overlong.buffer %d, overlong.penalty %g: neither may be negative", o.Buffer, o.Penalty)
	case o.Penalty > 0 && o.Buffer == 0:
		return fmt.Errorf("grpo: overlong.penalty is %g and overlong.buffer 0: set the buffer to the tokens below the limit over which the penalty rises", o.Penalty)
	}
	return nil
}
