package tokenizer

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"sort"
	"unicode/utf8"
)

// cutter cuts a text into the matches of a pattern and the text between them. It runs the pattern
// as a deterministic automaton over classes of characters that the pattern does not tell apart;
// regexp.Regexp, the reference in the tests, is some 20 times slower. A pattern whose automaton
// would be large is left to it.
type cutter struct {
	re      *regexp.Regexp
	ascii   [utf8.RuneSelf]uint16 // class of a character
	bounds  []rune                // first character of each class, ascending from 0
	classes int
	table   []int32 // [state][class] -> state; nil where the automaton is too large
	accepts []bool  // by state: a match may end here
}

const (
	dead      = -1
	start     = 0
	maxStates = 500
	maxCells  = 1 << 16 // states times classes
)

func newCutter(pattern string) (*cutter, error) {
	re, err := compile(pattern)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("pattern %s: %w", pattern, err)
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, fmt.Errorf("pattern %s: %w", pattern, err)
	}
	c := &cutter{re: re, bounds: bounds(prog)}
	c.classes = len(c.bounds)
	for r := range rune(utf8.RuneSelf) {
		c.ascii[r] = uint16(c.class(r))
	}
	c.determinize(prog)
	return c, nil
}

// bounds lists where the classes begin: wherever some instruction's answer may change.
func bounds(prog *syntax.Prog) []rune {
	at := []rune{0}
	for _, inst := range prog.Inst {
		switch inst.Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			if len(inst.Rune) == 1 {
				at = append(at, inst.Rune[0], inst.Rune[0]+1)
				continue
			}
			for i := 0; i+1 < len(inst.Rune); i += 2 {
				at = append(at, inst.Rune[i], inst.Rune[i+1]+1)
			}
		}
	}
	slices.Sort(at)
	return slices.Compact(at)
}

func (c *cutter) class(r rune) int {
	return sort.Search(len(c.bounds), func(i int) bool { return c.bounds[i] > r }) - 1
}

// determinize fills table and accepts. A state is the list of the instructions that wait for a
// character, by priority; it ends at a match, for what comes after is worth less than it. That is the
// leftmost-first rule of Perl, of Go's regexp and of Oniguruma: alternatives in order, repetition greedy.
func (c *cutter) determinize(prog *syntax.Prog) {
	index := map[string]int32{}
	var states [][]uint32
	state := func(list []uint32) int32 {
		if len(list) == 0 {
			return dead
		}
		key := fmt.Sprint(list)
		s, ok := index[key]
		if !ok {
			s = int32(len(states))
			index[key] = s
			states = append(states, list)
			last := prog.Inst[list[len(list)-1]]
			c.accepts = append(c.accepts, last.Op == syntax.InstMatch)
		}
		return s
	}
	state(follow(prog, nil, map[uint32]bool{}, uint32(prog.Start)))
	for s := 0; s < len(states); s++ {
		if len(states) > maxStates || len(states)*c.classes > maxCells {
			c.table = nil
			return
		}
		for _, r := range c.bounds {
			c.table = append(c.table, state(step(prog, states[s], r)))
		}
	}
}

// step returns the list after a character.
func step(prog *syntax.Prog, list []uint32, r rune) []uint32 {
	var next []uint32
	seen := map[uint32]bool{}
	for _, pc := range list {
		inst := &prog.Inst[pc]
		if inst.Op == syntax.InstMatch || !inst.MatchRune(r) {
			continue
		}
		next = follow(prog, next, seen, inst.Out)
		if n := len(next); n > 0 && prog.Inst[next[n-1]].Op == syntax.InstMatch {
			break
		}
	}
	return next
}

// follow appends the instructions reached from pc without a character, up to the first match.
func follow(prog *syntax.Prog, list []uint32, seen map[uint32]bool, pc uint32) []uint32 {
	if n := len(list); seen[pc] || n > 0 && prog.Inst[list[n-1]].Op == syntax.InstMatch {
		return list
	}
	seen[pc] = true
	switch inst := &prog.Inst[pc]; inst.Op {
	case syntax.InstFail:
		return list
	case syntax.InstAlt, syntax.InstAltMatch:
		return follow(prog, follow(prog, list, seen, inst.Out), seen, inst.Arg)
	case syntax.InstNop, syntax.InstCapture:
		return follow(prog, list, seen, inst.Out)
	case syntax.InstEmptyWidth:
		panic("pattern with an anchor: translate lets none through")
	}
	return append(list, pc)
}

// next returns the length of the first piece of text, which is not empty: a match at its beginning,
// or all up to the first match.
func (c *cutter) next(text string) int {
	if c.table == nil {
		return nextSlow(c.re, text)
	}
	if n := c.match(text); n > 0 {
		return n
	}
	for i := range text {
		if i > 0 && c.match(text[i:]) > 0 {
			return i
		}
	}
	return len(text)
}

// match returns the length of the match at the beginning of text, 0 if there is none.
func (c *cutter) match(text string) int {
	end, state := 0, int32(start)
	for i := 0; i < len(text); {
		class, size := 0, 1
		if b := text[i]; b < utf8.RuneSelf {
			class = int(c.ascii[b])
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			class = c.class(r)
		}
		state = c.table[int(state)*c.classes+class]
		if state == dead {
			break
		}
		i += size
		if c.accepts[state] {
			end = i
		}
	}
	return end
}

// nextSlow is next by the reference.
func nextSlow(re *regexp.Regexp, text string) int {
	m := re.FindStringIndex(text)
	switch {
	case m == nil:
		return len(text)
	case m[0] > 0:
		return m[0]
	}
	return m[1]
}
