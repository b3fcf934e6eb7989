package mathexpr

// function evaluates a function that has a name.
func (e *evaluator) function(n *node) *ball {
	switch n.name {
	case "binom", "floor", "ceil", "gcd", "lcm", "max", "min", "mod":
		return e.exact(n)
	case "log":
		return e.log(n)
	}
	if len(n.args) != 1 {
		return nil
	}
	degrees := e.degrees
	e.degrees = trigonometric(n.name)
	x := e.value(n.args[0])
	e.degrees = degrees
	if x == nil {
		return nil
	}
	switch n.name {
	case "abs":
		if x.im == nil {
			return &ball{re: e.float().Abs(x.re), err: x.err}
		}
		return e.realSqrt(e.square(x))
	case "exp":
		return e.complexExp(x)
	case "ln":
		return e.complexLog(x)
	case "lg":
		return e.quotient(e.complexLog(x), e.complexLog(e.rational(integer(10))))
	case "sin", "cos", "tan", "cot", "sec", "csc", "cis":
		return e.trigonometry(n.name, x)
	case "sinh", "cosh", "tanh", "coth":
		return e.hyperbolic(n.name, x)
	}
	return e.inverseFunction(n.name, x)
}

// log is a logarithm with the base of its second argument, or e or ten.
func (e *evaluator) log(n *node) *ball {
	x := e.complexLog(e.value(n.args[0]))
	switch {
	case len(n.args) == 2:
		return e.quotient(x, e.complexLog(e.value(n.args[1])))
	case len(n.args) == 1 && e.log10:
		return e.quotient(x, e.complexLog(e.rational(integer(10))))
	case len(n.args) == 1:
		return x
	}
	return nil
}

func (e *evaluator) trigonometry(name string, x *ball) *ball {
	sin, cos := e.sinCos(x)
	if sin == nil || cos == nil {
		return nil
	}
	switch name {
	case "sin":
		return sin
	case "cos":
		return cos
	case "tan":
		return e.quotient(sin, cos)
	case "cot":
		return e.quotient(cos, sin)
	case "sec":
		return e.inverse(cos)
	case "csc":
		return e.inverse(sin)
	}
	return e.add(cos, e.times(sin, e.symbol("i"))) // cis
}

// sinCos is the sine and cosine, of complex numbers by exp(ix).
func (e *evaluator) sinCos(x *ball) (sin, cos *ball) {
	if x.im == nil {
		return e.realSinCos(x)
	}
	i := e.symbol("i")
	up := e.complexExp(e.times(i, x))
	down := e.inverse(up)
	half := e.rational(fraction(1, 2))
	cos = e.times(half, e.add(up, down))
	sin = e.times(e.neg(i), e.times(half, e.add(up, e.neg(down))))
	return sin, cos
}

func (e *evaluator) hyperbolic(name string, x *ball) *ball {
	up := e.complexExp(x)
	down := e.inverse(up)
	half := e.rational(fraction(1, 2))
	cosh, sinh := e.times(half, e.add(up, down)), e.times(half, e.add(up, e.neg(down)))
	switch name {
	case "sinh":
		return sinh
	case "cosh":
		return cosh
	case "tanh":
		return e.quotient(sinh, cosh)
	}
	return e.quotient(cosh, sinh)
}

// inverseFunction evaluates inverse functions of real arguments in their real domain.
func (e *evaluator) inverseFunction(name string, x *ball) *ball {
	if x.im != nil {
		return nil
	}
	one := e.rational(integer(1))
	switch name {
	case "arctan":
		return e.realAtan(x)
	case "arcsin":
		return e.arcsin(x)
	case "arccos":
		return e.complement(e.arcsin(x))
	case "arccot":
		return e.complement(e.realAtan(x))
	case "arcsec":
		return e.complement(e.arcsin(e.inverse(x)))
	case "arccsc":
		return e.arcsin(e.inverse(x))
	case "arcsinh":
		if root := e.add(e.times(x, x), one); root != nil {
			return e.complexLog(e.add(x, e.realSqrt(root)))
		}
	case "arccosh":
		if root := e.add(e.times(x, x), e.neg(one)); root != nil {
			return e.complexLog(e.add(x, e.realSqrt(root)))
		}
	case "arctanh":
		ratio := e.quotient(e.add(one, x), e.add(one, e.neg(x)))
		return e.times(e.rational(fraction(1, 2)), e.complexLog(ratio))
	}
	return nil
}

// complement is π/2 - x.
func (e *evaluator) complement(x *ball) *ball {
	return e.add(e.times(e.circle(), e.rational(fraction(1, 2))), e.neg(x))
}

func (e *evaluator) arcsin(x *ball) *ball {
	if x == nil {
		return nil
	}
	rest := e.add(e.rational(integer(1)), e.neg(e.times(x, x)))
	switch {
	case rest == nil || rest.re.Sign() < 0:
		return nil
	case rest.re.Sign() == 0 && x.err == noError: // ±1
		return e.times(x, e.times(e.circle(), e.rational(fraction(1, 2))))
	}
	root := e.realSqrt(rest)
	if root == nil {
		return nil
	}
	return e.realAtan(e.quotient(x, root))
}
