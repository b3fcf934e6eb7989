package mathexpr

import "fmt"

// Kind says what the answer was read as, for people: "a number", "a set of 2", "an interval".
func (a Answer) Kind() string {
	if a.tree == nil {
		return "a text too long to read"
	}
	return describe(a.tree)
}

func describe(n *node) string {
	n = settle(n)
	switch n.kind {
	case kTuple:
		if realSetKind(n) || len(n.args) == 2 && (infinite(n.args[1]) || n.args[0].kind == kNeg && infinite(n.args[0].args[0])) {
			return "an interval"
		}
		return fmt.Sprintf("a tuple of %d", len(n.args))
	case kSet:
		return fmt.Sprintf("a set of %d", len(n.args))
	case kList:
		return fmt.Sprintf("a list of %d", len(n.args))
	case kMatrix:
		return fmt.Sprintf("a %d×%d matrix", len(n.args), len(n.args[0].args))
	case kBuilder, kUnion, kInter, kMinus:
		return "a set"
	case kRel:
		return describeRelation(n)
	case kUnit, kChoice:
		return describe(n.args[0])
	case kText:
		return "words"
	case kRatio:
		return "a ratio"
	case kBase:
		return "a numeral with a base"
	case kMod:
		return "a residue class"
	case kSym:
		if !constant(n.name) {
			return "a symbol"
		}
	}
	switch {
	case ambiguousSign(n):
		return "two values"
	case n.open():
		return "an expression with variables"
	}
	return "a number"
}

// describeRelation tells an equation from an inequality; what only names a value is what the value is.
func describeRelation(n *node) string {
	if value, ok := assigned(n); ok {
		return describe(value)
	}
	for i := range n.name {
		if n.name[i] != relEq && n.name[i] != relCongru {
			return "an inequality"
		}
	}
	return "an equation"
}
