package mathexpr

import "strings"

// roundedTo tells whether one side is a decimal and the other, which is none, rounds to it.
func (c *comparison) roundedTo(x, y *node) bool {
	if decimals(y) > 0 {
		x, y = y, x
	}
	places := decimals(x)
	if places == 0 || decimals(y) > 0 || !y.scalar() || y.open() || y.kind == kNum && y.num.isInt() {
		return false
	}
	half := c.b.quo(c.b.power(integer(10), -places), integer(2))
	e := evaluator{calculator: newCalculator(c.b, 192), at: &point{}}
	value, decimal := e.value(y), e.value(x)
	if value == nil || decimal == nil || value.im != nil {
		return false
	}
	distance := e.add(value, e.neg(decimal))
	if distance == nil {
		return false
	}
	distance.re.Abs(distance.re)
	room := e.add(e.rational(half), e.neg(distance))
	return room != nil && room.re.Sign() >= 0
}

// decimals is how many digits a decimal has after its point, 0 for anything else.
func decimals(n *node) int {
	if n.kind == kNeg {
		n = n.args[0]
	}
	if n.kind != kNum {
		return 0
	}
	digits, _, _ := strings.Cut(n.name, "e")
	return len(digits)
}
