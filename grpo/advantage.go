package grpo

import (
	"math"

	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// smallest is the spread below which rewards of a group count as equal.
const smallest = 1e-6

// Advantages is reward minus the baseline, scaled as Config.Scale says: one row a group. A rollout that
// could not be judged is left out of the baseline and gets 0; a group without spread gets zeros; with
// Overlong.Mask a completion that was cut off counts in the baseline and gets 0.
func Advantages(groups []rollout.Group, c Config) [][]float64 {
	out := make([][]float64, len(groups))
	var squares, count float64
	for i, g := range groups {
		out[i] = centred(g)
		if c.Dynamic.MaxRounds > 0 && flat(out[i]) {
			continue // was drawn anew, and is no part of the batch
		}
		own, n := squareSum(g, out[i])
		squares, count = squares+own, count+n
	}
	for i, g := range groups {
		own, n := squareSum(g, out[i]) // of the rewards themselves, whatever the baseline
		if c.Baseline == BaselineLeaveOneOut && n > 1 {
			divide(out[i], (n-1)/n) // R - mean of the others = (R - mean of all) n/(n-1)
		}
		switch c.Scale {
		case ScaleGroup:
			divide(out[i], deviation(own, n)+1e-4) // the constant is TRL's
		case ScaleBatch:
			divide(out[i], deviation(squares, count)+1e-4)
		}
		if c.Overlong.Mask {
			maskCut(g, out[i])
		}
	}
	return out
}

// Selected is 1 for each rollout with a right answer and 0 for the rest: rejection-sampling fine-tuning
// (STaR, arXiv:2203.14465; RFT, arXiv:2308.01825) as a control for GRPO at equal sampling.
func Selected(groups []rollout.Group) [][]float64 {
	out := make([][]float64, len(groups))
	for i, g := range groups {
		out[i] = make([]float64, len(g.Rollouts))
		for j, r := range g.Rollouts {
			if r.Verdict.Kind == verifiers.Correct && r.Verdict.Format {
				out[i][j] = 1
			}
		}
	}
	return out
}

// centred is the group's rewards minus their mean over what could be judged.
func centred(g rollout.Group) []float64 {
	sum, n := 0.0, 0.0
	for _, r := range g.Rollouts {
		if r.Verdict.Kind != verifiers.Error {
			sum += r.Verdict.Reward
			n++
		}
	}
	out := make([]float64, len(g.Rollouts))
	for j, r := range g.Rollouts {
		if r.Verdict.Kind == verifiers.Error {
			continue
		}
		if a := r.Verdict.Reward - sum/n; math.Abs(a) > smallest {
			out[j] = a
		}
	}
	return out
}

// flat tells that a group's centred rewards teach nothing.
func flat(centred []float64) bool {
	for _, a := range centred {
		if a != 0 {
			return false
		}
	}
	return true
}

// squareSum is the sum of squares of a group's centred rewards, and how many of them were judged.
func squareSum(g rollout.Group, centred []float64) (squares, n float64) {
	for j, a := range centred {
		if g.Rollouts[j].Verdict.Kind != verifiers.Error {
			squares += a * a
			n++
		}
	}
	return squares, n
}

// deviation is the sample standard deviation that belongs to n values with this sum of squares.
func deviation(squares, n float64) float64 { return math.Sqrt(squares / max(1, n-1)) }

func divide(values []float64, by float64) {
	for i := range values {
		values[i] /= by
	}
}

// maskCut sets the advantage of completions that were cut off to 0: whether they were on the way to the answer
// nobody knows.
func maskCut(g rollout.Group, advantages []float64) {
	for j, r := range g.Rollouts {
		if r.Stop == policy.StopLength {
			advantages[j] = 0
		}
	}
}

// OverlongPenalty is DAPO's soft overlong punishment, times -1: 0 up to limit - Buffer tokens, then rising linearly to
// Penalty at the limit.
func OverlongPenalty(tokens, limit int, o Overlong) float64 {
	if o.Buffer < 1 {
		return 0
	}
	over := float64(tokens-(limit-o.Buffer)) / float64(o.Buffer)
	return o.Penalty * min(1, max(0, over))
}

// penalise takes the overlong penalty off the rewards of freshly drawn groups. What could not be judged stays as it is.
func penalise(groups []rollout.Group, limit int, o Overlong) {
	for _, g := range groups {
		for j := range g.Rollouts {
			if r := &g.Rollouts[j]; r.Verdict.Kind != verifiers.Error {
				r.Verdict.Reward -= OverlongPenalty(len(r.Tokens), limit, o)
			}
		}
	}
}
