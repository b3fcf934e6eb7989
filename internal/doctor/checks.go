package doctor

import (
	"fmt"
	"math"

	"github.com/rltrain/rltrain/internal/runlog"
)

// check returns a finding's code and words, or "" for nothing.
type check func(view) (code, text string)

func checks() []check {
	return []check{completions, ties, ratio, entropy, length, verifier, paidWithoutAnswer, experts}
}

// Bounds. Runs of the shipped recipe stay well inside: at most 23 % of completions cut, 41 % of groups tied, entropy above
// 0.7 of the start's, log-probs within 0.004, an expert's load up to 1.4 times its share.
const (
	mostCut      = 0.5
	allCut       = 0.995
	mostTied     = 0.9
	mostRight    = 0.5  // tells tasks that are too easy from those that are too hard
	farLogp      = 0.01 // nats of one token, at the first minibatch of a step
	lowEntropy   = 0.25 // of the first steps'
	longGrowth   = 2.5  // times the first steps' length …
	gain         = 0.02 // … without that much in accuracy
	someErrors   = 0.01 // of the rollouts, as the next two
	someTimeouts = 0.05
	somePaid     = 0.01
	overloaded   = 2.0 // moe_max_violation: three times an even share

	probeSteps = 3 // whose rewards tell a hopeless start
)

// completions are cut off at the limit.
func completions(v view) (code, text string) {
	cut := mean(v.last, func(s runlog.Step) float64 { return s.TruncatedFrac })
	switch {
	case cut >= allCut:
		return "never_ends", fmt.Sprintf("%.1f %% of completions run into the limit of tokens: the policy never says that it has finished. Start from a base that knows the form of an answer and its end, or raise sampling.max_tokens far enough for one", 100*cut)
	case cut >= mostCut:
		return "mostly_cut", fmt.Sprintf("%.0f %% of completions are cut off at the limit, most of them before an answer, and earn nothing whatever they would have become. Raise sampling.max_tokens, or make length cost with grpo.overlong", 100*cut)
	}
	return "", ""
}

// ties leave nothing to learn from.
func ties(v view) (code, text string) {
	tied := mean(v.last, func(s runlog.Step) float64 { return s.FracZeroStd })
	right := mean(v.last, func(s runlog.Step) float64 { return s.Accuracy })
	switch {
	case !(tied >= mostTied) && right == 0:
		return "none_right", "not one answer is right: what the policy learns is what the reward pays beside right answers. Give easier tasks (tasks, filter) or a stronger base"
	case !(tied >= mostTied):
		return "", ""
	case right >= mostRight:
		return "tied_right", fmt.Sprintf("in %.0f %% of the groups all rewards are equal, with %.0f %% of the answers right: the tasks are too easy to learn from. Give harder ones (tasks, filter), or have groups without spread drawn anew (grpo.dynamic.max_rounds)", 100*tied, 100*right)
	default:
		return "tied_wrong", fmt.Sprintf("in %.0f %% of the groups all rewards are equal, with %.0f %% of the answers right: the tasks are too hard to learn from. Give easier ones (tasks, filter), a stronger base, or a larger sampling.group", 100*tied, 100*right)
	}
}

// ratio must be 1 before the weights have moved. Of rollouts drawn by older weights nothing of the kind is known.
func ratio(v view) (code, text string) {
	if greatest(v.last, func(s runlog.Step) float64 { return s.Staleness }) > 0 {
		return "", ""
	}
	far := greatest(v.last, func(s runlog.Step) float64 { return s.LogpDiffMax })
	if !(far > farLogp) {
		return "", ""
	}
	return "ratio_off", fmt.Sprintf("sampler and trainer disagree: before the first update of a step the log-prob of a token differs by up to %.3g, a ratio of %.3f where it should be 1. The gradient is biased by that; let both compute in the same precision, from the same weights", far, math.Exp(far))
}

func entropy(v view) (code, text string) {
	metric := func(s runlog.Step) float64 { return s.Entropy }
	before, now := mean(v.first, metric), mean(v.last, metric)
	if v.all < 2*Window || !(now < lowEntropy*before) {
		return "", ""
	}
	return "entropy_collapse", fmt.Sprintf("entropy has fallen to %.3g nats a token from %.3g: the policy hardly tries anything else any more. Lower grpo.lr, raise grpo.clip_high, or go back to an earlier checkpoint", now, before)
}

// length may grow where it buys right answers.
func length(v view) (code, text string) {
	tokens := func(s runlog.Step) float64 { return s.LengthMean }
	accuracy := func(s runlog.Step) float64 { return s.Accuracy }
	before, now := mean(v.first, tokens), mean(v.last, tokens)
	was, is := mean(v.first, accuracy), mean(v.last, accuracy)
	if v.all < 2*Window || !(now > longGrowth*before) || is > was+gain {
		return "", ""
	}
	return "length_explodes", fmt.Sprintf("completions have grown to %.0f tokens from %.0f, and accuracy has gone from %.2f to %.2f: the length buys nothing. Look for loops (rltrain rollouts --sort -tokens), and make them cost: reward.repetition, grpo.overlong", now, before, was, is)
}

func verifier(v view) (code, text string) {
	switch {
	case v.share(v.Error) > someErrors:
		return "verifier_errors", fmt.Sprintf("%d of %d rollouts could not be judged, and are left out: see why with rltrain rollouts --where 'verdict == \"error\"'", v.Error, v.Rollouts)
	case v.share(v.Timeout) > someTimeouts:
		return "verifier_timeouts", fmt.Sprintf("%d of %d rollouts used up the verifier's time, and earn nothing: see what they do with rltrain rollouts --where 'verdict == \"timeout\"'", v.Timeout, v.Rollouts)
	}
	return "", ""
}

func paidWithoutAnswer(v view) (code, text string) {
	if !(v.share(v.PaidNoAnswer) > somePaid) {
		return "", ""
	}
	return "paid_without_answer", fmt.Sprintf("%d of %d rollouts are paid though they hold no answer: the policy can live on that. Look at them with rltrain rollouts --where 'verdict == \"no_answer\" && reward > 0', and change reward", v.PaidNoAnswer, v.Rollouts)
}

func experts(v view) (code, text string) {
	dead := mean(v.last, func(s runlog.Step) float64 { return float64(s.MoEDead) })
	over := mean(v.last, func(s runlog.Step) float64 { return s.MoEMaxViolation })
	switch {
	case dead >= 1:
		return "experts_dead", fmt.Sprintf("%.0f experts get no token at all: the model is smaller than it looks. Raise grpo.bias_rate", dead)
	case over > overloaded:
		return "experts_overloaded", fmt.Sprintf("the busiest expert gets %.1f times its even share of the tokens. Raise grpo.bias_rate", 1+over)
	}
	return "", ""
}

// Hopeless tells whether the first steps of a run leave nothing to learn from, and what to try. It is asked once, when
// the run is probeSteps old.
func Hopeless(steps []runlog.Step) (advice string, ok bool) {
	if len(steps) != probeSteps {
		return "", false
	}
	judged := false
	for _, s := range steps {
		if s.RewardMean != 0 && !math.IsNaN(s.RewardMean) || s.RewardStd > 0 {
			return "", false
		}
		judged = judged || !math.IsNaN(s.RewardMean)
	}
	if !judged {
		return fmt.Sprintf("none of the rollouts of the first %d steps could be judged: see why with rltrain rollouts --where 'verdict == \"error\"'", probeSteps), true
	}
	cut := mean(steps, func(s runlog.Step) float64 { return s.TruncatedFrac })
	return fmt.Sprintf("all rewards of the first %d steps are 0, so there is nothing to learn from (%.0f %% of completions were cut off at the limit): look at them with rltrain rollouts, give easier tasks, a base that knows the form of an answer, more sampling.max_tokens or a larger sampling.group", probeSteps, 100*cut), true
}
