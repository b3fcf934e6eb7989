package moe

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// attention is one kind of attention: its parameters, what it keeps of a token, and how a token looks back. x is the normalised
// input, cos and sin broadcast to half of what is rotated, hidden comes from sequence.hidden.
type attention interface {
	// params names the parameters of a layer.
	params(add func(name string, kind paramKind, dims ...int))
	// views maps the published tensors of layer l onto them.
	views(l int) []view
	// cacheWidth is W, the floats that are kept of a token in a layer; ropeDim how many of a head's are rotated.
	cacheWidth() int
	ropeDim() int
	// scoreWidth is the numbers of all heads of one layer that meet for each attended token: those of its key and of its value.
	scoreWidth() int
	// whole attends over whole sequences x[B,T,D], hidden [B,1,T,T]: the output [B,T,D], and what a cache keeps [B,T,W].
	whole(w weights, l int, x, cos, sin, hidden *Node) (out, kept *Node)
	// keep is what the cache keeps of x[B,D]: [B,W].
	keep(w weights, l int, x, cos, sin *Node) *Node
	// widths are U and V.
	widths() [2]int
	// split makes of what is kept [B,T,W] the keys and values that decoding looks back at, in the form that slots are written in.
	split(kept *Node) slots
	// asks are the queries of x[B,D] for keys as split makes them: [B*KV,G,U].
	asks(w weights, l int, x, cos, sin *Node) *Node
	// answers is the output [B,D] of sums over values as split makes them, [B*KV,G,V].
	answers(w weights, l int, sums *Node) *Node
	// scale is what scores are multiplied by.
	scale() float64
}

// attention is the kind that the model has.
func (c Config) attention() attention {
	if c.KVHeads > 0 {
		return groupedQuery{c}
	}
	return latentAttention{c}
}

// scaled multiplies scores by scale and adds hidden, which broadcasts to them: 0, or a large negative number where attention is
// not allowed.
func scaled(scores *Node, scale float64, hidden *Node) *Node {
	return Add(MulScalar(scores, scale), BroadcastToDims(hidden, scores.Shape().Dimensions...))
}

// attend is attention of q over k and v, each [B,T,H,.], hidden [B,1,T,T]: [B,T,H*U].
func (c Config) attend(q, k, v *Node, scale float64, hidden *Node) *Node {
	d := q.Shape().Dimensions
	B, T, H, U := d[0], d[1], d[2], v.Shape().Dimensions[3]
	// [B*H,T,.]: batched products of plain matrices, forward and backward.
	flat := func(x *Node) *Node {
		return Reshape(TransposeAllAxes(x, 0, 2, 1, 3), B*H, T, x.Shape().Dimensions[3])
	}
	scores := Reshape(dot(flat(q), c.narrow(flat(k)), true), B, H, T, T)
	weights := Reshape(softmax(scaled(scores, scale, hidden)), B*H, T, T)
	heads := dot(weights, c.narrow(flat(v)), false)
	return Reshape(TransposeAllAxes(Reshape(heads, B, H, T, U), 0, 2, 1, 3), B, T, H*U)
}
