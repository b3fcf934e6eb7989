package mathexpr

import "strings"

// separators tells which of comma and semicolon stand outside all brackets.
func (p *parser) separators() (comma, semi bool) {
	depth := 0
	for _, t := range p.tokens {
		switch t.kind {
		case tOpen:
			depth++
		case tClose:
			depth--
		case tComma:
			comma = comma || depth == 0
		case tSemi:
			semi = semi || depth == 0
		}
	}
	return comma, semi
}

// balanced tells whether brackets close in order; half-open intervals mix round and square ones.
func (p *parser) balanced() bool {
	depth := 0
	for _, t := range p.tokens {
		switch t.kind {
		case tOpen:
			depth++
		case tClose:
			if depth--; depth < 0 && t.text != "]" {
				return false
			}
		}
	}
	return true
}

// words makes a text of tokens: one spelling, lower case, no spaces but between numbers. Depth bounds nothing here,
// but a long text is one string only.
func (p *parser) words(from, to int) *node {
	var text strings.Builder
	if t := p.tokens[from]; from+1 < to && p.tokens[from+1].kind == tWord && (t.text == "the" || t.text == "an" || t.text == "a") {
		from++ // an ellipse
	}
	for i := from; i < to; i++ {
		t := p.tokens[i]
		if i > from && t.kind == tNum && p.tokens[i-1].kind == tNum {
			text.WriteByte(' ')
		}
		text.WriteString(t.text)
	}
	if text.Len() == 0 {
		return nil
	}
	p.budget.spend(text.Len() / 8)
	folded := text.String()
	if text.Len() > 1 {
		folded = strings.ToLower(folded)
	}
	return &node{kind: kText, name: strings.Trim(folded, "(). ")}
}

// matched tells whether every bracket has a partner.
func matched(tokens []token) bool {
	depth := 0
	for _, t := range tokens {
		switch t.kind {
		case tOpen:
			depth++
		case tClose:
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}
