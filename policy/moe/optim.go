package moe

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/rltrain/rltrain/policy"
)

// Indices into the vector of numbers that an optimizer graph takes, so that a change of learning
// rate compiles nothing.
const (
	hyperLR = iota
	hyperBeta1
	hyperBeta2
	hyperEps
	hyperDecay
	hyperClip
	hyperMuonLR
	hyperMuonMomentum
	hyperMuonDecay
	hyperCorrect1 // 1 - beta1^t
	hyperCorrect2
	hyperCount
)

// hyper lays out an Optim for the graph; step counts from 1.
func hyper(o policy.Optim, step int) []float32 {
	h := make([]float32, hyperCount)
	h[hyperLR], h[hyperBeta1], h[hyperBeta2], h[hyperEps] = o.LR, o.Beta1, o.Beta2, o.Eps
	h[hyperDecay], h[hyperClip] = o.WeightDecay, o.ClipNorm
	h[hyperMuonLR], h[hyperMuonMomentum], h[hyperMuonDecay] = o.MuonLR, o.MuonMomentum, o.MuonWeightDecay
	h[hyperCorrect1] = float32(1 - math.Pow(float64(o.Beta1), float64(step)))
	h[hyperCorrect2] = float32(1 - math.Pow(float64(o.Beta2), float64(step)))
	return h
}

// applyGraph builds, for what is trained: params..., first moments..., second moments..., gradients..., hyper
// -> params'..., first moments'..., second moments'..., gradient norm before clipping. Where that norm is not finite, all
// else comes out as it went in.
func (c Config) applyGraph(muon bool) builder {
	list := c.trained()
	n := len(list)
	return func(in []*Node) []*Node {
		params, first, second, grads, h := in[:n], in[n:2*n], in[2*n:3*n], in[3*n:4*n], in[4*n]
		at := func(i int) *Node { return Squeeze(SliceAxis(h, 0, AxisElem(i))) }
		norm := globalNorm(grads)
		one := Scalar(norm.Graph(), dtypes.Float32, 1)
		scale := Min(Div(at(hyperClip), AddScalar(norm, 1e-6)), one)
		out := make([]*Node, 3*n+1)
		for i, p := range list {
			grad := Mul(grads[i], scale)
			if muon && p.kind.matrix() {
				out[i], out[n+i] = muonStep(params[i], first[i], grad, at)
				out[2*n+i] = second[i]
				continue
			}
			out[i], out[n+i], out[2*n+i] = adamStep(params[i], first[i], second[i], grad, at)
		}
		finite := LessThan(norm, Scalar(norm.Graph(), dtypes.Float32, math.MaxFloat32)) // false for NaN
		for i, before := range in[:3*n] {
			out[i] = Where(BroadcastToShape(finite, before.Shape()), out[i], before)
		}
		out[3*n] = norm
		return out
	}
}

func globalNorm(grads []*Node) *Node {
	sum := ReduceAllSum(Square(grads[0]))
	for _, g := range grads[1:] {
		sum = Add(sum, ReduceAllSum(Square(g)))
	}
	return Sqrt(sum)
}

// adamStep is AdamW (arXiv:1711.05101) with bias correction, as in torch: decay applies to every tensor.
func adamStep(p, m, v, grad *Node, at func(int) *Node) (p2, m2, v2 *Node) {
	one := Scalar(p.Graph(), dtypes.Float32, 1)
	b1, b2 := at(hyperBeta1), at(hyperBeta2)
	m2 = Add(Mul(m, b1), Mul(grad, Sub(one, b1)))
	v2 = Add(Mul(v, b2), Mul(Square(grad), Sub(one, b2)))
	update := Div(Div(m2, at(hyperCorrect1)), Add(Sqrt(Div(v2, at(hyperCorrect2))), at(hyperEps)))
	update = Add(update, Mul(p, at(hyperDecay)))
	return Sub(p, Mul(update, at(hyperLR))), m2, v2
}

// muonStep is Muon (github.com/KellerJordan/Muon) with Nesterov momentum; the update's size is matched
// to AdamW's by 0.2 sqrt(max(rows, columns)) (arXiv:2502.16982). Leading axes are batches of matrices.
func muonStep(p, m, grad *Node, at func(int) *Node) (p2, m2 *Node) {
	one := Scalar(p.Graph(), dtypes.Float32, 1)
	mu := at(hyperMuonMomentum)
	m2 = Add(Mul(m, mu), Mul(grad, Sub(one, mu)))
	direction := orthogonalise(Add(Mul(grad, Sub(one, mu)), Mul(m2, mu)))
	d := p.Shape().Dimensions
	rows, columns := d[len(d)-2], d[len(d)-1]
	update := MulScalar(direction, 0.2*math.Sqrt(float64(max(rows, columns))))
	update = Add(update, Mul(p, at(hyperMuonDecay)))
	return Sub(p, Mul(update, at(hyperMuonLR))), m2
}

// orthogonalise drives the singular values of x[..., a, b] towards 1 by five Newton-Schulz steps.
func orthogonalise(x *Node) *Node {
	d := x.Shape().Dimensions
	tall := d[len(d)-2] > d[len(d)-1]
	if tall {
		x = swapLast(x)
	}
	x = Div(x, AddScalar(Sqrt(ReduceAndKeep(Square(x), ReduceSum, -1, -2)), 1e-7))
	for range 5 {
		gram := batchMatmul(x, swapLast(x))
		poly := Add(MulScalar(gram, -4.7750), MulScalar(batchMatmul(gram, gram), 2.0315))
		x = Add(MulScalar(x, 3.4445), batchMatmul(poly, x))
	}
	if tall {
		x = swapLast(x)
	}
	return x
}

func swapLast(x *Node) *Node { return Transpose(x, -1, -2) }

// batchMatmul multiplies the last two axes of a and b, the leading ones pairwise.
func batchMatmul(a, b *Node) *Node {
	if a.Rank() == 2 {
		return DotGeneral(a, []int{1}, nil, b, []int{0}, nil)
	}
	return DotGeneral(a, []int{2}, []int{0}, b, []int{1}, []int{0})
}
