package mathexpr

import (
	"cmp"
	"slices"
)

// unitExp is the exponent 1: exponents count sixtieths, so that roots up to the sixth, and the tenth, are exact.
const unitExp = 60

// factor is a power of an atom, exp in sixtieths.
type factor struct{ atom, exp int32 }

// term is a coefficient times a product of atoms in rising order.
type term struct {
	coef num
	mono []factor
}

// poly is a sum of terms in falling order of monomials, without zero coefficients. Polynomials share monomials and
// are never changed in place.
type poly []term

func constantPoly(c num) poly {
	if c.sign() == 0 {
		return nil
	}
	return poly{{coef: c}}
}

// value is the number that the polynomial is, if it has no atoms.
func (p poly) value() (num, bool) {
	switch {
	case len(p) == 0:
		return integer(0), true
	case len(p) == 1 && len(p[0].mono) == 0:
		return p[0].coef, true
	}
	return integer(0), false
}

func compareMono(a, b []factor) int {
	for i := range min(len(a), len(b)) {
		if c := cmp.Compare(a[i].atom, b[i].atom); c != 0 {
			return -c
		}
		if c := cmp.Compare(a[i].exp, b[i].exp); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func (g *algebra) addPoly(p, q poly) poly {
	if len(p) == 0 {
		return q
	}
	if len(q) == 0 {
		return p
	}
	if !g.b.spend(len(p) + len(q)) {
		return nil
	}
	sum := make(poly, 0, len(p)+len(q))
	for len(p) > 0 && len(q) > 0 {
		switch c := compareMono(p[0].mono, q[0].mono); {
		case c > 0:
			sum, p = append(sum, p[0]), p[1:]
		case c < 0:
			sum, q = append(sum, q[0]), q[1:]
		default:
			if coef := g.b.add(p[0].coef, q[0].coef); coef.sign() != 0 {
				sum = append(sum, term{coef, p[0].mono})
			}
			p, q = p[1:], q[1:]
		}
	}
	return append(append(sum, p...), q...)
}

func (g *algebra) scale(p poly, c num) poly {
	if c.sign() == 0 || !g.b.spend(len(p)) {
		return nil
	}
	if c.is(1) {
		return p
	}
	scaled := make(poly, len(p))
	for i, t := range p {
		scaled[i] = term{g.b.mul(t.coef, c), t.mono}
	}
	return scaled
}

func (g *algebra) negPoly(p poly) poly { return g.scale(p, integer(-1)) }

func (g *algebra) mulPoly(p, q poly) poly {
	if c, ok := p.value(); ok {
		return g.scale(q, c)
	}
	if c, ok := q.value(); ok {
		return g.scale(p, c)
	}
	if !g.b.spend(4 * len(p) * len(q)) {
		return nil
	}
	all := make(poly, 0, len(p)*len(q))
	for _, s := range p {
		for _, t := range q {
			if r := g.mulTerm(s, t); r.coef.sign() != 0 {
				all = append(all, r)
			}
		}
	}
	return g.collect(all)
}

// collect sorts terms and adds those with the same monomial.
func (g *algebra) collect(all poly) poly {
	if len(all) < 2 {
		return all
	}
	slices.SortFunc(all, func(s, t term) int { return -compareMono(s.mono, t.mono) })
	sum := all[:1]
	for _, t := range all[1:] {
		if last := &sum[len(sum)-1]; compareMono(last.mono, t.mono) == 0 {
			last.coef = g.b.add(last.coef, t.coef)
		} else if last.coef.sign() == 0 {
			*last = t
		} else {
			sum = append(sum, t)
		}
	}
	if sum[len(sum)-1].coef.sign() == 0 {
		sum = sum[:len(sum)-1]
	}
	return sum
}

// mulTerm multiplies two terms: i² becomes -1 and p^(60/60) becomes p.
func (g *algebra) mulTerm(s, t term) term {
	r := term{coef: g.b.mul(s.coef, t.coef)}
	a, b := s.mono, t.mono
	if len(a) == 0 || len(b) == 0 {
		if r.mono = a; len(a) == 0 {
			r.mono = b
		}
		return r
	}
	mono := make([]factor, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].atom < b[0].atom:
			mono, a = append(mono, a[0]), a[1:]
		case a[0].atom > b[0].atom:
			mono, b = append(mono, b[0]), b[1:]
		default:
			f := factor{a[0].atom, a[0].exp + b[0].exp}
			if r.coef, f = g.reduce(r.coef, f); f.exp != 0 {
				mono = append(mono, f)
			}
			a, b = a[1:], b[1:]
		}
	}
	r.mono = append(append(mono, a...), b...)
	g.b.spend(len(r.mono))
	return r
}

// reduce brings a power of i or of a prime below the exponent 1 or 2.
func (g *algebra) reduce(coef num, f factor) (num, factor) {
	if f.exp > 1<<24 {
		g.b.refuse()
		return coef, f
	}
	switch a := g.atoms[f.atom]; a.kind {
	case atomImaginary:
		quarter := f.exp / unitExp % 4
		if quarter >= 2 {
			coef = coef.neg()
		}
		f.exp = quarter % 2 * unitExp
	case atomPrime:
		if f.exp >= unitExp {
			coef = g.b.mul(coef, g.b.power(integer(a.prime), int(f.exp/unitExp)))
			f.exp %= unitExp
		}
	}
	return coef, f
}

// powPoly is p to the n ≥ 0.
func (g *algebra) powPoly(p poly, n int) poly {
	if len(p) == 1 {
		r := term{coef: g.b.power(p[0].coef, n)}
		if n == 0 {
			return poly{r}
		}
		for _, f := range p[0].mono {
			if int64(f.exp)*int64(n) > 1<<24 {
				g.b.refuse()
				return nil
			}
			f.exp *= int32(n)
			if r.coef, f = g.reduce(r.coef, f); f.exp != 0 {
				r.mono = append(r.mono, f)
			}
		}
		return poly{r}
	}
	result := constantPoly(integer(1))
	for square := p; n > 0 && !g.b.spent; n >>= 1 {
		if n&1 == 1 {
			result = g.mulPoly(result, square)
		}
		if n > 1 {
			square = g.mulPoly(square, square)
		}
	}
	return result
}
