package runlog

import (
	"encoding/json"
	"math"
)

// PhaseTrain is the phase of training steps and of the rollouts they learn from; PhaseEval is
// that of the rollouts drawn by evaluations.
const (
	PhaseTrain = "train"
	PhaseEval  = "eval"
)

// Step is one row of v_steps: what happened in one training step. A metric that is not defined
// (P(correct | reflects) where nothing reflects) is NaN, and NULL in the log.
type Step struct {
	Step  int
	Phase string // "" stands for PhaseTrain

	RewardMean        float64 // over the rollouts that could be judged
	RewardStd         float64
	Accuracy          float64 // share with verdict correct
	FracZeroStd       float64 // share of groups without spread in their rewards
	LengthMean        float64 // response tokens
	LengthP90         float64
	TruncatedFrac     float64
	Entropy           float64 // nats, mean over tokens
	KL                float64
	ClipLowFrac       float64
	ClipHighFrac      float64
	RatioMax          float64
	LogpDiffMean      float64 // |trainer's log-prob - sampler's|
	LogpDiffMax       float64
	GradNorm          float64 // before clipping
	LR                float64
	ReflectFrac       float64 // share of rollouts with a reflection
	ReflectPerRollout float64
	PCorrectReflect   float64
	PCorrectNoReflect float64
	FlipsGood         int // reflections that turned a wrong answer into a right one
	FlipsBad          int
	MoEMaxViolation   float64 // greatest load over mean load, minus 1
	MoEDead           int     // experts that got no token
	Tokens            int     // response tokens of the step
	SampleS           float64 // seconds
	VerifyS           float64
	TrainS            float64
	StepS             float64
	CPUS              float64 // processor seconds of all threads; NaN where the system does not tell
	Staleness         float64 // steps between the weights that drew the rollouts and those that learned from them, mean over groups
	ISRatioMean       float64 // weights at the step's start over those that drew, before the caps; NaN where it is not taken
	ISRatioMax        float64
	ISWeightMean      float64 // the correction that was applied, after the caps
	ISCappedFrac      float64 // share of the ratios above the cap: of tokens, or of whole responses in the sequence modes
	RoutingAgreement  float64 // share of the sampler's choices of experts that the trainer would make too, first update of the step
	Compilations      float64 // graphs compiled in the step
	UsefulShare       float64 // of the positions that the updates computed: those that held a token
	TrainTokens       float64 // positions of the data that the updates learned from, prompts included
	SampleFLOPs       float64 // that the sampled tokens needed, by the architecture's formula
	TrainFLOPs        float64
	SampleMFU         float64 // share of the measured matmul peak that SampleFLOPs were done at
	TrainMFU          float64
	PeakRSS           float64 // bytes, of the process so far
	KLReference       float64 // nats a token, KL(policy || the run's first model); NaN where that model is not kept
}

// stepMetric ties a column of v_steps to its field and to its name in metrics.jsonl.
type stepMetric struct {
	column, usual string
	field         func(*Step) any // *float64 or *int
}

// stepMetrics returns the metrics in the order of v_steps. The usual names are TRL's; metrics
// that it does not have keep ours.
func stepMetrics() []stepMetric {
	return []stepMetric{
		{"reward_mean", "reward", func(s *Step) any { return &s.RewardMean }},
		{"reward_std", "reward_std", func(s *Step) any { return &s.RewardStd }},
		{"accuracy", "accuracy", func(s *Step) any { return &s.Accuracy }},
		{"frac_zero_std", "frac_reward_zero_std", func(s *Step) any { return &s.FracZeroStd }},
		{"length_mean", "completions/mean_length", func(s *Step) any { return &s.LengthMean }},
		{"length_p90", "completions/p90_length", func(s *Step) any { return &s.LengthP90 }},
		{"truncated_frac", "completions/clipped_ratio", func(s *Step) any { return &s.TruncatedFrac }},
		{"entropy", "entropy", func(s *Step) any { return &s.Entropy }},
		{"kl", "kl", func(s *Step) any { return &s.KL }},
		{"clip_low_frac", "clip_ratio/low_mean", func(s *Step) any { return &s.ClipLowFrac }},
		{"clip_high_frac", "clip_ratio/high_mean", func(s *Step) any { return &s.ClipHighFrac }},
		{"ratio_max", "sampling/importance_sampling_ratio/max", func(s *Step) any { return &s.RatioMax }},
		{"logp_diff_mean", "sampling/sampling_logp_difference/mean", func(s *Step) any { return &s.LogpDiffMean }},
		{"logp_diff_max", "sampling/sampling_logp_difference/max", func(s *Step) any { return &s.LogpDiffMax }},
		{"grad_norm", "grad_norm", func(s *Step) any { return &s.GradNorm }},
		{"lr", "learning_rate", func(s *Step) any { return &s.LR }},
		{"reflect_frac", "reflect_frac", func(s *Step) any { return &s.ReflectFrac }},
		{"reflect_per_rollout", "reflect_per_rollout", func(s *Step) any { return &s.ReflectPerRollout }},
		{"p_correct_reflect", "p_correct_reflect", func(s *Step) any { return &s.PCorrectReflect }},
		{"p_correct_no_reflect", "p_correct_no_reflect", func(s *Step) any { return &s.PCorrectNoReflect }},
		{"flips_good", "flips_good", func(s *Step) any { return &s.FlipsGood }},
		{"flips_bad", "flips_bad", func(s *Step) any { return &s.FlipsBad }},
		{"moe_max_violation", "moe_max_violation", func(s *Step) any { return &s.MoEMaxViolation }},
		{"moe_dead", "moe_dead", func(s *Step) any { return &s.MoEDead }},
		{"tokens", "tokens", func(s *Step) any { return &s.Tokens }},
		{"sample_s", "sample_time", func(s *Step) any { return &s.SampleS }},
		{"verify_s", "verify_time", func(s *Step) any { return &s.VerifyS }},
		{"train_s", "train_time", func(s *Step) any { return &s.TrainS }},
		{"step_s", "step_time", func(s *Step) any { return &s.StepS }},
		{"cpu_s", "cpu_time", func(s *Step) any { return &s.CPUS }},
		{"staleness", "staleness", func(s *Step) any { return &s.Staleness }},
		{"is_ratio_mean", "sampling/importance_sampling_ratio/uncapped_mean", func(s *Step) any { return &s.ISRatioMean }},
		{"is_ratio_max", "sampling/importance_sampling_ratio/uncapped_max", func(s *Step) any { return &s.ISRatioMax }},
		{"is_weight_mean", "sampling/importance_sampling_ratio/mean", func(s *Step) any { return &s.ISWeightMean }},
		{"is_capped_frac", "sampling/importance_sampling_ratio/capped_frac", func(s *Step) any { return &s.ISCappedFrac }},
		{"routing_agreement", "routing_agreement", func(s *Step) any { return &s.RoutingAgreement }},
		{"compilations", "compilations", func(s *Step) any { return &s.Compilations }},
		{"useful_share", "useful_share", func(s *Step) any { return &s.UsefulShare }},
		{"train_tokens", "train_tokens", func(s *Step) any { return &s.TrainTokens }},
		{"sample_flops", "sample_flops", func(s *Step) any { return &s.SampleFLOPs }},
		{"train_flops", "train_flops", func(s *Step) any { return &s.TrainFLOPs }},
		{"sample_mfu", "sample_mfu", func(s *Step) any { return &s.SampleMFU }},
		{"train_mfu", "train_mfu", func(s *Step) any { return &s.TrainMFU }},
		{"peak_rss", "peak_rss", func(s *Step) any { return &s.PeakRSS }},
		{"kl_reference", "kl_reference", func(s *Step) any { return &s.KLReference }},
	}
}

// StepColumns returns the names of the metrics of v_steps in their order.
func StepColumns() []string {
	var names []string
	for _, m := range stepMetrics() {
		names = append(names, m.column)
	}
	return names
}

// Value returns the metric of that column; ok is false where v_steps has no such metric.
func (s Step) Value(column string) (value float64, ok bool) {
	for _, m := range stepMetrics() {
		if m.column == column {
			return toFloat(m.field(&s)), true
		}
	}
	return math.NaN(), false
}

// MarshalJSON writes the step under the names of v_steps, with null for what JSON has no number for.
func (s Step) MarshalJSON() ([]byte, error) {
	return s.line(func(m stepMetric) string { return m.column })
}

// line is one JSON object with the metrics in their order, under the names that name gives.
func (s Step) line(name func(stepMetric) string) ([]byte, error) {
	head, err := json.Marshal(struct {
		Step  int    `json:"step"`
		Phase string `json:"phase"`
	}{s.Step, s.Phase})
	if err != nil {
		return nil, err
	}
	out := head[:len(head)-1]
	for _, m := range stepMetrics() {
		out = append(out, `,"`+name(m)+`":`...)
		value := m.field(&s)
		if v := toFloat(value); math.IsNaN(v) || math.IsInf(v, 0) {
			out = append(out, "null"...)
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		out = append(out, text...)
	}
	return append(out, '}'), nil
}

func toFloat(field any) float64 {
	switch v := field.(type) {
	case *float64:
		return *v
	case *int:
		return float64(*v)
	default:
		panic("runlog: a step metric is neither *float64 nor *int")
	}
}

// Expert is one row of v_experts. Load is the share of the routed slots, 1/experts when even.
type Expert struct {
	Layer, Expert int
	Load, Bias    float64
}

// Experts turns the [layer][expert] tables of a policy.Stats into rows.
func Experts(load, bias [][]float64) []Expert {
	var rows []Expert
	for layer := range load {
		for expert := range load[layer] {
			row := Expert{Layer: layer, Expert: expert, Load: load[layer][expert], Bias: math.NaN()}
			if layer < len(bias) && expert < len(bias[layer]) {
				row.Bias = bias[layer][expert]
			}
			rows = append(rows, row)
		}
	}
	return rows
}
