package moe

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
)

// paramKind says how a parameter is initialised and optimised.
type paramKind int

const (
	normKind    paramKind = iota // gains of 1; AdamW
	biasKind                     // zeros; AdamW
	embedKind                    // N(0, 0.5); AdamW
	headKind                     // N(0, 0.02); AdamW
	routerKind                   // N(0, 0.02); AdamW
	inKind                       // N(0, 1/sqrt(fan in)); Muon where chosen
	outKind                      // N(0, 0.02), what is added to the residual stream; Muon where chosen
	adapterKind                  // of LoRA, see initialAdapters; AdamW
)

// matrix tells whether Muon may orthogonalise a parameter of this kind (its last two axes).
func (k paramKind) matrix() bool { return k == inKind || k == outKind }

// param is one trainable tensor in the engine's own layout: matrices are [in, out].
type param struct {
	name string
	kind paramKind
	dims []int
}

func (p param) size() int {
	n := 1
	for _, d := range p.dims {
		n *= d
	}
	return n
}

// side tells whether decoding has the matrices, one an expert, side by side (wideIn).
func (p param) side() bool { return len(p.dims) == 3 && p.kind == inKind }

// params lists every trainable tensor in a fixed order.
func (c Config) params() []param {
	D := c.Width
	list := []param{
		{"embed", embedKind, []int{c.Vocab, D}},
		{"norm", normKind, []int{D}},
	}
	if !c.Tied {
		list = append(list, param{"head", headKind, []int{D, c.Vocab}})
	}
	for l := range c.Layers {
		add := func(name string, kind paramKind, dims ...int) {
			list = append(list, param{layerName(l, name), kind, dims})
		}
		add("attn_norm", normKind, D)
		add("ffn_norm", normKind, D)
		if c.Gemma {
			add("attn_after_norm", normKind, D)
			add("ffn_after_norm", normKind, D)
		}
		c.attention().params(add)
		hidden := c.DenseHidden
		if l >= c.DenseLayers {
			hidden = c.SharedExperts * c.ExpertHidden
			add("router", routerKind, D, c.Experts)
			add("experts_in", inKind, c.Experts, D, 2*c.ExpertHidden) // gate half, up half
			add("experts_out", outKind, c.Experts, c.ExpertHidden, D)
		}
		if hidden > 0 {
			add("ffn_in", inKind, D, 2*hidden) // gate half, up half
			add("ffn_out", outKind, hidden, D)
		}
	}
	return list
}

func layerName(l int, name string) string { return fmt.Sprintf("layer%d.%s", l, name) }

// ParamCount is the number of trainable numbers, and how many of them one token uses
// (embedding and head included).
func (c Config) ParamCount() (total, active int) {
	for _, p := range c.params() {
		n := p.size()
		total += n
		if len(p.dims) == 3 {
			n = n / c.Experts * c.TopK
		}
		active += n
	}
	return total, active
}

// initial draws the start values of all parameters. The seed fixes each bit.
func (c Config) initial(seed uint64) [][]float32 {
	r := rand.New(rand.NewPCG(seed, 0x6d6f65))
	var values [][]float32
	for _, p := range c.params() {
		v := make([]float32, p.size())
		std := 0.02
		switch p.kind {
		case embedKind:
			std = 0.5
		case inKind:
			std = 1 / math.Sqrt(float64(p.dims[len(p.dims)-2]))
		}
		for i := range v {
			switch p.kind {
			case normKind:
				if !c.Gemma { // there a gain is 1 + its weight
					v[i] = 1
				}
			case biasKind:
			default:
				v[i] = float32(r.NormFloat64() * std)
			}
		}
		values = append(values, v)
	}
	return values
}

// weights names the nodes of one graph: the parameters, and the routing bias [M, E].
type weights struct {
	Config
	byName map[string]*graph.Node
	bias   *graph.Node
	tuned  []*graph.Node // adapters whose gradient is wanted; nil for none
}

func (c Config) bind(nodes []*graph.Node, bias *graph.Node) weights {
	w := weights{Config: c, byName: make(map[string]*graph.Node, len(nodes)), bias: bias}
	for i, p := range c.params() {
		w.byName[p.name] = nodes[i]
		if p.kind.narrows() {
			w.byName[p.name] = c.narrow(nodes[i])
		}
	}
	return w
}

// at returns the parameter name of layer l.
func (w weights) at(l int, name string) *graph.Node { return w.byName[layerName(l, name)] }

// logits is x[...,D] times the head: [...,V]. The head is the embedding's transpose where the two are tied.
func (w weights) logits(x *graph.Node) *graph.Node {
	if head, ok := w.byName["head"]; ok {
		return matmul(x, head)
	}
	embed, dims := w.narrow(w.byName["embed"]), append([]int{}, x.Shape().Dimensions...)
	y := dot(graph.Reshape(x, -1, dims[len(dims)-1]), embed, true)
	dims[len(dims)-1] = embed.Shape().Dimensions[0]
	return graph.Reshape(y, dims...)
}
