package mathexpr

// parser builds the tree of one reading of the tokens. Its functions return nil where the tokens do not fit, and the
// item at hand is then taken as words.
type parser struct {
	tokens []token
	pos    int
	depth  int
	budget *Budget
	mode   reading
	other  reading // readings that would differ from this one
	bars   int     // open absolute values
	inSet  bool    // a bar or colon ends the expression: {x | …}

	connective string // the last "and" or "or" between the members of a bracket
}

// tok is the next token, tEnd once all are read.
func (p *parser) tok() token { return p.ahead(0) }

func (p *parser) ahead(n int) token {
	if i := p.pos + n; i >= 0 && i < len(p.tokens) {
		return p.tokens[i]
	}
	return token{}
}

func (p *parser) take(k tokenKind, text string) bool {
	if t := p.tok(); t.kind == k && (text == "" || t.text == text) {
		p.pos++
		return true
	}
	return false
}

// enter counts nesting; each recursive function calls it and defers leave.
func (p *parser) enter() bool {
	p.depth++
	if p.depth > p.budget.limits.Depth {
		p.budget.refuse()
	}
	return p.budget.spend(4)
}

func (p *parser) leave() { p.depth-- }

// answer reads everything.
func (p *parser) answer() *node {
	if n := p.lettered(); n != nil {
		return n
	}
	if !p.balanced() {
		return p.words(0, len(p.tokens)-1)
	}
	comma, semi := p.separators()
	connective := ""
	var outer, inner []*node
	for p.tok().kind != tEnd && !p.budget.spent {
		start := p.pos
		if n := p.answerItem(); n != nil {
			inner = append(inner, n)
		}
		switch t := p.tok(); {
		case t.kind == tSemi && comma && semi:
			if len(inner) > 0 {
				outer, inner = append(outer, list(inner, "group")), nil
			}
			p.pos++
		case t.kind == tAnd && connective != "or":
			connective = t.text
			p.pos++
		case t.kind == tComma || t.kind == tSemi || t.kind == tAnd:
			p.pos++
		}
		if p.pos == start {
			p.pos++ // cannot happen; without progress there would be no end
		}
	}
	inner = withoutDomains(inner)
	if outer != nil {
		if len(inner) > 0 {
			outer = append(outer, list(inner, "group"))
		}
		return list(outer, connective)
	}
	return list(inner, connective)
}

// withoutDomains drops "k \in \mathbb{Z}" after what it qualifies.
func withoutDomains(items []*node) []*node {
	n := len(items)
	for n > 1 && items[n-1].kind == kRel && items[n-1].name == string(relIn) && items[n-1].args[1].kind == kSym {
		switch items[n-1].args[1].name {
		case "Z", "N", "R":
			n--
			continue
		}
		break
	}
	return items[:n]
}

// list is items with a connective between them; "group" marks a list inside a list, which stays together.
func list(items []*node, name string) *node {
	switch len(items) {
	case 0:
		return nil
	case 1:
		return items[0]
	}
	return &node{kind: kList, name: name, args: items}
}

// answerItem reads up to the next separator, as words if it is no mathematics. It returns nil if nothing is there.
func (p *parser) answerItem() *node {
	start := p.pos
	if n := p.choice(); n != nil {
		return n
	}
	p.pos = start
	if n := p.item(); n != nil && p.separated() {
		return n
	}
	p.pos, p.bars, p.inSet = start, 0, false
	if n := p.namedValue(); n != nil {
		return n
	}
	p.pos = start
	for depth := 0; ; p.pos++ {
		switch p.tok().kind {
		case tOpen, tOpenBar:
			depth++
		case tClose, tCloseBar:
			depth--
		}
		if depth <= 0 && p.separated() {
			break
		}
		if p.tok().kind == tEnd {
			break
		}
	}
	p.bars, p.inSet = 0, false
	return p.words(start, p.pos)
}

func (p *parser) separated() bool {
	switch p.tok().kind {
	case tComma, tSemi, tAnd, tEnd:
		return true
	}
	return false
}

// item reads a quantity or a chain of relations.
func (p *parser) item() *node {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	if p.tok().is(tRel, "~") || p.tok().is(tRel, "=") {
		p.pos++
	}
	first := p.quantity()
	if first == nil || p.tok().kind != tRel {
		return p.congruent(first)
	}
	chain := &node{kind: kRel, args: []*node{first}}
	for p.tok().kind == tRel {
		chain.name += p.tok().text
		p.pos++
		next := p.quantity()
		if next == nil || len(chain.name) > 50 {
			return nil
		}
		chain.args = append(chain.args, next)
	}
	last := p.congruent(chain.args[len(chain.args)-1])
	if last == nil {
		return nil
	}
	chain.args[len(chain.args)-1] = last
	return chain
}

// congruent adds a modulus to n, if one stands here: 3 mod 7, x ≡ 3 (mod 7).
func (p *parser) congruent(n *node) *node {
	if n == nil {
		return nil
	}
	open := p.tok().is(tOpen, "(") && p.ahead(1).is(tCommand, "mod")
	if open {
		p.pos++
	}
	if !p.tok().is(tCommand, "mod") {
		return n
	}
	p.pos++
	modulus := p.sum()
	if modulus == nil || open && !p.take(tClose, ")") {
		return nil
	}
	return apply(kMod, n, modulus)
}

// quantity is an expression or set with an optional unit before or after it.
func (p *parser) quantity() *node {
	money := ""
	if p.tok().kind == tMoney {
		money = p.tok().text
		p.pos++
	} else if p.tok().is(tOp, "-") && p.ahead(1).kind == tMoney {
		money = p.ahead(1).text
		p.tokens[p.pos+1] = p.tok()
		p.pos++
	}
	if p.tok().kind == tWord {
		if n := p.spelledOut(); n != nil {
			return p.unit(n, money)
		}
	}
	n := p.ratio()
	if n == nil {
		return nil
	}
	return p.unit(n, money)
}

// ratio is a : b : …, or a single union.
func (p *parser) ratio() *node {
	first := p.union()
	to := p.tok().is(tWord, "to") && p.ahead(1).kind == tNum // 3 to 2
	if first == nil || p.inSet || p.tok().kind != tColon && !to {
		return first
	}
	n := apply(kRatio, first)
	for p.take(tColon, "") || p.take(tWord, "to") {
		if t := p.tok(); t.kind == tNum && len(t.text) == 2 && t.text[0] < '6' {
			n.name = "time" // or looks like one
		}
		next := p.union()
		if next == nil {
			return nil
		}
		n.args = append(n.args, next)
	}
	return n
}

// union is sets with ∪, ∩ and \ between them, read from the left.
func (p *parser) union() *node {
	left := p.sum()
	for changes := 0; left != nil && p.tok().kind == tOp && changes < maxChain; {
		var k kind
		switch p.tok().text {
		case "∪":
			k = kUnion
		case "∩":
			k = kInter
		case `\`:
			k = kMinus
		default:
			return left
		}
		p.pos++
		right := p.sum()
		if right == nil {
			return nil
		}
		if left.kind == k && k != kMinus {
			left = &node{kind: k, args: append(left.args, right)}
		} else {
			changes++
			left = apply(k, left, right)
		}
	}
	return left
}
