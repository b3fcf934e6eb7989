package mathexpr

import "math/big"

// functionOf is the normal form of a function of rationals where that is rational, else an opaque atom.
func (g *algebra) functionOf(n *node) (quotient, bool) {
	name := n.name
	if n.kind == kFact {
		name = "!"
	}
	if name == "exp" && len(n.args) == 1 {
		return g.powerOf(apply(kPow, symbol("e"), n.args[0]))
	}
	degrees := g.degrees
	g.degrees = trigonometric(name)
	args := make([]quotient, 0, 2)
	exact := true
	values := make([]num, 0, 2)
	for _, arg := range n.args {
		q, ok := g.normal(arg)
		if !ok {
			g.degrees = degrees
			return q, false
		}
		value, rational := q.num.value()
		exact = exact && rational && q.den == nil
		args, values = append(args, q), append(values, value)
	}
	g.degrees = degrees
	if exact && n.kind != kApply {
		if value, ok := g.exactly(name, values); ok {
			return quotient{num: constantPoly(value)}, !g.b.spent
		}
	}
	if n.kind == kApply {
		return g.atomOf(atomVariable, name+"@", args...), true // a variable of its own
	}
	if name == "log" && len(args) == 1 && g.log10 {
		args = append(args, quotient{num: constantPoly(integer(10))})
	}
	return g.atomOf(atomOpaque, name, args...), true
}

func trigonometric(name string) bool {
	switch name {
	case "sin", "cos", "tan", "cot", "sec", "csc", "cis":
		return true
	}
	return false
}

// exactly computes what is rational for rational arguments.
func (g *algebra) exactly(name string, x []num) (num, bool) {
	if len(x) == 0 {
		return integer(0), false
	}
	switch name {
	case "!":
		return g.factorial(x[0])
	case "abs":
		return x[0].abs(), true
	case "binom":
		return g.binomial(x)
	case "floor", "ceil":
		return g.rounded(x[0], name == "ceil"), true
	case "max", "min":
		best := x[0]
		for _, v := range x[1:] {
			if c := v.cmp(best); c > 0 == (name == "max") && c != 0 {
				best = v
			}
		}
		return best, true
	case "gcd", "lcm":
		return g.divisor(x, name == "lcm")
	case "mod":
		if len(x) == 2 && x[1].sign() > 0 {
			return g.b.sub(x[0], g.b.mul(x[1], g.rounded(g.b.quo(x[0], x[1]), false))), true
		}
	}
	return integer(0), false
}

// factorial is n! while its size is within the budget.
func (g *algebra) factorial(x num) (num, bool) {
	n, ok := x.small()
	if !ok || n < 0 {
		if x.isInt() && x.sign() > 0 {
			g.b.refuse()
		}
		return x, false
	}
	if n > g.b.limits.Bits/12 || !g.b.spend(n+n*n/512) {
		g.b.refuse()
		return x, false
	}
	return fromRat(new(big.Rat).SetInt(new(big.Int).MulRange(1, int64(n)))), true
}

func (g *algebra) binomial(x []num) (num, bool) {
	if len(x) != 2 {
		return integer(0), false
	}
	n, ok := x[0].small()
	k, ok2 := x[1].small()
	if !ok || !ok2 || n < 0 || k < 0 || n > g.b.limits.Bits/12 {
		return integer(0), false
	}
	if k > n {
		return integer(0), true
	}
	k = min(k, n-k)
	if !g.b.spend(k + k*k/256) {
		return integer(0), false
	}
	return fromRat(new(big.Rat).SetInt(new(big.Int).Binomial(int64(n), int64(k)))), true
}

// rounded is the integer at or below x, or above.
func (g *algebra) rounded(x num, up bool) num {
	if x.isInt() {
		return x
	}
	r := x.rat()
	floor := new(big.Int).Div(r.Num(), r.Denom())
	if up {
		floor.Add(floor, big.NewInt(1))
	}
	return fromRat(new(big.Rat).SetInt(floor))
}

func (g *algebra) divisor(x []num, multiple bool) (num, bool) {
	result := x[0].abs()
	for _, v := range append(x[:0:0], x...) {
		if v.large != nil || result.large != nil || !v.isInt() || !result.isInt() || v.n == 0 || result.n == 0 {
			return result, false
		}
		d := integer(gcd(result.n, v.n))
		if multiple {
			result = g.b.quo(g.b.mul(result, v.abs()), d)
		} else {
			result = d
		}
	}
	return result, true
}
