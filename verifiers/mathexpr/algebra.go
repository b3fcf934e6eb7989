package mathexpr

import (
	"strconv"
	"strings"
)

// atomKind tells what a polynomial takes as a variable.
type atomKind uint8

const (
	atomVariable  atomKind = iota
	atomPositive           // π or e: transcendental, roots may be taken
	atomImaginary          // i
	atomPrime              // a prime, which occurs with fractional exponents only
	atomOpaque             // any other function of its arguments
)

type atom struct {
	kind  atomKind
	name  string
	prime int64
}

// algebra brings expressions into the normal form of quotients of polynomials over its atoms. Products of roots of
// different primes, powers of i, and powers of variables are independent over the rationals, so without opaque
// atoms the form is zero exactly if the expression is. (That π and e are independent of each other nobody has
// proved; should they not be, two equal answers would be called different.)
type algebra struct {
	b       *Budget
	atoms   []atom
	opaque  bool // there are opaque atoms: a form other than zero may still be zero
	log10   bool // log without a base is to ten instead of e
	degrees bool // inside a trigonometric function: 30° is π/6
}

// quotient is num/den; a nil den is 1.
type quotient struct{ num, den poly }

func (g *algebra) atom(k atomKind, name string, prime int64) int32 {
	g.b.spend(1 + len(g.atoms)/4)
	for i, a := range g.atoms {
		if a.kind == k && a.prime == prime && a.name == name {
			return int32(i)
		}
	}
	g.opaque = g.opaque || k == atomOpaque
	g.atoms = append(g.atoms, atom{k, name, prime})
	return int32(len(g.atoms) - 1)
}

func (g *algebra) atomPoly(k atomKind, name string) poly {
	return poly{{integer(1), []factor{{g.atom(k, name, 0), unitExp}}}}
}

// normal is the normal form of n; ok is false where n has no value or is no scalar.
func (g *algebra) normal(n *node) (q quotient, ok bool) {
	if !g.b.spend(2) {
		return q, false
	}
	switch n.kind {
	case kNum:
		return quotient{num: constantPoly(n.num)}, true
	case kSym:
		return quotient{num: g.symbol(n.name)}, true
	case kAdd:
		return g.sum(n.args)
	case kNeg:
		q, ok = g.normal(n.args[0])
		q.num = g.negPoly(q.num)
		return q, ok
	case kMul, kDiv:
		return g.productOf(n)
	case kPow:
		return g.powerOf(n)
	case kRoot:
		return g.rootOf(n)
	case kPercent:
		q, ok = g.normal(n.args[0])
		q.num = g.scale(q.num, fraction(1, 100))
		return q, ok
	case kDegree:
		q, ok = g.normal(n.args[0])
		if g.degrees {
			q.num = g.mulPoly(g.scale(q.num, fraction(1, 180)), g.symbol("π"))
		}
		return q, ok
	case kFunc, kFact, kApply:
		return g.functionOf(n)
	case kBase: // the value, but never equal to a number without a base: what is asked for is the notation
		q.num = g.scale(g.atomPoly(atomVariable, "base"), g.inBase(n))
		return q, true
	}
	return q, false
}

// inBase is the value of a numeral.
func (g *algebra) inBase(n *node) num {
	value := integer(0)
	for i := range len(n.name) {
		value = g.b.add(g.b.mul(value, n.num), integer(int64(n.name[i]-'0')))
	}
	return value
}

func (g *algebra) symbol(name string) poly {
	switch name {
	case "π", "e":
		return g.atomPoly(atomPositive, name)
	case "i":
		return g.atomPoly(atomImaginary, name)
	}
	return g.atomPoly(atomVariable, name)
}

func (g *algebra) sum(args []*node) (total quotient, ok bool) {
	for _, arg := range args {
		q, ok := g.normal(arg)
		if !ok {
			return q, false
		}
		total = g.add(total, q)
	}
	return total, true
}

func (g *algebra) add(p, q quotient) quotient {
	switch {
	case len(p.num) == 0:
		return q
	case len(q.num) == 0:
		return p
	case p.den == nil && q.den == nil:
		return quotient{num: g.addPoly(p.num, q.num)}
	case samePoly(p.den, q.den):
		return quotient{g.addPoly(p.num, q.num), p.den}
	}
	return quotient{g.addPoly(g.times(p.num, q.den), g.times(q.num, p.den)), g.timesDen(p.den, q.den)}
}

// times multiplies by a denominator, where nil is 1.
func (g *algebra) times(p, den poly) poly {
	if den == nil {
		return p
	}
	return g.mulPoly(p, den)
}

func (g *algebra) timesDen(p, q poly) poly {
	if p == nil {
		return q
	}
	return g.times(p, q)
}

func samePoly(p, q poly) bool {
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if compareMono(p[i].mono, q[i].mono) != 0 || !p[i].coef.equal(q[i].coef) {
			return false
		}
	}
	return true
}

func (g *algebra) mul(p, q quotient) quotient {
	return g.simple(quotient{g.mulPoly(p.num, q.num), g.timesDen(p.den, q.den)})
}

// inverse is 1/q; ok is false if q is zero, as far as the normal form shows.
func (g *algebra) inverse(q quotient) (quotient, bool) {
	if len(q.num) == 0 {
		return q, false
	}
	num := q.den
	if num == nil {
		num = constantPoly(integer(1))
	}
	return g.simple(quotient{num, q.num}), true
}

// simple moves a denominator of one term without variables into the numerator: 1/√2 is √2/2.
func (g *algebra) simple(q quotient) quotient {
	if len(q.den) != 1 {
		return q
	}
	d := q.den[0]
	up := term{coef: d.coef.inv()}
	for _, f := range d.mono {
		switch a := g.atoms[f.atom]; a.kind {
		case atomPrime:
			up.coef = g.b.quo(up.coef, integer(a.prime))
			f.exp = unitExp - f.exp
		case atomImaginary:
			up.coef = up.coef.neg()
		default:
			return q
		}
		up.mono = append(up.mono, f)
	}
	return quotient{num: g.mulPoly(q.num, poly{up})}
}

func (g *algebra) productOf(n *node) (total quotient, ok bool) {
	total = quotient{num: constantPoly(integer(1))}
	for i, arg := range n.args {
		q, ok := g.normal(arg)
		if !ok {
			return q, false
		}
		if n.kind == kDiv && i == 1 {
			if q, ok = g.inverse(q); !ok {
				return q, false
			}
		}
		total = g.mul(total, q)
	}
	return total, true
}

// key writes a quotient, for telling opaque atoms apart.
func (q quotient) key() string {
	var s strings.Builder
	q.num.write(&s)
	if q.den != nil {
		s.WriteByte('/')
		q.den.write(&s)
	}
	return s.String()
}

func (p poly) write(s *strings.Builder) {
	for _, t := range p {
		if t.coef.large != nil {
			s.WriteString(t.coef.large.RatString())
		} else {
			s.WriteString(strconv.FormatInt(t.coef.n, 10) + "/" + strconv.FormatInt(t.coef.d, 10))
		}
		for _, f := range t.mono {
			s.WriteString("*" + strconv.Itoa(int(f.atom)) + "^" + strconv.Itoa(int(f.exp)))
		}
		s.WriteByte('+')
	}
}

// atomOf is an atom for a function of quotients.
func (g *algebra) atomOf(kind atomKind, name string, args ...quotient) quotient {
	for _, q := range args {
		k := q.key()
		g.b.spend(len(k) / 4)
		name += "(" + k
	}
	return quotient{num: g.atomPoly(kind, name)}
}
