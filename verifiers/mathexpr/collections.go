package mathexpr

import "strings"

// maxMembers bounds the collections that are compared without order.
const maxMembers = 500

// plural tells whether an answer has several values: a list, a set in braces, a value with ±.
func plural(n *node) bool {
	return n.kind == kList || n.kind == kSet || ambiguousSign(n)
}

func ambiguousSign(n *node) bool {
	if n.kind > kPercent && n.kind != kTuple && n.kind != kUnit && n.kind != kRel {
		return false
	}
	return n.contains(func(m *node) bool { return m.kind == kPM })
}

// members lists the values of an answer, both for each ±.
func members(n *node) []*node {
	switch {
	case n.kind == kList, n.kind == kSet:
		var all []*node
		for _, arg := range n.args {
			if arg.kind == kList && arg.name != "group" || ambiguousSign(arg) {
				all = append(all, members(arg)...)
			} else {
				all = append(all, arg)
			}
		}
		return all
	case ambiguousSign(n):
		return []*node{withSign(n, 1), withSign(n, -1)}
	}
	return []*node{n}
}

// withSign replaces each ± by one sign, and ∓ by the other.
func withSign(n *node, sign int) *node {
	if n.kind == kPM {
		arg := withSign(n.args[0], sign)
		if (n.name == "-") != (sign < 0) {
			return negate(arg)
		}
		return arg
	}
	if len(n.args) == 0 {
		return n
	}
	replaced := *n
	replaced.args = make([]*node, len(n.args))
	for i, arg := range n.args {
		replaced.args[i] = withSign(arg, sign)
	}
	return &replaced
}

// collections compares lists and sets. Multiplicity counts in lists of numbers (a double root may be written twice),
// and not in sets in braces and lists of points. A list in the order of a tuple in round brackets equals it, as "x = 1, y = 2" does (1, 2).
func (c *comparison) collections(x, y *node) bool {
	if x.kind == kSet && y.kind == kSet && !finite(x) && !finite(y) {
		return c.sets(x, y)
	}
	switch {
	case x.kind == kText && len(y.args) == 0 || y.kind == kText && len(x.args) == 0:
		return c.words(x, y)
	case inequalities(x) || inequalities(y):
		return c.sets(x, y)
	case x.kind == kTuple && bare(y) && !ambiguousSign(x):
		return x.name == "()" && c.inOrder(x.args, values(y.args))
	case y.kind == kTuple && bare(x) && !ambiguousSign(y):
		return y.name == "()" && c.inOrder(values(x.args), y.args)
	}
	if realSetKind(x) && x.kind != kSet || realSetKind(y) && y.kind != kSet {
		return c.sets(x, y)
	}
	if s := initials(x); len(s) > 1 && s == initials(y) {
		return true
	}
	a, b := members(x), members(y)
	if len(a) > maxMembers || len(b) > maxMembers {
		c.b.refuse()
		return false
	}
	if x.kind == kSet && y.kind == kSet || allTuples(a) && allTuples(b) {
		a, b = c.distinct(a), c.distinct(b)
	}
	if len(a) != len(b) {
		return false
	}
	if len(a) == 0 {
		return x.kind == y.kind
	}
	a, b, ordered := unnamed(a, b)
	if ordered {
		return c.inOrder(a, b)
	}
	return c.unordered(a, b)
}

// bare tells whether n is a list, or stands in curly brackets that LaTeX does not print.
func bare(n *node) bool { return n.kind == kList || n.kind == kSet && n.name == "bare" }

func allTuples(items []*node) bool {
	for _, item := range items {
		if item.kind != kTuple {
			return false
		}
	}
	return true
}

// initials are the capitals of "A, C" or "AC", "" for anything else.
func initials(n *node) string {
	if n.kind == kSym && isLetter(n.name[0]) && upper(n.name) {
		return n.name
	}
	if n.kind != kList && n.kind != kMul {
		return ""
	}
	s := ""
	for _, arg := range n.args {
		if arg.kind != kSym || len(arg.name) != 1 || !isLetter(arg.name[0]) || !upper(arg.name) {
			return ""
		}
		s += arg.name
	}
	return s
}

func finite(set *node) bool { return len(set.args) > 0 }

// inequalities tells whether n is a list of relations that describe one set: x < 1 or x > 3.
func inequalities(n *node) bool {
	if n.kind != kList {
		return false
	}
	for _, arg := range n.args {
		if arg.kind != kRel || strings.Trim(arg.name, "<>lgn") != "" {
			return false
		}
	}
	return true
}

// values takes the names off x = 1, y = 2.
func values(items []*node) []*node {
	var plain []*node
	for _, item := range items {
		item = settle(item)
		if value, ok := assigned(item); ok {
			item = value
		}
		plain = append(plain, item)
	}
	return plain
}

// unnamed takes the names off assignments if only one side has them. Different names then mean an order; x_1 and
// x_2 are no different names, nor is a name that stands before the first value only.
func unnamed(a, b []*node) (x, y []*node, ordered bool) {
	namesA, namesB := names(a), names(b)
	switch {
	case len(namesA) == 0 && len(namesB) == 0:
		return a, b, false
	case len(namesA) == len(a) && len(namesB) == len(b):
		return a, b, false
	case len(namesA) > 0 && len(namesB) > 0 && namesA[0] != namesB[0]:
		return a, b, false
	case len(namesA) == 1 && len(namesB) == 1: // n = 1, 2, 3 on both sides
		return values(a), values(b), false
	}
	all := namesA
	if len(namesA) < len(namesB) {
		all = namesB
	}
	distinct := false
	for _, name := range all {
		distinct = distinct || baseName(name) != baseName(all[0])
	}
	return values(a), values(b), distinct
}

func baseName(name string) string {
	base, _, _ := strings.Cut(name, "_")
	return base
}

// names lists the names that are assigned to.
func names(items []*node) []string {
	var found []string
	for _, item := range items {
		if item = settle(item); item.kind == kRel && item.name == "=" && nameLike(item.args[0]) {
			found = append(found, spelled(item.args[0]))
		}
	}
	return found
}

func spelled(n *node) string {
	s := n.name
	if n.kind == kNum {
		s = n.num.rat().RatString()
	}
	for _, arg := range n.args {
		s += spelled(arg) + "."
	}
	return s
}

func (c *comparison) inOrder(a, b []*node) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !c.same(a[i], b[i]) {
			return false
		}
	}
	return true
}

// distinct drops members that are equal to an earlier one.
func (c *comparison) distinct(items []*node) []*node {
	var kept []*node
	for _, item := range items {
		seen := false
		for _, other := range kept {
			seen = seen || c.same(item, other)
		}
		if !seen {
			kept = append(kept, item)
		}
	}
	return kept
}

// unordered looks for a pairing of equal members. Equality is not transitive where per cent is involved, so a first
// choice may have to be taken back: this is the search for a perfect matching.
func (c *comparison) unordered(a, b []*node) bool {
	partner := make([]int, len(b))
	for j := range partner {
		partner[j] = -1
	}
	var pair func(i int, tried []bool) bool
	pair = func(i int, tried []bool) bool {
		for j := range b {
			if tried[j] || !c.same(a[i], b[j]) {
				continue
			}
			tried[j] = true
			if partner[j] < 0 || pair(partner[j], tried) {
				partner[j] = i
				return true
			}
		}
		return false
	}
	for i := range a {
		if !pair(i, make([]bool, len(b))) || c.b.spent {
			return false
		}
	}
	return true
}
