package moe

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

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

// decodeStep runs one token a row through the decoder: logits [B,V], the experts it was sent to int32 [B,slots], and the caches with the
// new entries.
func (c Config) decodeStep(w weights, r row, before []cache, write writer) (logits, routes *Node, after []cache) {
	position := InsertAxes(Sub(BroadcastToShape(r.slot, r.start.Shape()), r.start), -1)
	see := sightOf(c, Gather(r.cos, position), Gather(r.sin, position), func(window int) unseen {
		return before[0].unseen(r.start, r.slot, window)
	})
	x := c.embed(w, r.token)
	look := c.attention()
	var ids []*Node
	for l := range c.Layers {
		v := see.of(l)
		h := c.norm(x, w.at(l, "attn_norm"))
		entry := look.split(InsertAxes(look.keep(w, l, h, v.cos, v.sin), 1))
		after = append(after, before[l].written(entry, r.slot, write))
		sums := after[l].lookBack(look.asks(w, l, h, v.cos, v.sin), look.scale(), v.hidden)
		x = Add(x, c.normAfter(w, l, "attn_after_norm", look.answers(w, l, sums)))
		h = c.norm(x, w.at(l, "ffn_norm"))
		y := c.sharedFFN(w, l, h)
		if l >= c.DenseLayers {
			chosen := c.route(w, l, h)
			ids = append(ids, chosen.ids...)
			y = plus(y, c.denseExperts(h, chosen, w.at(l, "experts_in"), w.at(l, "experts_out")))
		}
		x = Add(x, c.normAfter(w, l, "ffn_after_norm", y))
	}
	return w.logits(c.norm(x, w.byName["norm"])), c.joinRoutes(ids, r.token), after
}

// prefillGraph builds: params..., bias, prompts [G,Q], starts [G], prompt of row [B], uniform [B],
// room [S,R] of which only the shape counts, sharpness,
// top-k, top-p, min-p, ban [V] -> token, logp, entropy, logp as drawn, each [B], the experts
// of each prompt's tokens int32 [G*Q,slots], then the caches. A prompt is computed once
// however many rows sample it.
func (c Config) prefillGraph(filtered bool) builder {
	n := len(c.params())
	return func(in []*Node) []*Node {
		w := c.bind(in[:n], in[n])
		prompts, starts, promptOf, uniform, room, sharpness := in[n+1], in[n+2], in[n+3], in[n+4], in[n+5], in[n+6]
		g := prompts.Graph()
		G, Q := prompts.Shape().Dimensions[0], prompts.Shape().Dimensions[1]
		slot := iota32(g, 1, G, Q)
		begin := BroadcastToDims(InsertAxes(starts, -1), G, Q)
		position := Max(Sub(slot, begin), ZerosLike(slot))
		inside := ConvertDType(GreaterOrEqual(slot, begin), dtypes.Int32)
		t := c.forward(w, sequence{tokens: prompts, positions: position, segments: inside}, everyToken)
		last := Squeeze(SliceAxis(t.hidden, 1, AxisElem(Q-1)), 1)
		of := InsertAxes(promptOf, -1)
		out := c.draw(Gather(w.logits(last), of), uniform, sharpness, cutOf(filtered, in[n+7:])).list()
		out = append(out, c.joinRoutes(t.routes, Reshape(prompts, -1)))
		past, recent := room.Shape().Dimensions[0], room.Shape().Dimensions[1]
		for _, kept := range t.cache {
			out = append(out, newCache(c.attention(), Gather(kept, of), past-Q, recent).list()...)
		}
		return out
	}
}

// rowsGraph builds: rows to keep int32 [B'], then any x[B] -> the same for the kept rows.
func (c Config) rowsGraph() builder {
	return func(in []*Node) []*Node {
		var out []*Node
		for _, x := range in[1:] {
			out = append(out, Gather(x, InsertAxes(in[0], -1)))
		}
		return out
	}
}

// resizeGraph builds: those to keep of the N of a cache, int32 [N'], and the cache of a layer -> what is kept of it; with grow, its recent slots
// have become past.
func (c Config) resizeGraph(grow bool) builder {
	return func(in []*Node) []*Node {
		old := caches(in[1:])[0]
		kept := cache{old.past.of(in[0]), old.recent.of(in[0])}
		if grow {
			kept = kept.grown()
		}
		return kept.list()
	}
}
