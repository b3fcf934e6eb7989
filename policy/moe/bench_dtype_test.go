package moe

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/tokenizer"
)

// BenchmarkDType samples 32 x 8 completions of Countdown tasks from the shipped base and makes a gradient of them, in each type of products:
// rates, and how far the log-probs of sampler and trainer are apart, with routing replay and without.
func BenchmarkDType(b *testing.B) {
	for _, dtype := range []string{Float32, BFloat16} {
		b.Run(dtype, func(b *testing.B) {
			shapes := DefaultShapes()
			shapes.TrainRows, shapes.TrainWidth, shapes.DType = 14, 288, dtype
			trainer, err := Open(openEngine(b), "../../models/base", shapes)
			require.NoError(b, err)
			requests := countdownRequests(b, "../../models/base")
			var sampling, training, samplingCPU, trainingCPU time.Duration
			tokens := 0
			var stats policy.Stats
			step := func() {
				start, cpu := time.Now(), processorTime(b)
				sampler, err := trainer.Snapshot(b.Context())
				require.NoError(b, err)
				groups, err := sampler.Sample(b.Context(), requests)
				require.NoError(b, err)
				sampled, sampledCPU := time.Now(), processorTime(b)
				data := dataOf(requests, groups)
				for i := range data {
					data[i].Routing = groups[i/8][i%8].Routing
					tokens += len(data[i].Response)
				}
				loss := policyGradient
				loss.Replay = true
				stats, err = trainer.ForwardBackward(b.Context(), data, loss)
				require.NoError(b, err)
				sampling, samplingCPU = sampling+sampled.Sub(start), samplingCPU+sampledCPU-cpu
				training, trainingCPU = training+time.Since(sampled), trainingCPU+processorTime(b)-sampledCPU
			}
			step() // compiles
			sampling, training, samplingCPU, trainingCPU, tokens = 0, 0, 0, 0, 0
			for b.Loop() {
				step()
			}
			for unit, took := range map[string]time.Duration{"sampled_tok/s": sampling, "trained_tok/s": training, "sampled_tok/cpu-s": samplingCPU, "trained_tok/cpu-s": trainingCPU} {
				b.ReportMetric(float64(tokens)/took.Seconds(), unit)
			}
			b.ReportMetric(stats.LogpDiffMax, "logp_diff_max")
			b.ReportMetric(stats.LogpDiffMean, "logp_diff_mean")
			b.ReportMetric(100*float64(stats.RoutingSame)/float64(stats.RoutingSlots), "routing_agreement_%")
		})
	}
}

// BenchmarkDTypeWidth makes gradients of 8 x 256 tokens under dense models of 4 layers, the wider the more of the time in products.
func BenchmarkDTypeWidth(b *testing.B) {
	for _, width := range []int{256, 512, 1024} {
		for _, dtype := range []string{Float32, BFloat16} {
			b.Run(fmt.Sprintf("%d/%s", width, dtype), func(b *testing.B) {
				config := Config{Vocab: 2048, Width: width, Layers: 4, Heads: width / 64, KVHeads: width / 64, HeadDim: 64, DenseHidden: width * 11 / 4,
					DenseLayers: 4, RoutedScale: 1, RopeTheta: 10000, NormEps: 1e-6, MaxPositions: 256}
				shapes := DefaultShapes()
				shapes.TrainRows, shapes.DType = 8, dtype
				trainer, err := New(openEngine(b), config, shapes, 1)
				require.NoError(b, err)
				data, tokens := randomOf(rand.New(rand.NewPCG(1, 1)), config.Vocab, slices.Repeat([]int{257}, 8))
				trained(b, trainer, data, tokens)
			})
		}
	}
}

// BenchmarkMatmul multiplies matrices of 1,024 x 1,024 in each type.
func BenchmarkMatmul(b *testing.B) {
	const n, chain = 1024, 8
	engine := openEngine(b)
	for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16} {
		b.Run(dtype.String(), func(b *testing.B) {
			var meter Compilations
			run, err := newProgram(engine.Backend, &meter, "matmul", func(in []*graph.Node) []*graph.Node {
				x, w := in[0], graph.ConvertDType(in[1], dtype)
				for range chain {
					x = graph.MulScalar(dot(x, w, false), 1.0/n)
				}
				return []*graph.Node{x}
			})
			require.NoError(b, err)
			ones := make([]float32, n*n)
			for i := range ones {
				ones[i] = 1
			}
			x, err := toDevice(engine.Backend, ones, n, n)
			require.NoError(b, err)
			multiply := func() {
				out, err := run.run(asArgs(x, x))
				require.NoError(b, err)
				require.Equal(b, float32(1), tensors.MustCopyFlatData[float32](out[0])[n])
				release(out...)
			}
			timed(b, 2*n*n*n*chain/1e9, "GFLOP", multiply)
		})
	}
}

// countdownRequests are 32 tasks in the words that the base was trained on.
func countdownRequests(b *testing.B, folder string) (requests []policy.Request) {
	tok, err := tokenizer.Load(folder)
	require.NoError(b, err)
	for i := range 32 {
		prompt, err := tok.Encode(fmt.Sprintf("Q: make %d from %d %d %d\nA:", 20+i, 2+i%7, 8+i%5, 11+i%13))
		require.NoError(b, err)
		requests = append(requests, policy.Request{Task: fmt.Sprint(i), Prompt: append([]policy.Token{tok.BOS()}, prompt...), Params: policy.Params{
			N: 8, MaxTokens: 256, Temperature: 1, Seed: 1, Stop: []policy.Token{tok.EOS()}, Routing: true}})
	}
	return requests
}
