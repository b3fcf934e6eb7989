package moe

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/rltrain/rltrain/policy"
)

// cut is policy.Cut inside a graph, float32 scalars, with the ban [V]. The zero cut keeps all, and costs nothing.
type cut struct{ topK, topP, minP, ban *Node }

// banned is what is added to the logit of a token that must not be drawn: less than any logit, and finite.
const banned = -1e30

// cutOf takes a cut's three numbers and the ban off the front of in, where the graph is filtered.
func cutOf(filtered bool, in []*Node) cut {
	if !filtered {
		return cut{}
	}
	return cut{in[0], in[1], in[2], in[3]}
}

// withoutBanned is logits[B,V] to draw from.
func (by cut) withoutBanned(logits *Node) *Node {
	if by.ban == nil {
		return logits
	}
	return Add(logits, BroadcastToShape(InsertAxes(by.ban, 0), logits.Shape()))
}

// banOf is 0 for each token, but for those that must not be drawn.
func banOf(tokens []policy.Token, vocab int) []float32 {
	out := make([]float32, vocab)
	for _, t := range tokens {
		out[t] = banned
	}
	return out
}

// numbers lays out a policy.Cut for a graph, with what keeps all in place of zeros.
func cutNumbers(c policy.Cut) (topK, topP, minP float32) {
	topP = c.TopP
	if topP == 0 {
		topP = 1
	}
	return float32(c.TopK), topP, c.MinP
}

// halvings of the interval in which a threshold is looked for: 40 nats, down to what float32 can tell apart.
const (
	widest   = 40.0
	halvings = 30
)

// apply sets the probabilities that are cut off to 0. z[B,V] are tempered logits with a maximum of 0, p = exp(z).
// Thresholds are found by halving and not by sorting: a sort needs a closure, and closures inside a While are
// what go-xla 0.4.1 mixes up. Tokens as likely as the last one kept are kept too.
func (by cut) apply(z, p *Node) *Node {
	if by.topK == nil {
		return p
	}
	g := z.Graph()
	B, V := z.Shape().Dimensions[0], z.Shape().Dimensions[1]
	over := func(x *Node, threshold *Node) *Node { // sum of x over the tokens at or above threshold [B,1]
		at := ConvertDType(GreaterOrEqual(z, BroadcastToDims(threshold, B, V)), dtypes.Float32)
		return ReduceAndKeep(Mul(x, at), ReduceSum, -1)
	}
	scalar := func(x *Node) *Node { return BroadcastToDims(x, B, 1) }
	constant := func(x float64) *Node { return BroadcastToDims(Scalar(g, dtypes.Float32, x), B, 1) }
	// The highest threshold above which x still sums up to want; the lowest one where it is off.
	search := func(x, want, off *Node) *Node {
		low, high := constant(-widest), constant(1e-6)
		for range halvings {
			middle := MulScalar(Add(low, high), 0.5)
			enough := GreaterOrEqual(over(x, middle), want)
			low, high = Where(enough, middle, low), Where(enough, high, middle)
		}
		return Where(off, constant(-math.MaxFloat32), low)
	}
	keep := func(p, threshold *Node) *Node {
		return Where(GreaterOrEqual(z, BroadcastToDims(threshold, B, V)), p, ZerosLike(p))
	}
	p = keep(p, search(OnesLike(p), scalar(by.topK), LessThan(scalar(by.topK), constant(0.5))))
	mass := ReduceAndKeep(p, ReduceSum, -1)
	p = keep(p, search(p, Mul(mass, scalar(by.topP)), GreaterOrEqual(scalar(by.topP), constant(1))))
	return Where(GreaterOrEqual(p, BroadcastToDims(by.minP, B, V)), p, ZerosLike(p))
}
