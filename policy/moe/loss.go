package moe

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/rltrain/rltrain/policy"
)

// Indices into the vector of sums that a gradient graph returns.
const (
	sumLoss = iota
	sumTokens
	sumKL
	sumClipLow
	sumClipHigh
	sumLogpDiff
	maxRatio
	maxLogpDiff
	maxOverflow // of the grouped experts: above 0, nothing of the batch counts
	statCount
)

// learn is the per-token data of one packed batch, each float32 [B,T]; targets int32 [B,T].
// Entry t speaks of the token at t+1.
type learn struct {
	targets, behaviour, advantages, weights *Node
	clip                                    *Node // [3]: low, high, and the batch's share of the call's documents
}

// tokenLoss returns the loss to differentiate and the sums to report.
func tokenLoss(kind policy.LossKind, logp *Node, d learn, overflow *Node) (loss, stats *Node) {
	g := logp.Graph()
	one := Scalar(g, dtypes.Float32, 1)
	counted := ConvertDType(NotEqual(d.weights, ZerosLike(d.weights)), dtypes.Float32)
	diff := Mul(Sub(logp, d.behaviour), counted)
	ratio := Exp(diff)
	low, high := Sub(one, Squeeze(SliceAxis(d.clip, 0, AxisElem(0)))), Add(one, Squeeze(SliceAxis(d.clip, 0, AxisElem(1))))
	var perToken *Node
	switch kind {
	case policy.LossCrossEntropy:
		perToken = Neg(logp)
	default:
		clipped := Min(Max(ratio, BroadcastToShape(low, ratio.Shape())), BroadcastToShape(high, ratio.Shape()))
		perToken = Neg(Min(Mul(ratio, d.advantages), Mul(clipped, d.advantages)))
	}
	loss = ReduceAllSum(Mul(perToken, d.weights))
	zero := ZerosLike(ratio)
	cutLow := LogicalAnd(LessThan(ratio, BroadcastToShape(low, ratio.Shape())), LessThan(d.advantages, zero))
	cutHigh := LogicalAnd(GreaterThan(ratio, BroadcastToShape(high, ratio.Shape())), GreaterThan(d.advantages, zero))
	count := func(b *Node) *Node { return ReduceAllSum(Mul(ConvertDType(b, dtypes.Float32), counted)) }
	sums := make([]*Node, statCount)
	sums[sumLoss] = loss
	sums[sumTokens] = ReduceAllSum(counted)
	sums[sumKL] = ReduceAllSum(Mul(Sub(Sub(ratio, OnesLike(ratio)), diff), counted))
	sums[sumClipLow], sums[sumClipHigh] = count(cutLow), count(cutHigh)
	sums[sumLogpDiff] = ReduceAllSum(Abs(diff))
	sums[maxRatio] = ReduceAllMax(Mul(ratio, counted))
	sums[maxLogpDiff] = ReduceAllMax(Abs(diff))
	sums[maxOverflow] = overflow
	if overflow == nil {
		sums[maxOverflow] = ZerosLike(loss)
	}
	return loss, StopGradient(Stack(sums, 0))
}

// gradGraph, with the experts grouped or dense, builds: params..., gradient sums..., bias, tokens, positions, segments, targets, behaviour,
// advantages, weights, clip -> gradient sums'..., stats[statCount], load[M,E].
func (c Config) gradGraph(kind policy.LossKind, grouped bool) builder {
	n := len(c.params())
	return func(in []*Node) []*Node {
		params, sums, rest := in[:n], in[n:2*n], in[2*n:]
		w := c.bind(params, rest[0])
		s := sequence{tokens: rest[1], positions: rest[2], segments: rest[3]}
		t := c.forward(w, s, grouped)
		logp := c.logProbs(w, t.hidden, rest[4])
		loss, stats := tokenLoss(kind, logp, learn{rest[4], rest[5], rest[6], rest[7], rest[8]}, t.overflow)
		if t.balance != nil {
			share := Squeeze(SliceAxis(rest[8], 0, AxisElem(2)))
			loss = Add(loss, Mul(t.balance, share))
		}
		var out []*Node
		for i, d := range Gradient(loss, params...) {
			out = append(out, Add(sums[i], d))
		}
		return append(out, stats, t.loadOrNone(c, loss))
	}
}

// scoreGraph builds: params..., bias, tokens, positions, segments, targets -> log-probs [B,T].
func (c Config) scoreGraph() builder {
	n := len(c.params())
	return func(in []*Node) []*Node {
		w := c.bind(in[:n], in[n])
		t := c.forward(w, sequence{tokens: in[n+1], positions: in[n+2], segments: in[n+3]}, false)
		return []*Node{c.logProbs(w, t.hidden, in[n+4])}
	}
}

// loadOrNone is the load, or [1,1] of zero for a model without experts.
func (t trunk) loadOrNone(c Config, like *Node) *Node {
	if t.load != nil {
		return StopGradient(t.load)
	}
	return Reshape(StopGradient(ZerosLike(like)), 1, 1)
}
