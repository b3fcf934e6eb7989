package mathexpr

import "math/big"

// powerOf is the normal form of base^exponent.
func (g *algebra) powerOf(n *node) (quotient, bool) {
	base, ok := g.normal(n.args[0])
	if !ok {
		return base, false
	}
	exponent, ok := g.normal(n.args[1])
	if !ok {
		return base, false
	}
	value, rational := exponent.num.value()
	if !rational || exponent.den != nil {
		return g.atomOf(atomOpaque, "^", base, exponent), true
	}
	if k, small := value.small(); small {
		return g.integerPower(base, k)
	}
	if value.isInt() {
		g.b.refuse()
		return base, false
	}
	over, ok := num{n: value.d, d: 1}.small()
	up, ok2 := num{n: value.n, d: 1}.small()
	if value.large != nil || !ok || !ok2 {
		return g.atomOf(atomOpaque, "^", base, exponent), true
	}
	return g.rational(base, up, over)
}

func (g *algebra) integerPower(base quotient, n int) (quotient, bool) {
	if n < 0 {
		inverse, ok := g.inverse(base)
		if !ok {
			return base, false
		}
		base, n = inverse, -n
	}
	if c, ok := base.num.value(); ok && base.den == nil {
		return quotient{num: constantPoly(g.b.power(c, n))}, true
	}
	q := quotient{num: g.powPoly(base.num, n)}
	if base.den != nil {
		q.den = g.powPoly(base.den, n)
	}
	return q, true
}

// rootOf is the normal form of a root.
func (g *algebra) rootOf(n *node) (quotient, bool) {
	base, ok := g.normal(n.args[0])
	if !ok {
		return base, false
	}
	degree, ok := g.normal(n.args[1])
	if !ok {
		return base, false
	}
	value, rational := degree.num.value()
	over, small := value.small()
	if !rational || degree.den != nil || !small || over < 1 {
		return g.atomOf(atomOpaque, "root", base, degree), true
	}
	return g.rational(base, 1, over)
}

// rational is base^(up/over). Odd roots of negative numbers are real, as in school. What cannot be told apart from
// the principal value without knowing signs of variables stays opaque.
func (g *algebra) rational(base quotient, up, over int) (quotient, bool) {
	if over == 1 {
		return g.integerPower(base, up)
	}
	if len(base.num) == 0 {
		return base, up > 0
	}
	if up < 0 {
		inverse, ok := g.inverse(base)
		if !ok {
			return base, false
		}
		base, up = inverse, -up
	}
	if unitExp%over == 0 && base.den == nil && len(base.num) == 1 {
		if t, ok := g.rootTerm(base.num[0], over); ok {
			return quotient{num: g.powPoly(poly{t}, up)}, true
		}
	} else if c, ok := base.num.value(); ok && base.den == nil {
		if t, ok := g.perfectRoot(c, over); ok {
			return quotient{num: constantPoly(g.b.power(t, up))}, true
		}
	}
	return g.atomOf(atomOpaque, "root", base, quotient{num: constantPoly(fraction(int64(up), int64(over)))}), true
}

// rootTerm is the root of one term: a positive number times powers of positive atoms, and at most one variable with
// an exponent up to 1, for which (x^a)^b = x^(ab) holds with principal values.
func (g *algebra) rootTerm(t term, over int) (term, bool) {
	root, ok := g.rootNumber(t.coef, over)
	if !ok {
		return root, false
	}
	variables := 0
	for _, f := range t.mono {
		switch g.atoms[f.atom].kind {
		case atomVariable:
			variables++
			if f.exp > unitExp || f.exp < 0 || variables > 1 || t.coef.sign() < 0 {
				return root, false
			}
		case atomImaginary, atomOpaque:
			return root, false
		}
		if int(f.exp)%over != 0 || t.coef.sign() < 0 && over%2 == 0 && over != 2 {
			return root, false
		}
		f.exp /= int32(over)
		root = g.mulTerm(root, term{integer(1), []factor{f}})
	}
	return root, true
}

// rootNumber is the root of a rational as a rational times roots of primes, and i for a square root below zero.
func (g *algebra) rootNumber(c num, over int) (term, bool) {
	root := term{coef: integer(1)}
	negative := c.sign() < 0
	if c = c.abs(); negative && over%2 == 0 && over != 2 {
		return root, false
	}
	if exact, ok := g.perfectRoot(c, over); ok {
		root.coef = exact
	} else if root, ok = g.primeRoots(c, over); !ok {
		return root, false
	}
	if negative && over%2 == 1 {
		root.coef = root.coef.neg()
	} else if negative {
		root = g.mulTerm(root, term{integer(1), []factor{{g.atom(atomImaginary, "i", 0), unitExp}}})
	}
	return root, true
}

// primeRoots factors a positive rational. What trial division cannot factor makes no normal form.
func (g *algebra) primeRoots(c num, over int) (term, bool) {
	root := term{coef: integer(1)}
	if c.large != nil {
		return root, false
	}
	for i, m := range [2]int64{c.n, c.d} {
		for p := int64(2); m > 1; p++ {
			if p*p > m {
				p = m
			} else if p > 2000 || !g.b.spend(1) {
				return root, false
			}
			n := int32(0)
			for ; m%p == 0; n++ {
				m /= p
			}
			if n == 0 {
				continue
			}
			f := factor{g.atom(atomPrime, "", p), n * int32(unitExp/over)}
			if i == 1 {
				f.exp = -f.exp
				for f.exp < 0 {
					root.coef = g.b.quo(root.coef, integer(p))
					f.exp += unitExp
				}
			}
			if root.coef, f = g.reduce(root.coef, f); f.exp != 0 {
				root = g.mulTerm(root, term{integer(1), []factor{f}})
			}
		}
	}
	return root, true
}

// perfectRoot is the root of a rational if that is rational.
func (g *algebra) perfectRoot(c num, over int) (num, bool) {
	if c.sign() < 0 {
		if over%2 == 0 {
			return c, false
		}
		root, ok := g.perfectRoot(c.neg(), over)
		return root.neg(), ok
	}
	if over > 64 || c.sign() == 0 || c.is(1) {
		return c, c.sign() == 0 || c.is(1)
	}
	size := c.bits()/64 + 1
	if !g.b.spend(30 + size*size) {
		return c, false
	}
	r := c.rat()
	a, ok := integerRoot(r.Num(), over)
	if !ok {
		return c, false
	}
	b, ok := integerRoot(r.Denom(), over)
	if !ok {
		return c, false
	}
	return fromRat(new(big.Rat).SetFrac(a, b)), true
}

// integerRoot is the n-th root of x > 0 if that is an integer, by Newton's method for roots that are no powers of two.
func integerRoot(x *big.Int, n int) (*big.Int, bool) {
	root := new(big.Int).Set(x)
	for left := n; left > 1; {
		if left%2 == 0 {
			if root.Sqrt(root); left == 2 {
				break
			}
			left /= 2
			continue
		}
		root = newtonRoot(root, left)
		break
	}
	return root, new(big.Int).Exp(root, big.NewInt(int64(n)), nil).Cmp(x) == 0
}

func newtonRoot(x *big.Int, n int) *big.Int {
	guess := new(big.Int).Lsh(big.NewInt(1), uint(x.BitLen()/n+1))
	small, degree := big.NewInt(int64(n-1)), big.NewInt(int64(n))
	for {
		next := new(big.Int).Exp(guess, small, nil)
		next.Quo(x, next)
		next.Add(next, new(big.Int).Mul(guess, small))
		next.Quo(next, degree)
		if next.Cmp(guess) >= 0 {
			return guess
		}
		guess = next
	}
}
