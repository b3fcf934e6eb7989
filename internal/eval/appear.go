package eval

import (
	"math"
	"math/rand/v2"
	"slices"
)

// InARow is how many evaluations in a row must lie above the first for a behaviour to have appeared.
const InARow = 2

// Appeared tells when the mean of per-task scores has risen above that of the first evaluation: at the first of InARow evaluations in a row
// whose paired difference to it has a bootstrap interval above 0. The interval's level is 1 - 0.05/looks for that many later evaluations
// (Bonferroni), so that looking often does not find what is not there. at indexes later; ok is false if there is none.
// Scores are of the same tasks in the same order; tasks that are NaN in either are left out.
func Appeared(first []float64, later [][]float64, seed uint64) (at int, ok bool) {
	above := 0
	for i, scores := range later {
		if lowEnd(first, scores, len(later), seed) > 0 {
			above++
		} else {
			above = 0
		}
		if above == InARow {
			return i - InARow + 1, true
		}
	}
	return 0, false
}

// lowEnd is the lower end of the interval of mean(b - a), corrected for looks; -Inf where there is nothing to compare.
func lowEnd(a, b []float64, looks int, seed uint64) float64 {
	var change []float64
	for i := range min(len(a), len(b)) {
		if d := b[i] - a[i]; !math.IsNaN(d) {
			change = append(change, d)
		}
	}
	if len(change) == 0 {
		return math.Inf(-1)
	}
	const most = 20_000
	random := rand.New(rand.NewPCG(seed, uint64(looks)))
	draws := make([]float64, min(most, resamples*looks)) // the further out the percentile, the more
	for i := range draws {
		for range change {
			draws[i] += change[random.IntN(len(change))]
		}
	}
	slices.Sort(draws)
	return percentile(draws, 0.025/float64(looks)) / float64(len(change))
}
