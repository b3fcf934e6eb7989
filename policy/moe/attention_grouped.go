package moe

import (
	"cmp"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// groupedQuery is grouped-query attention (arXiv:2305.13245) as Llama, Qwen and SmolLM2 have it: groups of heads share keys and
// values, which are what the cache keeps, keys rotated. G = Heads/KVHeads query heads share one.
type groupedQuery struct{ Config }

func (c groupedQuery) cacheWidth() int { return 2 * c.KVHeads * c.HeadDim }
func (c groupedQuery) ropeDim() int    { return c.HeadDim }
func (c groupedQuery) scoreWidth() int { return 2 * c.Heads * c.HeadDim }
func (c groupedQuery) widths() [2]int  { return [2]int{c.HeadDim, c.HeadDim} }

func (c groupedQuery) params(add func(name string, kind paramKind, dims ...int)) {
	out := (c.Heads + 2*c.KVHeads) * c.HeadDim
	add("qkv", inKind, c.Width, out) // queries, keys, values side by side
	if c.QKVBias {
		add("qkv_bias", biasKind, out)
	}
	if c.QKNorm {
		add("query_norm", normKind, c.HeadDim)
		add("key_norm", normKind, c.HeadDim)
	}
	add("o", outKind, c.Heads*c.HeadDim, c.Width)
}

func (c groupedQuery) scale() float64 {
	return 1 / math.Sqrt(cmp.Or(c.QueryScalar, float64(c.HeadDim)))
}

// project makes of x[...,D] the rotated queries [...,H,U], rotated keys and values [...,KV,U].
func (c groupedQuery) project(w weights, l int, x, cos, sin *Node) (q, k, v *Node) {
	all := w.mul(l, "qkv", x)
	if c.QKVBias {
		all = Add(all, ExpandLeftToRank(w.at(l, "qkv_bias"), all.Rank()))
	}
	cos, sin = InsertAxes(cos, -2), InsertAxes(sin, -2)
	heads := func(from, n int) *Node {
		part := SliceAxis(all, -1, AxisRange(from*c.HeadDim, (from+n)*c.HeadDim))
		return Reshape(part, append(append([]int{}, x.Shape().Dimensions[:x.Rank()-1]...), n, c.HeadDim)...)
	}
	q, k, v = heads(0, c.Heads), heads(c.Heads, c.KVHeads), heads(c.Heads+c.KVHeads, c.KVHeads)
	if c.QKNorm {
		q, k = c.norm(q, w.at(l, "query_norm")), c.norm(k, w.at(l, "key_norm"))
	}
	return rotate(q, cos, sin), rotate(k, cos, sin), v
}

// kept lays keys and values [...,KV,U] side by side: [...,W].
func (c groupedQuery) kept(k, v *Node) *Node {
	both := Concatenate([]*Node{k, v}, -2)
	return Reshape(both, append(append([]int{}, both.Shape().Dimensions[:both.Rank()-2]...), c.cacheWidth())...)
}

// spread repeats each head of x[B,T,KV,U] for the queries that share it: [B,T,H,U].
func (c groupedQuery) spread(x *Node) *Node {
	B, T, G := x.Shape().Dimensions[0], x.Shape().Dimensions[1], c.Heads/c.KVHeads
	return Reshape(BroadcastToDims(InsertAxes(x, 3), B, T, c.KVHeads, G, c.HeadDim), B, T, c.Heads, c.HeadDim)
}

func (c groupedQuery) whole(w weights, l int, x, cos, sin, hidden *Node) (out, kept *Node) {
	q, k, v := c.project(w, l, x, cos, sin)
	heads := c.attend(q, c.spread(k), c.spread(v), c.scale(), hidden)
	return w.mul(l, "o", heads), c.kept(k, v)
}

func (c groupedQuery) keep(w weights, l int, x, cos, sin *Node) *Node {
	_, k, v := c.project(w, l, x, cos, sin)
	return c.kept(k, v)
}

// split has the keys and values of each head. The queries that share one lie side by side, so that it is read once for all of them.
func (c groupedQuery) split(kept *Node) slots {
	B, T := kept.Shape().Dimensions[0], kept.Shape().Dimensions[1]
	both := Reshape(kept, B, T, 2*c.KVHeads, c.HeadDim)
	keys, values := SliceAxis(both, 2, AxisRange(0, c.KVHeads)), SliceAxis(both, 2, AxisRange(c.KVHeads, 2*c.KVHeads))
	return slots{
		keys:   Reshape(TransposeAllAxes(keys, 0, 2, 3, 1), B*c.KVHeads, c.HeadDim, T),
		values: Reshape(TransposeAllAxes(values, 0, 2, 1, 3), B*c.KVHeads, T, c.HeadDim),
	}
}

func (c groupedQuery) asks(w weights, l int, x, cos, sin *Node) *Node {
	q, _, _ := c.project(w, l, x, cos, sin)
	return Reshape(q, -1, c.Heads/c.KVHeads, c.HeadDim)
}

func (c groupedQuery) answers(w weights, l int, sums *Node) *Node {
	return w.mul(l, "o", Reshape(sums, -1, c.Heads*c.HeadDim))
}

func (c groupedQuery) views(l int) []view {
	prefix := fmt.Sprintf("model.layers.%d.self_attn.", l)
	out := (c.Heads + 2*c.KVHeads) * c.HeadDim
	var list []view
	first := 0
	for _, part := range []struct {
		name  string
		heads int
	}{{"q", c.Heads}, {"k", c.KVHeads}, {"v", c.KVHeads}} {
		rows := part.heads * c.HeadDim
		list = append(list, transposed(prefix+part.name+"_proj.weight", layerName(l, "qkv"), rows, c.Width, out, first))
		if c.QKVBias {
			at := first
			list = append(list, view{prefix + part.name + "_proj.bias", layerName(l, "qkv_bias"), rows, 0, func(r, _ int) int { return at + r }})
		}
		first += rows
	}
	if c.QKNorm {
		list = append(list, vector(prefix+"q_norm.weight", layerName(l, "query_norm"), c.HeadDim),
			vector(prefix+"k_norm.weight", layerName(l, "key_norm"), c.HeadDim))
	}
	return append(list, transposed(prefix+"o_proj.weight", layerName(l, "o"), c.Width, c.Heads*c.HeadDim, c.Width, 0))
}
