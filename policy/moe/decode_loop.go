package moe

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

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
	stateCount
)

// decodeGraph builds: params..., bias, state..., caches... -> state..., recent slots of the caches... after up to C tokens. The past is not
// handed out, for that would copy it.
// The tokens are drawn in a While, and each of its operands is in the state: go-xla 0.4.1 mixes
// up closures and constants of nested functions.
func (c Config) decodeGraph(slices, filtered bool) builder {
	n := len(c.params()) + 1
	return func(in []*Node) []*Node {
		draw := c.unrolledDecode
		if slices {
			draw = c.whileDecode
		}
		drawn := draw(in, n, filtered)
		out := drawn[:stateCount:stateCount]
		for _, c := range caches(drawn[stateCount:]) {
			out = append(out, c.recent.keys, c.recent.values)
		}
		return out
	}
}

// whileDecode draws tokens until all rows are done or the state says so. in is n weights, the state and the caches.
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
		return []*Node{LogicalAnd(open, GreaterThan(p[stateLive], Const(g, float32(0))))}
	})
	body := NewClosure(g, func(g *Graph) []*Node {
		p := parameters(g, "body")
		state, after := c.advance(c.bind(p[:n-1], p[n-1]), p[n:n+stateCount], p[n+stateCount:], filtered, writeSlice)
		return append(append(p[:n:n], state...), after...)
	})
	return While(more, body, in...)[n:]
}

// unrolledDecode is whileDecode for the pure-Go backend: always C tokens, one step after the other. That
// backend's optimiser (compute 0.1.2) rewires the nodes of a While's closures after it has counted their
// uses, so that it frees values that are still to be read.
func (c Config) unrolledDecode(in []*Node, n int, filtered bool) []*Node {
	w, state, after := c.bind(in[:n-1], in[n-1]), in[n:n+stateCount], in[n+stateCount:]
	for range state[stateUnif].Shape().Dimensions[1] {
		state, after = c.advance(w, state, after, filtered, writeWhere)
	}
	return append(append([]*Node(nil), state...), after...)
}

// advance draws one token for every row. before and after are the caches' nodes.
func (c Config) advance(w weights, s, before []*Node, filtered bool, write writer) (state, after []*Node) {
	g := s[stateSlot].Graph()
	B, C := s[stateUnif].Shape().Dimensions[0], s[stateUnif].Shape().Dimensions[1]
	logits, routes, written := c.decodeStep(w, row{s[stateToken], s[stateStart], s[stateSlot], s[stateCos], s[stateSin]}, caches(before), write)
	for _, c := range written {
		after = append(after, c.list()...)
	}
	column := BroadcastToDims(Sub(s[stateSlot], s[stateFirst]), B, C)
	here := Equal(iota32(g, 1, B, C), column)
	uniform := ReduceSum(Mul(s[stateUnif], ConvertDType(here, dtypes.Float32)), 1)
	d := c.draw(logits, uniform, s[stateSharp], cutOf(filtered, s[stateTopK:]))
	put := func(into, value *Node) *Node {
		return Where(here, BroadcastToDims(InsertAxes(value, -1), B, C), into)
	}
	ends := s[stateEnds].Shape().Dimensions[0]
	isEnd := Equal(BroadcastToDims(InsertAxes(d.token, -1), B, ends), BroadcastToDims(InsertAxes(s[stateEnds], 0), B, ends))
	done := Max(s[stateDone], ReduceMax(ConvertDType(isEnd, dtypes.Float32), 1))
	state = append([]*Node(nil), s...)
	state[stateSlot] = Add(s[stateSlot], Scalar(g, dtypes.Int32, 1))
	state[stateLive] = ReduceAllSum(Sub(OnesLike(done), done))
	state[stateToken], state[stateDone] = d.token, done
	state[stateTokens], state[stateLogps], state[stateEntrs] = put(s[stateTokens], d.token), put(s[stateLogps], d.logp), put(s[stateEntrs], d.entropy)
	state[stateDraws] = put(s[stateDraws], d.drawLogp)
	all := s[stateRoutes].Shape()
	state[stateRoutes] = Where(BroadcastToShape(InsertAxes(here, -1), all), BroadcastToShape(InsertAxes(routes, 1), all), s[stateRoutes])
	return state, after
}
