package tokenizer

import (
	"fmt"
	"regexp"
	"regexp/syntax"
)

// cutter cuts a text into the matches of a pattern and the text between them. It runs the pattern
// as an automaton; regexp.Regexp, the reference in the tests, is some 20 times slower and has no
// look-ahead. A pattern without one whose automaton would be large is left to it.
type cutter struct {
	re   *regexp.Regexp // nil if the pattern looks ahead
	auto *automaton     // nil where it would be too large
}

func newCutter(pattern string) (*cutter, error) {
	translated, ahead, err := translate(pattern)
	if err != nil {
		return nil, err
	}
	c := &cutter{}
	if len(ahead) == 0 {
		if c.re, err = compile(pattern, translated); err != nil {
			return nil, err
		}
	}
	tree, err := syntax.Parse(translated, syntax.Perl)
	if err != nil {
		return nil, notRE2(pattern, err)
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, notRE2(pattern, err)
	}
	c.auto = newAutomaton(prog, ahead)
	switch {
	case c.auto == nil && c.re == nil:
		return nil, fmt.Errorf("pattern %s has a look-ahead and needs an automaton of over %d states: split it into several", pattern, maxStates)
	case c.auto != nil && c.auto.matchesEmpty():
		return nil, matchesEmpty(pattern)
	}
	return c, nil
}

// next returns the length of the first piece of text, which is not empty: a match at its beginning,
// or all up to the first match.
func (c *cutter) next(text string) int {
	n, _ := c.cut(text)
	return n
}

// cut is next; it also tells whether the piece is a match.
func (c *cutter) cut(text string) (n int, match bool) {
	if c.auto == nil {
		return cutSlow(c.re, text)
	}
	if n := c.auto.match(text); n > 0 {
		return n, true
	}
	for i := range text {
		if i > 0 && c.auto.match(text[i:]) > 0 {
			return i, false
		}
	}
	return len(text), false
}

// cutSlow is cut by the reference.
func cutSlow(re *regexp.Regexp, text string) (n int, match bool) {
	m := re.FindStringIndex(text)
	switch {
	case m == nil:
		return len(text), false
	case m[0] > 0:
		return m[0], false
	}
	return m[1], true
}
