package mathexpr

import (
	"cmp"
	"slices"
	"strings"
)

// span is an interval of real numbers; a nil end is infinite.
type span struct {
	low, high             *node
	lowClosed, highClosed bool
}

// realSetKind tells whether n can only be a set of numbers.
func realSetKind(n *node) bool {
	switch n.kind {
	case kUnion, kInter, kMinus, kBuilder, kSet:
		return true
	case kTuple:
		return n.name == "(]" || n.name == "[)"
	}
	return false
}

// sets compares sets of real numbers, and others part by part.
func (c *comparison) sets(x, y *node) bool {
	a, ok := c.realSet(x)
	b, ok2 := c.realSet(y)
	if ok && ok2 {
		return c.sameSpans(a, b)
	}
	if x.kind == y.kind && (x.kind == kUnion || x.kind == kInter) && len(x.args) == len(y.args) {
		return c.unordered(x.args, y.args)
	}
	if x.kind == y.kind && (x.kind == kMinus || x.kind == kBuilder) {
		return c.inOrder(x.args, y.args)
	}
	if inequalities(x) && inequalities(y) {
		return c.unordered(x.args, y.args)
	}
	return false
}

func (c *comparison) sameSpans(a, b []span) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].lowClosed != b[i].lowClosed || a[i].highClosed != b[i].highClosed || !c.sameEnd(a[i].low, b[i].low) || !c.sameEnd(a[i].high, b[i].high) {
			return false
		}
	}
	return true
}

func (c *comparison) sameEnd(x, y *node) bool {
	if x == nil || y == nil {
		return x == y
	}
	return c.scalars(x, y)
}

// realSet is the set that n describes as disjoint intervals in order; ok is false if it is none or cannot be sorted.
func (c *comparison) realSet(n *node) (set []span, ok bool) {
	if !c.b.spend(4) {
		return nil, false
	}
	switch n.kind {
	case kTuple:
		return c.interval(n)
	case kSet:
		for _, arg := range n.args {
			if !arg.scalar() || arg.open() || arg.kind == kPM {
				return nil, false
			}
			set = append(set, span{arg, arg, true, true})
		}
		return c.united(set)
	case kSym:
		return []span{{}}, n.name == "R"
	case kText:
		return []span{{}}, strings.Contains(n.name, "allreal")
	case kUnion, kInter, kMinus:
		return c.operation(n)
	case kRel:
		return c.solutions(n)
	case kBuilder:
		return c.built(n)
	case kList:
		if inequalities(n) {
			return c.alternatives(n)
		}
		return c.intervals(n)
	}
	return nil, false
}

func (c *comparison) interval(n *node) ([]span, bool) {
	if len(n.args) != 2 || len(n.name) != 2 {
		return nil, false
	}
	s := span{low: n.args[0], high: n.args[1], lowClosed: n.name[0] == '[', highClosed: n.name[1] == ']'}
	for _, end := range [...]**node{&s.low, &s.high} {
		if !(*end).scalar() || (*end).open() || (*end).kind == kPM {
			return nil, false
		}
	}
	if s.low.kind == kNeg && infinite(s.low.args[0]) {
		s.low, s.lowClosed = nil, false
	}
	if infinite(s.high) {
		s.high, s.highClosed = nil, false
	}
	return c.united([]span{s})
}

// intervals is the union of intervals in a list. A list in which each could be a point is none.
func (c *comparison) intervals(n *node) (set []span, ok bool) {
	certain := false
	for _, arg := range n.args {
		if arg.kind != kTuple || len(arg.args) != 2 || arg.name == "[]" {
			return nil, false
		}
		certain = certain || realSetKind(arg) || infinite(arg.args[1]) || arg.args[0].kind == kNeg && infinite(arg.args[0].args[0])
	}
	if !certain {
		return nil, false
	}
	return c.operation(apply(kUnion, n.args...))
}

func infinite(n *node) bool { return n.kind == kSym && n.name == "∞" }

// order compares two real constants; ok is false if that cannot be told.
func (c *comparison) order(x, y *node) (int, bool) {
	if x.kind == kNum && y.kind == kNum {
		return x.num.cmp(y.num), true
	}
	if c.scalars(x, y) {
		return 0, true
	}
	e := evaluator{calculator: newCalculator(c.b, 192), at: &point{}}
	a, b := e.value(x), e.value(y)
	if a == nil || b == nil || a.im != nil || b.im != nil {
		return 0, false
	}
	d := e.add(a, e.neg(b))
	if d == nil || d.mag() <= d.err+1 {
		return 0, false
	}
	return d.re.Sign(), true
}

// united sorts intervals and joins those that touch; empty ones vanish.
func (c *comparison) united(spans []span) ([]span, bool) {
	sorted := true
	var kept []span
	for _, s := range spans {
		if s.low != nil && s.high != nil {
			o, ok := c.order(s.low, s.high)
			if !ok {
				return nil, false
			}
			if o > 0 || o == 0 && !(s.lowClosed && s.highClosed) {
				continue
			}
		}
		kept = append(kept, s)
	}
	slices.SortFunc(kept, func(a, b span) int {
		o, ok := c.compareLow(a, b)
		sorted = sorted && ok
		return o
	})
	if !sorted || c.b.spent {
		return nil, false
	}
	var result []span
	for _, s := range kept {
		if len(result) == 0 {
			result = append(result, s)
			continue
		}
		last := &result[len(result)-1]
		joined, ok := c.join(*last, s)
		if !ok {
			return nil, false
		}
		if joined != nil {
			*last = *joined
		} else {
			result = append(result, s)
		}
	}
	return result, true
}

func (c *comparison) compareLow(a, b span) (int, bool) {
	switch {
	case a.low == nil && b.low == nil:
		return 0, true
	case a.low == nil:
		return -1, true
	case b.low == nil:
		return 1, true
	}
	o, ok := c.order(a.low, b.low)
	if o == 0 {
		o = -cmp.Compare(toInt(a.lowClosed), toInt(b.lowClosed))
	}
	return o, ok
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// join unites two intervals of which the first begins first; nil if there is a gap.
func (c *comparison) join(a, b span) (*span, bool) {
	if a.high == nil {
		return &a, true
	}
	if b.low != nil {
		o, ok := c.order(a.high, b.low)
		if !ok {
			return nil, false
		}
		if o < 0 || o == 0 && !a.highClosed && !b.lowClosed {
			return nil, true
		}
	}
	if b.high == nil {
		a.high, a.highClosed = nil, false
		return &a, true
	}
	o, ok := c.order(a.high, b.high)
	if !ok {
		return nil, false
	}
	if o < 0 {
		a.high, a.highClosed = b.high, b.highClosed
	} else if o == 0 {
		a.highClosed = a.highClosed || b.highClosed
	}
	return &a, true
}
