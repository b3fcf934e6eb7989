package moe

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/xla"
	"github.com/rltrain/rltrain/policy"
)

// Compiling takes nearly all of the tests' time, so they share one engine, one architecture and its
// compiled graphs; every test has a Trainer, weights and optimizer state of its own.

// small is one dense layer and one with experts, the balance loss on. Four rows of 32 positions are
// 128 tokens for 64 slots an expert, so that the grouped form has something to group.
func small() Config {
	return Config{
		Vocab: 24, Width: 16, Layers: 2, Heads: 2, LatentRank: 8, NopeDim: 4, RopeDim: 4, ValueDim: 6,
		DenseHidden: 12, ExpertHidden: 6, SharedExperts: 1, Experts: 8, TopK: 2, DenseLayers: 1,
		RoutedScale: 1.5, RopeTheta: 10000, NormEps: 1e-6, MaxPositions: 96, BalanceAlpha: 0.05,
	}
}

func shapesOfSmall() Shapes {
	return Shapes{TrainRows: 4, TrainWidth: 32, MaxRows: 16, DecodeChunk: 4, PromptMargin: 16}
}

var shared struct {
	sync.Once
	engine   *xla.Engine
	programs *programs
	probe    *program
	err      error
}

// newSmall is a Trainer of the small model whose every tensor is random: norms near 1, a routing
// bias that changes choices, all else N(0, 0.3). The seed fixes them.
func newSmall(t testing.TB, seed uint64) *Trainer {
	t.Helper()
	shared.Do(func() {
		if shared.engine, shared.err = xla.Open(context.Background(), xla.Options{Device: os.Getenv(testDevice)}); shared.err != nil {
			return
		}
		if shared.programs, shared.err = newPrograms(shared.engine, small(), Shapes{}); shared.err == nil {
			shared.probe, shared.err = newProgram(shared.engine.Backend, &shared.programs.meter, "probe", small().probeGraph())
		}
	})
	require.NoError(t, shared.err)
	trainer, err := New(shared.engine, small(), shapesOfSmall(), seed)
	require.NoError(t, err)
	programs := *shared.programs // a copy: tests may exchange one graph for another
	programs.grad = map[gradForm]*program{}
	for form, p := range shared.programs.grad {
		programs.grad[form] = p
	}
	trainer.programs = &programs
	require.NoError(t, trainer.setParams(randomParams(small(), seed)))
	r := rand.New(rand.NewPCG(seed, 2))
	for i := range trainer.bias {
		trainer.bias[i] = float32(0.1 * r.NormFloat64())
	}
	return trainer
}

func randomParams(c Config, seed uint64) [][]float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	var values [][]float32
	for _, p := range c.params() {
		v := make([]float32, p.size())
		for i := range v {
			v[i] = float32(0.3 * r.NormFloat64())
			if p.kind == normKind {
				v[i] = 1 + v[i]/3
			}
		}
		values = append(values, v)
	}
	return values
}

// denseTwin is a Trainer with the same weights that computes experts in the dense form.
func denseTwin(t testing.TB, seed uint64) *Trainer {
	twin := newSmall(t, seed)
	for _, kind := range append(policy.Losses(), policy.LossCrossEntropy) {
		twin.programs.grad[gradForm{kind, tight}] = twin.programs.grad[gradForm{kind, everyToken}]
	}
	return twin
}

// randomData draws data with prompts and responses of random lengths, at most width+1 tokens together.
func randomData(r *rand.Rand, vocab, width, count int) []policy.Datum {
	var data []policy.Datum
	for range count {
		n := 2 + r.IntN(width)
		prompt := 1 + r.IntN(n-1)
		var d policy.Datum
		for i := range n {
			token := policy.Token(r.IntN(vocab))
			if i < prompt {
				d.Prompt = append(d.Prompt, token)
				continue
			}
			d.Response = append(d.Response, token)
			d.Logprobs = append(d.Logprobs, float32(-4*r.Float64()))
			d.Advantages = append(d.Advantages, float32(r.NormFloat64()))
			d.Weights = append(d.Weights, float32(r.IntN(4))/20)
		}
		data = append(data, d)
	}
	return data
}

// probed is what the probe tells of one packed batch.
type probed struct {
	logits  []float32   // [B*T,V]
	scores  [][]float32 // per expert layer [B*T,E] affinities
	chosen  [][]float32 // per expert layer [B*T,E], 1 where chosen
	balance float64
}

// probeGraph is the plain forward pass, written out again to show the routers' choices:
// params..., bias, tokens, positions, segments -> logits, balance, (scores, chosen) per expert layer.
func (c Config) probeGraph() builder {
	n := len(c.params())
	return func(in []*graph.Node) []*graph.Node {
		w, s := c.bind(in[:n], in[n]), sequence{tokens: in[n+1], positions: in[n+2], segments: in[n+3]}
		B, T := s.tokens.Shape().Dimensions[0], s.tokens.Shape().Dimensions[1]
		cosTable, sinTable := c.ropeTable(s.tokens.Graph(), c.MaxPositions)
		at := graph.InsertAxes(s.positions, -1)
		cos, sin, hidden := graph.Gather(cosTable, at), graph.Gather(sinTable, at), s.hidden(0)
		x := graph.Gather(w.byName["embed"], graph.InsertAxes(s.tokens, -1))
		var t trunk
		var seen []*graph.Node
		for l := range c.Layers {
			a, _ := c.attention().whole(w, l, rmsNorm(x, w.at(l, "attn_norm"), c.NormEps), cos, sin, hidden)
			x = graph.Add(x, a)
			h := graph.Reshape(rmsNorm(x, w.at(l, "ffn_norm"), c.NormEps), B*T, c.Width)
			y := swiglu(h, w.at(l, "ffn_in"), w.at(l, "ffn_out"))
			if l >= c.DenseLayers {
				r := c.route(w, l, h)
				y = graph.Add(y, c.denseExperts(h, r, wideIn(w.at(l, "experts_in")), w.at(l, "experts_out")))
				t.addBalance(c, r, s)
				seen = append(seen, r.scores, graph.Add(r.chosen[0], r.chosen[1]))
			}
			x = graph.Add(x, graph.Reshape(y, B, T, c.Width))
		}
		logits := w.logits(rmsNorm(x, w.byName["norm"], c.NormEps))
		return append([]*graph.Node{graph.Reshape(logits, B*T, c.Vocab), t.balance}, seen...)
	}
}

func swiglu(x, in, out *graph.Node) *graph.Node {
	gate, up := halves(matmul(x, in))
	return matmul(graph.Mul(silu(gate), up), out)
}

// probe runs the probe over a batch; params nil takes the trainer's own.
func probe(t testing.TB, trainer *Trainer, params []*tensors.Tensor, b *batch) probed {
	t.Helper()
	if params == nil {
		params = trainer.params
	}
	args, err := trainer.upload(trainer.batchInputs(b))
	require.NoError(t, err)
	defer release(args...)
	out, err := shared.probe.run(append(asArgs(params...), asArgs(args[:4]...)...))
	require.NoError(t, err)
	defer release(out...)
	p := probed{logits: tensors.MustCopyFlatData[float32](out[0]), balance: float64(tensors.ToScalar[float32](out[1]))}
	for i := 2; i < len(out); i += 2 {
		p.scores = append(p.scores, tensors.MustCopyFlatData[float32](out[i]))
		p.chosen = append(p.chosen, tensors.MustCopyFlatData[float32](out[i+1]))
	}
	return p
}

// logSoftmax is the plain float64 log-softmax of a row.
func logSoftmax(logits []float32) []float64 {
	top, sum := math.Inf(-1), 0.0
	for _, x := range logits {
		top = max(top, float64(x))
	}
	for _, x := range logits {
		sum += math.Exp(float64(x) - top)
	}
	out := make([]float64, len(logits))
	for i, x := range logits {
		out[i] = float64(x) - top - math.Log(sum)
	}
	return out
}

// gradients copies the accumulated gradients by parameter name.
func gradients(t testing.TB, trainer *Trainer) map[string][]float32 {
	t.Helper()
	grads, err := trainer.host(trainer.Config.params(), trainer.grads)
	require.NoError(t, err)
	return grads
}
