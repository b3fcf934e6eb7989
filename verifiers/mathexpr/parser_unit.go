package mathexpr

import "strings"

// unit reads what follows a value: a unit of measurement, a counted noun (5 apples), a scale (3 million). It returns
// nil where the words say something else about the value.
func (p *parser) unit(n *node, money string) *node {
	unit := money
	nouns := 0
	for {
		t := p.tok()
		switch {
		case t.kind == tMoney && unit == "":
			unit = t.text
			p.pos++
		case t.kind == tWord:
			if p.base(&n) {
				continue
			}
			name, known := p.measure()
			if name == "" && !known {
				return nil
			}
			if nouns++; nouns > 6 {
				return nil
			}
			n, unit = p.attach(n, unit, name)
		case n != nil && n.kind == kDegree && unit == "" && (t.is(tIdent, "C") || t.is(tIdent, "F")):
			n, unit = n.args[0], map[string]string{"C": "celsius", "F": "fahrenheit"}[t.text]
			p.pos++
		case t.kind == tIdent && unit == "" && p.letterUnit():
			unit = unitName(strings.ToLower(t.text))
			p.pos++
			unit += p.unitPower()
			if p.tok().is(tOp, "/") {
				unit += "/" + p.ahead(1).text
				p.pos += 2
			}
		case t.is(tOp, "/") && p.ahead(1).kind == tWord:
			p.pos++
			unit += "/" + unitName(p.tok().text)
			p.pos++
			unit += p.unitPower()
		case t.is(tOpen, "(") && p.remark():
			for !p.take(tClose, ")") {
				p.pos++
			}
		case t.kind == tCommand && t.text == "mod" && unit == "":
			return p.congruent(n)
		default:
			return measured(n, unit)
		}
	}
}

func measured(n *node, unit string) *node {
	if unit == "" || n == nil {
		return n
	}
	return &node{kind: kUnit, name: unit, args: []*node{n}}
}

// attach puts a scale, a per cent sign or a unit to a value.
func (p *parser) attach(n *node, unit, name string) (*node, string) {
	switch {
	case name == "%":
		return apply(kPercent, n), unit
	case name == "°":
		return apply(kDegree, n), unit
	case strings.HasPrefix(name, "×"):
		return apply(kMul, n, number(integer(scale(name[len("×"):])))), unit
	}
	return n, unit + name
}

// measure reads one word after a value. A noun that measures nothing has no name but is known.
func (p *parser) measure() (name string, known bool) {
	word := p.tok().text
	p.pos++
	if scale(word) != 0 {
		return "×" + word, true
	}
	switch word {
	case "square", "sq", "cubic", "cu":
		power := "^2"
		if word[0] == 'c' {
			power = "^3"
		}
		if p.tok().kind != tWord {
			return "", true
		}
		inner := unitName(p.tok().text)
		p.pos++
		if inner == "" {
			return "", true
		}
		return inner + power, true
	case "per", "an", "each":
		if p.tok().kind != tWord {
			return "", true
		}
		inner := unitName(p.tok().text)
		p.pos++
		return "/" + inner, true
	}
	if name = unitName(word); name != "" {
		return name + p.unitPower(), true
	}
	return "", noun(word)
}

// unitPower reads the exponent of a unit: cm^2.
func (p *parser) unitPower() string {
	if !p.tok().is(tOp, "^") {
		return ""
	}
	at := 1
	braced := p.ahead(at).is(tOpen, "{")
	if braced {
		at++
	}
	if !integerToken(p.ahead(at)) {
		return ""
	}
	power := "^" + p.ahead(at).text
	if braced {
		at++
	}
	p.pos += at + 1
	return power
}

// noun tells whether a word may follow a value without saying anything about it. It errs on the side of no.
func noun(word string) bool {
	switch word {
	case ".", "not", "no", "never", "wrong", "incorrect", "below", "zero", "negative", "minus", "plus", "than", "squared", "cubed", "factorial",
		"half", "halves", "third", "thirds", "fourths", "fifths", "tenths", "hundredths", "quarter", "quarters", "more", "less", "fewer", "remainder", "over", "modulo", "to", "if", "but", "when",
		"maybe", "perhaps", "otherwise", "is", "isn", "nor", "either", "between", "from", "with", "doubled", "twice", "pairs", "couple", "base", "radians", "greater", "least", "most",
		"multiplied", "divided", "raised", "power", "root", "with probability", "unless", "except", "without", "impossible", "false", "true", "undefined", "infinite", "infinitely", "approximately", "about":
		return false
	}
	if strings.HasSuffix(word, "th") || strings.HasSuffix(word, "ths") {
		return false // 5 thousandths
	}
	for _, r := range word {
		if (r < 'a' || r > 'z') && r < 0x4E00 { // letters, or Chinese
			return false
		}
	}
	return true
}

// base reads "base 2" after a numeral.
func (p *parser) base(n **node) bool {
	if p.tok().text != "base" || p.ahead(1).kind != tNum && p.ahead(1).kind != tWord || p.pos == 0 || p.ahead(-1).kind != tNum {
		return false
	}
	digits := p.ahead(-1).text
	p.pos++
	base := p.primaryOrWord()
	if base == nil || base.kind != kNum {
		*n = nil
		return true
	}
	*n = numeral(digits, base)
	return *n != nil
}
