package mathexpr

import (
	"strings"
	"unicode/utf8"
)

// Answer is a final answer as read by Parse. It is never changed and may be compared from several goroutines, each
// with its own budget. The zero Answer equals nothing.
type Answer struct {
	text string
	tree *node   // nil if the text is too long to be read
	more []*node // other readings of what is ambiguous: 1,234 as two numbers
}

// Parse reads text, UTF-8 in LaTeX or plain notation. What is no mathematics is read as words, so any text with
// something to see in it is an answer: ErrSyntax is for empty text, invalid UTF-8, control characters and characters
// that turn the direction of writing. ErrBudget tells that the text is nested too deep or costs too much to read;
// the Answer then still equals the same text. Time is linear in the text, and no memory of it is kept but the text.
func Parse(text string, b *Budget) (Answer, error) {
	text = strings.TrimSpace(narrow(text))
	a := Answer{text: text}
	if text == "" || !utf8.ValidString(text) {
		return Answer{}, ErrSyntax
	}
	if len(text) > b.limits.Bytes {
		b.refuse()
		return a, ErrBudget
	}
	if strings.Contains(text, `\over`) {
		b.spend(len(text))
		text = withoutOver(text)
		a.text = text
	}
	tree, other, ok := read(text, 0, b)
	if b.spent {
		return a, ErrBudget
	}
	if !ok || tree == nil {
		return Answer{}, ErrSyntax
	}
	a.tree = tree
	for mode := groupInBrackets; mode <= decimalComma; mode <<= 1 {
		if other&mode != 0 {
			if tree, _, _ := read(text, mode, b); tree != nil {
				a.more = append(a.more, tree)
			}
		}
	}
	if b.spent {
		return a, ErrBudget
	}
	return a, nil
}

// narrow writes full-width characters, as Chinese text has them, in ASCII.
func narrow(text string) string {
	if strings.IndexByte(text, 0xEF) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r >= 0xFF01 && r <= 0xFF5E {
			return r - 0xFF01 + '!'
		}
		return r
	}, text)
}

// read makes the tree of one reading, and tells which others there are.
func read(text string, mode reading, b *Budget) (tree *node, other reading, ok bool) {
	var space [32]token
	l := lexer{text: text, budget: b, mode: mode, tokens: space[:0]}
	if !l.lex() {
		return nil, 0, false
	}
	if len(l.tokens) == 1 {
		return nil, 0, false
	}
	p := parser{tokens: l.tokens, budget: b, mode: mode}
	tree = p.answer()
	if tree != nil && tree.hollow() { // a mistake of ours; as words it is still an answer, and compares without harm
		tree = p.words(0, len(p.tokens)-1)
	}
	return tree, l.other | p.other, true
}

// Exact tells whether the answer consists of numbers only, in any arrangement: 5, (1/2, 3), {1, \sqrt2}.
func (a Answer) Exact() bool {
	return a.tree != nil && !a.tree.contains(func(n *node) bool {
		return n.kind == kText || n.kind == kApply || n.kind == kRel || n.kind == kBuilder || n.kind == kSym && !constant(n.name)
	})
}

// Words tells whether the answer was read as words rather than mathematics.
func (a Answer) Words() bool { return a.tree != nil && a.tree.kind == kText }
