package mathexpr

import "math/big"

// exactly is the error exponent of a value without error.
const noError = -1 << 28

// maxExponent bounds binary exponents of values. Beyond it nothing is decided.
const maxExponent = 4000

// ball is a complex number that is known up to 2^err in each part. A nil im is exactly 0.
type ball struct {
	re, im *big.Float
	err    int
}

// calculator evaluates with balls of prec bits. A nil *ball stands for a value that does not exist, that does not
// fit, or about which the error allows no decision, as which side of a branch cut it is on.
type calculator struct {
	fixed
	prec uint
}

func newCalculator(b *Budget, prec uint) *calculator {
	return &calculator{fixed: fixed{b: b, w: prec + 32}, prec: prec}
}

func (c *calculator) float() *big.Float { return new(big.Float).SetPrec(c.prec) }

// mag is the exponent e with |x| < 2^e.
func mag(x *big.Float) int {
	if x == nil || x.Sign() == 0 {
		return noError
	}
	return x.MantExp(nil)
}

func (z *ball) mag() int { return max(mag(z.re), mag(z.im)) }

// contains0 tells whether the value may be 0.
func (z *ball) contains0() bool { return z.mag() <= z.err }

// rounded adds the rounding error of a result and checks its size.
func (c *calculator) rounded(z *ball) *ball {
	if !c.b.spend(8) || z.mag() > maxExponent || z.err > noError/2 && z.err > maxExponent {
		return nil
	}
	if m := z.mag(); m != noError {
		z.err = max(z.err, m-int(c.prec)) + 1
	}
	return z
}

func (c *calculator) rational(x num) *ball {
	if x.large != nil && x.large.Num().BitLen()-x.large.Denom().BitLen() > maxExponent {
		return nil
	}
	z := &ball{re: c.float().SetRat(x.rat()), err: noError}
	if x.isInt() && x.bits() < int(c.prec) {
		return z
	}
	return c.rounded(z)
}

func (c *calculator) add(x, y *ball) *ball {
	if x == nil || y == nil {
		return nil
	}
	z := &ball{re: c.float().Add(x.re, y.re), err: max(x.err, y.err)}
	if z.err != noError {
		z.err++
	}
	switch {
	case x.im != nil && y.im != nil:
		z.im = c.float().Add(x.im, y.im)
	case x.im != nil:
		z.im = x.im
	default:
		z.im = y.im
	}
	if m := max(x.mag(), y.mag()); m != noError {
		z.err = max(z.err, m-int(c.prec)+1)
	}
	return c.rounded(z)
}

func (c *calculator) neg(x *ball) *ball {
	if x == nil {
		return nil
	}
	z := &ball{re: c.float().Neg(x.re), err: x.err}
	if x.im != nil {
		z.im = c.float().Neg(x.im)
	}
	return z
}

// mulErr bounds the error of a product.
func mulErr(x, y *ball) int {
	e := noError
	for _, sum := range [...][2]int{{x.mag(), y.err}, {y.mag(), x.err}, {x.err, y.err}} {
		if sum[0] != noError && sum[1] != noError {
			e = max(e, sum[0]+sum[1]+3)
		}
	}
	return e
}

func (c *calculator) times(x, y *ball) *ball {
	if x == nil || y == nil {
		return nil
	}
	z := &ball{re: c.float().Mul(x.re, y.re), err: mulErr(x, y)}
	switch {
	case x.im != nil && y.im != nil:
		z.re.Sub(z.re, c.float().Mul(x.im, y.im))
		z.im = c.float().Add(c.float().Mul(x.re, y.im), c.float().Mul(x.im, y.re))
	case x.im != nil:
		z.im = c.float().Mul(x.im, y.re)
	case y.im != nil:
		z.im = c.float().Mul(x.re, y.im)
	}
	if x.im != nil || y.im != nil {
		if a, b := x.mag(), y.mag(); a != noError && b != noError {
			z.err = max(z.err, a+b-int(c.prec)+2)
		}
	}
	return c.rounded(z)
}

// inverse is 1/x, if x is surely not 0.
func (c *calculator) inverse(x *ball) *ball {
	if x == nil || x.re.Sign() == 0 && x.im == nil || x.err != noError && x.mag()-3 <= x.err {
		return nil
	}
	z := &ball{err: noError}
	one := c.float().SetInt64(1)
	if x.im == nil {
		z.re = one.Quo(one, x.re)
	} else {
		norm := c.float().Add(c.float().Mul(x.re, x.re), c.float().Mul(x.im, x.im))
		z.re = c.float().Quo(x.re, norm)
		z.im = c.float().Quo(x.im, norm)
		z.im.Neg(z.im)
		z.err = z.mag() - int(c.prec) + 4
	}
	if x.err != noError { // |1/x - 1/y| ≤ |x-y| / |x y|
		z.err = max(z.err, x.err-2*x.mag()+6)
	}
	return c.rounded(z)
}

func (c *calculator) quotient(x, y *ball) *ball { return c.times(x, c.inverse(y)) }

// toFixed scales x, cutting off what is smaller than one unit.
func (c *calculator) toFixed(x *big.Float) *big.Int {
	i, _ := new(big.Float).SetMantExp(x, int(c.w)).Int(nil)
	return i
}

// fromFixed is the ball around a fixed-point result with an error of 2^20 units.
func (c *calculator) fromFixed(x *big.Int) *ball {
	z := new(big.Float).SetPrec(c.prec).SetInt(x)
	return c.rounded(&ball{re: z.SetMantExp(z, -int(c.w)), err: 20 - int(c.w)})
}

func (c *calculator) circle() *ball { return c.fromFixed(c.pi()) }

// power is x to the n, by squaring.
func (c *calculator) power(x *ball, n int) *ball {
	if n < 0 {
		return c.inverse(c.power(x, -n))
	}
	result := c.rational(integer(1))
	for ; n > 0 && x != nil && result != nil; n >>= 1 {
		if n&1 == 1 {
			result = c.times(result, x)
		}
		if n > 1 {
			x = c.times(x, x)
		}
	}
	if x == nil {
		return nil
	}
	return result
}
