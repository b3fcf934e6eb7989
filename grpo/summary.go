package grpo

import (
	"math"
	"slices"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// updateStats gathers what the engine reports over the minibatches of a step.
type updateStats struct {
	updates           int
	kl, low, high     float64
	klReference       float64
	ratioMax          float64
	diffMean, diffMax float64 // of the first update: sampler against trainer, before the weights moved
	gradNorm          float64 // of the last update
	load, bias        [][]float64
	positions, padded int
	routes            int         // recorded choices of experts, first update
	routesSame        int         // that the trainer would make too
	correction        *correction // nil where none was asked for
}

func (u *updateStats) add(fb, opt policy.Stats) {
	if u.updates == 0 {
		u.diffMean, u.diffMax = fb.LogpDiffMean, fb.LogpDiffMax
		u.routes, u.routesSame = fb.RoutingSlots, fb.RoutingSame
	}
	u.updates++
	u.positions, u.padded = u.positions+fb.Positions, u.padded+fb.Padded
	n := float64(u.updates)
	u.kl += (fb.KL - u.kl) / n
	u.klReference += (fb.KLReference - u.klReference) / n
	u.low += (fb.ClipLowFrac - u.low) / n
	u.high += (fb.ClipHighFrac - u.high) / n
	u.ratioMax = max(u.ratioMax, fb.RatioMax)
	u.gradNorm, u.load, u.bias = opt.GradNorm, opt.ExpertLoad, opt.ExpertBias
}

// summarise describes a step's rollouts and updates in the log's terms.
func summarise(b rollout.Batch, u updateStats) runlog.Step {
	s := runlog.Step{SampleS: b.SampleS, VerifyS: b.VerifyS}
	s.KL, s.ClipLowFrac, s.ClipHighFrac, s.RatioMax = u.kl, u.low, u.high, u.ratioMax
	s.LogpDiffMean, s.LogpDiffMax, s.GradNorm = u.diffMean, u.diffMax, u.gradNorm
	u.correction.describe(&s)
	s.MoEMaxViolation, s.MoEDead = policy.Imbalance(u.load)
	s.RewardMean, s.RewardStd, s.Accuracy, s.FracZeroStd = rewards(b.Groups)
	describeText(&s, b.Groups)
	describeReflection(&s, b.Groups)
	return s
}

func rewards(groups []rollout.Group) (mean, std, accuracy, flat float64) {
	var sum, squares, n, right float64
	for _, g := range groups {
		low, high := math.Inf(1), math.Inf(-1)
		for _, r := range g.Rollouts {
			if r.Verdict.Kind == verifiers.Error {
				continue
			}
			v := r.Verdict.Reward
			sum, squares, n = sum+v, squares+v*v, n+1
			low, high = min(low, v), max(high, v)
			if r.Verdict.Kind == verifiers.Correct {
				right++
			}
		}
		if high-low < smallest || math.IsInf(low, 1) {
			flat++
		}
	}
	if n == 0 {
		return math.NaN(), math.NaN(), math.NaN(), 1
	}
	mean = sum / n
	return mean, math.Sqrt(max(0, squares/n-mean*mean)), right / n, flat / float64(len(groups))
}

// describeText fills in lengths and entropy.
func describeText(s *runlog.Step, groups []rollout.Group) {
	var lengths []int
	var entropy float64
	cut := 0
	for _, g := range groups {
		for _, r := range g.Rollouts {
			lengths = append(lengths, len(r.Tokens))
			s.Tokens += len(r.Tokens)
			for _, e := range r.Entropies {
				entropy += float64(e)
			}
			if r.Stop == policy.StopLength {
				cut++
			}
		}
	}
	slices.Sort(lengths)
	n := len(lengths)
	if n == 0 || s.Tokens == 0 {
		return
	}
	s.LengthMean, s.LengthP90 = float64(s.Tokens)/float64(n), float64(lengths[min(n-1, n*9/10)])
	s.TruncatedFrac, s.Entropy = float64(cut)/float64(n), entropy/float64(s.Tokens)
}

// describeReflection fills in how often chains reconsider and what comes of it.
func describeReflection(s *runlog.Step, groups []rollout.Group) {
	var with, without, judgedWith, judgedWithout, rightWith, rightWithout, count float64
	for _, g := range groups {
		for _, r := range g.Rollouts {
			judged, right := 1.0, 0.0
			switch r.Verdict.Kind {
			case verifiers.Correct:
				right = 1
			case verifiers.Error:
				judged = 0
			}
			spoken := reflect.Spoken(r.Reflections)
			if spoken == 0 {
				without++
				judgedWithout += judged
				rightWithout += right
				continue
			}
			with++
			judgedWith += judged
			rightWith += right
			count += float64(spoken)
			for _, x := range r.Reflections {
				switch x.Effect {
				case reflect.Good:
					s.FlipsGood++
				case reflect.Bad:
					s.FlipsBad++
				}
			}
		}
	}
	s.ReflectFrac, s.ReflectPerRollout = with/(with+without), count/(with+without)
	s.PCorrectReflect, s.PCorrectNoReflect = rightWith/judgedWith, rightWithout/judgedWithout // NaN where there is none
}
