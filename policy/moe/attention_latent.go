package moe

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
)

// latentAttention is multi-head latent attention (DeepSeek-V2, arXiv:2405.04434): keys and values of all heads are unfolded from one
// latent, which is all that the cache keeps, beside a rotated key that the heads share.
type latentAttention struct{ Config }

func (c latentAttention) cacheWidth() int { return c.LatentRank + c.RopeDim }
func (c latentAttention) ropeDim() int    { return c.RopeDim }
func (c latentAttention) scoreWidth() int { return c.Heads * (c.NopeDim + c.RopeDim + c.ValueDim) }
func (c latentAttention) widths() [2]int  { return [2]int{c.cacheWidth(), c.LatentRank} }

func (c latentAttention) params(add func(name string, kind paramKind, dims ...int)) {
	add("latent_norm", normKind, c.LatentRank)
	queryIn := c.Width
	if c.QueryRank > 0 {
		queryIn = c.QueryRank
		add("q_latent", inKind, c.Width, c.QueryRank)
		add("q_norm", normKind, c.QueryRank)
	}
	add("q", inKind, queryIn, c.Heads*(c.NopeDim+c.RopeDim))
	add("latent", inKind, c.Width, c.LatentRank+c.RopeDim)
	add("kv", inKind, c.LatentRank, c.Heads*(c.NopeDim+c.ValueDim))
	add("o", outKind, c.Heads*c.ValueDim, c.Width)
}

// scale is one over the root of the head width; with yarn, more.
func (c latentAttention) scale() float64 {
	return c.Yarn.scale() / math.Sqrt(float64(c.NopeDim+c.RopeDim))
}

// latents projects x[...,D] to what the cache keeps of it: the normalised latent [...,R] and
// the rotated key [...,P] that all heads share.
func (c latentAttention) latents(w weights, l int, x, cos, sin *Node) (latent, key *Node) {
	both := w.mul(l, "latent", x)
	R := c.LatentRank
	latent = rmsNorm(SliceAxis(both, -1, AxisRange(0, R)), w.at(l, "latent_norm"), c.NormEps)
	return latent, rotate(SliceAxis(both, -1, AxisRange(R, R+c.RopeDim)), cos, sin)
}

// queries projects x[..., D] to the heads' queries [..., H, N] and [..., H, P], the latter rotated.
func (c latentAttention) queries(w weights, l int, x, cos, sin *Node) (nope, rope *Node) {
	dims := append(append([]int{}, x.Shape().Dimensions[:x.Rank()-1]...), c.Heads, c.NopeDim+c.RopeDim)
	if c.QueryRank > 0 {
		x = rmsNorm(w.mul(l, "q_latent", x), w.at(l, "q_norm"), c.NormEps)
	}
	q := Reshape(w.mul(l, "q", x), dims...)
	nope = SliceAxis(q, -1, AxisRange(0, c.NopeDim))
	rope = rotate(SliceAxis(q, -1, AxisRange(c.NopeDim, c.NopeDim+c.RopeDim)), InsertAxes(cos, -2), InsertAxes(sin, -2))
	return nope, rope
}

// whole is the plain form: keys and values are unfolded from the latent.
func (c latentAttention) whole(w weights, l int, x, cos, sin, hidden *Node) (out, kept *Node) {
	B, T := x.Shape().Dimensions[0], x.Shape().Dimensions[1]
	latent, key := c.latents(w, l, x, cos, sin)
	qn, qr := c.queries(w, l, x, cos, sin)
	kv := Reshape(w.mul(l, "kv", latent), B, T, c.Heads, c.NopeDim+c.ValueDim)
	kn := SliceAxis(kv, -1, AxisRange(0, c.NopeDim))
	v := SliceAxis(kv, -1, AxisRange(c.NopeDim, c.NopeDim+c.ValueDim))
	shared := BroadcastToDims(InsertAxes(key, 2), B, T, c.Heads, c.RopeDim)
	q, k := Concatenate([]*Node{qn, qr}, -1), Concatenate([]*Node{kn, shared}, -1)
	heads := c.attend(q, k, v, c.scale(), hidden)
	return w.mul(l, "o", heads), Concatenate([]*Node{latent, key}, -1)
}

func (c latentAttention) keep(w weights, l int, x, cos, sin *Node) *Node {
	latent, key := c.latents(w, l, x, cos, sin)
	return Concatenate([]*Node{latent, key}, -1)
}

// split has one key for all heads, all that is kept, and the latent once more as its value: this is the absorbed form, in which the key matrix
// is folded into the query and the value matrix into the output, so that scores and sums are taken on latents.
func (c latentAttention) split(kept *Node) slots {
	return slots{keys: TransposeAllAxes(kept, 0, 2, 1), values: SliceAxis(kept, -1, AxisRange(0, c.LatentRank))}
}

func (c latentAttention) asks(w weights, l int, x, cos, sin *Node) *Node {
	qn, qr := c.queries(w, l, x, cos, sin)
	toKey, _ := c.unfolding(w, l, x)
	return Concatenate([]*Node{Einsum("bhn,rhn->bhr", qn, toKey), qr}, -1)
}

func (c latentAttention) answers(w weights, l int, sums *Node) *Node {
	_, toValue := c.unfolding(w, l, sums)
	heads := Einsum("bhr,rhu->bhu", sums, toValue)
	return w.mul(l, "o", Reshape(heads, heads.Shape().Dimensions[0], c.Heads*c.ValueDim))
}

// unfolding are the matrices that make keys [R,H,N] and values [R,H,U] of a latent, in the type of like.
func (c latentAttention) unfolding(w weights, l int, like *Node) (toKey, toValue *Node) {
	kv := Reshape(ConvertDType(w.at(l, "kv"), like.DType()), c.LatentRank, c.Heads, c.NopeDim+c.ValueDim)
	return SliceAxis(kv, -1, AxisRange(0, c.NopeDim)), SliceAxis(kv, -1, AxisRange(c.NopeDim, c.NopeDim+c.ValueDim))
}

func (c latentAttention) views(l int) []view {
	prefix := fmt.Sprintf("model.layers.%d.", l)
	ours := func(name string) string { return layerName(l, name) }
	D, N, P, R := c.Width, c.NopeDim, c.RopeDim, c.LatentRank
	queryName, queryIn := "self_attn.q_proj.weight", D
	if c.QueryRank > 0 {
		queryName, queryIn = "self_attn.q_b_proj.weight", c.QueryRank
	}
	q := transposed(prefix+queryName, ours("q"), c.Heads*(N+P), queryIn, c.Heads*(N+P), 0)
	q.at = func(r, col int) int {
		head, in := r/(N+P), r%(N+P)
		if in >= N {
			in = N + halfOrder(in-N, P)
		}
		return col*c.Heads*(N+P) + head*(N+P) + in
	}
	latent := transposed(prefix+"self_attn.kv_a_proj_with_mqa.weight", ours("latent"), R+P, D, R+P, 0)
	latent.at = func(r, col int) int {
		if r >= R {
			r = R + halfOrder(r-R, P)
		}
		return col*(R+P) + r
	}
	up := c.Heads * (N + c.ValueDim)
	list := []view{
		vector(prefix+"self_attn.kv_a_layernorm.weight", ours("latent_norm"), R),
		q, latent,
		transposed(prefix+"self_attn.kv_b_proj.weight", ours("kv"), up, R, up, 0),
		transposed(prefix+"self_attn.o_proj.weight", ours("o"), D, c.Heads*c.ValueDim, D, 0),
	}
	if c.QueryRank > 0 {
		list = append(list, transposed(prefix+"self_attn.q_a_proj.weight", ours("q_latent"), c.QueryRank, D, c.QueryRank, 0),
			vector(prefix+"self_attn.q_a_layernorm.weight", ours("q_norm"), c.QueryRank))
	}
	return list
}
