package mathexpr

// sum is terms with + - ± ∓ between them.
func (p *parser) sum() *node {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	first := p.signed()
	if first == nil {
		return nil
	}
	var sum *node
	for p.tok().kind == tOp && isSign(p.tok().text) {
		next := p.signed()
		if next == nil {
			return nil
		}
		if sum == nil {
			sum = apply(kAdd, first)
		}
		sum.args = append(sum.args, next)
	}
	switch {
	case sum == nil:
		return first
	case len(sum.args) == 2 && first.kind == kSym && first.name == "R" && sum.args[1].kind == kNeg && sum.args[1].args[0].kind == kSet:
		return apply(kMinus, first, sum.args[1].args[0]) // \mathbb{R} - \{2\}
	}
	return sum
}

func isSign(text string) bool {
	switch text {
	case "+", "-", "±", "∓":
		return true
	}
	return false
}

// signed is a term with any signs before it.
func (p *parser) signed() *node {
	negative, both := false, ""
	for signs := 0; p.tok().kind == tOp && isSign(p.tok().text); signs++ {
		if signs > 3 {
			return nil
		}
		switch p.tok().text {
		case "-":
			negative = !negative
		case "±", "∓":
			both += p.tok().text
		}
		p.pos++
	}
	n := p.term()
	if n == nil {
		return nil
	}
	if negative {
		n = negate(n)
	}
	switch both {
	case "":
		return n
	case "±":
		return apply(kPM, n)
	case "∓":
		return &node{kind: kPM, name: "-", args: []*node{n}}
	}
	return nil
}

func negate(n *node) *node {
	if n.kind == kNum {
		return &node{kind: kNum, num: n.num.neg(), name: n.name}
	}
	return apply(kNeg, n)
}

// term is factors with * / or nothing between them.
func (p *parser) term() *node {
	acc := p.power()
	for quotients := 0; acc != nil && quotients < maxChain; {
		t := p.tok()
		switch {
		case t.is(tOp, "*"):
			p.pos++
			acc = times(acc, p.factor())
		case t.is(tOp, "/") && p.ahead(1).kind != tWord:
			p.pos++
			quotients++
			if f := p.factor(); f != nil {
				acc = apply(kDiv, acc, f)
			} else {
				acc = nil
			}
		case p.mixed(acc):
			acc = p.mixedNumber(acc)
		case p.startsFactor():
			acc = times(acc, p.power())
		default:
			return acc
		}
	}
	return nil
}

func times(a, b *node) *node {
	if b == nil {
		return nil
	}
	if a.kind == kMul {
		return &node{kind: kMul, args: append(a.args, b)}
	}
	return apply(kMul, a, b)
}

// factor is a power that may have a sign, as after an operator.
func (p *parser) factor() *node {
	if p.take(tOp, "-") {
		if n := p.power(); n != nil {
			return negate(n)
		}
		return nil
	}
	p.take(tOp, "+")
	return p.power()
}

// mixed tells whether a fraction follows that makes a mixed number of the integer n.
func (p *parser) mixed(n *node) bool {
	if n.kind != kNum || !n.num.isInt() || n.name != "" || p.pos == 0 || p.ahead(-1).kind != tNum {
		return false
	}
	if t := p.tok(); t.kind == tNum {
		return t.spaced && integerToken(t) && p.ahead(1).is(tOp, "/") && integerToken(p.ahead(2)) && !p.ahead(3).is(tOp, "/")
	}
	if !p.tok().is(tCommand, "frac") {
		return false
	}
	return p.numericArgs()
}

func integerToken(t token) bool {
	if t.kind != tNum {
		return false
	}
	for i := range len(t.text) {
		if !isDigit(t.text[i]) {
			return false
		}
	}
	return true
}

// numericArgs tells whether the two arguments of the \frac here are natural numbers.
func (p *parser) numericArgs() bool {
	at, digits := 1, 0
	for digits < 2 {
		switch {
		case p.ahead(at).is(tOpen, "{") && integerToken(p.ahead(at+1)) && p.ahead(at+2).is(tClose, "}"):
			at, digits = at+3, digits+1
		case integerToken(p.ahead(at)):
			digits += min(len(p.ahead(at).text), 2-digits)
			at++
		default:
			return false
		}
	}
	return true
}

// mixedNumber reads the fraction, adds it, and reads a sign of percent or degrees after it.
func (p *parser) mixedNumber(whole *node) *node {
	above := p.primary()
	below := (*node)(nil)
	switch {
	case above == nil:
		return nil
	case above.kind == kDiv:
		above, below = above.args[0], above.args[1]
	default:
		p.pos++ // the slash
		below = p.primary()
	}
	if below == nil || above.kind != kNum || below.kind != kNum || below.num.sign() == 0 {
		return nil
	}
	n := number(p.budget.add(whole.num, p.budget.quo(above.num, below.num)))
	if p.take(tOp, "%") { // 33 1/3 %
		return apply(kPercent, n)
	}
	if p.degreeSign() {
		return apply(kDegree, n)
	}
	return n
}

// degreeSign reads °, ^\circ or ^{\circ}, if it is there.
func (p *parser) degreeSign() bool {
	n := 0
	if p.tok().is(tOp, "^") {
		n++
	}
	braced := n == 1 && p.ahead(n).is(tOpen, "{") && p.ahead(n+2).is(tClose, "}")
	if braced {
		n++
	}
	if !p.ahead(n).is(tOp, "°") {
		return false
	}
	if p.pos += n + 1; braced {
		p.pos++
	}
	return true
}

// startsFactor tells whether the next token is multiplied with what stands before it.
func (p *parser) startsFactor() bool {
	t := p.tok()
	switch t.kind {
	case tNum: // 2^6 3^5 is a product, 2 3 is none
		return p.ahead(-1).kind != tNum || t.spaced && p.ahead(-2).is(tOp, "^") && p.ahead(1).is(tOp, "^")
	case tIdent:
		return t.text != "∅" && !p.letterUnit() && !p.temperature()
	case tFunc:
		return true
	case tOpenBar:
		return true
	case tBar:
		return p.bars == 0 && !p.inSet
	case tOpen:
		if next := p.ahead(1); t.text == "[" && (next.kind == tEnd || next.kind == tComma || next.kind == tClose || next.is(tOp, "∪")) {
			return false // the end of [0,1[
		}
		return !p.remark() && !(t.text == "(" && p.ahead(1).is(tCommand, "mod")) && t.text != "S"
	case tCommand:
		switch t.text {
		case "end", "choose", "mod", "not":
			return false
		}
		return true
	}
	return false
}

// remark tells whether a bracket here holds words only: 9 (apples).
func (p *parser) remark() bool {
	if !p.tok().is(tOpen, "(") || p.ahead(1).kind != tWord {
		return false
	}
	n := 1
	for n < 8 && (p.ahead(n).kind == tWord || p.ahead(n).is(tOp, "-") && p.ahead(n+1).kind == tWord) {
		n++
	}
	return p.ahead(n).is(tClose, ")")
}

// temperature tells whether the C or F of 25°C is next.
func (p *parser) temperature() bool {
	if t := p.tok(); t.text != "C" && t.text != "F" {
		return false
	}
	return p.ahead(-1).is(tOp, "°") || p.ahead(-1).is(tClose, "}") && p.ahead(-2).is(tOp, "°")
}

// letterUnit tells whether a single letter here is read as a unit: 5 m, 3 m^2, 4 m/s at the end.
func (p *parser) letterUnit() bool {
	t := p.tok()
	if len(t.text) != 1 || !t.spaced && !t.prose || unitName(t.text) == "" && t.text != "L" || p.ahead(-1).kind != tNum && !p.ahead(-1).is(tClose, "}") {
		return false
	}
	n := 1
	if p.ahead(n).is(tOp, "^") {
		n += 2
	} else if p.ahead(n).is(tOp, "/") && p.ahead(n+1).kind == tIdent {
		n += 2
	}
	switch p.ahead(n).kind {
	case tEnd, tComma, tAnd, tSemi:
	default:
		return false
	}
	p.other |= letterUnits
	return p.mode&letterUnits != 0
}
