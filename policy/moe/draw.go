package moe

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// drawn is what one draw yields, each [B].
type drawn struct {
	token, logp, entropy *Node
	drawLogp             *Node // under the distribution that was drawn from
}

// list is the order in which graphs hand it out.
func (d drawn) list() []*Node { return []*Node{d.token, d.logp, d.entropy, d.drawLogp} }

// drawBlock is the width of the blocks that a draw looks at first. Sums and maxima of whole blocks are quick; a running sum or the
// place of a maximum is slow on CPUs, and is taken over the blocks and then in the one block that counts.
const drawBlock = 128

// draw picks a token from logits[B,V] by inverting the cumulative distribution at uniform[B], at
// temperature 1/sharpness, or the likeliest where sharpness is 0. Log-prob and entropy are untempered and uncut.
func (c Config) draw(logits, uniform, sharpness *Node, by cut) drawn {
	g := logits.Graph()
	B, V := logits.Shape().Dimensions[0], c.Vocab
	open := by.withoutBanned(logits)
	best, top := largest(open)
	z := Mul(Sub(open, InsertAxes(top, -1)), BroadcastToDims(sharpness, B, V))
	p := by.apply(z, Exp(z))
	// The floor keeps rounding in the sums from choosing an impossible token.
	p = Where(GreaterThan(p, BroadcastToDims(Scalar(g, dtypes.Float32, 1e-9), B, V)), p, ZerosLike(p))
	fromDraw, total := invert(p, uniform)
	greedy := Equal(BroadcastToDims(sharpness, B), BroadcastToDims(Scalar(g, dtypes.Float32, 0), B))
	token := Where(greedy, best, fromDraw)

	_, highest := largest(logits) // where nothing is banned, XLA takes the one above
	shifted := Sub(logits, InsertAxes(highest, -1))
	e := Exp(shifted)
	sum := ReduceSum(e, -1)
	fromP := Sub(at(z, token), Log(total))
	return drawn{
		token:    token,
		logp:     Sub(at(shifted, token), Log(sum)),
		entropy:  Sub(Log(sum), Div(ReduceSum(Mul(e, shifted), -1), sum)),
		drawLogp: Where(greedy, ZerosLike(fromP), fromP), // the likeliest is certain
	}
}

// at is x[b,index[b]] of x[B,...] for each row b.
func at(x, index *Node) *Node {
	rows := iota32(x.Graph(), 0, x.Shape().Dimensions[0], 1)
	return Gather(x, Concatenate([]*Node{rows, InsertAxes(index, -1)}, -1))
}

// inBlocks is x[B,V] as [B,blocks,drawBlock], filled up with the value fill.
func inBlocks(x *Node, fill float64) *Node {
	B, V := x.Shape().Dimensions[0], x.Shape().Dimensions[1]
	blocks := (V + drawBlock - 1) / drawBlock
	return Reshape(GrowRight(x, 1, blocks*drawBlock-V, fill), B, blocks, drawBlock)
}

// inRow is the index in a row of the element j of a block, both [B].
func inRow(block, j *Node) *Node {
	return Add(Mul(block, Scalar(block.Graph(), dtypes.Int32, drawBlock)), j)
}

// largest is the first place of the largest element of each row of x[B,V], int32 [B], and that element [B].
func largest(x *Node) (first, value *Node) {
	blocks := inBlocks(x, -math.MaxFloat32)
	tops := ReduceMax(blocks, -1)
	block := ArgMax(tops, -1)
	return inRow(block, ArgMax(at(blocks, block), -1)), ReduceMax(tops, -1)
}

// invert is, for each row of p[B,V] >= 0, the first place at which the running sum passes uniform times the total, int32 [B], and the
// total [B]. It is never one where p is 0.
func invert(p, uniform *Node) (token, total *Node) {
	blocks := inBlocks(p, 0)
	sums := ReduceSum(blocks, -1)
	before := runningSum(sums, true)
	ends := Add(before, sums)
	n := ends.Shape().Dimensions[1]
	total = Squeeze(SliceAxis(ends, -1, AxisElem(n-1)), -1)
	threshold := Mul(total, uniform)
	block := firstPast(ends, sums, threshold)
	inside := at(blocks, block)
	running := Add(runningSum(inside, false), InsertAxes(at(before, block), -1))
	return inRow(block, firstPast(running, inside, threshold)), total
}

// firstPast is the first place in a row of running[B,n] that is above threshold[B] and where weight[B,n] is above 0; where
// rounding leaves none, the last with a weight.
func firstPast(running, weight, threshold *Node) *Node {
	d := running.Shape().Dimensions
	n := d[1]
	possible := GreaterThan(weight, ZerosLike(weight))
	past := LogicalAnd(GreaterThan(running, BroadcastToDims(InsertAxes(threshold, -1), d...)), possible)
	i := ConvertDType(iota32(running.Graph(), 1, d...), dtypes.Float32)
	early := AddScalar(Neg(i), float64(n))               // 1 and more, the first the highest
	late := MulScalar(AddScalar(i, 1), 1/(2*float64(n))) // above 0 and below 1, the last the highest
	return ArgMax(Where(past, early, Where(possible, late, ZerosLike(late))), -1)
}

// runningSum is the cumulative sum along the rows of x[B,n], strict without the element itself, as a triangular matmul: XLA's own goes
// through a window as long as the axis.
func runningSum(x *Node, strict bool) *Node {
	g, n := x.Graph(), x.Shape().Dimensions[1]
	i, j := iota32(g, 0, n, n), iota32(g, 1, n, n)
	upper := LessOrEqual(i, j)
	if strict {
		upper = LessThan(i, j)
	}
	return matmul(x, ConvertDType(upper, dtypes.Float32))
}
