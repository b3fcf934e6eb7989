package mathexpr

// wantedBits is how many bits of two values must agree before they may be called equal: more than 40 digits.
const wantedBits = 140

// outcome of a numerical comparison.
type outcome uint8

const (
	unknown outcome = iota
	same
	different
)

// scalars tells whether two expressions are equal.
func (c *comparison) scalars(x, y *node) bool {
	if x.kind == kNum && y.kind == kNum {
		return x.num.equal(y.num)
	}
	if c.scalarsWith(x, y, false) {
		return true
	}
	plainLog := func(n *node) bool { return n.kind == kFunc && n.name == "log" && len(n.args) == 1 }
	return !c.b.spent && (x.contains(plainLog) || y.contains(plainLog)) && c.scalarsWith(x, y, true)
}

// scalarsWith compares with log to the base e, or ten.
func (c *comparison) scalarsWith(x, y *node, log10 bool) bool {
	g := algebra{b: c.b, log10: log10}
	p, ok := g.normal(x)
	if !ok {
		return false
	}
	q, ok := g.normal(y)
	if !ok {
		return false
	}
	difference := g.addPoly(g.times(p.num, q.den), g.negPoly(g.times(q.num, p.den)))
	if c.b.spent {
		return false
	}
	if !g.opaque || len(difference) == 0 && !g.opaqueIn(p.den) && !g.opaqueIn(q.den) {
		return len(difference) == 0
	}
	return c.numerically(x, y, log10) == same
}

func (g *algebra) opaqueIn(p poly) bool {
	for _, t := range p {
		for _, f := range t.mono {
			if g.atoms[f.atom].kind == atomOpaque {
				return true
			}
		}
	}
	return false
}

// numerically compares values at several points, or the one value without variables.
func (c *comparison) numerically(x, y *node, log10 bool) outcome {
	points, wanted := 1, 1
	style := positive
	if x.open() || y.open() {
		points, wanted = 14, 4
		discrete := func(n *node) bool {
			return n.kind == kFact || n.kind == kFunc && (n.name == "binom" || n.name == "gcd" || n.name == "mod")
		}
		if x.contains(discrete) || y.contains(discrete) {
			style = natural
		}
	}
	steps := func(n *node) bool { return n.kind == kFunc && (n.name == "floor" || n.name == "ceil") }
	if points > 1 && style != natural && (x.contains(steps) || y.contains(steps)) {
		style, wanted = wide, 12
	}
	agreed := 0
	size := constants(x) + constants(y)
	if size > 2000 {
		return unknown
	}
	for i := 0; i < points && agreed < wanted; i++ {
		at := &point{style: style, seed: uint64(i)}
		if points > 1 && style == positive {
			at.style = [...]pointStyle{signed, positive, signed, unit}[i%4]
		}
		switch c.atPoint(x, y, at, log10, uint(192+size)) {
		case different:
			return different
		case same:
			agreed++
		}
		if c.b.spent {
			return unknown
		}
	}
	if agreed < wanted {
		return unknown
	}
	return same
}

// constants is the size of all numbers in a tree, in bits: values that differ may agree in about so many.
func constants(n *node) int {
	size := 0
	if n.kind == kNum {
		size = n.num.bits()
	}
	for _, arg := range n.args {
		size += constants(arg)
	}
	if n.kind == kPow && n.args[1].kind == kNum {
		if k, ok := n.args[1].num.small(); ok {
			size += min(constants(n.args[0])*max(k, -k), 1<<20)
		}
	}
	return min(size, 1<<20)
}

// atPoint compares at one point, where both have a value.
func (c *comparison) atPoint(x, y *node, at *point, log10 bool, prec uint) outcome {
	e := evaluator{calculator: newCalculator(c.b, prec), at: at, log10: log10}
	a := e.value(x)
	if a == nil {
		return unknown
	}
	b := e.value(y)
	if b == nil {
		return unknown
	}
	if at.style == signed && (a.im != nil || b.im != nil) {
		return unknown // the principal branch is seldom meant where roots and logarithms leave the real numbers
	}
	d := e.add(a, e.neg(b))
	if d == nil {
		return unknown
	}
	if d.mag() > d.err+1 {
		return different
	}
	if d.err <= max(a.mag(), b.mag())-wantedBits || a.contains0() && b.contains0() && d.err <= -wantedBits {
		return same
	}
	return unknown
}
