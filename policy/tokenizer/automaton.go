package tokenizer

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// automaton is a pattern as a deterministic automaton over classes of characters that the pattern
// does not tell apart. A look-ahead of one character costs nothing: whether a match ends before a
// character is asked of that character, or of the end of the text, which is a class of its own.
type automaton struct {
	pages   [(unicode.MaxRune + 1) / pageSize]*[pageSize]uint8 // class of a character
	classes int                                                // the last one is the end of the text
	table   []int32                                            // [state][class] -> next state * 2, + 1 if a match ends before the character
}

const (
	dead      = -1
	start     = 0
	pageSize  = 256
	maxStates = 500
	maxCells  = 1 << 16 // states times classes
)

// determinism is the work of making an automaton from a program.
type determinism struct {
	prog   *syntax.Prog
	ahead  []lookAhead
	rep    []rune // a character of each class
	index  map[string]int32
	states [][]uint32
}

// newAutomaton returns nil where the automaton would be large.
func newAutomaton(prog *syntax.Prog, ahead []lookAhead) *automaton {
	d := &determinism{prog: prog, ahead: ahead, index: map[string]int32{}}
	a := &automaton{}
	if !d.classify(a) {
		return nil
	}
	a.classes = len(d.rep) + 1
	d.state(d.follow(nil, map[uint32]bool{}, uint32(prog.Start)))
	for s := 0; s < len(d.states); s++ {
		if len(d.states) > maxStates || len(d.states)*a.classes > maxCells {
			return nil
		}
		for _, r := range d.rep {
			a.table = append(a.table, d.cell(s, r))
		}
		a.table = append(a.table, d.cell(s, end))
	}
	return a
}

// end stands for the end of the text where a character is asked for.
const end rune = -1

// cell is what the automaton does in a state before the character r.
func (d *determinism) cell(s int, r rune) int32 {
	list, accepts := d.resolve(d.states[s], r)
	next := int32(dead)
	if r != end {
		next = d.state(d.step(list, r))
	}
	if accepts {
		return next*2 + 1
	}
	return next * 2
}

// state returns the number of a list of instructions. A state is the list of those that wait for a
// character, by priority. That is the leftmost-first rule of Perl, of Go's regexp and of Oniguruma:
// alternatives in order, repetition greedy.
func (d *determinism) state(list []uint32) int32 {
	if len(list) == 0 {
		return dead
	}
	matches := func(pc uint32) bool { return d.prog.Inst[pc].Op == syntax.InstMatch }
	if i := slices.IndexFunc(list, matches); i >= 0 {
		list = list[:i+1] // what comes after a match is worth less than it
	}
	key := fmt.Sprint(list)
	s, ok := d.index[key]
	if !ok {
		s = int32(len(d.states))
		d.index[key] = s
		d.states = append(d.states, list)
	}
	return s
}

// resolve answers the look-aheads of a list by the next character, and tells whether a match ends
// before it.
func (d *determinism) resolve(list []uint32, r rune) (resolved []uint32, accepts bool) {
	seen := map[uint32]bool{}
	var visit func(pc uint32) bool
	visit = func(pc uint32) bool {
		inst := &d.prog.Inst[pc]
		switch {
		case seen[pc]:
			return false
		case inst.Op == syntax.InstMatch:
			return true
		case inst.Op != syntax.InstCapture:
			seen[pc] = true
			resolved = append(resolved, pc)
			return false
		}
		seen[pc] = true
		if !d.ahead[inst.Arg/2-1].holds(r) {
			return false
		}
		return slices.ContainsFunc(d.follow(nil, map[uint32]bool{}, inst.Out), visit)
	}
	accepts = slices.ContainsFunc(list, visit)
	return resolved, accepts
}

// step returns the list after a character.
func (d *determinism) step(list []uint32, r rune) []uint32 {
	var next []uint32
	seen := map[uint32]bool{}
	for _, pc := range list {
		if inst := &d.prog.Inst[pc]; inst.MatchRune(r) {
			next = d.follow(next, seen, inst.Out)
		}
	}
	return next
}

// follow appends the instructions reached from pc without a character: those that take one, look
// ahead or match.
func (d *determinism) follow(list []uint32, seen map[uint32]bool, pc uint32) []uint32 {
	if seen[pc] {
		return list
	}
	seen[pc] = true
	switch inst := &d.prog.Inst[pc]; inst.Op {
	case syntax.InstFail:
		return list
	case syntax.InstAlt, syntax.InstAltMatch:
		return d.follow(d.follow(list, seen, inst.Out), seen, inst.Arg)
	case syntax.InstNop:
		return d.follow(list, seen, inst.Out)
	case syntax.InstCapture:
		if inst.Arg%2 == 1 { // the marker of a look-ahead ends
			return d.follow(list, seen, inst.Out)
		}
	case syntax.InstEmptyWidth:
		panic("pattern with an anchor: translate lets none through")
	}
	return append(list, pc)
}

// classify fills pages and rep: characters that every instruction answers alike are one class.
// False where there are more classes than a byte counts.
func (d *determinism) classify(a *automaton) bool {
	var asks []*syntax.Inst // one of each set of characters
	known := map[string]bool{}
	for _, inst := range d.instructions() {
		if key := fmt.Sprint(inst.Op, inst.Rune, inst.Arg); !known[key] {
			known[key] = true
			asks = append(asks, inst)
		}
	}
	class, uniform := map[string]uint8{}, map[uint8]*[pageSize]uint8{}
	at := bounds(asks)
	for i, from := range at {
		var answers strings.Builder
		for _, inst := range asks {
			fmt.Fprint(&answers, inst.MatchRune(from))
		}
		c, ok := class[answers.String()]
		if !ok {
			if len(d.rep) == pageSize-1 {
				return false
			}
			c = uint8(len(d.rep))
			class[answers.String()] = c
			d.rep = append(d.rep, from)
		}
		to := rune(unicode.MaxRune + 1)
		if i+1 < len(at) {
			to = at[i+1]
		}
		a.assign(uniform, c, from, to)
	}
	return true
}

// instructions lists those of the pattern and of its look-aheads that take a character.
func (d *determinism) instructions() []*syntax.Inst {
	var list []*syntax.Inst
	for i := range d.prog.Inst {
		switch inst := &d.prog.Inst[i]; inst.Op {
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			list = append(list, &syntax.Inst{Op: inst.Op, Arg: inst.Arg, Rune: inst.Rune})
		}
	}
	for _, look := range d.ahead {
		list = append(list, look.set)
	}
	return list
}

// bounds lists where classes may begin: wherever some instruction's answer may change.
func bounds(asks []*syntax.Inst) []rune {
	at := []rune{0}
	for _, inst := range asks {
		if len(inst.Rune) == 1 {
			r := inst.Rune[0]
			at = append(at, r, r+1)
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) { // asked for in either case
				at = append(at, f, f+1)
			}
			continue
		}
		for i := 0; i+1 < len(inst.Rune); i += 2 {
			at = append(at, inst.Rune[i], inst.Rune[i+1]+1)
		}
	}
	at = slices.DeleteFunc(at, func(r rune) bool { return r > unicode.MaxRune })
	slices.Sort(at)
	return slices.Compact(at)
}

// assign puts the characters from..to-1 into class c. Whole pages of a class are one page, kept in uniform.
func (a *automaton) assign(uniform map[uint8]*[pageSize]uint8, c uint8, from, to rune) {
	for r := from; r < to; r++ {
		page := &a.pages[r/pageSize]
		if r%pageSize == 0 && to-r >= pageSize {
			if uniform[c] == nil {
				uniform[c] = new([pageSize]uint8)
				for i := range pageSize {
					uniform[c][i] = c
				}
			}
			*page = uniform[c]
			r += pageSize - 1
			continue
		}
		if *page == nil {
			*page = new([pageSize]uint8)
		}
		(*page)[r%pageSize] = c
	}
}

// match returns the length of the match at the beginning of text, 0 if there is none.
func (a *automaton) match(text string) int {
	length, state := 0, int32(start)
	ascii := a.pages[0]
	for i := 0; i < len(text); {
		class, size := 0, 1
		if b := text[i]; b < 0x80 {
			class = int(ascii[b])
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			class = int(a.pages[r/pageSize][r%pageSize])
		}
		cell := a.table[int(state)*a.classes+class]
		if cell&1 != 0 {
			length = i
		}
		if state = cell >> 1; state == dead {
			return length
		}
		i += size
	}
	if a.table[int(state)*a.classes+a.classes-1]&1 != 0 {
		length = len(text)
	}
	return length
}

// matchesEmpty tells whether the pattern matches before some character without taking one.
func (a *automaton) matchesEmpty() bool {
	return slices.ContainsFunc(a.table[:a.classes], func(cell int32) bool { return cell&1 != 0 })
}
