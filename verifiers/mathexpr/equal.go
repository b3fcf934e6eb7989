package mathexpr

import (
	"strings"
	"unicode"
)

// Rules are the choices of a comparison. The zero Rules are strict: nothing is rounded.
type Rules struct {
	// Rounded lets a decimal equal a number that is none, a root, a fraction, π, if it is that number rounded
	// to the digits given: 1.414 for \sqrt2. Two decimals are still compared exactly.
	Rounded bool
}

// Equal tells whether two answers are equal as wholes. It is reflexive and symmetric. ErrBudget tells that deciding
// costs too much, as for 9^{9^9} against 9^{9^{9}}+1; the same text is equal at no cost.
func Equal(gold, answer Answer, rules Rules, b *Budget) (bool, error) {
	switch {
	case gold.text == "" || answer.text == "":
		return false, nil
	case gold.text == answer.text:
		return true, nil
	case gold.tree == nil || answer.tree == nil:
		return false, ErrBudget
	}
	c := comparison{b: b, rules: rules}
	equal := c.readings(gold, answer)
	if !equal && !b.spent {
		equal = sameTokens(gold.text, answer.text, b)
	}
	if !equal && !b.spent && (gold.Words() || answer.Words()) {
		said := wording(gold.text, b)
		equal = said != "" && said == wording(answer.text, b)
	}
	if b.spent {
		return false, ErrBudget
	}
	return equal, nil
}

// comparison carries what all parts of one comparison share.
type comparison struct {
	b     *Budget
	rules Rules
}

// readings compares the usual readings first and then the others, until one pair is equal.
func (c *comparison) readings(gold, answer Answer) bool {
	if c.same(gold.tree, answer.tree) {
		return true
	}
	for _, x := range gold.more {
		if c.same(x, answer.tree) {
			return true
		}
	}
	for _, y := range answer.more {
		if c.same(gold.tree, y) {
			return true
		}
		for _, x := range gold.more {
			if c.same(x, y) {
				return true
			}
		}
	}
	return false
}

// sameTokens tells whether two texts differ in spelling only, whatever they mean.
func sameTokens(x, y string, b *Budget) bool {
	var space, space2 [32]token
	l, m := lexer{text: x, budget: b, tokens: space[:0]}, lexer{text: y, budget: b, tokens: space2[:0]}
	if !l.lex() || !m.lex() || len(l.tokens) != len(m.tokens) {
		return false
	}
	for i, t := range l.tokens {
		if u := m.tokens[i]; t.kind != u.kind || t.text != u.text {
			return false
		}
	}
	return true
}

// wording is a text in one spelling without brackets, for answers of which at least one is words; "" if it has no
// letters, or brackets that do not match.
func wording(text string, b *Budget) string {
	l := lexer{text: text, budget: b}
	if !l.lex() || !strings.ContainsFunc(text, unicode.IsLetter) || !matched(l.tokens) {
		return ""
	}
	var s strings.Builder
	for i, t := range l.tokens {
		switch {
		case t.kind == tOpen && (t.text == "{" || t.text == "("), t.kind == tClose && (t.text == "}" || t.text == ")"):
			continue
		case t.kind == tNum && i > 0 && l.tokens[i-1].kind == tNum:
			s.WriteByte(' ')
		}
		s.WriteString(strings.ToLower(t.text))
	}
	b.spend(s.Len() / 8)
	return strings.Trim(s.String(), ". ")
}

// same compares two answers of any shape.
func (c *comparison) same(x, y *node) bool {
	if !c.b.spend(4) {
		return false
	}
	x, y = settle(x), settle(y)
	if x.kind == kNum && y.kind == kNum {
		return x.num.equal(y.num)
	}
	if x.kind == kUnit || y.kind == kUnit {
		return c.measured(x, y)
	}
	if x.kind == kRel || y.kind == kRel {
		return c.relations(x, y)
	}
	if plural(x) || plural(y) {
		return c.collections(x, y)
	}
	switch {
	case x.kind == kTuple || y.kind == kTuple || x.kind == kMatrix || y.kind == kMatrix:
		return c.arrangements(x, y)
	case realSetKind(x) || realSetKind(y):
		return c.sets(x, y)
	case x.kind == kText || y.kind == kText:
		return c.words(x, y)
	case x.kind == kBase && y.kind == kBase:
		return c.numerals(x, y)
	case x.kind == kMod || y.kind == kMod:
		return x.kind == y.kind && c.congruent(x, y)
	case x.kind == kChoice || y.kind == kChoice:
		return c.choices(x, y)
	case x.kind == kRatio || y.kind == kRatio:
		return c.ratios(x, y)
	case x.kind == kPercent || y.kind == kPercent:
		return c.percents(x, y)
	}
	if c.matrices(&x, &y) {
		return c.arrangements(x, y)
	}
	return c.scalars(x, y) || c.rules.Rounded && c.roundedTo(x, y)
}

// words compares answers of which at least one is words.
func (c *comparison) words(x, y *node) bool {
	if x.kind != kText {
		x, y = y, x
	}
	if y.kind == kText {
		return usualWords(x.name) == usualWords(y.name)
	}
	return y.kind == kSet && len(y.args) == 0 && emptyWords(x.name)
}

// settle takes off what a relation adds to a value without changing it: "≈ 8.2", "2/3 ≈ 0.67", "x = 5+6 = 11".
func settle(n *node) *node {
	if n.kind != kRel {
		return n
	}
	args, ops := n.args, n.name
	if i := strings.LastIndexByte(ops, relImplies); i >= 0 {
		args, ops = args[i+1:], ops[i+1:]
	}
	if i := strings.IndexByte(ops, relApprox); i > 0 || i == 0 && !nameLike(args[0]) {
		args, ops = args[:i+1], ops[:i]
	} else if i == 0 {
		args, ops = args[:2], "="
	}
	if len(ops) > 1 && strings.Trim(ops, "=") == "" {
		args, ops = []*node{args[0], args[len(args)-1]}, "="
	}
	if len(ops) == 0 {
		return args[0]
	}
	return &node{kind: kRel, name: ops, args: args}
}

// measured compares values with units: one on one side only says nothing, two must be the same.
func (c *comparison) measured(x, y *node) bool {
	if x.kind == kUnit && y.kind == kUnit {
		if x.name != y.name && !generic(x.name) && !generic(y.name) || strings.HasPrefix(x.name, "unit^") && strings.HasPrefix(y.name, "unit^") && x.name != y.name {
			return false
		}
		return c.same(x.args[0], y.args[0])
	}
	if y.kind == kUnit {
		x, y = y, x
	}
	if (y.kind == kPercent || y.kind == kDegree) && !generic(x.name) {
		return false // 8% is not 8 cm
	}
	return c.same(x.args[0], y)
}

// numerals compares the digits in one base, and the value if one base is ten: 1011_2 is 11_{10}, but 13_8 it is not.
func (c *comparison) numerals(x, y *node) bool {
	if x.num.equal(y.num) {
		return x.name == y.name
	}
	return (x.num.is(10) || y.num.is(10)) && c.scalars(x, y)
}

// congruent compares residue classes: 3 mod 7 and 10 mod 7.
func (c *comparison) congruent(x, y *node) bool {
	if !c.scalars(x.args[1], y.args[1]) {
		return false
	}
	if c.same(x.args[0], y.args[0]) {
		return true
	}
	a, b, m := x.args[0], y.args[0], x.args[1]
	if a.kind != kNum || b.kind != kNum || m.kind != kNum || m.num.sign() == 0 {
		return false
	}
	return c.b.quo(c.b.sub(a.num, b.num), m.num).isInt()
}

// choices compares the letter of a multiple choice that stands with its value: "(B) 12" is B, and 12.
func (c *comparison) choices(x, y *node) bool {
	if x.kind != kChoice {
		x, y = y, x
	}
	if y.kind == kChoice {
		return x.name == y.name && c.same(x.args[0], y.args[0])
	}
	if y.kind == kSym {
		return x.name == y.name
	}
	return c.same(x.args[0], y)
}

// generic units name a kind of measure, not a scale.
func generic(unit string) bool {
	return strings.HasPrefix(unit, "unit") || unit == "" || unit == "/"
}

// percents takes 50% for 50 as well as for 1/2, since golds are written both ways; two percentages are compared as
// they stand.
func (c *comparison) percents(x, y *node) bool {
	switch {
	case x.kind == kPercent && y.kind == kPercent:
		return c.same(x.args[0], y.args[0])
	case y.kind == kPercent:
		x, y = y, x
	}
	if !y.scalar() || y.kind == kDegree {
		return false
	}
	return c.scalars(x.args[0], y) || c.scalars(x, y)
}

// ratios compares 3:2 with 6:4, and with 3/2. What may be a time of day must agree in every part.
func (c *comparison) ratios(x, y *node) bool {
	if x.kind != kRatio {
		x, y = y, x
	}
	if y.kind != kRatio {
		return x.name == "" && len(x.args) == 2 && y.scalar() && c.scalars(apply(kDiv, x.args...), y)
	}
	if len(x.args) != len(y.args) {
		return false
	}
	if c.inOrder(x.args, y.args) {
		return true
	}
	if x.name != "" || y.name != "" {
		return false
	}
	for i := 1; i < len(x.args); i++ {
		if !c.scalars(apply(kMul, x.args[0], y.args[i]), apply(kMul, x.args[i], y.args[0])) {
			return false
		}
	}
	return true
}
