package moe

import (
	"context"
	"fmt"
	"os"
	"testing"

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
	peak, err := MatmulPeak(engine)
	require.NoError(b, err)
	sampled, trained := shape.measure(b, trainer)
	total, active := config.ParamCount()
	length := shape.prompt + shape.fresh
	flops := config.spanFLOPs(0, length, length) / float64(length) // of a token's forward pass
	b.ReportMetric(float64(total)/1e9, "Gparams")
	b.ReportMetric(float64(active)/1e9, "Gactive")
	b.ReportMetric(peak/1e12, "peak_TFLOP/s")
	b.ReportMetric(100*sampled*flops/peak, "sampling_MFU_%")
	b.ReportMetric(100*trained*3*flops/peak, "training_MFU_%")
}
