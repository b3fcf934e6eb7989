package mathexpr

import "math/big"

// fixed computes elementary functions of fixed-point numbers, integers scaled by 2^w. Each step errs by one unit at
// most, and the w that callers choose leaves 32 bits for that. Constants are computed once, when first needed.
type fixed struct {
	b         *Budget
	w         uint
	piw, ln2w *big.Int
}

func (f *fixed) one() *big.Int { return new(big.Int).Lsh(big.NewInt(1), f.w) }

// charge counts steps of one multiplication or division each.
func (f *fixed) charge(steps int) bool {
	words := int(f.w)/64 + 1
	return f.b.spend(steps * (5 + words + words*words/8))
}

func (f *fixed) mul(x, y *big.Int) *big.Int {
	z := new(big.Int).Mul(x, y)
	return z.Rsh(z, f.w)
}

func (f *fixed) quo(x, y *big.Int) *big.Int {
	z := new(big.Int).Lsh(x, f.w)
	return z.Quo(z, y)
}

// exp is e^x for 0 ≤ x < 1.
func (f *fixed) exp(x *big.Int) *big.Int {
	const halvings = 8
	r := new(big.Int).Rsh(x, halvings)
	sum, t := f.one(), f.one()
	for n := int64(1); t.Sign() != 0 && f.charge(1); n++ {
		t = f.mul(t, r)
		t.Quo(t, big.NewInt(n))
		sum.Add(sum, t)
	}
	for range halvings {
		sum = f.mul(sum, sum)
	}
	f.charge(halvings)
	return sum
}

// atanh is the series of the inverse hyperbolic tangent (sign 1) or of the inverse tangent (sign -1), for small x.
func (f *fixed) series(x *big.Int, sign int64) *big.Int {
	square := f.mul(x, x)
	if sign < 0 {
		square.Neg(square)
	}
	sum, t := new(big.Int).Set(x), new(big.Int).Set(x)
	for n := int64(3); t.Sign() != 0 && f.charge(1); n += 2 {
		t = f.mul(t, square)
		if t.CmpAbs(big.NewInt(1)) <= 0 {
			break // rounding towards -∞ never reaches 0
		}
		sum.Add(sum, new(big.Int).Quo(t, big.NewInt(n)))
	}
	return sum
}

// ln is the logarithm of x for 1/2 ≤ x ≤ 2.
func (f *fixed) ln(x *big.Int) *big.Int {
	const roots = 8
	m := x
	for range roots {
		m = f.sqrt(m)
	}
	f.charge(4 * roots)
	z := f.quo(new(big.Int).Sub(m, f.one()), new(big.Int).Add(m, f.one()))
	z = f.series(z, 1)
	return z.Lsh(z, roots+1)
}

func (f *fixed) sqrt(x *big.Int) *big.Int {
	z := new(big.Int).Lsh(x, f.w)
	return z.Sqrt(z)
}

// atan is the inverse tangent of x for |x| ≤ 1.
func (f *fixed) atan(x *big.Int) *big.Int {
	const halvings = 4
	z := x
	for range halvings {
		root := f.sqrt(new(big.Int).Add(f.one(), f.mul(z, z)))
		z = f.quo(z, root.Add(root, f.one()))
	}
	f.charge(6 * halvings)
	z = f.series(z, -1)
	return z.Lsh(z, halvings)
}

// sincos is the sine and cosine of x for |x| ≤ 1.
func (f *fixed) sincos(x *big.Int) (sin, cos *big.Int) {
	square := f.mul(x, x)
	square.Neg(square)
	sum := func(t *big.Int, n int64) *big.Int {
		total := new(big.Int).Set(t)
		for ; t.CmpAbs(big.NewInt(1)) > 0 && f.charge(1); n += 2 {
			t = f.mul(t, square)
			t.Quo(t, big.NewInt(n*(n+1)))
			total.Add(total, t)
		}
		return total
	}
	return sum(x, 2), sum(f.one(), 1)
}

func (f *fixed) pi() *big.Int {
	if f.piw == nil { // Machin: π/4 = 4 atan 1/5 - atan 1/239
		a := f.series(new(big.Int).Quo(f.one(), big.NewInt(5)), -1)
		b := f.series(new(big.Int).Quo(f.one(), big.NewInt(239)), -1)
		a.Lsh(a, 2)
		a.Sub(a, b)
		f.piw = a.Lsh(a, 2)
	}
	return f.piw
}

func (f *fixed) ln2() *big.Int {
	if f.ln2w == nil {
		third := f.series(new(big.Int).Quo(f.one(), big.NewInt(3)), 1)
		f.ln2w = third.Lsh(third, 1)
	}
	return f.ln2w
}
