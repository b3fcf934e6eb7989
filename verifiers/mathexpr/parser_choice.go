package mathexpr

// namedValue reads "area = 5", "P(both are red) = 1/2": the words name the value. What denies or doubts is no name.
func (p *parser) namedValue() *node {
	worded := false
	for n := 0; n < 20; n++ {
		switch t := p.ahead(n); t.kind {
		case tWord:
			if !noun(t.text) && t.text != "to" && t.text != "over" && t.text != "least" && t.text != "remainder" {
				return nil
			}
			worded = true
		case tIdent, tNum, tOpen, tClose, tFunc:
		case tRel:
			if t.text != "=" || n == 0 || !worded {
				return nil
			}
			name := p.words(p.pos, p.pos+n)
			p.pos += n + 1
			value := p.quantity()
			if name == nil || value == nil || !p.separated() {
				return nil
			}
			return &node{kind: kRel, name: "=", args: []*node{symbol(name.name), value}}
		default:
			return nil
		}
	}
	return nil
}

// lettered reads "B)", with a value or without.
func (p *parser) lettered() *node {
	if t := p.tok(); t.kind == tWord && (t.text == "option" || t.text == "choice") { // option (B)
		bracketed := p.ahead(1).is(tOpen, "(") && p.ahead(3).is(tClose, ")") && p.ahead(4).kind == tEnd
		switch {
		case bracketed && choiceLetter(p.ahead(2)):
			return symbol(p.ahead(2).text)
		case choiceLetter(p.ahead(1)) && p.ahead(2).kind == tEnd:
			return symbol(p.ahead(1).text)
		}
		return nil
	}
	letter := p.tok()
	if !choiceLetter(letter) || !p.ahead(1).is(tClose, ")") {
		return nil
	}
	p.pos = 2
	if p.tok().kind == tEnd {
		return symbol(letter.text)
	}
	if value := p.item(); value != nil && p.tok().kind == tEnd && !namesChoice(value) {
		return &node{kind: kChoice, name: letter.text, args: []*node{value}}
	}
	p.pos = 0
	return nil
}

func choiceLetter(t token) bool { return t.kind == tIdent && letterOfChoice(t.text) }

func letterOfChoice(name string) bool { return len(name) == 1 && name >= "A" && name <= "J" }

// namesChoice tells whether a value holds the letter of a choice: "(C) A" hedges.
func namesChoice(value *node) bool {
	return value.contains(func(n *node) bool { return n.kind == kSym && letterOfChoice(n.name) })
}

// choice reads "(B) 12". The space tells it from a product.
func (p *parser) choice() *node {
	if p.tok().is(tOpen, "{") && p.ahead(4).is(tClose, "}") { // \mathbf{(B)}
		p.pos++
	}
	letter := p.ahead(1)
	if !p.tok().is(tOpen, "(") || !choiceLetter(letter) || !p.ahead(2).is(tClose, ")") {
		return nil
	}
	p.pos += 3
	if p.ahead(-4).is(tOpen, "{") {
		p.take(tClose, "}")
	}
	if !p.tok().spaced || p.separated() || p.tok().kind == tOp {
		return nil
	}
	value := p.item()
	if value == nil || !p.separated() || namesChoice(value) {
		return nil
	}
	return &node{kind: kChoice, name: letter.text, args: []*node{value}}
}
