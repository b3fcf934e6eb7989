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
		transposed("lm_head.weight", "head", c.Vocab, c.Width, c.Vocab, 0),
	}
	for l := range c.Layers {
		list = append(list, c.attentionViews(l)...)
		list = append(list, c.feedForwardViews(l)...)
	}
	return list
}

func (c Config) attentionViews(l int) []view {
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
		vector(prefix+"input_layernorm.weight", ours("attn_norm"), D),
		vector(prefix+"post_attention_layernorm.weight", ours("ffn_norm"), D),
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
	list := mlp(prefix+"shared_experts.", ours("ffn_in"), ours("ffn_out"), c.SharedExperts*F)
	list = append(list, transposed(prefix+"gate.weight", ours("router"), c.Experts, D, c.Experts, 0))
	m := l - c.DenseLayers
	list = append(list, view{prefix + "gate.e_score_correction_bias", "", c.Experts, 0, func(r, _ int) int { return m*c.Experts + r }})
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
