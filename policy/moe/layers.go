package moe

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// masked is the score of a position that must not be attended to.
const masked = -1e30

// matmul is x[..., in] @ w[in, out]. It multiplies plain matrices: with leading axes kept, XLA's
// CPU gradient of the same product takes twice as long.
func matmul(x, w *Node) *Node {
	dims := append([]int{}, x.Shape().Dimensions...)
	in, out := dims[len(dims)-1], w.Shape().Dimensions[1]
	y := dot(Reshape(x, -1, in), w, false)
	dims[len(dims)-1] = out
	return Reshape(y, dims...)
}

func rmsNorm(x, gain *Node, eps float64) *Node {
	variance := AddScalar(ReduceAndKeep(Square(x), ReduceMean, -1), eps)
	return Mul(Div(x, Sqrt(variance)), ExpandLeftToRank(gain, x.Rank()))
}

// norm is the model's own: Gemma keeps gains less 1.
func (c Config) norm(x, gain *Node) *Node {
	if c.Gemma {
		gain = AddScalar(gain, 1)
	}
	return rmsNorm(x, gain, c.NormEps)
}

// normAfter normalises what a part of layer l adds to the stream, where the model does.
func (c Config) normAfter(w weights, l int, name string, x *Node) *Node {
	if !c.Gemma {
		return x
	}
	return c.norm(x, w.at(l, name))
}

// embed looks tokens up: [...,D] float32, rounded as in the products of a tied head.
func (c Config) embed(w weights, tokens *Node) *Node {
	x := ConvertDType(c.narrow(Gather(w.byName["embed"], InsertAxes(tokens, -1))), dtypes.Float32)
	if c.Gemma {
		x = MulScalar(x, math.Sqrt(float64(c.Width)))
	}
	return x
}

// gelu is the one with a tanh (arXiv:1606.08415).
func gelu(x *Node) *Node {
	inner := MulScalar(Add(x, MulScalar(Mul(x, Square(x)), 0.044715)), math.Sqrt(2/math.Pi))
	return Mul(MulScalar(x, 0.5), AddScalar(Tanh(inner), 1))
}

func silu(x *Node) *Node { return Mul(x, Sigmoid(x)) }

// halves splits the last axis in two equal parts.
func halves(x *Node) (first, second *Node) {
	n := x.Shape().Dimensions[x.Rank()-1]
	return SliceAxis(x, -1, AxisRange(0, n/2)), SliceAxis(x, -1, AxisRange(n/2, n))
}

// sharedFFN is the part of a layer's feed-forward that all tokens pass: the whole of a dense layer, the shared experts of another; nil
// where there is none. It is silu(x W_gate) * (x W_up) @ W_out, with gate and up side by side in one matrix.
func (c Config) sharedFFN(w weights, l int, x *Node) *Node {
	if l >= c.DenseLayers && c.SharedExperts == 0 {
		return nil
	}
	activate := silu
	if c.Gemma {
		activate = gelu
	}
	gate, up := halves(w.mul(l, "ffn_in", x))
	return w.mul(l, "ffn_out", Mul(activate(gate), up))
}

// plus is a + b, where a may be nothing.
func plus(a, b *Node) *Node {
	if a == nil {
		return b
	}
	return Add(a, b)
}

// rotate turns pairs (i, i+P/2) of x[..., P]; cos and sin broadcast to x's halves.
// The published weights pair neighbours instead; checkpoint.go reorders their columns.
func rotate(x, cos, sin *Node) *Node {
	a, b := halves(x)
	return Concatenate([]*Node{Sub(Mul(a, cos), Mul(b, sin)), Add(Mul(b, cos), Mul(a, sin))}, -1)
}

// hide is 0 where allowed and a large negative number elsewhere.
func hide(allowed *Node) *Node {
	return MulScalar(OneMinus(ConvertDType(allowed, dtypes.Float32)), masked)
}

// softmax normalises over the last axis. Its gradient p*(v - sum(v*p)) is written by hand: it takes
// fewer passes over the scores than the one derived from exp, sum and division.
func softmax(x *Node) *Node {
	normalised := func(x *Node) *Node {
		given := StopGradient(x)
		e := Exp(Sub(given, ReduceAndKeep(given, ReduceMax, -1)))
		return Div(e, ReduceAndKeep(e, ReduceSum, -1))
	}
	p := normalised(x)
	var through *Node
	through = IdentityWithCustomGradient(x, func(at, v *Node) *Node {
		p := p
		if at != through { // a layer that is computed again: its scores, and not those of the first time, which need not be kept then
			p = normalised(at)
		}
		return Mul(p, Sub(v, ReduceAndKeep(Mul(v, p), ReduceSum, -1)))
	})
	return Add(p, Sub(through, StopGradient(through))) // p, with the gradient of through
}

// sequence is one packed batch inside a graph: several documents lie side by side in each row.
type sequence struct {
	tokens    *Node  // int32 [B,T]
	positions *Node  // int32 [B,T], from 0 in each document
	segments  *Node  // int32 [B,T], number of the document in its row; 0 is padding
	prefixes  *Node  // int32 [B,T], the segment that a position attends to beside its own, or noPrefix; nil for none
	record    record // of the sampler's routers, [B*T,M*K]
	recompute bool   // a gradient makes the inside of each layer again
}

// hidden is float32 [B,1,T,T] for scaled: a position attends to itself and what is before it in its own document,
// or in the prompt that it shares; with a window above 0 to so many positions, itself among them.
func (s sequence) hidden(window int) *Node {
	g := s.tokens.Graph()
	B, T := s.tokens.Shape().Dimensions[0], s.tokens.Shape().Dimensions[1]
	there := BroadcastToDims(InsertAxes(s.segments, 1), B, T, T)
	same := Equal(BroadcastToDims(InsertAxes(s.segments, 2), B, T, T), there)
	if s.prefixes != nil {
		same = LogicalOr(same, Equal(BroadcastToDims(InsertAxes(s.prefixes, 2), B, T, T), there))
	}
	causal := BroadcastToDims(InsertAxes(LowerTriangular(g, T), 0), B, T, T)
	allowed := LogicalAnd(same, causal)
	if window > 0 {
		from := BroadcastToDims(InsertAxes(AddScalar(s.positions, -window), 2), B, T, T)
		allowed = LogicalAnd(allowed, GreaterThan(BroadcastToDims(InsertAxes(s.positions, 1), B, T, T), from))
	}
	return hide(InsertAxes(allowed, 1))
}

// real is float32 [B*T]: 1 where a document is, 0 on padding.
func (s sequence) real() *Node {
	zero := ZerosLike(s.segments)
	return Reshape(ConvertDType(GreaterThan(s.segments, zero), dtypes.Float32), -1)
}

// trunk is what a forward pass over sequences leaves behind.
type trunk struct {
	hidden  *Node   // [B,T,D] after the last norm
	cache   []*Node // per layer [B,T,W], what a cache keeps of each token
	load    *Node   // [M,E] routed slots per expert over real tokens; nil without experts
	balance *Node   // scalar: sequence-level balance loss; nil when off
	// overflow is above 0 where grouped experts ran out of room, and the rest is then wrong; nil without experts.
	overflow *Node
	routes   []*Node // int32 [B*T] each, the chosen experts, layer by layer, best first

	agreed, recorded *Node // scalars, routing.agreed over all layers; nil without a record
}

// forward runs the decoder over whole sequences; form is that of the experts.
func (c Config) forward(w weights, s sequence, form expertForm) trunk {
	g := s.tokens.Graph()
	B, T := s.tokens.Shape().Dimensions[0], s.tokens.Shape().Dimensions[1]
	cosTable, sinTable := c.ropeTable(g, T)
	at := InsertAxes(s.positions, -1)
	see, real := sightOf(c, Gather(cosTable, at), Gather(sinTable, at), s.hidden), s.real()
	look := c.attention()
	var t trunk
	var loads, overs []*Node
	x := c.embed(w, s.tokens)
	for l := range c.Layers {
		if s.recompute {
			x = x.Checkpoint()
		}
		v := see.of(l)
		a, kept := look.whole(w, l, c.norm(x, w.at(l, "attn_norm")), v.cos, v.sin, v.hidden)
		t.cache = append(t.cache, kept)
		x = Add(x, c.normAfter(w, l, "attn_after_norm", a))
		h := Reshape(c.norm(x, w.at(l, "ffn_norm")), B*T, c.Width)
		y := c.sharedFFN(w, l, h)
		if l >= c.DenseLayers {
			r := c.routeAs(w, l, h, s.record)
			t.routes = append(t.routes, r.ids...)
			t.addAgreement(r)
			routed, over := c.routed(w, l, h, real, r, form)
			y = plus(y, routed)
			overs = append(overs, over)
			loads = append(loads, r.load(real))
			t.addBalance(c, r, s)
		}
		x = Add(x, Reshape(c.normAfter(w, l, "ffn_after_norm", y), B, T, c.Width))
	}
	if s.recompute {
		x = x.StopCheckpoint()
	}
	if len(loads) > 0 {
		t.load, t.overflow = Stack(loads, 0), ReduceAllMax(Stack(overs, 0))
	}
	t.hidden = c.norm(x, w.byName["norm"])
	return t
}

func logSumExp(x *Node) *Node {
	top := StopGradient(ReduceAndKeep(x, ReduceMax, -1))
	return Add(Log(ReduceSum(Exp(Sub(x, top)), -1)), Squeeze(top, -1))
}

// iota32 is int32 0..n-1 along axis of the given dimensions.
func iota32(g *Graph, axis int, dims ...int) *Node {
	return Iota(g, shapes.Make(dtypes.Int32, dims...), axis)
}
