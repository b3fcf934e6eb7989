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
	sumKLReference
	sumClipLow
	sumClipHigh
	sumLogpDiff
	sumAgreed   // routing.agreed
	sumRecorded // routing.recorded
	maxRatio
	maxLogpDiff
	maxOverflow // of the grouped experts: above 0, nothing of the batch counts
	statCount
)

// Indices into the vector of a loss's constants, so that changing one compiles nothing.
const (
	constLow  = iota // 1 - ClipLow
	constHigh        // 1 + ClipHigh
	constDual        // DualClip; very large where it is off
	constKL
	constShare  // the batch's share of the call's documents
	constReplay // 1 where Datum.Routing replaces the router's choice
	constCount
)

// constants lays out a loss for the graph.
func constants(l policy.Loss, share float32) []float32 {
	c := make([]float32, constCount)
	c[constLow], c[constHigh], c[constDual], c[constKL], c[constShare] = 1-l.ClipLow, 1+l.ClipHigh, l.DualClip, l.KL, share
	if l.Replay {
		c[constReplay] = 1
	}
	if l.DualClip == 0 {
		c[constDual] = 1e30
	}
	return c
}

// learn is the per-token data of one packed batch, each float32 [B,T]; targets and segments int32 [B,T].
// Entry t speaks of the token at t+1.
type learn struct {
	targets, segments                         *Node
	behaviour, reference, advantages, weights *Node
	constants                                 *Node // [constCount]
}

// constant is one of the loss's constants in the shape of like.
func (d learn) constant(i int, like *Node) *Node {
	return BroadcastToShape(Squeeze(SliceAxis(d.constants, 0, AxisElem(i))), like.Shape())
}

// tokenLoss returns the loss to differentiate and the sums to report. The losses are policy.Loss's, in its notation.
func tokenLoss(kind policy.LossKind, logp *Node, d learn, t trunk) (loss, stats *Node) {
	counted := ConvertDType(NotEqual(d.weights, ZerosLike(d.weights)), dtypes.Float32)
	diff := Mul(Sub(logp, d.behaviour), counted)
	ratio := Exp(diff) // 1 where nothing counts
	clipped := ratio
	if kind == policy.LossGSPO {
		clipped = Exp(Mul(meanOfDocument(diff, counted, d.segments), counted))
	}
	var perToken *Node
	switch kind {
	case policy.LossCrossEntropy:
		perToken = Neg(logp)
	case policy.LossCISPO:
		perToken = Neg(Mul(Mul(StopGradient(d.clip(ratio)), d.advantages), logp))
	default:
		perToken = d.surrogate(clipped)
	}
	toReference := Mul(Sub(d.reference, logp), counted)
	if kind != policy.LossCrossEntropy {
		k2 := MulScalar(Mul(StopGradient(ratio), Square(toReference)), 0.5)
		perToken = Add(perToken, Mul(k2, d.constant(constKL, k2)))
	}
	loss = ReduceAllSum(Mul(perToken, d.weights))
	return loss, d.report(loss, ratio, clipped, diff, toReference, counted, t)
}

func (d learn) clip(ratio *Node) *Node {
	return Min(Max(ratio, d.constant(constLow, ratio)), d.constant(constHigh, ratio))
}

// surrogate is -min(r A, clip(r) A), for A < 0 at most -DualClip A.
func (d learn) surrogate(ratio *Node) *Node {
	gain := Min(Mul(ratio, d.advantages), Mul(d.clip(ratio), d.advantages))
	floor := Mul(d.constant(constDual, ratio), d.advantages)
	return Neg(Where(LessThan(d.advantages, ZerosLike(ratio)), Max(gain, floor), gain))
}

// meanOfDocument is, at each token, the mean of x over the counted tokens of its document. All [B,T].
func meanOfDocument(x, counted, segments *Node) *Node {
	B, T := x.Shape().Dimensions[0], x.Shape().Dimensions[1]
	number := AddScalar(iota32(x.Graph(), 2, B, T, maxSegments), 1)
	member := ConvertDType(Equal(BroadcastToDims(InsertAxes(segments, -1), B, T, maxSegments), number), dtypes.Float32)
	sums := Einsum("bts,bt->bs", member, Mul(x, counted))
	counts := MaxScalar(Einsum("bts,bt->bs", member, counted), 1)
	return Einsum("bts,bs->bt", member, Div(sums, counts))
}

// report sums up a batch: ratio and diff are those of the tokens, clipped is the ratio that the bounds apply to.
func (d learn) report(loss, ratio, clipped, diff, toReference, counted *Node, t trunk) *Node {
	zero := ZerosLike(ratio)
	cutLow := LogicalAnd(LessThan(clipped, d.constant(constLow, ratio)), LessThan(d.advantages, zero))
	cutHigh := LogicalAnd(GreaterThan(clipped, d.constant(constHigh, ratio)), GreaterThan(d.advantages, zero))
	total := func(x *Node) *Node { return ReduceAllSum(Mul(x, counted)) }
	count := func(b *Node) *Node { return total(ConvertDType(b, dtypes.Float32)) }
	k3 := func(logRatio *Node) *Node { return total(Sub(Sub(Exp(logRatio), OnesLike(ratio)), logRatio)) }
	sums := make([]*Node, statCount)
	sums[sumLoss] = loss
	sums[sumTokens] = ReduceAllSum(counted)
	sums[sumKL] = k3(diff)
	sums[sumKLReference] = Where(GreaterThan(Squeeze(SliceAxis(d.constants, 0, AxisElem(constKL))), ZerosLike(loss)), k3(toReference), ZerosLike(loss))
	sums[sumClipLow], sums[sumClipHigh] = count(cutLow), count(cutHigh)
	sums[sumLogpDiff] = ReduceAllSum(Abs(diff))
	sums[maxRatio] = ReduceAllMax(Mul(ratio, counted))
	sums[maxLogpDiff] = ReduceAllMax(Abs(diff))
	for i, x := range map[int]*Node{maxOverflow: t.overflow, sumAgreed: t.agreed, sumRecorded: t.recorded} {
		if sums[i] = x; x == nil {
			sums[i] = ZerosLike(loss)
		}
	}
	return StopGradient(Stack(sums, 0))
}

// gradGraph, with the experts in a form, builds: params..., adapters..., gradient sums..., bias, tokens, positions, segments, targets, routing, prefixes, scored, slots,
// behaviour, reference, advantages, weights, constants -> gradient sums'..., stats[statCount], load[M,E], log-probs[B,T].
func (c Config) gradGraph(kind policy.LossKind, form expertForm, recompute bool) builder {
	n, k := len(c.params())+len(c.adapters()), len(c.trained())
	return func(in []*Node) []*Node {
		trained, sums, rest := in[n-k:n], in[n:n+k], in[n+k:]
		w := c.bind(c.mergeToTrain(in[:n-len(c.adapters())], trained), rest[0])
		if c.lora != nil {
			w.tuned = trained
		}
		numbers := rest[13]
		use := Squeeze(SliceAxis(numbers, 0, AxisElem(constReplay)))
		s := sequence{tokens: rest[1], positions: rest[2], segments: rest[3], prefixes: rest[6], record: c.recordOf(rest[5], use), recompute: recompute}
		t := c.forward(w, s, form)
		logp := c.logProbs(w, t.hidden, rest[4], c.places(rest[7], rest[8]))
		loss, stats := tokenLoss(kind, logp, learn{rest[4], rest[3], rest[9], rest[10], rest[11], rest[12], numbers}, t)
		if t.balance != nil {
			share := Squeeze(SliceAxis(numbers, 0, AxisElem(constShare)))
			loss = Add(loss, Mul(t.balance, share))
		}
		var out []*Node
		for i, d := range Gradient(loss, trained...) {
			out = append(out, Add(sums[i], d))
		}
		return append(out, stats, t.loadOrNone(c, loss), StopGradient(logp))
	}
}

// scoreGraph builds: params..., bias, tokens, positions, segments, targets, routing, prefixes, scored, slots -> log-probs [B,T].
func (c Config) scoreGraph() builder {
	n := len(c.params())
	return func(in []*Node) []*Node {
		w := c.bind(in[:n], in[n])
		one := Scalar(in[0].Graph(), dtypes.Float32, 1)
		t := c.forward(w, sequence{tokens: in[n+1], positions: in[n+2], segments: in[n+3], prefixes: in[n+6], record: c.recordOf(in[n+5], one)}, everyToken)
		return []*Node{c.logProbs(w, t.hidden, in[n+4], c.places(in[n+7], in[n+8]))}
	}
}

// loadOrNone is the load, or [1,1] of zero for a model without experts.
func (t trunk) loadOrNone(c Config, like *Node) *Node {
	if t.load != nil {
		return StopGradient(t.load)
	}
	return Reshape(StopGradient(ZerosLike(like)), 1, 1)
}
