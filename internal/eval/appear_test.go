package eval_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/eval"
)

// coins are scores of 0 and 1, of the same tasks for the same seed.
func coins(seed uint64, n int, chance float64) []float64 {
	random := rand.New(rand.NewPCG(seed, 1))
	out := make([]float64, n)
	for i := range out {
		if random.Float64() < chance {
			out[i] = 1
		}
	}
	return out
}

func TestAppeared(t *testing.T) {
	const n = 256
	first := coins(1, n, 0.1)
	low, high := func(s uint64) []float64 { return coins(s, n, 0.1) }, func(s uint64) []float64 { return coins(s, n, 0.4) }
	for name, test := range map[string]struct {
		later [][]float64
		at    int
		ok    bool
	}{
		"from the second on":    {[][]float64{low(2), high(3), high(4), high(5)}, 1, true},
		"once is not in a row":  {[][]float64{low(2), high(3), low(4), high(5)}, 0, false},
		"after a false start":   {[][]float64{high(2), low(3), high(4), high(5)}, 2, true},
		"never":                 {[][]float64{low(2), low(3), low(4)}, 0, false},
		"too young to say":      {[][]float64{high(2)}, 0, false},
		"nothing to compare":    {[][]float64{{math.NaN()}, {math.NaN()}}, 0, false},
		"no later evaluation":   {nil, 0, false},
		"falls":                 {[][]float64{make([]float64, n), make([]float64, n)}, 0, false},
		"the same as the first": {[][]float64{first, first, first}, 0, false},
	} {
		at, ok := eval.Appeared(first, test.later, 9)
		require.Equal(t, test.ok, ok, name)
		require.Equal(t, test.at, at, name)
	}
}

// Where nothing changes, many looks rarely find something: well below one in twenty runs of 12 looks.
func TestAppearedByChance(t *testing.T) {
	const runs, n = 40, 60
	found := 0
	for run := range uint64(runs) {
		var later [][]float64
		for i := range uint64(12) {
			later = append(later, coins(1000*run+i+1, n, 0.3))
		}
		if _, ok := eval.Appeared(coins(1000*run, n, 0.3), later, run); ok {
			found++
		}
	}
	require.LessOrEqual(t, found, 2)
}
