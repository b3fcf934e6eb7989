package mathexpr

// point gives values to variables and unknown functions; names are added in order of their first use.
type point struct {
	names  []string
	values []num
	style  pointStyle
	seed   uint64
}

type pointStyle uint8

const (
	positive pointStyle = iota // between 1/2 and 9/2
	signed                     // the same with the signs changing: real results only
	unit                       // between 0 and 1
	natural                    // integers from 2 to 13
	wide                       // between 1/2 and 1000, for what has steps
)

// value is the coordinate of a variable: pseudo-random, the same for the same seed and place.
func (p *point) value(name string) num {
	for i, known := range p.names {
		if known == name {
			return p.values[i]
		}
	}
	h := (p.seed+1)*0x9E3779B97F4A7C15 + uint64(len(p.names)+1)*0xD1B54A32D192ED03
	h ^= h >> 29
	h *= 0xBF58476D1CE4E5B9
	h ^= h >> 32
	var v num
	switch p.style {
	case natural:
		v = integer(int64(h%12) + 2)
	case wide:
		v = fraction(int64(h%1_023_500)+512, 1024)
	case unit:
		v = fraction(int64(h%900)+51, 1024)
	default:
		v = fraction(int64(h%4096)+512, 1024)
	}
	if p.style == signed && (int(p.seed)/2+len(p.names))%2 == 0 { // the first point has the first variable below 0
		v = v.neg()
	}
	p.names, p.values = append(p.names, name), append(p.values, v)
	return v
}

// evaluator computes the value of a tree at a point.
type evaluator struct {
	*calculator
	at      *point
	log10   bool
	degrees bool
}

func (e *evaluator) value(n *node) *ball {
	if !e.b.spend(4) {
		return nil
	}
	switch n.kind {
	case kNum:
		return e.rational(n.num)
	case kSym:
		return e.symbol(n.name)
	case kAdd:
		return e.fold(n.args, e.add)
	case kMul:
		return e.fold(n.args, e.times)
	case kDiv:
		return e.quotient(e.value(n.args[0]), e.value(n.args[1]))
	case kNeg:
		return e.neg(e.value(n.args[0]))
	case kPercent:
		return e.times(e.value(n.args[0]), e.rational(fraction(1, 100)))
	case kDegree:
		z := e.value(n.args[0])
		if e.degrees {
			z = e.times(e.times(z, e.circle()), e.rational(fraction(1, 180)))
		}
		return z
	case kPow:
		return e.raise(n.args[0], n.args[1])
	case kRoot:
		return e.root(n.args[0], n.args[1])
	case kFact:
		return e.exact(function("!", n.args[0]))
	case kFunc:
		return e.function(n)
	case kApply:
		g := algebra{b: e.b}
		q, ok := g.functionOf(n)
		if !ok {
			return nil
		}
		key := n.name
		for _, a := range g.atoms {
			key += "," + a.name
		}
		return e.rational(e.at.value(key + q.key()))
	}
	return nil
}

func (e *evaluator) symbol(name string) *ball {
	switch name {
	case "π":
		return e.circle()
	case "e":
		return e.realExp(e.rational(integer(1)))
	case "i":
		return &ball{re: e.float(), im: e.float().SetInt64(1), err: noError}
	case "∞":
		return nil
	}
	return e.rational(e.at.value(name))
}

func (e *evaluator) fold(args []*node, op func(x, y *ball) *ball) *ball {
	total := e.value(args[0])
	for _, arg := range args[1:] {
		if total == nil {
			return nil
		}
		total = op(total, e.value(arg))
	}
	return total
}

// raise is base^exponent: exact for integers, real for odd roots, else by the principal logarithm.
func (e *evaluator) raise(base, exponent *node) *ball {
	if base.kind == kSym && base.name == "e" {
		return e.complexExp(e.value(exponent))
	}
	x := e.value(base)
	g := algebra{b: e.b}
	if q, ok := g.normal(exponent); ok && q.den == nil {
		if value, ok := q.num.value(); ok && value.large == nil {
			if n, ok := (num{n: value.n, d: 1}).small(); ok && value.d < 1<<20 {
				return e.rationalPower(x, n, int(value.d))
			}
			return nil
		}
	}
	return e.generalPower(x, e.value(exponent))
}

func (e *evaluator) root(base, degree *node) *ball {
	x := e.value(base)
	if degree.kind == kNum {
		n, ok := degree.num.small()
		if !ok || n < 1 {
			return nil
		}
		return e.rationalPower(x, 1, n)
	}
	return e.generalPower(x, e.inverse(e.value(degree)))
}

// rationalPower is x^(up/over).
func (e *evaluator) rationalPower(x *ball, up, over int) *ball {
	switch {
	case x == nil || max(up, -up) > 100_000:
		return nil
	case over == 1:
		return e.power(x, up)
	case x.re.Sign() == 0 && x.im == nil && x.err == noError:
		if up < 0 {
			return nil
		}
		return x
	case over == 2 && x.im == nil:
		root := e.realSqrt(x)
		if root == nil {
			return nil
		}
		return e.power(root, up)
	}
	exponent := e.rational(fraction(int64(up), int64(over)))
	if x.im == nil && x.re.Sign() < 0 && over%2 == 1 && !x.contains0() {
		z := e.generalPower(e.neg(x), exponent)
		if up%2 != 0 {
			z = e.neg(z)
		}
		return z
	}
	return e.generalPower(x, exponent)
}

// generalPower is x^y by exp(y ln x). 0^y is 0 for y that are surely above 0.
func (e *evaluator) generalPower(x, y *ball) *ball {
	if x == nil || y == nil {
		return nil
	}
	if x.re.Sign() == 0 && x.im == nil && x.err == noError {
		if y.im == nil && y.re.Sign() > 0 && !y.contains0() {
			return x
		}
		return nil
	}
	return e.complexExp(e.times(y, e.complexLog(x)))
}

// exact evaluates a function of integers with the exact arithmetic of the normal form.
func (e *evaluator) exact(n *node) *ball {
	values := make([]num, len(n.args))
	for i, arg := range n.args {
		x, ok := e.exactArgument(arg)
		if !ok {
			return nil
		}
		values[i] = x
	}
	g := algebra{b: e.b}
	value, ok := g.exactly(n.name, values)
	if !ok {
		return nil
	}
	return e.rational(value)
}

// exactArgument is the rational value of a tree at the point.
func (e *evaluator) exactArgument(n *node) (num, bool) {
	g := algebra{b: e.b}
	q, ok := g.normal(e.substitute(n))
	value, rational := q.num.value()
	return value, ok && rational && q.den == nil
}

func (e *evaluator) substitute(n *node) *node {
	if n.kind == kSym && !constant(n.name) {
		return number(e.at.value(n.name))
	}
	if len(n.args) == 0 {
		return n
	}
	replaced := *n
	replaced.args = make([]*node, len(n.args))
	for i, arg := range n.args {
		replaced.args[i] = e.substitute(arg)
	}
	return &replaced
}
