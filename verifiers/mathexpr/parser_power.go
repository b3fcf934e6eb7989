package mathexpr

import "strings"

// maxChain bounds chains such as a/b/c and x!!! that nest the tree without brackets.
const maxChain = 100

// power is a primary with exponents, factorials, subscripts and signs of percent or degrees after it.
func (p *parser) power() *node {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	base := p.primary()
	for marks := 0; base != nil && marks < maxChain; marks++ {
		t := p.tok()
		if t.kind == tCommand && t.text == "choose" || t.kind != tOp {
			return base
		}
		switch t.text {
		case "^":
			p.pos++
			base = p.raise(base)
		case "!":
			p.pos++
			base = apply(kFact, base)
		case "%":
			p.pos++
			base = apply(kPercent, base)
		case "°":
			p.pos++
			base = apply(kDegree, base)
		case "_":
			base = p.inBase(base)
		case "'":
			p.pos++
			base = prime(base)
		default:
			return base
		}
	}
	return nil
}

func prime(n *node) *node {
	if n.kind != kSym || len(n.name) > 40 {
		return nil
	}
	return symbol(n.name + "'")
}

// raise reads an exponent; a raised circle is a degree.
func (p *parser) raise(base *node) *node {
	if p.take(tOp, "°") {
		return apply(kDegree, base)
	}
	if p.take(tOp, "'") {
		return prime(base)
	}
	if p.tok().is(tOpen, "{") && p.ahead(2).is(tClose, "}") && p.ahead(1).kind == tOp {
		p.pos += 2
		mark := p.ahead(-1).text
		p.pos++
		switch mark {
		case "°":
			return apply(kDegree, base)
		case "'":
			return prime(base)
		}
		return nil
	}
	exponent := p.exponent()
	switch {
	case exponent == nil:
		return nil
	case exponent.kind == kSym && exponent.name == "o" && base.kind == kNum: // 90^o
		return apply(kDegree, base)
	case exponent.kind == kSym && (exponent.name == "T" || exponent.name == `\top`) && (base.kind == kMatrix || base.kind == kTuple && base.name == "()"):
		return transposed(base)
	}
	return apply(kPow, base, exponent)
}

func (p *parser) exponent() *node {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	negative := false
	if p.take(tOp, "-") {
		negative = true
	} else {
		p.take(tOp, "+")
	}
	n := p.primary()
	if n == nil || !n.scalar() {
		return nil
	}
	if p.tok().is(tOp, "^") {
		p.pos++
		if n = p.raise(n); n == nil {
			return nil
		}
	}
	if negative {
		n = negate(n)
	}
	return n
}

// inBase reads the base of a numeral such as 1011_2.
func (p *parser) inBase(digits *node) *node {
	previous := p.ahead(-1)
	if previous.is(tClose, ")") {
		previous = p.ahead(-2)
	}
	if digits.kind != kNum || !digits.num.isInt() || previous.kind != tNum {
		return nil
	}
	p.pos++
	base := p.primaryOrWord()
	if base == nil || base.kind != kNum {
		return nil
	}
	return numeral(previous.text, base)
}

// numeral is digits in a base, or nil if they do not fit it.
func numeral(digits string, base *node) *node {
	radix, ok := base.num.small()
	if !ok || radix < 2 || radix > 36 {
		return nil
	}
	digits = strings.TrimLeft(digits, "0")
	for i := range len(digits) {
		if !isDigit(digits[i]) || int(digits[i]-'0') >= radix {
			return nil
		}
	}
	return &node{kind: kBase, name: digits, num: base.num}
}

// primaryOrWord also reads a number that is written out, as in 1011_{\text{two}}.
func (p *parser) primaryOrWord() *node {
	at, closing := 0, p.tok().is(tOpen, "{")
	if closing {
		at++
	}
	if t := p.ahead(at); t.kind == tWord {
		n := spelledNumber(t.text)
		if n == 0 || closing && !p.ahead(at+1).is(tClose, "}") {
			return nil
		}
		p.pos += at + 1
		if closing {
			p.pos++
		}
		return number(integer(n))
	}
	return p.primary()
}

func spelledNumber(word string) int64 {
	for n, name := range [...]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"} {
		if name == word {
			return int64(n)
		}
	}
	switch word {
	case "hex", "sixteen":
		return 16
	}
	return 0
}
