package mathexpr

// kind tells what a node of the expression tree is.
type kind uint8

// Kinds of nodes; what stands in name, num and args is told with each.
const (
	kNum     kind = iota // num; name holds the digits after the decimal point, if any
	kSym                 // name of a variable or constant
	kAdd                 // sum of args
	kNeg                 // -args[0]
	kPM                  // ±args[0], or ∓ if name is "-"
	kMul                 // product of args
	kDiv                 // args[0] / args[1]
	kPow                 // args[0] ^ args[1]
	kRoot                // args[1]-th root of args[0]
	kFunc                // function name of args
	kApply               // unknown function name of args: f(2)
	kFact                // args[0]!
	kDegree              // args[0] degrees
	kPercent             // args[0] per cent
	kBase                // numeral name in base num
	kRatio               // args[0] : args[1] : …
	kTuple               // args in brackets name[0] and name[1]
	kSet                 // {args}
	kBuilder             // {args[0] | args[1:]}
	kUnion               // union of args
	kInter               // intersection of args
	kMinus               // args[0] without args[1]
	kMatrix              // rows as kTuple in args
	kMod                 // args[0] modulo args[1]
	kRel                 // chain: args[0] op args[1] …; name holds one relation byte each
	kList                // args without brackets, in any order
	kUnit                // args[0] measured in name
	kChoice              // letter name of a multiple choice with its value args[0]
	kText                // words, normalised in name
)

// Relations in the name of a kRel.
const (
	relEq      = '='
	relLess    = '<'
	relMore    = '>'
	relLessEq  = 'l'
	relMoreEq  = 'g'
	relNotEq   = 'n'
	relIn      = 'e'
	relNotIn   = 'x'
	relApprox  = '~'
	relCongru  = 'c'
	relSubset  = 's'
	relImplies = 'i'
)

// node is an expression tree. Nodes are never changed once the parser has returned them.
type node struct {
	kind kind
	name string
	num  num
	args []*node
}

func number(x num) *node { return &node{kind: kNum, num: x} }

func symbol(name string) *node { return &node{kind: kSym, name: name} }

func apply(k kind, args ...*node) *node { return &node{kind: k, args: args} }

func function(name string, args ...*node) *node { return &node{kind: kFunc, name: name, args: args} }

// constant tells whether a symbol is a number rather than a variable.
func constant(name string) bool {
	switch name {
	case "π", "e", "i", "∞":
		return true
	}
	return false
}

// contains tells whether the tree has a node that satisfies the condition.
func (n *node) contains(condition func(*node) bool) bool {
	if condition(n) {
		return true
	}
	for _, arg := range n.args {
		if arg.contains(condition) {
			return true
		}
	}
	return false
}

// hollow tells whether a part of the tree is missing.
func (n *node) hollow() bool {
	for _, arg := range n.args {
		if arg == nil || arg.hollow() {
			return true
		}
	}
	return false
}

// size counts nodes, and stops once there are more than limit.
func (n *node) size(limit int) int {
	total := 1
	for _, arg := range n.args {
		if total > limit {
			break
		}
		total += arg.size(limit - total)
	}
	return total
}

// open tells whether the tree has variables or unknown functions.
func (n *node) open() bool {
	return n.contains(func(m *node) bool { return m.kind == kSym && !constant(m.name) || m.kind == kApply })
}

// scalar tells whether the tree is an expression for one number.
func (n *node) scalar() bool { return n.kind <= kPercent }
