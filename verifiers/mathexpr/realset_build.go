package mathexpr

import "strings"

// operation computes a union, intersection or difference.
func (c *comparison) operation(n *node) ([]span, bool) {
	total, ok := c.realSet(n.args[0])
	for _, arg := range n.args[1:] {
		next, ok2 := c.realSet(arg)
		if !ok || !ok2 {
			return nil, false
		}
		switch n.kind {
		case kMinus:
			total, ok = c.common(total, c.complementOf(next))
		case kInter:
			total, ok = c.common(total, next)
		default:
			total, ok = c.united(append(total[:len(total):len(total)], next...))
		}
	}
	return total, ok
}

// complementOf is what a sorted set leaves out.
func (c *comparison) complementOf(set []span) []span {
	var gaps []span
	rest := span{}
	for _, s := range set {
		if s.low != nil {
			gap := rest
			gap.high, gap.highClosed = s.low, !s.lowClosed
			gaps = append(gaps, gap)
		}
		if s.high == nil {
			return gaps
		}
		rest = span{low: s.high, lowClosed: !s.highClosed}
	}
	return append(gaps, rest)
}

// common is the intersection of two sets.
func (c *comparison) common(a, b []span) ([]span, bool) {
	var parts []span
	for _, s := range a {
		for _, t := range b {
			part, ok := c.overlap(s, t)
			if !ok || !c.b.spend(2) {
				return nil, false
			}
			parts = append(parts, part)
		}
	}
	return c.united(parts)
}

// overlap is the intersection of two intervals; it may be empty, which united finds.
func (c *comparison) overlap(s, t span) (span, bool) {
	if t.low != nil {
		o, ok := 1, true
		if s.low != nil {
			o, ok = c.order(t.low, s.low)
		}
		switch {
		case !ok:
			return s, false
		case o > 0:
			s.low, s.lowClosed = t.low, t.lowClosed
		case o == 0:
			s.lowClosed = s.lowClosed && t.lowClosed
		}
	}
	if t.high != nil {
		o, ok := -1, true
		if s.high != nil {
			o, ok = c.order(t.high, s.high)
		}
		switch {
		case !ok:
			return s, false
		case o < 0:
			s.high, s.highClosed = t.high, t.highClosed
		case o == 0:
			s.highClosed = s.highClosed && t.highClosed
		}
	}
	return s, true
}

// alternatives is the set of a list of inequalities: their union if "or" stands between them, their intersection with
// "and"; with a comma their intersection unless that is empty.
func (c *comparison) alternatives(n *node) ([]span, bool) {
	union := apply(kUnion, n.args...)
	variable := variableOf(n.args[0])
	for _, arg := range n.args {
		if v := variableOf(arg); variable == nil || v == nil || !c.same(variable, v) {
			return nil, false
		}
	}
	if n.name != "or" {
		set, ok := c.operation(apply(kInter, n.args...))
		if !ok || len(set) > 0 || n.name == "and" {
			return set, ok
		}
	}
	return c.operation(union)
}

// built is the set {x | conditions}.
func (c *comparison) built(n *node) ([]span, bool) {
	parts := n.args[1:]
	if n.args[0].kind == kRel {
		parts = n.args
	} else if n.args[0].kind != kSym {
		return nil, false
	}
	if len(parts) == 1 {
		return c.realSet(parts[0])
	}
	return c.operation(apply(kInter, parts...))
}

// solutions is the set of numbers that satisfy a chain of inequalities in one variable, or x ∈ set.
func (c *comparison) solutions(n *node) ([]span, bool) {
	if n.name == "e" {
		return c.realSet(n.args[1])
	}
	if value, ok := assigned(n); ok && n.name == "=" && value.scalar() && !value.open() && !ambiguousSign(value) {
		return []span{{value, value, true, true}}, true
	}
	if strings.Trim(n.name, "<>lgn") != "" || variableOf(n) == nil {
		return nil, false
	}
	total := []span{{}}
	for i := range n.name {
		a, b, op := n.args[i], n.args[i+1], n.name[i]
		if !unknownIn(a) && unknownIn(b) {
			a, b, op = b, a, flipped(op)
		}
		part, ok := c.solve(a, b, op)
		if ok {
			total, ok = c.common(total, part)
		}
		if !ok {
			return nil, false
		}
	}
	return total, true
}

func unknownIn(n *node) bool { return n.open() }

// variableOf is the only variable (or unknown function) of a relation, nil if there is none or more.
func variableOf(n *node) *node {
	var found *node
	several := false
	n.contains(func(m *node) bool {
		if m.kind == kSym && !constant(m.name) || m.kind == kApply {
			switch {
			case found == nil:
				found = m
			case found.kind == kApply && m.kind == kApply:
				several = several || spelled(m) != spelled(found) // f(1) < f(2)
			case found.kind != kApply:
				several = several || m.name != found.name
			}
		}
		return false
	})
	if several {
		return nil
	}
	return found
}

// solve is the set with a op b, for a variable or its absolute value alone on the left, or a linear a - b.
func (c *comparison) solve(a, b *node, op byte) ([]span, bool) {
	if unknownIn(b) || a.kind != kSym && a.kind != kApply && a.kind != kFunc {
		return c.linear(a, b, op)
	}
	if !b.scalar() {
		return nil, false
	}
	if a.kind == kFunc {
		if a.name != "abs" || a.args[0].kind != kSym {
			return nil, false
		}
		inner, ok := c.common(ray(b, op), ray(number(integer(0)), relMoreEq))
		if !ok {
			return nil, false
		}
		mirrored := make([]span, 0, 2*len(inner))
		for _, s := range inner {
			mirrored = append(mirrored, s, mirror(s))
		}
		return c.united(mirrored)
	}
	if infinite(b) || b.kind == kNeg && infinite(b.args[0]) {
		return []span{{}}, true
	}
	return ray(b, op), true
}

func mirror(s span) span {
	m := span{lowClosed: s.highClosed, highClosed: s.lowClosed}
	if s.high != nil {
		m.low = negate(s.high)
	}
	if s.low != nil {
		m.high = negate(s.low)
	}
	return m
}

// ray is the set of x with x op end.
func ray(end *node, op byte) []span {
	switch op {
	case relLess, relLessEq:
		return []span{{high: end, highClosed: op == relLessEq}}
	case relMore, relMoreEq:
		return []span{{low: end, lowClosed: op == relMoreEq}}
	}
	return []span{{high: end}, {low: end}}
}

// linear solves k x + m op 0 for rational k and m.
func (c *comparison) linear(a, b *node, op byte) ([]span, bool) {
	if !a.scalar() || !b.scalar() {
		return nil, false
	}
	g := &algebra{b: c.b}
	p, ok := g.normal(apply(kAdd, a, apply(kNeg, b)))
	if !ok || p.den != nil || len(p.num) == 0 || len(p.num) > 2 || g.opaque {
		return nil, false
	}
	k, m := integer(0), integer(0)
	for _, t := range p.num {
		switch {
		case len(t.mono) == 0:
			m = t.coef
		case len(t.mono) == 1 && t.mono[0].exp == unitExp && g.atoms[t.mono[0].atom].kind == atomVariable:
			k = t.coef
		default:
			return nil, false
		}
	}
	if k.sign() == 0 {
		return nil, false
	}
	if k.sign() < 0 {
		op = flipped(op)
	}
	return ray(number(c.b.quo(m, k).neg()), op), true
}
