package moe

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// The cache of a layer is what decoding keeps of each token: keys and values of KV heads, one slot a token. All rows share the slot that is written
// next; a row's prompt ends at the last slot of the past that prefill made, and its first valid slot is start.
//
// Most slots are past: they are read for each token that is drawn and never written, in the form in which products on a CPU read them as they
// lie. New entries go to the recent slots, which are few. Once these are full they become past, which copies the cache into a larger one.

// recentSlots is R: whole chunks, so that a chunk either fits or finds none free. The fewer, the more often the cache is copied and the more graphs
// are compiled, one for each size of the past; the more, the more are computed that hold nothing yet.
func (s Shapes) recentSlots() int { return max(1, 64/s.DecodeChunk) * s.DecodeChunk }

// pastSlots is the first size of the past for prompts of a width, with so many recent slots: one that many widths share.
func (s Shapes) pastSlots(width, recent int) int {
	steps := max(0, (width-s.PromptMargin+recent-1)/recent)
	return s.PromptMargin + steps*recent
}

// slots are keys [N,U,T] and values [N,T,V] of T slots, the heads of each row side by side, N = B*KV.
type slots struct{ keys, values *Node }

// Axes of slots.
const (
	keySlots   = 2
	valueSlots = 1
)

// count is T.
func (s slots) count() int { return s.values.Shape().Dimensions[valueSlots] }

// of are some of the N, by their numbers int32 [N'].
func (s slots) of(some *Node) slots {
	return slots{Gather(s.keys, InsertAxes(some, -1)), Gather(s.values, InsertAxes(some, -1))}
}

// cache is the cache of one layer: past with S slots and the R recent ones that follow them.
type cache struct{ past, recent slots }

// cacheNodes is how many nodes a layer's cache is.
const cacheNodes = 4

func (c cache) list() []*Node {
	return []*Node{c.past.keys, c.past.values, c.recent.keys, c.recent.values}
}

// caches are those of all layers from their lists.
func caches(list []*Node) (all []cache) {
	for ; len(list) > 0; list = list[cacheNodes:] {
		all = append(all, cache{slots{list[0], list[1]}, slots{list[2], list[3]}})
	}
	return all
}

// newCache has kept[B,S,W] as its past, behind pad empty slots, and n empty recent slots.
func newCache(look attention, kept *Node, pad, n int) cache {
	s := look.split(kept)
	past := slots{GrowLeft(s.keys, keySlots, pad, 0), GrowLeft(s.values, valueSlots, pad, 0)}
	return cache{past, s.empty(n)}
}

// empty are n slots without entries, for the same rows.
func (s slots) empty(n int) slots {
	none := func(x *Node, axis int) *Node {
		like := x.Shape().Clone()
		like.Dimensions[axis] = n
		return Zeros(x.Graph(), like)
	}
	return slots{none(s.keys, keySlots), none(s.values, valueSlots)}
}

// written is the cache with an entry, which is one slot, put into the slot with a number of at least S.
func (c cache) written(entry slots, slot *Node, write writer) cache {
	recent := Sub(slot, Scalar(slot.Graph(), dtypes.Int32, c.past.count()))
	return cache{c.past, slots{write(c.recent.keys, entry.keys, recent, keySlots), write(c.recent.values, entry.values, recent, valueSlots)}}
}

// grown is the cache whose recent slots have become past, with as many new ones.
func (c cache) grown() cache {
	return cache{
		past: slots{
			Concatenate([]*Node{c.past.keys, c.recent.keys}, keySlots),
			Concatenate([]*Node{c.past.values, c.recent.values}, valueSlots),
		},
		recent: c.recent.empty(c.recent.count()),
	}
}

// writer puts an entry [N,1,.] into a slot of x[N,R,.].
type writer func(x, entry, slot *Node, axis int) *Node

// writeSlice is the writer; writeWhere is the one for backends without DynamicUpdateSlice.
func writeSlice(x, entry, slot *Node, axis int) *Node {
	zero := Scalar(x.Graph(), dtypes.Int32, 0)
	at := []*Node{zero, zero, zero}
	at[axis] = slot
	return DynamicUpdateSlice(x, entry, at)
}

func writeWhere(x, entry, slot *Node, axis int) *Node {
	d := x.Shape().Dimensions
	here := Equal(iota32(x.Graph(), axis, d...), BroadcastToDims(slot, d...))
	return Where(here, BroadcastToDims(entry, d...), x)
}

// unseen is what a token must not attend to: 0 or a large negative number, for past [B,1,1,S] and recent slots [B,1,1,R].
type unseen struct{ past, recent *Node }

// unseen from a slot, int32 scalar: what comes before start, int32 [B], what comes after the slot, and what has left the window, if that is above 0.
func (c cache) unseen(start, slot *Node, window int) unseen {
	g, B, S, R := start.Graph(), start.Shape().Dimensions[0], c.past.count(), c.recent.count()
	number := func(first, n int) *Node {
		return Add(iota32(g, 3, B, 1, 1, n), BroadcastToDims(Scalar(g, dtypes.Int32, first), B, 1, 1, n))
	}
	past, recent := number(0, S), number(S, R)
	like := func(x, shape *Node) *Node { return BroadcastToShape(x, shape.Shape()) }
	seePast := GreaterOrEqual(past, like(Reshape(start, B, 1, 1, 1), past))
	seeRecent := LessOrEqual(recent, like(slot, recent))
	if window > 0 {
		edge := AddScalar(slot, -window)
		seePast = LogicalAnd(seePast, GreaterThan(past, like(edge, past)))
		seeRecent = LogicalAnd(seeRecent, GreaterThan(recent, like(edge, recent)))
	}
	return unseen{hide(seePast), hide(seeRecent)}
}

// lookBack is attention of queries [N,G,U] over the slots: sums of values [N,G,V].
func (c cache) lookBack(queries *Node, scale float64, hidden unseen) *Node {
	past := hiding(product(queries, c.past.keys, 2, 1), scale, hidden.past)
	recent := hiding(product(queries, c.recent.keys, 2, 1), scale, hidden.recent)
	top := Max(ReduceAndKeep(past, ReduceMax, -1), ReduceAndKeep(recent, ReduceMax, -1))
	past, recent = Exp(Sub(past, top)), Exp(Sub(recent, top))
	total := Add(ReduceAndKeep(past, ReduceSum, -1), ReduceAndKeep(recent, ReduceSum, -1))
	return Div(Add(product(past, c.past.values, 2, 1), product(recent, c.recent.values, 2, 1)), total)
}

// hiding scales scores[B*KV,G,T] and adds hidden[B,1,1,T].
func hiding(scores *Node, scale float64, hidden *Node) *Node {
	d, B := scores.Shape().Dimensions, hidden.Shape().Dimensions[0]
	return Reshape(scaled(Reshape(scores, B, d[0]/B, d[1], d[2]), scale, hidden), d...)
}
