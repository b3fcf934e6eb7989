package moe

import (
	"fmt"
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
			if p.side() {
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
	live     *Node // float32 [B] 0 for a row that is done
	slot     *Node // int32 scalar: where the last token's cache entry goes
	cos, sin *Node // tables [MaxPositions, ropeWidth]
}

// stepped is what one decode step leaves behind.
type stepped struct {
	logits *Node   // [B,V]
	routes *Node   // int32 [B,slots], the experts that each row was sent to
	grown  []*Node // the caches with their new entries
	// over is above 0 where grouped experts ran out of room, and the rest is then wrong; nil where they are not grouped.
	over *Node
}

// decodeStep runs one token a row through the decoder. The experts are grouped where their matrices have a rank of 3; rows that are done take
// no room then.
func (c Config) decodeStep(w weights, r row, caches []*Node, write func(cache, entry, slot *Node) *Node) stepped {
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
	var out stepped
	var ids []*Node
	for l := range c.Layers {
		v := see.of(l)
		h := c.norm(x, w.at(l, "attn_norm"))
		for i, entry := range look.parts(InsertAxes(look.keep(w, l, h, v.cos, v.sin), 1)) {
			out.grown = append(out.grown, write(caches[l*parts+i], entry, r.slot))
		}
		x = Add(x, c.normAfter(w, l, "attn_after_norm", look.cached(w, l, h, out.grown[l*parts:], v.cos, v.sin, v.hidden)))
		h = c.norm(x, w.at(l, "ffn_norm"))
		y := c.sharedFFN(w, l, h)
		if l >= c.DenseLayers {
			chosen := c.route(w, l, h)
			ids = append(ids, chosen.ids...)
			routed, over := c.decodeExperts(w, l, h, r.live, chosen)
			y, out.over = plus(y, routed), greater(out.over, over)
		}
		x = Add(x, c.normAfter(w, l, "ffn_after_norm", y))
	}
	out.logits, out.routes = w.logits(c.norm(x, w.byName["norm"])), c.joinRoutes(ids, r.token)
	return out
}

// decodeExperts is the routed experts' output for a token a row, and their overflow where they are grouped.
func (c Config) decodeExperts(w weights, l int, x, live *Node, r routing) (y, over *Node) {
	in, out := w.at(l, "experts_in"), w.at(l, "experts_out")
	if in.Rank() == 3 {
		return c.groupedExperts(x, live, r, in, out)
	}
	return c.denseExperts(x, r, in, out), nil
}

// greater is the maximum of two scalars of which either may be nothing.
func greater(a, b *Node) *Node {
	if a == nil || b == nil {
		return plus(a, b)
	}
	return Max(a, b)
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

// Decoding state: what one decode call takes after the weights and hands to the next.
const (
	stateSlot  = iota // int32 scalar: slot of the last token
	stateStop         // int32 scalar: slot at which this call ends
	stateLive         // float32 scalar: rows that are not done
	stateToken        // int32 [B]
	stateDone         // float32 [B] 1 after a stop token
	stateStart        // int32 [B]
	stateSharp        // float32 scalar: 1/temperature; 0 is greedy
	stateTopK         // float32 scalars: policy.Cut
	stateTopP
	stateMinP
	stateBan  // float32 [V] added to the logits
	stateEnds // int32 [Z] stop tokens, -1 for none
	stateUnif // float32 [B,C] one uniform a drawn token
	stateCos  // [MaxPositions,ropeWidth]
	stateSin
	stateTokens // int32 [B,C] drawn tokens
	stateLogps  // float32 [B,C]
	stateEntrs  // float32 [B,C]
	stateDraws  // float32 [B,C] log-probs as drawn
	stateRoutes // int32 [B,C,slots] experts that the token before each drawn one was sent to
	stateFirst  // int32 scalar: slot at which this call began
	stateOver   // float32 scalar: above 0 where grouped experts had no room for the next token, which ends the call
	stateCount
)

// decodeGraph, with the experts grouped or dense, builds: params..., bias, state..., caches... -> state..., caches... after up to C tokens.
// The tokens are drawn in a While, and each of its operands is in the state: go-xla 0.4.1 mixes
// up closures and constants of nested functions.
func (c Config) decodeGraph(dynamicSlice bool, form decodeForm) builder {
	n := len(c.params()) + 1
	return func(in []*Node) []*Node {
		look, rows := c.attention(), in[n+stateToken].Shape().Dimensions[0]
		given := slices.Clone(in[:n+stateCount])
		if form.grouped {
			c.byExpert(given)
		}
		for _, cache := range in[n+stateCount:] {
			given = append(given, look.parts(cache)...)
		}
		draw := c.unrolledDecode
		if dynamicSlice {
			draw = c.whileDecode
		}
		drawn := draw(given, n, form.filtered)
		out, parts := drawn[:stateCount:stateCount], drawn[stateCount:]
		each := len(parts) / c.Layers
		for l := range c.Layers {
			out = append(out, look.joined(parts[l*each:(l+1)*each], rows))
		}
		return out
	}
}

// byExpert turns the matrices that prepareGraph laid side by side into [E,D,2F] again, once for all tokens of a call.
func (c Config) byExpert(params []*Node) {
	for i, p := range c.params() {
		if p.side() {
			d := p.dims
			params[i] = TransposeAllAxes(Reshape(params[i], d[1], d[0], d[2]), 1, 0, 2)
		}
	}
}

// whileDecode draws tokens until all rows are done or the state says so. in is n weights, the state and the caches in parts.
func (c Config) whileDecode(in []*Node, n int, filtered bool) []*Node {
	g := in[0].Graph()
	parameters := func(g *Graph, prefix string) []*Node {
		list := make([]*Node, len(in))
		for i, node := range in {
			list[i] = Parameter(g, fmt.Sprintf("%s%d", prefix, i), node.Shape())
		}
		return list
	}
	more := NewClosure(g, func(g *Graph) []*Node {
		p := parameters(g, "cond")[n:]
		open := LessThan(p[stateSlot], p[stateStop])
		going := LessOrEqual(p[stateOver], Const(g, float32(0)))
		return []*Node{LogicalAnd(LogicalAnd(open, going), GreaterThan(p[stateLive], Const(g, float32(0))))}
	})
	body := NewClosure(g, func(g *Graph) []*Node {
		p := parameters(g, "body")
		state, caches := c.advance(c.bind(p[:n-1], p[n-1]), p[n:n+stateCount], p[n+stateCount:], filtered, writeSlice)
		return append(append(p[:n:n], state...), caches...)
	})
	return While(more, body, in...)[n:]
}

// unrolledDecode is whileDecode for the pure-Go backend: always C tokens, one step after the other. That
// backend's optimiser (compute 0.1.2) rewires the nodes of a While's closures after it has counted their
// uses, so that it frees values that are still to be read.
func (c Config) unrolledDecode(in []*Node, n int, filtered bool) []*Node {
	w, state, caches := c.bind(in[:n-1], in[n-1]), in[n:n+stateCount], in[n+stateCount:]
	for range state[stateUnif].Shape().Dimensions[1] {
		state, caches = c.advance(w, state, caches, filtered, writeWhere)
	}
	return append(append([]*Node(nil), state...), caches...)
}

// advance draws one token for every row.
func (c Config) advance(w weights, s, caches []*Node, filtered bool, write func(cache, entry, slot *Node) *Node) (state, grown []*Node) {
	g := s[stateSlot].Graph()
	B, C := s[stateUnif].Shape().Dimensions[0], s[stateUnif].Shape().Dimensions[1]
	next := c.decodeStep(w, row{s[stateToken], s[stateStart], Sub(OnesLike(s[stateDone]), s[stateDone]), s[stateSlot], s[stateCos], s[stateSin]}, caches, write)
	column := BroadcastToDims(Sub(s[stateSlot], s[stateFirst]), B, C)
	here := Equal(iota32(g, 1, B, C), column)
	uniform := ReduceSum(Mul(s[stateUnif], ConvertDType(here, dtypes.Float32)), 1)
	d := c.draw(next.logits, uniform, s[stateSharp], cutOf(filtered, s[stateTopK:]))
	put := func(into, value *Node) *Node {
		return Where(here, BroadcastToDims(InsertAxes(value, -1), B, C), into)
	}
	ends := s[stateEnds].Shape().Dimensions[0]
	isEnd := Equal(BroadcastToDims(InsertAxes(d.token, -1), B, ends), BroadcastToDims(InsertAxes(s[stateEnds], 0), B, ends))
	done := Max(s[stateDone], ReduceMax(ConvertDType(isEnd, dtypes.Float32), 1))
	state = append([]*Node(nil), s...)
	one := Scalar(g, dtypes.Int32, 1)
	if next.over != nil { // then this token is not drawn: the column that it left is written again by the next call
		state[stateOver] = next.over
		fits := LessOrEqual(next.over, ZerosLike(next.over))
		one = ConvertDType(fits, dtypes.Int32)
		done = Where(BroadcastToDims(fits, B), done, s[stateDone])
		d.token = Where(BroadcastToDims(fits, B), d.token, s[stateToken])
	}
	state[stateSlot] = Add(s[stateSlot], one)
	state[stateLive] = ReduceAllSum(Sub(OnesLike(done), done))
	state[stateToken], state[stateDone] = d.token, done
	state[stateTokens], state[stateLogps], state[stateEntrs] = put(s[stateTokens], d.token), put(s[stateLogps], d.logp), put(s[stateEntrs], d.entropy)
	state[stateDraws] = put(s[stateDraws], d.drawLogp)
	all := s[stateRoutes].Shape()
	state[stateRoutes] = Where(BroadcastToShape(InsertAxes(here, -1), all), BroadcastToShape(InsertAxes(next.routes, 1), all), s[stateRoutes])
	return state, next.grown
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
