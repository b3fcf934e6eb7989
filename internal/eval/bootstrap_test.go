package eval_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/eval"
)

func TestIntervalIsThatOfTheMean(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	scores := make([]float64, 400)
	for i := range scores {
		scores[i] = random.NormFloat64()
	}
	mean, low, high := eval.Interval(scores, 9)
	// The standard error of 400 unit normals is 0.05; the interval is about 1.96 of it to each side.
	require.InDelta(t, mean-0.098, low, 0.015)
	require.InDelta(t, mean+0.098, high, 0.015)

	mirrored := make([]float64, len(scores))
	for i, s := range scores {
		mirrored[i] = -s
	}
	_, low2, high2 := eval.Interval(mirrored, 9)
	require.InDelta(t, -high, low2, 1e-12)
	require.InDelta(t, -low, high2, 1e-12)

	mean, low, high = eval.Interval([]float64{0.1, 0.1, math.NaN()}, 9)
	require.InDeltaSlice(t, []float64{0.1, 0.1, 0.1}, []float64{mean, low, high}, 1e-12)
	mean, _, _ = eval.Interval(nil, 9)
	require.True(t, math.IsNaN(mean))
}

// Of many evaluations of the same policy, about 95 % must have the truth inside their interval.
func TestIntervalCoversTheTruth(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	covered, rounds := 0, 120
	for round := range rounds {
		scores := make([]float64, 60)
		for i := range scores {
			scores[i] = float64(random.IntN(5)) / 4 // mean 0.5
		}
		_, low, high := eval.Interval(scores, uint64(round))
		if low <= 0.5 && 0.5 <= high {
			covered++
		}
	}
	require.GreaterOrEqual(t, covered, rounds*88/100)
}

func TestBetweenSeedsIsWiderThanWithinOne(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	scores := make([][]float64, 5)
	for s := range scores {
		for range 100 {
			scores[s] = append(scores[s], 0.5+0.1*float64(s-2)+0.1*random.NormFloat64())
		}
	}
	m, err := eval.Between(scores, 1)
	require.NoError(t, err)
	require.InDelta(t, 0.5, m.Value, 0.02)
	// Seeds alone: the mean of 5 draws from {.3,.4,.5,.6,.7} has standard deviation 0.141/sqrt(5) = 0.063.
	require.InDelta(t, 0.5-1.96*0.063, m.Low, 0.03)
	require.InDelta(t, 0.5+1.96*0.063, m.High, 0.03)

	same, err := eval.Between([][]float64{{1, 1}, {1, 1}}, 1)
	require.NoError(t, err)
	require.Equal(t, [3]float64{1, 1, 1}, [3]float64{same.Value, same.Low, same.High})
	again, err := eval.Between(scores, 1)
	require.NoError(t, err)
	require.Equal(t, m, again)
}

func TestGainIsPaired(t *testing.T) {
	before := [][]float64{{0.1, 0.9, math.NaN()}}
	after := [][]float64{{0.3, 1.1, 1}, {0.3, 1.1, 1}}
	m, err := eval.Gain(before, after, 1)
	require.NoError(t, err)
	require.InDelta(t, 0.2, m.Value, 1e-12)
	require.InDelta(t, 0.2, m.Low, 1e-12, "the tasks differ, their gains do not")
	_, err = eval.Gain([][]float64{{1}}, [][]float64{{1, 2}}, 1)
	require.ErrorContains(t, err, "seed 0 has 1 tasks before and 2 after")
	_, err = eval.Gain([][]float64{{1}, {1}}, [][]float64{{1}, {1}, {1}}, 1)
	require.ErrorContains(t, err, "2 before and 3 after")
	_, err = eval.Between([][]float64{{1}, {1, 2}}, 1)
	require.ErrorContains(t, err, "seed 1 has 2")
	_, err = eval.Between(nil, 1)
	require.ErrorContains(t, err, "no scores")
}
