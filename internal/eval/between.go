package eval

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/rltrain/rltrain/internal/runlog"
)

// Between is the mean of scores[seed][task] over training seeds and tasks, with a 95 %
// interval for another seed and another set of tasks: each resample draws seeds, then tasks,
// both with replacement. All seeds were evaluated on the same tasks in the same order, so one
// draw of tasks serves all seeds of a resample. Scores that are NaN are left out.
//
// With fewer than about five seeds the interval is too narrow, as any would be that three
// numbers tell; say how many seeds there were next to it.
func Between(scores [][]float64, seed uint64) (runlog.Metric, error) {
	if err := sameTasks(scores); err != nil {
		return runlog.Metric{}, fmt.Errorf("compare seeds: %w", err)
	}
	all := func(n int) []int {
		out := make([]int, n)
		for i := range out {
			out[i] = i
		}
		return out
	}
	random := rand.New(rand.NewPCG(seed, uint64(len(scores))))
	draw := func(n int) []int {
		out := make([]int, n)
		for i := range out {
			out[i] = random.IntN(n)
		}
		return out
	}
	m := runlog.Metric{Value: meanOf(scores, all(len(scores)), all(len(scores[0])))}
	var draws []float64
	for range resamples {
		seeds := draw(len(scores))
		if v := meanOf(scores, seeds, draw(len(scores[0]))); !math.IsNaN(v) {
			draws = append(draws, v)
		}
	}
	m.Low, m.High = middle95(draws)
	return m, nil
}

// Gain is Between of after minus before, seed by seed and task by task: pairing takes out
// that some tasks are hard for everybody. One row of before serves all seeds.
func Gain(before, after [][]float64, seed uint64) (runlog.Metric, error) {
	if len(before) != len(after) && len(before) != 1 {
		return runlog.Metric{}, fmt.Errorf("compare seeds: %d before and %d after: give one before for all, or one for each", len(before), len(after))
	}
	difference := make([][]float64, len(after))
	for s := range after {
		base := before[min(s, len(before)-1)]
		if len(base) != len(after[s]) {
			return runlog.Metric{}, fmt.Errorf("compare seeds: seed %d has %d tasks before and %d after: evaluate on the same tasks", s, len(base), len(after[s]))
		}
		for t := range after[s] {
			difference[s] = append(difference[s], after[s][t]-base[t])
		}
	}
	return Between(difference, seed)
}

func sameTasks(scores [][]float64) error {
	if len(scores) == 0 || len(scores[0]) == 0 {
		return fmt.Errorf("there are no scores: give at least one seed with one task")
	}
	for s := range scores {
		if len(scores[s]) != len(scores[0]) {
			return fmt.Errorf("seed 0 has %d tasks and seed %d has %d: evaluate all on the same tasks", len(scores[0]), s, len(scores[s]))
		}
	}
	return nil
}

// meanOf is the mean over those seeds and tasks, NaN where nothing is left.
func meanOf(scores [][]float64, seeds, tasks []int) float64 {
	sum, n := 0.0, 0
	for _, s := range seeds {
		for _, t := range tasks {
			if v := scores[s][t]; !math.IsNaN(v) {
				sum += v
				n++
			}
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}
