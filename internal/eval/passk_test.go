package eval_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/eval"
)

func TestPassAtKByHand(t *testing.T) {
	for _, c := range []struct {
		n, c, k int
		want    float64
	}{
		{1, 0, 1, 0}, {1, 1, 1, 1},
		{4, 2, 2, 5.0 / 6},    // 1 - C(2,2)/C(4,2)
		{5, 1, 2, 0.4},        // 1 - C(4,2)/C(5,2) = 1 - 6/10
		{10, 3, 5, 11.0 / 12}, // 1 - C(7,5)/C(10,5) = 1 - 21/252
		{10, 6, 5, 1},         // only 4 wrong ones, 5 draws
		{64, 0, 64, 0}, {64, 1, 64, 1},
		{200, 1, 100, 0.5},
	} {
		require.InDelta(t, c.want, eval.PassAtK(c.n, c.c, c.k), 1e-12, "%+v", c)
	}
	for _, bad := range [][3]int{{0, 0, 1}, {4, 2, 0}, {4, 2, 5}, {4, 5, 1}, {4, -1, 1}} {
		require.True(t, math.IsNaN(eval.PassAtK(bad[0], bad[1], bad[2])), "%v", bad)
	}
}

func TestPassAtKProperties(t *testing.T) {
	for n := 1; n <= 40; n++ {
		for c := 0; c <= n; c++ {
			require.InDelta(t, float64(c)/float64(n), eval.PassAtK(n, c, 1), 1e-12)
			last := 0.0
			for k := 1; k <= n; k++ {
				p := eval.PassAtK(n, c, k)
				require.GreaterOrEqual(t, p, last-1e-12, "monotone in k")
				require.InDelta(t, exact(n, c, k), p, 1e-10, "n=%d c=%d k=%d", n, c, k)
				// C(n-c,k)/C(n,k) = C(n-k,c)/C(n,c): right ones and draws may change places.
				if c > 0 {
					require.InDelta(t, eval.PassAtK(n, k, c), p, 1e-10, "symmetric in c and k")
				}
				last = p
			}
		}
	}
}

// exact is the formula itself in big integers.
func exact(n, c, k int) float64 {
	miss := new(big.Rat).SetFrac(new(big.Int).Binomial(int64(n-c), int64(k)), new(big.Int).Binomial(int64(n), int64(k)))
	v, _ := miss.Float64()
	return 1 - v
}

func TestBestAtKIsPassAtKForZeroOne(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n := 1 + random.IntN(12)
		rewards, correct := make([]float64, n), 0
		for i := range rewards {
			bit := random.IntN(2)
			rewards[i] = float64(bit)
			correct += bit
		}
		k := 1 + random.IntN(n)
		require.InDelta(t, eval.PassAtK(n, correct, k), eval.BestAtK(rewards, k), 1e-12)
	}
	require.InDelta(t, 8.0/3, eval.BestAtK([]float64{3, 1, 2}, 2), 1e-12) // maxima of the pairs: 3, 3, 2
	require.Equal(t, 1.1, eval.BestAtK([]float64{0.1, 1.1}, 2))
	require.True(t, math.IsNaN(eval.BestAtK(nil, 1)))
}

func TestMajAtK(t *testing.T) {
	v := func(answers ...string) (votes []eval.Vote) {
		for _, a := range answers {
			votes = append(votes, eval.Vote{Answer: a, Correct: a == "42"})
		}
		return votes
	}
	for _, c := range []struct {
		votes []eval.Vote
		want  float64
	}{
		{v("42", "42", "7"), 1},
		{v("42", "7", "7"), 0},
		{v("42", "7"), 0.5},
		{v("42", "7", "8"), 1.0 / 3},
		{v("", "", "42"), 1}, // who has no answer abstains
		{v("", ""), 0},
	} {
		require.InDelta(t, c.want, eval.MajAtK(c.votes, len(c.votes), 0), 1e-12, fmt.Sprint(c.votes))
	}
	// Two of {42, 42, 7}: one pair in three is unanimous, the others tie.
	require.InDelta(t, 2.0/3, eval.MajAtK(v("42", "42", "7"), 2, 1), 0.08)
	require.InDelta(t, 2.0/3, eval.MajAtK(v("42", "42", "7"), 1, 1), 0.1, "maj@1 is pass@1")
	require.True(t, math.IsNaN(eval.MajAtK(nil, 1, 0)))
}
