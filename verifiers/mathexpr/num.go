package mathexpr

import (
	"math"
	"math/big"
	"math/bits"
)

// num is an exact rational: n/d in lowest terms with d > 0, or large where one of them does not fit. A large num is
// never changed in place. The zero num is not valid; use integer(0).
type num struct {
	n, d  int64
	large *big.Rat
}

func integer(n int64) num { return num{n: n, d: 1} }

// fraction is n/d for d > 0, neither of them the smallest int64.
func fraction(n, d int64) num {
	if g := gcd(n, d); g > 1 {
		n, d = n/g, d/g
	}
	return num{n: n, d: d}
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}

// fromRat takes ownership of r.
func fromRat(r *big.Rat) num {
	if r.Num().IsInt64() && r.Denom().IsInt64() && r.Num().Int64() != math.MinInt64 {
		return num{n: r.Num().Int64(), d: r.Denom().Int64()}
	}
	return num{large: r}
}

func (x num) rat() *big.Rat {
	if x.large != nil {
		return x.large
	}
	return big.NewRat(x.n, x.d)
}

func (x num) sign() int {
	if x.large != nil {
		return x.large.Sign()
	}
	switch {
	case x.n > 0:
		return 1
	case x.n < 0:
		return -1
	}
	return 0
}

func (x num) isInt() bool {
	if x.large != nil {
		return x.large.IsInt()
	}
	return x.d == 1
}

func (x num) is(n int64) bool { return x.large == nil && x.d == 1 && x.n == n }

// small is the value of an integer that fits into an int of 31 bits.
func (x num) small() (int, bool) {
	if x.large != nil || x.d != 1 || x.n > math.MaxInt32 || x.n < -math.MaxInt32 {
		return 0, false
	}
	return int(x.n), true
}

func (x num) equal(y num) bool {
	if x.large != nil || y.large != nil {
		return x.large != nil && y.large != nil && x.large.Cmp(y.large) == 0
	}
	return x.n == y.n && x.d == y.d
}

func (x num) cmp(y num) int {
	if x.large == nil && y.large == nil {
		if a, ok := product(x.n, y.d); ok {
			if b, ok := product(y.n, x.d); ok {
				switch {
				case a < b:
					return -1
				case a > b:
					return 1
				}
				return 0
			}
		}
	}
	return x.rat().Cmp(y.rat())
}

func (x num) neg() num {
	if x.large != nil {
		return fromRat(new(big.Rat).Neg(x.large))
	}
	return num{n: -x.n, d: x.d}
}

func (x num) abs() num {
	if x.sign() < 0 {
		return x.neg()
	}
	return x
}

// inv is 1/x for x other than 0.
func (x num) inv() num {
	if x.large != nil {
		return fromRat(new(big.Rat).Inv(x.large))
	}
	if x.n < 0 {
		return num{n: -x.d, d: -x.n}
	}
	return num{n: x.d, d: x.n}
}

// bits is the size of numerator and denominator together.
func (x num) bits() int {
	if x.large != nil {
		return x.large.Num().BitLen() + x.large.Denom().BitLen()
	}
	return bits.Len64(uint64(max(x.n, -x.n))) + bits.Len64(uint64(x.d))
}

// product multiplies unless the result leaves int64 (or is its smallest value).
func product(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(max(a, -a)), uint64(max(b, -b)))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

func (b *Budget) add(x, y num) num {
	if x.large == nil && y.large == nil {
		p, ok1 := product(x.n, y.d)
		q, ok2 := product(y.n, x.d)
		d, ok3 := product(x.d, y.d)
		if sum := p + q; ok1 && ok2 && ok3 && (p >= 0) != (q >= 0) || ok1 && ok2 && ok3 && (sum >= 0) == (p >= 0) && sum != math.MinInt64 {
			b.spend(1)
			return fraction(sum, d)
		}
	}
	if !b.afford(x, y) {
		return integer(0)
	}
	return fromRat(new(big.Rat).Add(x.rat(), y.rat()))
}

func (b *Budget) sub(x, y num) num { return b.add(x, y.neg()) }

func (b *Budget) mul(x, y num) num {
	if x.large == nil && y.large == nil {
		g, h := max(gcd(x.n, y.d), 1), max(gcd(y.n, x.d), 1)
		n, ok1 := product(x.n/g, y.n/h)
		d, ok2 := product(x.d/h, y.d/g)
		if ok1 && ok2 {
			b.spend(1)
			return num{n: n, d: d}
		}
	}
	if !b.afford(x, y) {
		return integer(0)
	}
	return fromRat(new(big.Rat).Mul(x.rat(), y.rat()))
}

// quo is x/y for y other than 0.
func (b *Budget) quo(x, y num) num { return b.mul(x, y.inv()) }

// afford charges for an operation on big numbers: a multiplication and a greatest common divisor, both quadratic.
func (b *Budget) afford(x, y num) bool {
	size := x.bits() + y.bits()
	if size > b.limits.Bits {
		b.refuse()
		return false
	}
	words := size/64 + 1
	return b.spend(10 + words + words*words/16)
}

// power is x to the n, exactly.
func (b *Budget) power(x num, n int) num {
	negative := n < 0
	if n = max(n, -n); x.bits()-1 > 0 && n > b.limits.Bits/max(x.bits()-1, 1) && !x.is(1) && !x.is(-1) && !x.is(0) {
		b.refuse()
		return integer(0)
	}
	result := integer(1)
	for square := x; n > 0 && !b.spent; n >>= 1 {
		if n&1 == 1 {
			result = b.mul(result, square)
		}
		if n > 1 {
			square = b.mul(square, square)
		}
	}
	if negative && result.sign() != 0 {
		return result.inv()
	}
	return result
}
