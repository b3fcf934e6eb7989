package moe

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/rltrain/rltrain/internal/xla"
)

// With Shapes.DType bfloat16 the operands of matrix products, forward and backward, are rounded to bfloat16 and their products summed up in
// float32. All else stays float32: master weights, moments and gradient sums, norms, softmaxes, rotations, the residual stream, routers,
// losses, and attention over a sampler's cache. A matrix asks for it by its own type: see dot.

// Types that products may be computed in.
const (
	Float32  = "float32"
	BFloat16 = "bfloat16"
)

// half tells whether products are computed in bfloat16.
func (s Shapes) half(engine *xla.Engine) (bool, error) {
	switch s.DType {
	case "", Float32:
		return false, nil
	case BFloat16:
		if engine.PureGo {
			return false, fmt.Errorf("shapes.dtype is %s, which the pure-Go backend does not compute in: leave it out, or use XLA", s.DType)
		}
		return true, nil
	}
	return false, fmt.Errorf("shapes.dtype is %q: want %s or %s", s.DType, Float32, BFloat16)
}

// narrow rounds x to bfloat16 where products are computed in it.
func (c Config) narrow(x *Node) *Node {
	if c.half && x.DType() != dtypes.BFloat16 {
		return ConvertDType(x, dtypes.BFloat16)
	}
	return x
}

// narrows tells whether parameters of this kind are multiplied as bfloat16.
func (k paramKind) narrows() bool { return k == headKind || k.matrix() }

// dot is a[...,M,K] @ b[...,K,N], or @ b[...,N,K] transposed, with one leading axis of batches or none. Where b is bfloat16, so are the
// operands of the product and of its gradients, while a and the result are float32.
func dot(a, b *Node, transposed bool) *Node {
	if b.DType() != dtypes.BFloat16 {
		return DotGeneral(a, []int{a.Rank() - 1}, batchAxis(a), b, []int{inner(b, transposed)}, batchAxis(b))
	}
	// GoMLX's own gradient of a product of bfloat16 is one of float32. So both gradients are made where that of the result
	// arrives, and handed over where those of the operands are asked for, which is later.
	var da, db *Node
	a = IdentityWithCustomGradient(a, func(_, _ *Node) *Node { return da })
	b = IdentityWithCustomGradient(b, func(_, _ *Node) *Node { return db })
	y := product(ConvertDType(a, dtypes.BFloat16), b, a.Rank()-1, inner(b, transposed))
	return IdentityWithCustomGradient(y, func(at, v *Node) *Node {
		given, down := at.Inputs()[0].Inputs(), ConvertDType(v, dtypes.BFloat16) // given: a and b, computed again or not
		rows := v.Rank() - 2
		da = product(down, given[1], rows+1, inner(given[1], !transposed))
		if transposed {
			db = product(down, given[0], rows, rows)
		} else {
			db = product(given[0], down, rows, rows)
		}
		db = ConvertDType(db, dtypes.BFloat16)
		return v
	})
}

// inner is the axis of b that dot sums over.
func inner(b *Node, transposed bool) int {
	if transposed {
		return b.Rank() - 1
	}
	return b.Rank() - 2
}

// product sums products of bfloat16 over one axis of each, in float32.
func product(a, b *Node, overA, overB int) *Node {
	return Dot(a, b).WithOutputDType(dtypes.Float32).General([]int{overA}, batchAxis(a), []int{overB}, batchAxis(b))
}

func batchAxis(x *Node) []int {
	if x.Rank() == 3 {
		return []int{0}
	}
	return nil
}
