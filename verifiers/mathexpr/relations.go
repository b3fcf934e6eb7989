package mathexpr

import "strings"

// relations compares equations and inequalities with each other, with values and with sets.
func (c *comparison) relations(x, y *node) bool {
	if x.kind != kRel {
		x, y = y, x
	}
	if y.kind == kRel {
		return c.sameRelation(x, y)
	}
	if ambiguousSign(x) || ambiguousSign(y) {
		return c.collections(x, y)
	}
	if value, ok := assigned(x); ok {
		return c.same(value, y)
	}
	if y.kind == kList || y.kind == kTuple || realSetKind(y) || y.kind == kText {
		return c.sets(x, y)
	}
	return false
}

// assigned is the value in "x = value": the left side is a name that does not occur in the value, or a number.
func assigned(n *node) (*node, bool) {
	if n.kind != kRel || n.name != "=" && n.name != "e" && n.name != "c" {
		return nil, false
	}
	left, right := n.args[0], n.args[1]
	if n.name != "=" {
		return right, nameLike(left)
	}
	if nameLike(left) {
		uses := right.contains(func(m *node) bool { return m.kind == kSym && m.name == left.name && left.kind == kSym })
		return right, !uses
	}
	return right, left.scalar() && right.scalar() && !left.open() && !right.open()
}

// nameLike tells whether the left side of an equation only names the value: x, f(x), AB, |AB|, A:B, (x, y).
func nameLike(n *node) bool {
	switch n.kind {
	case kSym:
		return n.name != "π" && n.name != "∞" && n.name != "i"
	case kApply:
		return true
	case kMul, kDiv, kRatio:
		if derivative(n) {
			return true
		}
		for _, arg := range n.args {
			if !nameLike(arg) {
				return false
			}
		}
		return n.contains(func(m *node) bool { return m.kind == kSym && upper(m.name[:1]) && isLetter(m.name[0]) })
	case kTuple:
		for _, arg := range n.args {
			if arg.kind != kSym || !nameLike(arg) {
				return false
			}
		}
		return true
	case kFunc:
		return n.name == "abs" && initials(n.args[0]) != ""
	case kDegree:
		return nameLike(n.args[0])
	}
	return false
}

// derivative tells whether n is dy/dx.
func derivative(n *node) bool {
	differential := func(m *node) bool {
		return m.kind == kMul && len(m.args) == 2 && m.args[0].kind == kSym && m.args[0].name == "d" && m.args[1].kind == kSym
	}
	return n.kind == kDiv && differential(n.args[0]) && differential(n.args[1])
}

// graphs tells whether one side is named as a function, the other as the y of its graph: f(x) = 2x, y = 2x.
func graphs(x, y *node) bool {
	return x.kind == kApply && len(x.args) == 1 && y.kind == kSym && y.name == "y" && x.args[0].kind == kSym && x.args[0].name != "y"
}

// sameRelation compares two relations: equations up to a factor, inequalities as sets or up to a positive factor.
func (c *comparison) sameRelation(x, y *node) bool {
	if x.name == y.name && c.inOrder(x.args, y.args) {
		return true
	}
	if ambiguousSign(x) || ambiguousSign(y) {
		return c.collections(x, y)
	}
	if x.name == "=" && y.name == "=" {
		return c.sameEquation(x, y)
	}
	if x.name == "c" && y.name == "c" || x.name == "e" && y.name == "e" {
		return false
	}
	if strings.ContainsAny(x.name+y.name, "ecxs") && (x.name == "e" || y.name == "e") {
		return c.sets(x, y)
	}
	if strings.ContainsAny(x.name+y.name, "=csx~") {
		return false
	}
	if v, w := variableOf(x), variableOf(y); v != nil && w != nil && c.same(v, w) {
		if _, ok := c.realSet(x); ok {
			if _, ok := c.realSet(y); ok {
				return c.sets(x, y)
			}
		}
	}
	return c.sameInequalities(x, y)
}

// sameEquation compares left minus right of both, up to a factor without variables.
func (c *comparison) sameEquation(x, y *node) bool {
	for _, side := range [...]*node{x.args[0], x.args[1], y.args[0], y.args[1]} {
		if !side.scalar() {
			return nameLike(x.args[0]) && nameLike(y.args[0]) && c.inOrder(x.args, y.args)
		}
	}
	if graphs(x.args[0], y.args[0]) || graphs(y.args[0], x.args[0]) {
		return c.same(x.args[1], y.args[1])
	}
	g := &algebra{b: c.b}
	p, ok := g.zeroForm(x.args[0], x.args[1])
	if !ok {
		return false
	}
	q, ok := g.zeroForm(y.args[0], y.args[1])
	if !ok || len(p) == 0 || len(q) == 0 || c.b.spent {
		return false
	}
	a, b, ok := g.leading(p, q)
	if !ok {
		return false
	}
	difference := g.addPoly(g.mulPoly(p, b), g.negPoly(g.mulPoly(q, a)))
	if !g.opaque {
		return len(difference) == 0
	}
	return len(difference) == 0 || c.sameSides(x, y)
}

// sameSides compares equations with functions that have no normal form side by side.
func (c *comparison) sameSides(x, y *node) bool {
	return c.scalars(x.args[0], y.args[0]) && c.scalars(x.args[1], y.args[1]) ||
		c.scalars(x.args[0], y.args[1]) && c.scalars(x.args[1], y.args[0])
}

// zeroForm is the numerator of left minus right.
func (g *algebra) zeroForm(left, right *node) (poly, bool) {
	p, ok := g.normal(left)
	if !ok {
		return nil, false
	}
	q, ok := g.normal(right)
	if !ok {
		return nil, false
	}
	return g.addPoly(g.times(p.num, q.den), g.negPoly(g.times(q.num, p.den))), true
}

// leading is what a monomial in the variables is multiplied with, in p and in q.
func (g *algebra) leading(p, q poly) (inP, inQ poly, ok bool) {
	for _, t := range p {
		if variables := g.variables(t.mono); len(variables) > 0 {
			inP, inQ = g.coefficient(p, variables), g.coefficient(q, variables)
			return inP, inQ, len(inQ) > 0
		}
	}
	return nil, nil, false
}

// variables is the part of a monomial that is not constant.
func (g *algebra) variables(mono []factor) []factor {
	var part []factor
	for _, f := range mono {
		if k := g.atoms[f.atom].kind; k == atomVariable || k == atomOpaque {
			part = append(part, f)
		}
	}
	return part
}

// coefficient is what p has at a product of variables, with roots and π.
func (g *algebra) coefficient(p poly, variables []factor) poly {
	var sum poly
	for _, t := range p {
		if compareMono(g.variables(t.mono), variables) != 0 {
			continue
		}
		rest := term{coef: t.coef}
		for _, f := range t.mono {
			if k := g.atoms[f.atom].kind; k != atomVariable && k != atomOpaque {
				rest.mono = append(rest.mono, f)
			}
		}
		sum = append(sum, rest)
	}
	return g.collect(sum)
}

// sameInequalities compares chains link by link, from either end.
func (c *comparison) sameInequalities(x, y *node) bool {
	if len(x.args) != len(y.args) {
		return false
	}
	forward, backward := true, true
	last := len(y.name) - 1
	for i := range x.name {
		forward = forward && c.sameLink(x.args[i], x.args[i+1], x.name[i], y.args[i], y.args[i+1], y.name[i])
		backward = backward && c.sameLink(x.args[i], x.args[i+1], x.name[i], y.args[last-i], y.args[last-i+1], y.name[last-i])
	}
	return forward || backward
}

// sameLink compares a op b with p op q as a-b and p-q up to a positive rational factor.
func (c *comparison) sameLink(a, b *node, op byte, p, q *node, op2 byte) bool {
	if op == relMore || op == relMoreEq {
		a, b, op = b, a, flipped(op)
	}
	if op2 == relMore || op2 == relMoreEq {
		p, q, op2 = q, p, flipped(op2)
	}
	if op != op2 || !a.scalar() || !b.scalar() || !p.scalar() || !q.scalar() {
		return false
	}
	g := &algebra{b: c.b}
	x, ok := g.zeroForm(a, b)
	y, ok2 := g.zeroForm(p, q)
	if !ok || !ok2 || len(x) == 0 || len(y) == 0 {
		return false
	}
	factor := c.b.quo(y[0].coef, x[0].coef)
	if factor.sign() < 0 && op != relNotEq {
		return false
	}
	return samePoly(g.scale(x, factor), y)
}

func flipped(op byte) byte {
	switch op {
	case relMore:
		return relLess
	case relLess:
		return relMore
	case relMoreEq:
		return relLessEq
	case relLessEq:
		return relMoreEq
	}
	return op
}
