package moe

import "fmt"

// view is one tensor of the published key layout as a window onto one of ours: element (r, c) of
// the published matrix is element at(r, c) of our flat parameter. One definition serves reading and writing.
type view struct {
	name       string // published name
	param      string // ours; "" for the routing bias
	rows, cols int    // cols 0: a vector of rows elements
	at         func(r, c int) int
}

func (v view) shape() []int {
	if v.cols == 0 {
		return []int{v.rows}
	}
	return []int{v.rows, v.cols}
}

// each calls f with the published and our index of every element.
func (v view) each(f func(published, ours int)) {
	for r := range v.rows {
		if v.cols == 0 {
			f(r, v.at(r, 0))
			continue
		}
		for c := range v.cols {
			f(r*v.cols+c, v.at(r, c))
		}
	}
}

// transposed is a published [out, in] matrix that we keep as columns first..first+rows of an [in, width] one.
func transposed(name, param string, rows, cols, width, first int) view {
	return view{name, param, rows, cols, func(r, c int) int { return c*width + first + r }}
}

func vector(name, param string, n int) view {
	return view{name, param, n, 0, func(r, _ int) int { return r }}
}

// halfOrder is where row r of n rotary rows goes: the published weights pair neighbours (2i, 2i+1),
// we pair i with i+n/2. Scores are the same, as queries and keys move together.
func halfOrder(r, n int) int {
	if r%2 == 0 {
		return r / 2
	}
	return n/2 + r/2
}

// views lists the published tensors in a fixed order.
func (c Config) views() []view {
	list := []view{
		{"model.embed_tokens.weight", "embed", c.Vocab, c.Width, func(r, col int) int { return r*c.Width + col }},
		vector("model.norm.weight", "norm", c.Width),
	}
	if !c.Tied {
		list = append(list, transposed("lm_head.weight", "head", c.Vocab, c.Width, c.Vocab, 0))
	}
	for l := range c.Layers {
		prefix := fmt.Sprintf("model.layers.%d.", l)
		list = append(list, vector(prefix+"input_layernorm.weight", layerName(l, "attn_norm"), c.Width))
		beforeFFN := "post_attention_layernorm.weight"
		if c.Gemma { // in whose layers it stands behind the attention
			list = append(list, vector(prefix+beforeFFN, layerName(l, "attn_after_norm"), c.Width),
				vector(prefix+"post_feedforward_layernorm.weight", layerName(l, "ffn_after_norm"), c.Width))
			beforeFFN = "pre_feedforward_layernorm.weight"
		}
		list = append(list, vector(prefix+beforeFFN, layerName(l, "ffn_norm"), c.Width))
		list = append(list, c.attention().views(l)...)
		list = append(list, c.feedForwardViews(l)...)
	}
	return list
}

func (c Config) feedForwardViews(l int) []view {
	prefix := fmt.Sprintf("model.layers.%d.mlp.", l)
	ours := func(name string) string { return layerName(l, name) }
	D, F := c.Width, c.ExpertHidden
	mlp := func(prefix, in, out string, hidden int) []view {
		return []view{
			transposed(prefix+"gate_proj.weight", in, hidden, D, 2*hidden, 0),
			transposed(prefix+"up_proj.weight", in, hidden, D, 2*hidden, hidden),
			transposed(prefix+"down_proj.weight", out, D, hidden, D, 0),
		}
	}
	if l < c.DenseLayers {
		return mlp(prefix, ours("ffn_in"), ours("ffn_out"), c.DenseHidden)
	}
	list := []view{transposed(prefix+"gate.weight", ours("router"), c.Experts, D, c.Experts, 0)}
	if c.SharedExperts > 0 {
		list = append(list, mlp(prefix+"shared_experts.", ours("ffn_in"), ours("ffn_out"), c.SharedExperts*F)...)
	}
	if !c.SoftmaxRouter {
		m := l - c.DenseLayers
		list = append(list, view{prefix + "gate.e_score_correction_bias", "", c.Experts, 0, func(r, _ int) int { return m*c.Experts + r }})
	}
	for e := range c.Experts {
		for i, v := range mlp(fmt.Sprintf("%sexperts.%d.", prefix, e), ours("experts_in"), ours("experts_out"), F) {
			size, at := D*2*F, v.at
			if i == 2 {
				size = F * D
			}
			v.at = func(r, col int) int { return e*size + at(r, col) }
			list = append(list, v)
		}
	}
	return list
}
