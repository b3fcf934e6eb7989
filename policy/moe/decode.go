package moe

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Decoding keeps, per layer, a cache [B,S,W] of what the attention keeps of a token. All rows share the slot that is
// written next; a row's prompt ends at the last prompt slot and its first valid slot is start. While a chunk of tokens is drawn
// the cache has the form that the attention reads best, in one or more parts [.,S,.].

// narrowed tells whether decoding has a parameter in the type of products.
func (c Config) narrowed(p param) bool {
	return c.half && (p.kind.narrows() || p.kind == embedKind && c.Tied)
}

// prepareGraph builds: params... -> those that decoding wants otherwise, as it wants them. It runs once a snapshot.
func (c Config) prepareGraph() builder {
	return func(in []*Node) []*Node {
		var out []*Node
		for i, p := range c.params() {
			x := in[i]
			if c.narrowed(p) {
				x = c.narrow(x)
			}
			if len(p.dims) == 3 && p.dims[2] == 2*c.ExpertHidden && p.kind == inKind {
				x = wideIn(x)
			}
			if x != in[i] {
				out = append(out, x)
			}
		}
		return out
	}
}

// prepared are parameters as decoding wants them; those that it takes as they are trained are shared.
func (t *Trainer) prepared(params []*tensors.Tensor) ([]*tensors.Tensor, error) {
	c := t.Config
	list := c.params()
	other := func(p param) bool { return c.narrowed(p) || p.side() }
	ready := slices.Clone(params)
	if !slices.ContainsFunc(list, other) {
		return ready, nil
	}
	made, err := t.programs.prepare.run(asArgs(params...))
	if err != nil {
		return nil, err
	}
	for i, p := range list {
		if other(p) {
			ready[i], made = made[0], made[1:]
		}
	}
	return ready, nil
}

// row is the per-row and per-token input of one decode step.
type row struct {
	token    *Node // int32 [B] the last token
	start    *Node // int32 [B] first valid slot
	slot     *Node // int32 scalar: where the last token's cache entry goes
	cos, sin *Node // tables [MaxPositions, ropeWidth]
}

// decodeStep runs one token a row through the decoder: logits [B,V], the experts it was sent to int32 [B,slots], and the caches with their
// new entries.
func (c Config) decodeStep(w weights, r row, caches []*Node, write func(cache, entry, slot *Node) *Node) (logits, routes *Node, grown []*Node) {
	g := r.token.Graph()
	B, S := r.token.Shape().Dimensions[0], caches[0].Shape().Dimensions[1]
	slot := BroadcastToDims(r.slot, B)
	position := InsertAxes(Sub(slot, r.start), -1)
	slots := iota32(g, 1, B, S)
	see := c.sight(Gather(r.cos, position), Gather(r.sin, position), func(window int) *Node {
		allowed := LogicalAnd(
			LessOrEqual(slots, BroadcastToDims(r.slot, B, S)),
			GreaterOrEqual(slots, BroadcastToDims(InsertAxes(r.start, -1), B, S)))
		if window > 0 {
			allowed = LogicalAnd(allowed, GreaterThan(slots, BroadcastToDims(AddScalar(r.slot, -window), B, S)))
		}
		return InsertAxes(hide(allowed), 1)
	})
	x := c.embed(w, r.token)
	look := c.attention()
	parts := len(caches) / c.Layers
	var ids []*Node
	for l := range c.Layers {
		v := see.of(l)
		h := c.norm(x, w.at(l, "attn_norm"))
		for i, entry := range look.parts(InsertAxes(look.keep(w, l, h, v.cos, v.sin), 1)) {
			grown = append(grown, write(caches[l*parts+i], entry, r.slot))
		}
		x = Add(x, c.normAfter(w, l, "attn_after_norm", look.cached(w, l, h, grown[l*parts:], v.cos, v.sin, v.hidden)))
		h = c.norm(x, w.at(l, "ffn_norm"))
		y := c.sharedFFN(w, l, h)
		if l >= c.DenseLayers {
			chosen := c.route(w, l, h)
			ids = append(ids, chosen.ids...)
			y = plus(y, c.denseExperts(h, chosen, w.at(l, "experts_in"), w.at(l, "experts_out")))
		}
		x = Add(x, c.normAfter(w, l, "ffn_after_norm", y))
	}
	return w.logits(c.norm(x, w.byName["norm"])), c.joinRoutes(ids, r.token), grown
}

// writeSlice puts an entry into its slot; writeWhere is the form for backends without DynamicUpdateSlice.
func writeSlice(cache, entry, slot *Node) *Node {
	zero := Scalar(cache.Graph(), dtypes.Int32, 0)
	return DynamicUpdateSlice(cache, entry, []*Node{zero, slot, zero})
}

func writeWhere(cache, entry, slot *Node) *Node {
	d := cache.Shape().Dimensions
	here := Equal(iota32(cache.Graph(), 1, d...), BroadcastToDims(slot, d...))
	return Where(here, BroadcastToDims(entry, d...), cache)
}

// prefillGraph builds: params..., bias, prompts [G,Q], starts [G], prompt of row [B], uniform [B], sharpness,
// top-k, top-p, min-p, ban [V] -> token, logp, entropy, logp as drawn, each [B], the experts
// of each prompt's tokens int32 [G*Q,slots], then caches [B,Q,W] per layer. A prompt is computed once
// however many rows sample it.
func (c Config) prefillGraph(filtered bool) builder {
	n := len(c.params())
	return func(in []*Node) []*Node {
		w := c.bind(in[:n], in[n])
		prompts, starts, promptOf, uniform, sharpness := in[n+1], in[n+2], in[n+3], in[n+4], in[n+5]
		g := prompts.Graph()
		G, Q := prompts.Shape().Dimensions[0], prompts.Shape().Dimensions[1]
		slot := iota32(g, 1, G, Q)
		begin := BroadcastToDims(InsertAxes(starts, -1), G, Q)
		position := Max(Sub(slot, begin), ZerosLike(slot))
		inside := ConvertDType(GreaterOrEqual(slot, begin), dtypes.Int32)
		t := c.forward(w, sequence{tokens: prompts, positions: position, segments: inside}, false)
		last := Squeeze(SliceAxis(t.hidden, 1, AxisElem(Q-1)), 1)
		of := InsertAxes(promptOf, -1)
		out := c.draw(Gather(w.logits(last), of), uniform, sharpness, cutOf(filtered, in[n+6:])).list()
		out = append(out, c.joinRoutes(t.routes, Reshape(prompts, -1)))
		for _, cache := range t.cache {
			out = append(out, Gather(cache, of))
		}
		return out
	}
}

// resizeGraph builds: rows to keep int32 [B'], start, token, done, caches... -> the same for the kept rows,
// caches grown to slots.
func (c Config) resizeGraph(slots int) builder {
	return func(in []*Node) []*Node {
		keep := InsertAxes(in[0], -1)
		var out []*Node
		for _, x := range in[1:] {
			y := Gather(x, keep)
			if y.Rank() == 3 {
				y = GrowRight(y, 1, slots-y.Shape().Dimensions[1], 0)
			}
			out = append(out, y)
		}
		return out
	}
}
