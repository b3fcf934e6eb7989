package moe

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/xla"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/hf"
)

// openEngine opens the real backend, fetching the plug-in where it is missing.
// testDevice names the variable with the device that the tests run on, "cuda" on a machine with a GPU.
const testDevice = "RLTRAIN_TEST_DEVICE"

func openEngine(t testing.TB) *xla.Engine {
	t.Helper()
	engine, err := xla.Open(context.Background(), xla.Options{Device: os.Getenv(testDevice)})
	require.NoError(t, err)
	return engine
}

// smallShapes keeps graphs small and their compilation quick.
func smallShapes() Shapes {
	return Shapes{TrainRows: 2, TrainWidth: 16, MaxRows: 8, DecodeChunk: 4, PromptMargin: 4}
}

// golden is what transformers computed (testdata/gen.py).
type golden struct {
	t    *testing.T
	file *hf.File
}

func openGolden(t *testing.T, model string) golden {
	file, err := hf.Read(filepath.Join("testdata", model, "golden.safetensors"))
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	return golden{t, file}
}

func (g golden) floats(name string) []float32 {
	tensor, err := g.file.Tensor(name)
	require.NoError(g.t, err)
	values, err := tensor.Float32s()
	require.NoError(g.t, err)
	return values
}

// tokens returns an int32 tensor as rows.
func (g golden) tokens(name string) [][]policy.Token {
	tensor, err := g.file.Tensor(name)
	require.NoError(g.t, err)
	rows, width := tensor.Shape[0], tensor.Shape[1]
	out := make([][]policy.Token, rows)
	for i := range rows * width {
		b := tensor.Data[4*i:]
		out[i/width] = append(out[i/width], policy.Token(uint32(b[0])|uint32(b[1])<<8|uint32(b[2])<<16|uint32(b[3])<<24))
	}
	return out
}

// near requires every element within tolerance and names the worst.
func near(t *testing.T, name string, want, got []float32, tolerance float64) {
	t.Helper()
	require.Len(t, got, len(want), name)
	worst, at := 0.0, 0
	for i := range want {
		if d := math.Abs(float64(want[i] - got[i])); d > worst || math.IsNaN(d) {
			worst, at = d, i
		}
	}
	require.LessOrEqualf(t, worst, tolerance, "%s: worst element %d: want %v, got %v", name, at, want[at], got[at])
}

// goldenModels are the folders that gen.py made: DeepSeek-V3 in three sizes, then one of each other family.
func goldenModels() []string {
	return []string{"tiny", "tiny2", "tiny3", "llama", "llama3", "qwen2", "qwen3", "qwen3_moe", "gemma3"}
}

// tolerance for logits, log-probs, losses and gradients in float32; the golden's own error is about 4e-6.
const tolerance = 3e-5

func TestParityWithTransformers(t *testing.T) {
	engine := openEngine(t)
	for _, model := range goldenModels() {
		for _, grouped := range []bool{false, true} {
			if config, err := ReadConfig(filepath.Join("testdata", model)); grouped && err == nil && config.MoELayers() == 0 {
				continue // nothing to group
			}
			t.Run(fmt.Sprintf("%s/grouped=%v", model, grouped), func(t *testing.T) {
				g := openGolden(t, model)
				trainer, err := Open(engine, filepath.Join("testdata", model), smallShapes())
				require.NoError(t, err)
				data := nextTokenData(g.tokens("tokens"))
				checkForward(t, trainer, g, data)
				checkGradients(t, trainer, g, data, grouped)
			})
		}
		t.Run(model+"/ten AdamW steps and greedy", func(t *testing.T) {
			g := openGolden(t, model)
			trainer, err := Open(engine, filepath.Join("testdata", model), smallShapes())
			require.NoError(t, err)
			checkGreedy(t, trainer, g)
			checkSteps(t, trainer, g, nextTokenData(g.tokens("tokens")))
		})
	}
}

// nextTokenData makes one datum a row whose loss is the mean next-token cross-entropy over all rows.
func nextTokenData(rows [][]policy.Token) []policy.Datum {
	var data []policy.Datum
	for _, row := range rows {
		d := policy.Datum{Prompt: row[:1], Response: row[1:]}
		for range d.Response {
			d.Weights = append(d.Weights, 1/float32(len(rows)*len(d.Response)))
		}
		data = append(data, d)
	}
	return data
}

func checkForward(t *testing.T, trainer *Trainer, g golden, data []policy.Datum) {
	scores, err := trainer.Score(context.Background(), data)
	require.NoError(t, err)
	var flat []float32
	for _, s := range scores {
		flat = append(flat, s...)
	}
	near(t, "logprobs", g.floats("logprobs"), flat, tolerance)

	rows := g.tokens("tokens")
	B, T := len(rows), len(rows[0])
	c, n := trainer.Config, len(trainer.params)
	logits, err := newProgram(trainer.backend(), &Compilations{}, "logits", func(in []*graph.Node) []*graph.Node {
		w := c.bind(in[:n], in[n])
		hidden := c.forward(w, sequence{tokens: in[n+1], positions: in[n+2], segments: in[n+3]}, everyToken).hidden
		return []*graph.Node{w.logits(hidden)}
	})
	require.NoError(t, err)
	b := newBatch(B, T)
	for r, row := range rows {
		for i, token := range row {
			b.tokens[r*T+i], b.positions[r*T+i], b.segments[r*T+i] = token, int32(i), 1
		}
	}
	args, err := trainer.upload(trainer.batchInputs(b))
	require.NoError(t, err)
	out, err := logits.run(append(asArgs(trainer.params...), asArgs(args[:4]...)...))
	require.NoError(t, err)
	near(t, "logits", g.floats("logits"), tensors.MustCopyFlatData[float32](out[0]), tolerance)
}

func checkGradients(t *testing.T, trainer *Trainer, g golden, data []policy.Datum, grouped bool) {
	form := everyToken
	if grouped {
		form = tight
	}
	trainer.programs.grad[gradForm{policy.LossCrossEntropy, tight}] = trainer.programs.grad[gradForm{policy.LossCrossEntropy, form}]
	stats, err := trainer.ForwardBackward(context.Background(), data, policy.Loss{Kind: policy.LossCrossEntropy})
	require.NoError(t, err)
	require.InDelta(t, g.floats("loss")[0], stats.Loss, tolerance)
	grads, err := trainer.host(trainer.Config.params(), trainer.grads)
	require.NoError(t, err)
	for _, v := range trainer.Config.views() {
		if v.param == "" {
			continue
		}
		got := make([]float32, v.rows*max(1, v.cols))
		v.each(func(published, ours int) { got[published] = grads[v.param][ours] })
		near(t, "grad."+v.name, g.floats("grad."+v.name), got, tolerance)
	}
}

func checkSteps(t *testing.T, trainer *Trainer, g golden, data []policy.Datum) {
	for i, want := range g.floats("losses") {
		stats, err := trainer.ForwardBackward(context.Background(), data, policy.Loss{Kind: policy.LossCrossEntropy})
		require.NoError(t, err)
		// AdamW moves an element by nearly its gradient's sign, so that one whose gradient is rounding moves at random: softmax gates
		// that hardly matter have such gradients, sigmoids do not.
		tolerance := 1e-4
		if trainer.Config.SoftmaxRouter {
			tolerance = 1e-3
		}
		require.InDeltaf(t, want, stats.Loss, tolerance, "loss before step %d", i)
		_, err = trainer.OptimStep(context.Background(), policy.Optim{LR: 1e-2, Beta1: .9, Beta2: .95, Eps: 1e-8, WeightDecay: .01, ClipNorm: 1e9})
		require.NoError(t, err)
	}
}

func checkGreedy(t *testing.T, trainer *Trainer, g golden) {
	sampler, err := trainer.Snapshot(context.Background())
	require.NoError(t, err)
	var requests []policy.Request
	for _, row := range g.tokens("tokens") {
		requests = append(requests, policy.Request{Prompt: row[:4], Params: policy.Params{N: 1, MaxTokens: 10}})
	}
	samples, err := sampler.Sample(context.Background(), requests)
	require.NoError(t, err)
	for i, want := range g.tokens("greedy") {
		require.Equal(t, want, samples[i][0].Tokens)
	}
}

func TestSaveModelKeepsPublishedBytes(t *testing.T) {
	engine := openEngine(t)
	for _, model := range goldenModels() {
		dir := t.TempDir()
		trainer, err := Open(engine, filepath.Join("testdata", model), smallShapes())
		require.NoError(t, err)
		require.NoError(t, trainer.SaveModel(dir))
		want, err := hf.ReadFolder(filepath.Join("testdata", model))
		require.NoError(t, err)
		got, err := hf.ReadFolder(dir)
		require.NoError(t, err)
		require.ElementsMatch(t, want.Names(), got.Names())
		for _, name := range want.Names() {
			a, err := want.Tensor(name)
			require.NoError(t, err)
			b, err := got.Tensor(name)
			require.NoError(t, err)
			require.Equal(t, a.Shape, b.Shape, name)
			require.Equal(t, a.Data, b.Data, name)
		}
		again, err := Open(engine, dir, smallShapes())
		require.NoError(t, err)
		require.Equal(t, trainer.Config, again.Config)
		require.NoError(t, os.RemoveAll(dir))
	}
}
