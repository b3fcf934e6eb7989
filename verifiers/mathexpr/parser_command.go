package mathexpr

// command reads a command with its arguments.
func (p *parser) command() *node {
	name := p.tok().text
	p.pos++
	switch name {
	case "frac":
		a := p.argument()
		if a == nil {
			return nil
		}
		if b := p.argument(); b != nil {
			return apply(kDiv, a, b)
		}
	case "binom":
		a := p.argument()
		if a == nil {
			return nil
		}
		if b := p.argument(); b != nil {
			return function("binom", a, b)
		}
	case "sqrt":
		return p.root()
	case "begin":
		return p.matrix()
	case "overline", "bar":
		return p.argument()
	case "sum", "prod", "int":
		return p.bigOperator(name)
	}
	return nil
}

// argument reads a group, or the next token alone; of a number without brackets only its first digit.
func (p *parser) argument() *node {
	t := p.tok()
	if t.kind != tNum || len(t.text) == 1 {
		return p.primary()
	}
	if !isDigit(t.text[0]) || !isDigit(t.text[1]) {
		return nil
	}
	p.tokens[p.pos].text = t.text[1:]
	p.tokens[p.pos].spaced = false
	return number(integer(int64(t.text[0] - '0')))
}

// bigOperator reads a sum, product or integral, whose bounds are kept as written.
func (p *parser) bigOperator(name string) *node {
	for range 2 {
		if t := p.tok(); t.is(tOp, "_") || t.is(tOp, "^") {
			bound, ok := p.subscript()
			if !ok {
				return nil
			}
			name += t.text + bound
		}
	}
	body := p.term()
	if body == nil {
		return nil
	}
	return function(name, body)
}

// root reads \sqrt[n]{x}. After \sqrt a number without brackets is taken as a whole, which is what people mean.
func (p *parser) root() *node {
	degree := number(integer(2))
	if p.tok().is(tOpen, "[") {
		p.pos++
		if degree = p.sum(); degree == nil || !p.take(tClose, "]") {
			return nil
		}
	}
	negative := p.take(tOp, "-")
	x := p.primary()
	if x == nil {
		return nil
	}
	if negative {
		x = negate(x)
	}
	return apply(kRoot, x, degree)
}

// matrix reads an environment after its \begin.
func (p *parser) matrix() *node {
	env := p.tok().text
	p.pos++
	bars, inSet := p.bars, p.inSet
	p.bars, p.inSet = 0, false
	defer func() { p.bars, p.inSet = bars, inSet }()
	m := &node{kind: kMatrix}
	switch env {
	case "pmatrix", "bmatrix", "matrix", "Bmatrix", "smallmatrix", "array":
	default:
		m.name = env // determinants, norms, cases
	}
	row := &node{kind: kTuple}
	for !p.tok().is(tCommand, "end") {
		if p.take(tRow, "") {
			if len(row.args) > 0 {
				m.args = append(m.args, row)
			}
			row = &node{kind: kTuple}
			continue
		}
		cell := p.item()
		if cell == nil {
			return nil
		}
		row.args = append(row.args, cell)
		if !p.take(tAmp, "") {
			p.take(tComma, "")
		}
	}
	if len(row.args) > 0 {
		m.args = append(m.args, row)
	}
	p.pos++
	if p.tok().kind != tWord || len(m.args) == 0 {
		return nil
	}
	p.pos++
	if m.name == "vmatrix" {
		return determinant(m)
	}
	return m
}
