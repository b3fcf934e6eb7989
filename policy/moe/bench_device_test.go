package moe

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/xla"
)

// BenchmarkDevice is a GRPO step of a model with random weights on any device, and its share of the device's own matmul
// rate; bench/gpu.sh sets what the environment says here.
func BenchmarkDevice(b *testing.B) {
	folder := os.Getenv("RLTRAIN_BENCH_CONFIG")
	if folder == "" {
		b.Skip("RLTRAIN_BENCH_CONFIG names no folder with a config.json: run make bench-gpu")
	}
	shape := stepShape{prompt: 29}
	_, err := fmt.Sscanf(os.Getenv("RLTRAIN_BENCH_SHAPE"), "%dx%dx%d", &shape.prompts, &shape.group, &shape.fresh)
	require.NoError(b, err, "RLTRAIN_BENCH_SHAPE is prompts x group x new tokens, such as 32x8x224")
	engine, err := xla.Open(context.Background(), xla.Options{Device: os.Getenv("RLTRAIN_BENCH_DEVICE")})
	require.NoError(b, err)
	b.Log(engine)
	config, err := ReadConfig(folder)
	require.NoError(b, err)
	trainer, err := New(engine, config, DefaultShapes(), 1)
	require.NoError(b, err)
	peak := matmulRate(b, engine)
	sampled, trained := shape.measure(b, trainer)
	total, active := config.ParamCount()
	flops := forwardFlops(config, shape.prompt+shape.fresh)
	b.ReportMetric(float64(total)/1e9, "Gparams")
	b.ReportMetric(float64(active)/1e9, "Gactive")
	b.ReportMetric(peak/1e12, "peak_TFLOP/s")
	b.ReportMetric(100*sampled*flops/peak, "sampling_MFU_%")
	b.ReportMetric(100*trained*3*flops/peak, "training_MFU_%")
}

// forwardFlops is the floating-point operations of a token's forward pass: two a weight that it is multiplied with, and attention
// to the half of length tokens that it sees on average. A backward pass takes twice as many.
func forwardFlops(c Config, length int) float64 {
	_, active := c.ParamCount()
	weights := float64(active - c.Vocab*c.Width) // looking up an embedding multiplies nothing
	attention := float64(c.Layers*c.Heads*(c.NopeDim+c.RopeDim+c.ValueDim)) * float64(length) / 2
	return 2 * (weights + attention)
}

// matmulRate is the rate of float32 products of square matrices on the engine's first device, in FLOP/s: the best of five calls.
func matmulRate(b *testing.B, engine *xla.Engine) float64 {
	n, chain := 1024, 4
	if engine.Device == xla.CUDA {
		n, chain = 8192, 16
	}
	var meter Compilations
	product, err := newProgram(engine.Backend, &meter, "matmul", func(in []*graph.Node) []*graph.Node {
		x := in[0]
		for range chain {
			x = graph.MulScalar(matmul(x, in[1]), 1/float64(n))
		}
		return []*graph.Node{graph.ReduceAllSum(x)}
	})
	require.NoError(b, err)
	ones := make([]float32, n*n)
	for i := range ones {
		ones[i] = 1
	}
	x, err := toDevice(engine.Backend, ones, n, n)
	require.NoError(b, err)
	y, err := toDevice(engine.Backend, ones, n, n)
	require.NoError(b, err)
	defer release(x, y)
	best := 0.0
	for range 6 { // the first one compiles
		start := time.Now()
		out, err := product.run(asArgs(x, y))
		require.NoError(b, err)
		sum := tensors.ToScalar[float32](out[0])
		best = max(best, 2*float64(n)*float64(n)*float64(n)*float64(chain)/time.Since(start).Seconds())
		require.InEpsilon(b, float64(n)*float64(n), float64(sum), 1e-3)
		release(out...)
	}
	return best
}
