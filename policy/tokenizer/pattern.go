package tokenizer

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// space is what \s is to the Python tokenizers (Oniguruma): Unicode's White_Space. Go's \s is less.
const space = `\t-\r\x{85}\p{Z}`

// lookAhead is (?=X) or (?!X) for a set X of characters.
type lookAhead struct {
	set      *syntax.Inst
	negative bool
}

// holds tells whether r may follow; the end of the text is in no set.
func (l lookAhead) holds(r rune) bool {
	return (r != end && l.set.MatchRune(r)) != l.negative
}

// translation is the work of translate.
type translation struct {
	pattern string
	out     strings.Builder
	ahead   []lookAhead
	class   bool // inside [...]
	first   int  // where the first character of the class is
}

// translate returns a pattern for Go's regexp that means what pattern means to the Python
// tokenizers. What the two engines understand differently is refused rather than guessed. Go's has no
// look-ahead: each becomes an empty group, the only groups left, which the automaton knows by their order.
func translate(pattern string) (string, []lookAhead, error) {
	t := &translation{pattern: pattern}
	for i := 0; i < len(pattern); {
		n, err := t.one(i)
		if err != nil {
			return "", nil, err
		}
		i += n
	}
	return t.out.String(), t.ahead, nil
}

func (t *translation) refuse(what, try string) (int, error) {
	return 0, fmt.Errorf("pattern %s: %s: %s", t.pattern, what, try)
}

// one translates what begins at byte i and returns its length.
func (t *translation) one(i int) (int, error) {
	rest := t.pattern[i:]
	switch c := rest[0]; {
	case c == '\\':
		text, n, ok := escape(rest, t.class)
		if !ok {
			return t.refuse(fmt.Sprintf("%.3q differs between regular expression engines or is not known to Go's", rest), "write the characters out in a class")
		}
		t.out.WriteString(text)
		return n, nil
	case t.class:
		return t.inClass(i, rest)
	case c == '[':
		t.class, t.first = true, i+1
	case c == '(':
		return t.group(rest)
	case c == '^' || c == '$':
		return t.refuse(fmt.Sprintf("%q is an anchor", c), `anchors are not supported, for the character write \`+string(c))
	case strings.HasPrefix(rest, "{,") || strings.HasPrefix(rest, "}?") || strings.HasPrefix(rest, "}+"):
		return t.refuse(fmt.Sprintf("%.2q differs between regular expression engines", rest), "write the repetition another way")
	}
	t.out.WriteByte(rest[0])
	return 1, nil
}

func (t *translation) inClass(i int, rest string) (int, error) {
	switch c := rest[0]; {
	case c == '^' && i == t.first:
		t.first++
	case c == ']' && i == t.first:
		return t.refuse("a class that begins with ]", `write \]`)
	case c == ']':
		t.class = false
	case c == '[' || strings.HasPrefix(rest, "&&"):
		return t.refuse("a class within a class", `write it as one class, a plain bracket as \[`)
	}
	t.out.WriteByte(rest[0])
	return 1, nil
}

// group translates the beginning of a group, or a whole look-ahead.
func (t *translation) group(rest string) (int, error) {
	for _, fine := range []string{"(?:", "(?i:"} {
		if strings.HasPrefix(rest, fine) {
			t.out.WriteString(fine)
			return len(fine), nil
		}
	}
	if !strings.HasPrefix(rest, "(?") {
		t.out.WriteString("(?:")
		return 1, nil
	}
	if n := strings.IndexByte(rest, ')'); n > 0 && (rest[2] == '!' || rest[2] == '=') {
		if set, err := oneCharacter(rest[3:n]); err == nil {
			t.ahead = append(t.ahead, lookAhead{set, rest[2] == '!'})
			t.out.WriteString("()")
			return n + 1, nil
		}
	}
	return t.refuse(fmt.Sprintf("%.4q", rest), "look-behind, look-ahead of more than one character, flags and names are not supported, only (?:, (?i:, (?= and (?! are")
}

// oneCharacter compiles a pattern of one character.
func oneCharacter(pattern string) (*syntax.Inst, error) {
	text, ahead, err := translate(pattern)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(tree)
	if err != nil {
		return nil, err
	}
	inst := &prog.Inst[prog.Start]
	switch inst.Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		if len(ahead) == 0 && prog.Inst[inst.Out].Op == syntax.InstMatch {
			return &syntax.Inst{Op: inst.Op, Arg: inst.Arg, Rune: inst.Rune}, nil
		}
	}
	return nil, errors.New("more than one character")
}

// escape translates the escape that rest begins with; n is its length.
func escape(rest string, class bool) (text string, n int, ok bool) {
	if len(rest) < 2 {
		return "", 0, false
	}
	switch c := rest[1]; {
	case c == 's' && class:
		return space, 2, true
	case c == 's':
		return "[" + space + "]", 2, true
	case c == 'S' && !class:
		return "[^" + space + "]", 2, true
	case c == 'd':
		return property("Nd", false, class), 2, true
	case c == 'D' && !class:
		return property("Nd", true, class), 2, true
	case strings.IndexByte("tnrfv", c) >= 0, c < utf8.RuneSelf && !isWord(c):
		return rest[:2], 2, true
	case (c == 'p' || c == 'P') && strings.HasPrefix(rest[2:], "{"):
		if end := strings.IndexByte(rest, '}'); end > 0 && rest[3] != '^' {
			return property(rest[3:end], c == 'P', class), end + 1, true
		}
	}
	return "", 0, false
}

// property is \p{name} or \P{name}, of the Unicode version that the Python tokenizers know.
func property(name string, negative, class bool) string {
	more := newer(name)
	switch {
	case negative && (class || more == ""): // in a class what is newer stays in
		return `\P{` + name + `}`
	case negative:
		return `[^\p{` + name + `}` + more + `]`
	case class || more == "":
		return `\p{` + name + `}` + more
	}
	return `[\p{` + name + `}` + more + `]`
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// compile parses a translated pattern for Go's own engine.
func compile(pattern, translated string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(translated)
	if err != nil {
		return nil, notRE2(pattern, err)
	}
	if re.MatchString("") {
		return nil, matchesEmpty(pattern)
	}
	return re, nil
}

func notRE2(pattern string, err error) error {
	return fmt.Errorf("pattern %s: %w (Go's engine is RE2: no look-behind, no possessive repetition)", pattern, err)
}

func matchesEmpty(pattern string) error {
	return fmt.Errorf("pattern %s matches the empty text: write + where it says * or ?", pattern)
}
