package moe

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"
)

// singularValues of a rows x columns matrix, by Jacobi rotations of its smaller Gram matrix.
func singularValues(x []float32, rows, columns int) []float64 {
	n := min(rows, columns)
	g := make([][]float64, n)
	for i := range g {
		g[i] = make([]float64, n)
		for j := range g[i] {
			for k := range max(rows, columns) {
				a, b := k*columns+i, k*columns+j
				if rows < columns {
					a, b = i*columns+k, j*columns+k
				}
				g[i][j] += float64(x[a]) * float64(x[b])
			}
		}
	}
	for range 30 {
		for p := range n {
			for q := p + 1; q < n; q++ {
				if g[p][q] == 0 {
					continue
				}
				theta := math.Atan2(2*g[p][q], g[q][q]-g[p][p]) / 2
				c, s := math.Cos(theta), math.Sin(theta)
				for k := range n {
					g[k][p], g[k][q] = c*g[k][p]-s*g[k][q], s*g[k][p]+c*g[k][q]
				}
				for k := range n {
					g[p][k], g[q][k] = c*g[p][k]-s*g[q][k], s*g[p][k]+c*g[q][k]
				}
			}
		}
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = math.Sqrt(max(0, g[i][i]))
	}
	return values
}

func TestOrthogonalise(t *testing.T) {
	for _, dims := range [][]int{{24, 8}, {8, 24}, {1, 16}, {64, 32}, {3, 8, 20}, {3, 20, 8}} {
		run := newGraph(t, func(in []*graph.Node) []*graph.Node { return []*graph.Node{orthogonalise(in[0])} })
		for _, scale := range []float64{1e-4, 1, 1e4} {
			t.Run(fmt.Sprintf("%v times %g", dims, scale), func(t *testing.T) {
				r := rand.New(rand.NewPCG(8, 8))
				rows, columns := dims[len(dims)-2], dims[len(dims)-1]
				x := make([]float32, tensors.FromShape(shapes.Make(dtypes.Float32, dims...)).Size())
				for i := range x {
					x[i] = float32(scale * r.NormFloat64())
				}
				out := run(tensors.FromFlatDataAndDimensions(x, dims...))
				got := tensors.MustCopyFlatData[float32](out[0])
				require.Equal(t, dims, out[0].Shape().Dimensions)
				for m := 0; m < len(got); m += rows * columns {
					for _, s := range singularValues(got[m:m+rows*columns], rows, columns) {
						require.Greater(t, s, 0.5)
						require.Less(t, s, 1.3)
					}
					dot := 0.0 // the nearest orthogonal matrix points the same way
					for i := range rows * columns {
						dot += float64(x[m+i]) * float64(got[m+i])
					}
					require.Positive(t, dot)
				}
			})
		}
	}
}

func TestSingularValues(t *testing.T) {
	require.InDeltaSlice(t, []float64{2, 3}, singularValues([]float32{2, 0, 0, 0, 3, 0}, 2, 3), 1e-9)
	got := singularValues([]float32{1, 2, 3, 4, 5, 6}, 3, 2)
	require.InDelta(t, 9.525518, max(got[0], got[1]), 1e-5)
	require.InDelta(t, 0.514301, min(got[0], got[1]), 1e-5)
}

// TestBalanceBias moves the routing bias against the load and keeps its mean at zero.
func TestBalanceBias(t *testing.T) {
	trainer := newSmall(t, 9)
	clear(trainer.bias)
	copy(trainer.load, []float64{10, 20, 30, 20, 0, 40, 20, 20}) // even is 20
	stats := trainer.balance(0.01, 1.5)
	require.Equal(t, 1.5, stats.GradNorm)
	require.InDeltaSlice(t, []float64{.0625, .125, .1875, .125, 0, .25, .125, .125}, stats.ExpertLoad[0], 1e-12)
	require.InDeltaSlice(t, []float64{.01, 0, -.01, 0, .01, -.01, 0, 0}, stats.ExpertBias[0], 1e-8)
	require.Equal(t, make([]float64, 8), trainer.load)

	r := rand.New(rand.NewPCG(9, 9))
	for range 50 {
		before := append([]float32(nil), trainer.bias...)
		load := make([]float64, 8)
		for e := range load {
			load[e] = float64(r.IntN(50))
		}
		copy(trainer.load, load)
		trainer.balance(0.01, 0)
		mean := 0.0
		for e, x := range trainer.bias {
			mean += float64(x) / 8
			for other := range load {
				if load[e] > load[other] { // a busier expert never gains on an idler one
					require.LessOrEqual(t, trainer.bias[e]-before[e], trainer.bias[other]-before[other]+1e-7)
				}
			}
		}
		require.InDelta(t, 0, mean, 1e-7)
	}
	before := append([]float32(nil), trainer.bias...)
	copy(trainer.load, []float64{80, 0, 0, 0, 0, 0, 0, 0})
	trainer.balance(0, 0)
	require.InDeltaSlice(t, before, trainer.bias, 1e-7)
}
