package mathexpr

import "strings"

// bracket reads what an opening bracket starts.
func (p *parser) bracket() *node {
	switch open := p.tok().text; open {
	case "⌊":
		return p.rounded("⌋", "floor")
	case "⌈":
		return p.rounded("⌉", "ceil")
	case "{", "S":
		return p.braces(open)
	default:
		return p.tuple(open)
	}
}

func (p *parser) rounded(end, name string) *node {
	p.pos++
	n := p.sum()
	if n == nil || !p.take(tClose, end) {
		return nil
	}
	return function(name, n)
}

// members reads items up to a closing bracket, which it leaves there.
func (p *parser) members() []*node {
	bars, inSet := p.bars, p.inSet
	p.bars, p.inSet = 0, false
	defer func() { p.bars, p.inSet = bars, inSet }()
	var items []*node
	connective := ""
	for {
		n := p.item()
		if n == nil {
			return nil
		}
		items = append(items, n)
		if t := p.tok(); t.kind != tComma && t.kind != tSemi && t.kind != tAnd {
			p.connective = connective
			return items
		} else if t.kind == tAnd {
			connective = t.text
		}
		p.pos++
		if p.tok().kind == tAnd { // "1, 2, and 3"
			p.pos++
		}
	}
}

// tuple reads brackets of ( [ ⟨ or ]: one item is only grouped, several are a tuple or interval.
func (p *parser) tuple(open string) *node {
	p.pos++
	items := p.members()
	end := p.tok().text
	if items == nil || p.tok().kind != tClose && !(p.tok().is(tOpen, "[") && open != "⟨") {
		return nil
	}
	p.pos++
	if len(items) == 1 && (open == "(" && end == ")" || open == "[" && end == "]") {
		return items[0]
	}
	switch {
	case open == "⟨" && end == "⟩":
		return &node{kind: kTuple, name: "()", args: items}
	case open == "]":
		open = "("
	case open != "(" && open != "[":
		return nil
	}
	switch end {
	case "[":
		end = ")"
	case ")", "]":
	default:
		return nil
	}
	return &node{kind: kTuple, name: open + end, args: items}
}

// braces reads {…}: a group if bare and with one item, else a set.
func (p *parser) braces(open string) *node {
	p.pos++
	end := "}"
	if open == "S" {
		end = "s"
	}
	if p.take(tClose, end) {
		if open == "S" {
			return apply(kSet)
		}
		return p.primaryAfterEmpty()
	}
	if p.tok().is(tOp, "-") && p.ahead(1).is(tClose, end) || p.tok().is(tOp, "+") && p.ahead(1).is(tClose, end) {
		return nil
	}
	if n := p.builder(end); n != nil {
		return n
	}
	items := p.members()
	if len(items) == 1 && p.tok().is(tCommand, "choose") {
		p.pos++
		if k := p.sum(); k != nil {
			items[0] = function("binom", items[0], k)
		}
	}
	if items == nil || !p.take(tClose, end) {
		return nil
	}
	if open == "{" && len(items) == 1 {
		return items[0]
	}
	set := &node{kind: kSet, args: items}
	if open == "{" {
		set.name = "bare"
	}
	return set
}

// primaryAfterEmpty skips an empty group, which only moves ink.
func (p *parser) primaryAfterEmpty() *node { return p.primary() }

// builder reads {x | condition, …}, or returns nil and stays where it was.
func (p *parser) builder(end string) *node {
	if !p.hasMid() {
		return nil
	}
	start, inSet := p.pos, p.inSet
	p.inSet = true
	head := p.item()
	p.inSet = inSet
	ratio := p.tok().kind == tColon && head != nil && !head.open() // {3:2} is no set
	if head == nil || ratio || !p.take(tMid, "") && !p.take(tBar, "") && !p.take(tColon, "") {
		p.pos = start
		return nil
	}
	conditions := p.members()
	if conditions == nil || !p.take(tClose, end) {
		p.pos = start
		return nil
	}
	if p.connective == "or" {
		conditions = []*node{list(conditions, "or")}
	}
	return &node{kind: kBuilder, args: append([]*node{head}, conditions...)}
}

// hasMid looks for the bar or colon of a set near its start: {x | …}, {(x,y) : …}, {x ∈ R | …}.
func (p *parser) hasMid() bool {
	depth := 0
	for n := range 12 {
		switch p.ahead(n).kind {
		case tMid, tColon:
			return true
		case tBar:
			return n > 0
		case tEnd:
			return false
		case tOpen:
			depth++
		case tClose:
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return false
}

// function reads a function that has a name, with its base, exponent and argument.
func (p *parser) function() *node {
	name := p.tok().text
	p.pos++
	var base, exponent *node
	for range 2 {
		if p.tok().is(tOp, "_") && base == nil {
			p.pos++
			if base = p.argument(); base == nil {
				return nil
			}
		}
		if p.tok().is(tOp, "^") && exponent == nil {
			p.pos++
			if exponent = p.exponent(); exponent == nil {
				return nil
			}
		}
	}
	if exponent != nil && exponent.kind == kNum && exponent.num.is(-1) && !strings.HasPrefix(name, "arc") && !strings.HasPrefix(name, "l") {
		name, exponent = "arc"+name, nil
	}
	args := p.operand(name)
	if args == nil {
		return nil
	}
	result := function(name, args...)
	if base != nil {
		if name != "log" || len(args) != 1 {
			return nil
		}
		result = function("log", args[0], base)
	}
	if exponent != nil {
		return apply(kPow, result, exponent)
	}
	return result
}

// operand reads the argument of a function: a bracket, or the product that follows.
func (p *parser) operand(name string) []*node {
	if p.tok().is(tOpen, "(") || p.tok().is(tOpen, "[") || p.tok().is(tOpen, "{") || p.tok().is(tOpen, "S") {
		inner := p.bracket()
		if inner == nil {
			return nil
		}
		if inner.kind == kTuple || inner.kind == kSet {
			return inner.args
		}
		return []*node{inner}
	}
	if name == "max" || name == "min" || name == "gcd" || name == "lcm" {
		return nil
	}
	p.take(tOp, "-")
	negative := p.ahead(-1).is(tOp, "-")
	n := p.power()
	for n != nil && p.startsFactor() && p.tok().kind != tFunc && p.tok().kind != tOpenBar {
		n = times(n, p.power())
	}
	if n == nil {
		return nil
	}
	if negative {
		n = negate(n)
	}
	return []*node{n}
}
