package mathexpr

import (
	"math/big"
	"strings"
)

// primary is a number, symbol, bracket, function or command with its arguments.
func (p *parser) primary() *node {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	t := p.tok()
	switch t.kind {
	case tNum:
		return p.number()
	case tIdent:
		p.pos++
		return p.identifier(t.text)
	case tFunc:
		return p.function()
	case tOpen:
		return p.bracket()
	case tBar, tOpenBar:
		return p.absolute()
	case tCommand:
		return p.command()
	case tClose:
		if t.text == "]" { // ]0,1[ as written in French
			return p.tuple("]")
		}
	}
	return nil
}

// number reads a numeral, with its repeating digits if it has any.
func (p *parser) number() *node {
	t := p.tok()
	p.pos++
	if strings.HasSuffix(t.text, ".") || p.tok().kind == tDots || p.tok().is(tCommand, "overline") || p.tok().is(tCommand, "bar") || p.tok().is(tCommand, "dot") {
		return p.repeating(t.text)
	}
	n, ok := p.budget.decimal(t.text)
	if !ok {
		return nil
	}
	result := number(n)
	if point := strings.IndexByte(t.text, '.'); point >= 0 {
		result.name = t.text[point+1:]
	}
	return result
}

// decimal reads digits, an optional fraction and an optional exponent of ten.
func (b *Budget) decimal(text string) (num, bool) {
	if len(text) <= 18 {
		if n, d, ok := smallDecimal(text); ok {
			return fraction(n, d), true
		}
	}
	mantissa, exponent, scientific := strings.Cut(text, "e")
	if len(mantissa) > b.limits.Bits/4 || len(exponent) > 6 {
		b.refuse()
		return integer(0), false
	}
	b.spend(len(mantissa) * (1 + len(mantissa)/256))
	r, ok := new(big.Rat).SetString(mantissa)
	if !ok || b.spent {
		return integer(0), false
	}
	n := fromRat(r)
	if scientific {
		e, ok := smallInt(exponent)
		if !ok {
			return n, false
		}
		n = b.mul(n, b.power(integer(10), e))
	}
	return n, true
}

func smallInt(text string) (int, bool) {
	text, negative := strings.CutPrefix(text, "-")
	n := 0
	for i := range len(text) {
		if !isDigit(text[i]) {
			return 0, false
		}
		n = 10*n + int(text[i]-'0')
	}
	if negative {
		n = -n
	}
	return n, text != ""
}

// smallDecimal reads up to 18 digits without an exponent.
func smallDecimal(text string) (n, d int64, ok bool) {
	d = 1
	point := false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '.' && !point:
			point = true
		case isDigit(c):
			n = 10*n + int64(c-'0')
			if point {
				d *= 10
			}
		default:
			return 0, 1, false
		}
	}
	return n, d, true
}

// identifier is a symbol with its subscript, or an unknown function with its arguments.
func (p *parser) identifier(name string) *node {
	if name == "∅" {
		return apply(kSet)
	}
	if p.tok().is(tOp, "_") {
		index, ok := p.subscript()
		if !ok {
			return nil
		}
		name += "_" + index
	}
	if p.tok().is(tOp, "'") {
		p.pos++
		name += "'"
	}
	if (name[0] == 'f' || name[0] == 'g' || name[0] == 'h') && len(name) < 3 && p.tok().is(tOpen, "(") && !p.remark() {
		args := p.bracket()
		if args == nil {
			return nil
		}
		if args.kind == kTuple {
			return &node{kind: kApply, name: name, args: args.args}
		}
		return &node{kind: kApply, name: name, args: []*node{args}}
	}
	return symbol(name)
}

// subscript reads what is below the line as part of a name.
func (p *parser) subscript() (string, bool) {
	p.pos++
	if !p.take(tOpen, "{") {
		switch t := p.tok(); t.kind {
		case tNum, tIdent, tWord:
			p.pos++
			return t.text, true
		}
		return "", false
	}
	var index strings.Builder
	for depth := 1; ; {
		t := p.tok()
		p.pos++
		switch t.kind {
		case tEnd:
			return "", false
		case tOpen:
			depth++
		case tClose:
			if depth--; depth == 0 {
				return index.String(), index.Len() > 0
			}
		}
		index.WriteString(t.text)
	}
}

// absolute reads |x|.
func (p *parser) absolute() *node {
	sure := p.tok().kind == tOpenBar
	p.pos++
	bars, inSet := p.bars, p.inSet
	p.inSet = false
	if p.bars = 0; !sure {
		p.bars = 1
	}
	n := p.sum()
	p.bars, p.inSet = bars, inSet
	if n == nil || !p.take(tCloseBar, "") && !p.take(tBar, "") {
		return nil
	}
	return function("abs", n)
}

// repeating reads a decimal whose last digits go on for ever: 0.\overline{3}, 0.\dot3, 0.(3), 0.333….
func (p *parser) repeating(text string) *node {
	if !strings.Contains(text, ".") || len(text) > 40 {
		return nil
	}
	period := ""
	switch t := p.tok(); {
	case t.kind == tDots:
		p.pos++
		text, period = periodOf(text)
	case t.kind == tCommand:
		p.pos++
		if period = p.plainDigits(); t.text == "dot" && integerToken(p.tok()) || t.text == "dot" && p.tok().is(tCommand, "dot") {
			if integerToken(p.tok()) {
				period += p.tok().text
				p.pos++
			}
			if !p.take(tCommand, "dot") {
				return nil
			}
			period += p.plainDigits()
		}
	case t.is(tOpen, "(") && integerToken(p.ahead(1)) && p.ahead(2).is(tClose, ")"):
		period = p.ahead(1).text
		p.pos += 3
	}
	if period == "" || len(period) > 40 {
		return nil
	}
	fixed, ok := new(big.Rat).SetString(strings.TrimSuffix(text, "."))
	tail, ok2 := new(big.Int).SetString(period, 10)
	if !ok || !ok2 {
		return nil
	}
	ten := big.NewInt(10)
	places := int64(len(text) - strings.IndexByte(text, '.') - 1)
	nines := new(big.Int).Sub(new(big.Int).Exp(ten, big.NewInt(int64(len(period))), nil), big.NewInt(1))
	nines.Mul(nines, new(big.Int).Exp(ten, big.NewInt(places), nil))
	return number(fromRat(fixed.Add(fixed, new(big.Rat).SetFrac(tail, nines))))
}

// plainDigits reads digits in curly brackets, or one digit without them.
func (p *parser) plainDigits() string {
	if p.tok().is(tOpen, "{") && integerToken(p.ahead(1)) && p.ahead(2).is(tClose, "}") {
		p.pos += 3
		return p.ahead(-2).text
	}
	if !integerToken(p.tok()) {
		return ""
	}
	t := &p.tokens[p.pos]
	digit := t.text[:1]
	if t.text = t.text[1:]; t.text == "" {
		p.pos++
	}
	return digit
}

// periodOf finds the shortest block of digits that ends a decimal at least twice, three times if it is one digit.
func periodOf(text string) (fixed, period string) {
	decimals := text[strings.IndexByte(text, '.')+1:]
	for n := 1; 2*n <= len(decimals); n++ {
		block := decimals[len(decimals)-n:]
		times := 1
		for strings.HasSuffix(decimals[:len(decimals)-times*n], block) {
			times++
		}
		if times >= 3 || times == 2 && n > 1 {
			return text[:len(text)-times*n], block
		}
	}
	return text, ""
}
