package moe

import (
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/rltrain/rltrain/internal/xla"
)

// How the peak is measured: products of square matrices, one after the other, in the type that the engine computes in.
const (
	peakSide, peakSideCUDA = 512, 8192
	peakChain              = 8
	peakTime               = 500 * time.Millisecond
)

// MatmulPeak measures the FLOPs a second at which the engine multiplies float32 matrices: the best of the calls of half a second. What else
// runs on the machine lowers it.
func MatmulPeak(engine *xla.Engine) (float64, error) {
	side := peakSide
	if engine.Device == xla.CUDA {
		side = peakSideCUDA
	}
	chain, err := newProgram(engine.Backend, &Compilations{}, "matmul peak", func(in []*Node) []*Node {
		x := in[0]
		for range peakChain {
			x = DotGeneral(x, []int{1}, nil, in[0], []int{0}, nil)
		}
		return []*Node{ReduceAllSum(x)}
	})
	if err != nil {
		return 0, err
	}
	fill, err := newProgram(engine.Backend, &Compilations{}, "matmul peak", func(in []*Node) []*Node {
		numbers := Iota(in[0].Graph(), shapes.Make(dtypes.Float32, side, side), 1)
		return []*Node{MulScalar(Add(numbers, BroadcastToDims(in[0], side, side)), 1/float64(side*side))}
	})
	if err != nil {
		return 0, err
	}
	one, err := toDevice(engine.Backend, []float32{1})
	if err != nil {
		return 0, err
	}
	matrix, err := fill.run(asArgs(one))
	if err != nil {
		return 0, err
	}
	defer release(append(matrix, one)...)
	best := 0.0
	for start, n := time.Now(), 0; n < 3 || time.Since(start) < peakTime; n++ {
		before := time.Now()
		out, err := chain.run(asArgs(matrix...))
		if err != nil {
			return 0, err
		}
		seconds := time.Since(before).Seconds()
		release(out...)
		if n > 0 { // the first call compiles
			best = max(best, 2*peakChain*float64(side)*float64(side)*float64(side)/seconds)
		}
	}
	return best, nil
}
