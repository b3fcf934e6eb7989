package moe

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// flat is the cost of a position where attention is next to nothing, steep where it is nearly all.
func flat(width int) float64  { return 1e6 + float64(width) }
func steep(width int) float64 { return 1 + float64(width) }

func TestWidths(t *testing.T) {
	for width, want := range map[int][]int{
		2048: {256, 512, 1024, 2048}, 256: {64, 128, 256}, 288: {144, 288}, 200: {200}, 128: {64, 128}, 96: {96}, 8: {8},
	} {
		require.Equal(t, want, widths(width), "%d", width)
	}
}

func TestPackBudget(t *testing.T) {
	shapes := map[[2]int]bool{}
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 4))
		data := randomData(r, 50, 64+r.IntN(448), r.IntN(60))
		if seed%3 == 0 {
			data = append(data, randomData(r, 50, 16, 40)...)
		}
		cost := flat
		if seed%2 == 0 {
			cost = steep
		}
		batches, err := packBudget(data, 1100, 512, false, cost)
		require.NoError(t, err)
		checkPacked(t, data, batches)
		for _, b := range batches {
			require.LessOrEqual(t, b.rows*b.width, 1100)
			shapes[[2]int{b.rows, b.width}] = true
		}
		again, err := packBudget(data, 1100, 512, false, cost)
		require.NoError(t, err)
		require.Equal(t, batches, again)
	}
	require.LessOrEqual(t, len(shapes), 2*mostWidths, "shapes to compile: %v", shapes)
	none, err := packBudget(nil, 1100, 512, false, flat)
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = packBudget([]policy.Datum{{Prompt: make([]policy.Token, 513), Response: []policy.Token{1}}}, 1100, 512, false, flat)
	require.ErrorContains(t, err, "do not fit the training width 512")
}

// datumOf has so many positions.
func datumOf(length int) policy.Datum {
	return policy.Datum{Prompt: []policy.Token{1}, Response: make([]policy.Token, length), Weights: make([]float32, length)}
}

// Rows are no wider than the data need, and long data do not widen the rows of short ones where attention costs.
func TestRowsAreAsWideAsTheDataNeed(t *testing.T) {
	var data []policy.Datum
	for i := range 40 {
		data = append(data, datumOf(280+i%20)) // at most 300 positions
	}
	shapesOf := func(data []policy.Datum, cost func(int) float64) map[string]int {
		batches, err := packBudget(data, 8192, 2048, false, cost)
		require.NoError(t, err)
		seen := map[string]int{}
		for _, b := range batches {
			seen[fmt.Sprintf("%dx%d", b.rows, b.width)]++
		}
		return seen
	}
	require.Equal(t, map[string]int{"16x512": 2, "8x512": 1}, shapesOf(data, steep), "one in a row: 40 rows")
	long := append(slices.Clone(data), datumOf(2048), datumOf(2000))
	require.Equal(t, map[string]int{"16x512": 2, "4x2048": 1}, shapesOf(long, steep), "8 rows that are left over fill the long ones' microbatch")
	require.Equal(t, map[string]int{"4x2048": 1, "2x2048": 1}, shapesOf(data, flat), "seven in a row pad least")
}

// The last microbatch is half as high where that holds what is left.
func TestTheLastMicrobatchIsHalved(t *testing.T) {
	for count, want := range map[int][]int{1: {4}, 4: {4}, 5: {8}, 8: {8}, 11: {8, 4}, 13: {8, 8}} {
		var data []policy.Datum
		for range count {
			data = append(data, datumOf(90))
		}
		batches, err := packBudget(data, 800, 96, false, flat)
		require.NoError(t, err)
		var rows []int
		for _, b := range batches {
			rows = append(rows, b.rows)
		}
		require.Equal(t, want, rows, "%d rows", count)
	}
}

// A token budget changes which rows are computed together, and nothing of the gradient.
func TestTokenBudgetGivesTheSameGradient(t *testing.T) {
	config := small()
	config.MaxPositions = 256
	shapes := shapesOfSmall()
	shapes.TrainRows, shapes.TrainWidth = 8, 256
	for name, experts := range map[string]bool{"experts": true, "dense": false} {
		t.Run(name, func(t *testing.T) {
			c := config
			if !experts {
				c.DenseLayers = c.Layers
			}
			r := rand.New(rand.NewPCG(5, 5))
			data := append(randomData(r, c.Vocab, 60, 60), randomData(r, c.Vocab, 250, 3)...)
			for i := range data[:20] {
				data[i].Prompt = data[i/4*4].Prompt // of a group
			}
			gradient := func(budget int) (map[string][]float32, policy.Stats) {
				own := shapes
				own.TrainTokens = budget
				trainer, err := New(newSmall(t, 1).engine, c, own, 1)
				require.NoError(t, err)
				require.NoError(t, trainer.setParams(randomParams(c, 1)))
				batches, err := trainer.pack(data)
				require.NoError(t, err)
				different := map[int]bool{}
				for _, b := range batches {
					different[b.width] = true
				}
				require.Equal(t, budget > 0, len(different) > 1, "widths: %v", different)
				stats, err := trainer.ForwardBackward(t.Context(), data, policyGradient)
				require.NoError(t, err)
				return gradients(t, trainer), stats
			}
			want, plain := gradient(0)
			got, stats := gradient(1024)
			require.Equal(t, plain.Tokens, stats.Tokens)
			require.InDelta(t, plain.Loss, stats.Loss, 1e-5)
			for i := range data {
				near(t, "log-probs", plain.Logprobs[i], stats.Logprobs[i], 1e-5)
			}
			for name := range want {
				near(t, name, want[name], got[name], 2e-5)
			}
		})
	}
}

func TestTokenBudgetBelowARow(t *testing.T) {
	shapes := shapesOfSmall()
	shapes.TrainTokens = shapes.TrainWidth - 1
	_, err := New(newSmall(t, 1).engine, small(), shapes, 1)
	require.ErrorContains(t, err, "shapes.train_tokens is 31, less than one row of train_width 32")
}
