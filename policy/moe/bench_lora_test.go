package moe

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkAdapters makes gradients of a decoder of SmolLM2's widths: of all weights, and of adapters on few and on all linear layers.
// It reports processor seconds, which other work on the machine disturbs less.
func BenchmarkAdapters(b *testing.B) {
	config := Config{
		Vocab: 512, Width: 576, Layers: 6, Heads: 9, KVHeads: 3, HeadDim: 64, Tied: true, DenseHidden: 1536, DenseLayers: 6,
		RoutedScale: 1, RopeTheta: 10000, NormEps: 1e-6, MaxPositions: 512,
	}
	shapes := DefaultShapes()
	shapes.TrainRows, shapes.TrainWidth = 4, 256
	whole, err := New(openEngine(b), config, shapes, 1)
	require.NoError(b, err)
	dir := b.TempDir()
	require.NoError(b, whole.SaveModel(dir))
	data := randomData(rand.New(rand.NewPCG(1, 1)), config.Vocab, 255, 16)
	for name, targets := range map[string][]string{"all weights": nil, "q_proj and v_proj": {"q_proj", "v_proj"}, "all-linear": {allLinear}} {
		b.Run(name, func(b *testing.B) {
			trainer := whole
			if targets != nil {
				trainer, err = Adapt(openEngine(b), dir, shapes, LoRA{Rank: 16, Alpha: 32, Targets: targets}, 1)
				require.NoError(b, err)
			}
			gradient := func() {
				_, err := trainer.ForwardBackward(b.Context(), data, crossEntropy)
				require.NoError(b, err)
			}
			gradient() // compiles
			before := cpuTime(b)
			for b.Loop() {
				gradient()
			}
			b.ReportMetric((cpuTime(b)-before).Seconds()/float64(b.N), "cpu-s/op")
		})
	}
}

func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
