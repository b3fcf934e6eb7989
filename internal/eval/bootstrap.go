package eval

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/rltrain/rltrain/internal/runlog"
)

// resamples of a bootstrap: the ends of a 95 % interval are then its 50th values from either side.
const resamples = 2000

// part is one task's share in a ratio of sums. For a mean over tasks den is 1; for a mean over
// rollouts it is their number.
type part struct{ num, den float64 }

// Interval returns the mean of one score a task and its 95 % interval by a bootstrap over
// tasks. Scores that are NaN are left out; without any left all three are NaN.
func Interval(scores []float64, seed uint64) (mean, low, high float64) {
	var parts []part
	for _, s := range scores {
		if !math.IsNaN(s) {
			parts = append(parts, part{s, 1})
		}
	}
	m := amount("", parts, seed)
	return m.Value, m.Low, m.High
}

// amount is a metric on any scale.
func amount(name string, parts []part, seed uint64) runlog.Metric {
	value := ratio(parts)
	if math.IsNaN(value) {
		return runlog.Metric{Name: name, Value: value, Low: value, High: value}
	}
	random := rand.New(rand.NewPCG(seed, uint64(len(parts))))
	draws := make([]float64, 0, resamples)
	for range resamples {
		var num, den float64
		for range parts {
			p := parts[random.IntN(len(parts))]
			num += p.num
			den += p.den
		}
		if den > 0 {
			draws = append(draws, num/den)
		}
	}
	low, high := middle95(draws)
	return runlog.Metric{Name: name, Value: value, Low: low, High: high}
}

// share is a metric between 0 and 1. At either end every resample is alike, and the exact
// binomial bound of as many tasks takes the place of an interval of no width.
func share(name string, parts []part, seed uint64) runlog.Metric {
	m := amount(name, parts, seed)
	bound := 1 - math.Pow(0.025, 1/float64(max(1, len(parts))))
	switch m.Value {
	case 0:
		m.High = bound
	case 1:
		m.Low = 1 - bound
	}
	return m
}

func ratio(parts []part) float64 {
	var num, den float64
	for _, p := range parts {
		num += p.num
		den += p.den
	}
	if den == 0 {
		return math.NaN()
	}
	return num / den
}

// middle95 returns the 2.5th and the 97.5th percentile; it sorts the draws.
func middle95(draws []float64) (low, high float64) {
	if len(draws) == 0 {
		return math.NaN(), math.NaN()
	}
	slices.Sort(draws)
	return percentile(draws, 0.025), percentile(draws, 0.975)
}

// percentile interpolates between the neighbours in a sorted slice.
func percentile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	// Not sorted[i] + frac*(difference): equal neighbours must give their own value exactly.
	if sorted[i] == sorted[i+1] {
		return sorted[i]
	}
	frac := at - float64(i)
	return sorted[i]*(1-frac) + sorted[i+1]*frac
}
