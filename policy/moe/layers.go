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
	y := DotGeneral(Reshape(x, -1, in), []int{1}, nil, w, []int{0}, nil)
	dims[len(dims)-1] = out
	return Reshape(y, dims...)
}

func rmsNorm(x, gain *Node, eps float64) *Node {
	variance := AddScalar(ReduceAndKeep(Square(x), ReduceMean, -1), eps)
	return Mul(Div(x, Sqrt(variance)), ExpandLeftToRank(gain, x.Rank()))
}

func silu(x *Node) *Node { return Mul(x, Sigmoid(x)) }

// halves splits the last axis in two equal parts.
func halves(x *Node) (first, second *Node) {
	n := x.Shape().Dimensions[x.Rank()-1]
	return SliceAxis(x, -1, AxisRange(0, n/2)), SliceAxis(x, -1, AxisRange(n/2, n))
}

// swiglu is silu(x W_gate) * (x W_up) @ W_out, with gate and up side by side in one matrix.
func swiglu(x, in, out *Node) *Node {
	gate, up := halves(matmul(x, in))
	return matmul(Mul(silu(gate), up), out)
}

// rotate turns pairs (i, i+P/2) of x[..., P]; cos and sin broadcast to x's halves.
// The published weights pair neighbours instead; checkpoint.go reorders their columns.
func rotate(x, cos, sin *Node) *Node {
	a, b := halves(x)
	return Concatenate([]*Node{Sub(Mul(a, cos), Mul(b, sin)), Add(Mul(b, cos), Mul(a, sin))}, -1)
}

// latents projects x[B,T,D] to what the cache keeps of it: the normalised latent [B,T,R] and
// the rotated key [B,T,P] that all heads share. cos, sin: [B,T,P/2].
func (c Config) latents(w weights, l int, x, cos, sin *Node) (latent, key *Node) {
	both := matmul(x, w.at(l, "latent"))
	R := c.LatentRank
	latent = rmsNorm(SliceAxis(both, -1, AxisRange(0, R)), w.at(l, "latent_norm"), c.NormEps)
	return latent, rotate(SliceAxis(both, -1, AxisRange(R, R+c.RopeDim)), cos, sin)
}

// queries projects x[..., D] to the heads' queries [..., H, N] and [..., H, P], the latter rotated.
func (c Config) queries(w weights, l int, x, cos, sin *Node) (nope, rope *Node) {
	dims := append(append([]int{}, x.Shape().Dimensions[:x.Rank()-1]...), c.Heads, c.NopeDim+c.RopeDim)
	if c.QueryRank > 0 {
		x = rmsNorm(matmul(x, w.at(l, "q_latent")), w.at(l, "q_norm"), c.NormEps)
	}
	q := Reshape(matmul(x, w.at(l, "q")), dims...)
	nope = SliceAxis(q, -1, AxisRange(0, c.NopeDim))
	rope = rotate(SliceAxis(q, -1, AxisRange(c.NopeDim, c.NopeDim+c.RopeDim)), InsertAxes(cos, -2), InsertAxes(sin, -2))
	return nope, rope
}

// attention is multi-head latent attention over whole sequences (plain form: keys and values are
// unfolded from the latent). x: [B,T,D]; hidden: [B,1,T,T] from sequence.hidden. It also returns what a cache would keep.
func (c Config) attention(w weights, l int, x, cos, sin, hidden *Node) (out, latent, key *Node) {
	B, T := x.Shape().Dimensions[0], x.Shape().Dimensions[1]
	latent, key = c.latents(w, l, x, cos, sin)
	qn, qr := c.queries(w, l, x, cos, sin)
	kv := Reshape(matmul(latent, w.at(l, "kv")), B, T, c.Heads, c.NopeDim+c.ValueDim)
	kn := SliceAxis(kv, -1, AxisRange(0, c.NopeDim))
	v := SliceAxis(kv, -1, AxisRange(c.NopeDim, c.NopeDim+c.ValueDim))
	shared := BroadcastToDims(InsertAxes(key, 2), B, T, c.Heads, c.RopeDim)
	// [B*H,T,.]: batched products of plain matrices, forward and backward.
	flat := func(x *Node) *Node {
		return Reshape(TransposeAllAxes(x, 0, 2, 1, 3), B*c.Heads, T, x.Shape().Dimensions[3])
	}
	q, k := flat(Concatenate([]*Node{qn, qr}, -1)), flat(Concatenate([]*Node{kn, shared}, -1))
	scores := Reshape(DotGeneral(q, []int{2}, []int{0}, k, []int{2}, []int{0}), B, c.Heads, T, T)
	weights := Reshape(softmax(c.scaled(scores, hidden)), B*c.Heads, T, T)
	heads := DotGeneral(weights, []int{2}, []int{0}, flat(v), []int{1}, []int{0})
	heads = TransposeAllAxes(Reshape(heads, B, c.Heads, T, c.ValueDim), 0, 2, 1, 3)
	return matmul(Reshape(heads, B, T, c.Heads*c.ValueDim), w.at(l, "o")), latent, key
}

// scaled divides scores by the root of the head width (with yarn, by less) and adds hidden, which broadcasts to it:
// 0, or a large negative number where attention is not allowed.
func (c Config) scaled(scores, hidden *Node) *Node {
	scores = MulScalar(scores, c.Yarn.scale()/math.Sqrt(float64(c.NopeDim+c.RopeDim)))
	return Add(scores, BroadcastToDims(hidden, scores.Shape().Dimensions...))
}

// hide is 0 where allowed and a large negative number elsewhere.
func hide(allowed *Node) *Node {
	return MulScalar(OneMinus(ConvertDType(allowed, dtypes.Float32)), masked)
}

// softmax normalises over the last axis. Its gradient p*(v - sum(v*p)) is written by hand: it takes
// fewer passes over the scores than the one derived from exp, sum and division.
func softmax(x *Node) *Node {
	given := StopGradient(x)
	e := Exp(Sub(given, ReduceAndKeep(given, ReduceMax, -1)))
	p := Div(e, ReduceAndKeep(e, ReduceSum, -1))
	through := IdentityWithCustomGradient(x, func(_, v *Node) *Node {
		return Mul(p, Sub(v, ReduceAndKeep(Mul(v, p), ReduceSum, -1)))
	})
	return Add(p, Sub(through, StopGradient(through))) // p, with the gradient of through
}

// sequence is one packed batch inside a graph: several documents lie side by side in each row.
type sequence struct {
	tokens    *Node  // int32 [B,T]
	positions *Node  // int32 [B,T], from 0 in each document
	segments  *Node  // int32 [B,T], number of the document in its row; 0 is padding
	record    record // of the sampler's routers, [B*T,M*K]
}

// hidden is float32 [B,1,T,T] for scaled: a position attends to itself and what is before it in its own document.
func (s sequence) hidden() *Node {
	g := s.tokens.Graph()
	B, T := s.tokens.Shape().Dimensions[0], s.tokens.Shape().Dimensions[1]
	same := Equal(BroadcastToDims(InsertAxes(s.segments, 2), B, T, T), BroadcastToDims(InsertAxes(s.segments, 1), B, T, T))
	causal := BroadcastToDims(InsertAxes(LowerTriangular(g, T), 0), B, T, T)
	return hide(InsertAxes(LogicalAnd(same, causal), 1))
}

// real is float32 [B*T]: 1 where a document is, 0 on padding.
func (s sequence) real() *Node {
	zero := ZerosLike(s.segments)
	return Reshape(ConvertDType(GreaterThan(s.segments, zero), dtypes.Float32), -1)
}

// trunk is what a forward pass over sequences leaves behind.
type trunk struct {
	hidden  *Node   // [B,T,D] after the last norm
	cache   []*Node // per layer [B,T,R+P]
	load    *Node   // [M,E] routed slots per expert over real tokens; nil without experts
	balance *Node   // scalar: sequence-level balance loss; nil when off
	// overflow is above 0 where grouped experts ran out of room, and the rest is then wrong; nil without experts.
	overflow *Node
	routes   []*Node // int32 [B*T] each, the chosen experts, layer by layer, best first

	agreed, recorded *Node // scalars, routing.agreed over all layers; nil without a record
}

// forward runs the decoder over whole sequences; grouped chooses the form of the experts.
func (c Config) forward(w weights, s sequence, grouped bool) trunk {
	g := s.tokens.Graph()
	B, T := s.tokens.Shape().Dimensions[0], s.tokens.Shape().Dimensions[1]
	cosTable, sinTable := c.ropeTable(g, c.MaxPositions)
	at := InsertAxes(s.positions, -1)
	cos, sin := Gather(cosTable, at), Gather(sinTable, at) // [B,T,P/2]
	hidden, real := s.hidden(), s.real()
	var t trunk
	var loads, overs []*Node
	x := Gather(w.byName["embed"], InsertAxes(s.tokens, -1))
	for l := range c.Layers {
		a, latent, key := c.attention(w, l, rmsNorm(x, w.at(l, "attn_norm"), c.NormEps), cos, sin, hidden)
		t.cache = append(t.cache, Concatenate([]*Node{latent, key}, -1))
		x = Add(x, a)
		h := Reshape(rmsNorm(x, w.at(l, "ffn_norm"), c.NormEps), B*T, c.Width)
		y := swiglu(h, w.at(l, "ffn_in"), w.at(l, "ffn_out"))
		if l >= c.DenseLayers {
			r := c.routeAs(w, l, h, s.record)
			t.routes = append(t.routes, r.ids...)
			t.addAgreement(r)
			routed, over := c.routed(w, l, h, real, r, grouped)
			y = Add(y, routed)
			overs = append(overs, over)
			loads = append(loads, r.load(real))
			t.addBalance(c, r, s)
		}
		x = Add(x, Reshape(y, B, T, c.Width))
	}
	if len(loads) > 0 {
		t.load, t.overflow = Stack(loads, 0), ReduceAllMax(Stack(overs, 0))
	}
	t.hidden = rmsNorm(x, w.byName["norm"], c.NormEps)
	return t
}

// logProbs returns the log-probs of targets[B,T] under hidden[B,T,D]: [B,T].
func (c Config) logProbs(w weights, hidden, targets *Node) *Node {
	logits := matmul(hidden, w.byName["head"])
	picked := ReduceSum(Mul(logits, OneHot(targets, c.Vocab, dtypes.Float32)), -1)
	return Sub(picked, logSumExp(logits))
}

func logSumExp(x *Node) *Node {
	top := StopGradient(ReduceAndKeep(x, ReduceMax, -1))
	return Add(Log(ReduceSum(Exp(Sub(x, top)), -1)), Squeeze(top, -1))
}

// iota32 is int32 0..n-1 along axis of the given dimensions.
func iota32(g *Graph, axis int, dims ...int) *Node {
	return Iota(g, shapes.Make(dtypes.Int32, dims...), axis)
}
