package mathexpr

import "math/big"

// realExp is e^x of a real ball.
func (c *calculator) realExp(x *ball) *ball {
	if x == nil || x.mag() > 12 || x.err > -8 {
		return nil
	}
	t := c.toFixed(x.re)
	k, r := new(big.Int).DivMod(t, c.ln2(), new(big.Int))
	z := c.fromFixed(c.exp(r))
	if z == nil || !k.IsInt64() {
		return nil
	}
	shift := int(k.Int64())
	z.re.SetMantExp(z.re, shift)
	z.err = max(z.err+14, x.err+2) + shift // k may be 2^12 and multiplies the error of ln 2
	return c.rounded(z)
}

// realLog is ln x of a real ball above 0.
func (c *calculator) realLog(x *ball) *ball {
	if x == nil || x.re.Sign() <= 0 || x.err != noError && x.err > x.mag()-4 {
		return nil
	}
	mantissa := new(big.Float)
	shift := x.re.MantExp(mantissa)
	ln := c.ln(c.toFixed(mantissa))
	ln.Add(ln, new(big.Int).Mul(c.ln2(), big.NewInt(int64(shift))))
	z := c.fromFixed(ln)
	if z == nil {
		return nil
	}
	z.err = max(z.err, 40-int(c.w))
	if x.err != noError {
		z.err = max(z.err, x.err-x.mag()+2)
	}
	return c.rounded(z)
}

// realSinCos is the sine and cosine of a real ball.
func (c *calculator) realSinCos(x *ball) (sin, cos *ball) {
	if x == nil || x.mag() > 20 || x.err > -8 {
		return nil, nil
	}
	half := new(big.Int).Rsh(c.pi(), 1)
	t := c.toFixed(x.re)
	t.Add(t, new(big.Int).Rsh(half, 1))
	k, r := new(big.Int).DivMod(t, half, new(big.Int))
	r.Sub(r, new(big.Int).Rsh(half, 1))
	s, o := c.sincos(r)
	switch k.Bit(0) + 2*k.Bit(1) {
	case 1:
		s, o = o, new(big.Int).Neg(s)
	case 2:
		s, o = new(big.Int).Neg(s), new(big.Int).Neg(o)
	case 3:
		s, o = new(big.Int).Neg(o), s
	}
	sin, cos = c.fromFixed(s), c.fromFixed(o)
	if sin == nil || cos == nil {
		return nil, nil
	}
	for _, z := range [...]*ball{sin, cos} {
		z.err = max(z.err, 28-int(c.w), x.err) + 1
	}
	return sin, cos
}

// realAtan is the inverse tangent of a real ball.
func (c *calculator) realAtan(x *ball) *ball {
	if x == nil {
		return nil
	}
	if x.mag() > 1 {
		rest := c.realAtan(c.inverse(x))
		half := c.times(c.circle(), c.rational(fraction(1, 2)))
		if x.re.Sign() < 0 {
			half = c.neg(half)
		}
		return c.add(half, c.neg(rest))
	}
	t := c.toFixed(x.re)
	if x.mag() > 0 { // up to 2: atan x = π/4 + atan((x-1)/(x+1))
		sign := t.Sign()
		t.Abs(t)
		t = c.quo(new(big.Int).Sub(t, c.one()), new(big.Int).Add(t, c.one()))
		t = c.atan(t)
		t.Add(t, new(big.Int).Rsh(c.pi(), 2))
		if sign < 0 {
			t.Neg(t)
		}
	} else {
		t = c.atan(t)
	}
	z := c.fromFixed(t)
	if z != nil {
		z.err = max(z.err, x.err) + 1
	}
	return z
}

// argument is the angle of x in (-π, π].
func (c *calculator) argument(x *ball) *ball {
	if x.im == nil {
		switch {
		case x.re.Sign() != 0 && x.err != noError && x.err > x.mag()-2:
			return nil
		case x.re.Sign() < 0:
			return c.circle()
		}
		return c.rational(integer(0))
	}
	re, im := &ball{re: x.re, err: x.err}, &ball{re: x.im, err: x.err}
	sure := func(part *ball) bool { return part.re.Sign() != 0 && part.mag() > x.err+1 }
	switch {
	case sure(re) && re.re.Sign() > 0:
		return c.realAtan(c.quotient(im, re))
	case !sure(im):
		return nil // on the cut, or 0
	}
	half := c.times(c.circle(), c.rational(fraction(1, 2)))
	if im.re.Sign() < 0 {
		half = c.neg(half)
	}
	return c.add(half, c.neg(c.realAtan(c.quotient(re, im))))
}

// complexLog is the principal logarithm.
func (c *calculator) complexLog(x *ball) *ball {
	if x == nil || x.contains0() {
		return nil
	}
	if x.im == nil && x.re.Sign() > 0 {
		return c.realLog(x)
	}
	norm := c.realLog(c.square(x))
	angle := c.argument(x)
	if norm == nil || angle == nil {
		return nil
	}
	half := c.times(norm, c.rational(fraction(1, 2)))
	if half == nil {
		return nil
	}
	return &ball{re: half.re, im: angle.re, err: max(half.err, angle.err)}
}

// square is |x|².
func (c *calculator) square(x *ball) *ball {
	re := &ball{re: x.re, err: x.err}
	sum := c.times(re, re)
	if x.im != nil {
		im := &ball{re: x.im, err: x.err}
		sum = c.add(sum, c.times(im, im))
	}
	return sum
}

func (c *calculator) complexExp(x *ball) *ball {
	if x == nil || x.im == nil {
		return c.realExp(x)
	}
	size := c.realExp(&ball{re: x.re, err: x.err})
	sin, cos := c.realSinCos(&ball{re: x.im, err: x.err})
	if size == nil || sin == nil {
		return nil
	}
	return c.times(size, &ball{re: cos.re, im: sin.re, err: max(sin.err, cos.err)})
}

// realSqrt is the root of a real ball; below 0 it is imaginary.
func (c *calculator) realSqrt(x *ball) *ball {
	if x.re.Sign() == 0 && x.err == noError {
		return x
	}
	if x.err != noError && x.err > x.mag()-4 {
		return nil
	}
	c.charge(4)
	z := &ball{re: c.float().Sqrt(c.float().Abs(x.re)), err: noError}
	if x.err != noError {
		z.err = x.err - z.mag() + 3
	}
	if z = c.rounded(z); z != nil && x.re.Sign() < 0 {
		z.re, z.im = c.float(), z.re
	}
	return z
}
