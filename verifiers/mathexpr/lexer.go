package mathexpr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// reading chooses among the ways to read what is ambiguous.
type reading uint8

const (
	groupInBrackets reading = 1 << iota // (1,234) holds one number, not two
	splitThousands                      // 1,234 at the top level is a list
	letterUnits                         // 5 m at the end is a length, not a product
	decimalComma                        // 1,25 is a decimal
)

// lexer turns text into tokens.
type lexer struct {
	text   string
	pos    int
	budget *Budget
	mode   reading
	other  reading // readings that would differ from this one
	tokens []token
	spaced bool
	prose  int // depth of curly brackets inside \text, 0 outside
	depth  int // depth of round, square and set brackets
	envs   int // depth of matrices
}

// lex returns the tokens of text, tEnd last, or nil where a character makes it no answer.
func (l *lexer) lex() bool {
	for l.pos < len(l.text) {
		if !l.budget.spend(4) || !l.next() {
			return false
		}
	}
	l.emit(tEnd, "")
	return true
}

func (l *lexer) emit(k tokenKind, text string) {
	l.tokens = append(l.tokens, token{kind: k, text: text, spaced: l.spaced, prose: l.prose > 0})
	l.spaced = false
}

func (l *lexer) last() token {
	if len(l.tokens) == 0 {
		return token{}
	}
	return l.tokens[len(l.tokens)-1]
}

// peek is the byte n places ahead, 0 past the end.
func (l *lexer) peek(n int) byte {
	if l.pos+n < len(l.text) {
		return l.text[l.pos+n]
	}
	return 0
}

// next reads one token or skips what has no meaning.
func (l *lexer) next() bool {
	c := l.text[l.pos]
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~':
		l.pos++
		l.spaced = true
	case isDigit(c) || c == '.' && isDigit(l.peek(1)) && !isDigit(l.before()):
		l.number()
	case isLetter(c):
		l.word()
	case c == '\\':
		return l.command()
	case c >= utf8.RuneSelf:
		return l.unicode()
	case c < ' ' || c == 0x7f:
		return false
	default:
		l.punctuation(c)
	}
	return true
}

func (l *lexer) before() byte {
	if l.pos == 0 {
		return 0
	}
	return l.text[l.pos-1]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// punctuation reads an ASCII character that is no digit, letter, space or backslash.
func (l *lexer) punctuation(c byte) {
	at := l.pos
	l.pos++
	switch c {
	case '(', '[':
		l.depth++
		l.emit(tOpen, l.text[at:l.pos])
	case ')', ']':
		l.depth--
		l.emit(tClose, l.text[at:l.pos])
	case '{':
		l.emit(tOpen, "{")
		if l.prose > 0 {
			l.prose++
		}
	case '}':
		if l.prose > 0 {
			l.prose--
			if l.prose == 0 { // the bracket that \text opened has no token
				l.spaced = true
				return
			}
		}
		l.emit(tClose, "}")
	case '|':
		if l.peek(0) == '|' {
			l.pos++
		}
		l.emit(tBar, "|")
	case ',':
		l.emit(tComma, ",")
	case ';':
		l.emit(tSemi, ";")
	case ':':
		l.emit(tColon, ":")
	case '&':
		l.emit(tAmp, "&")
	case '<', '>', '=', '!':
		l.relation(c)
	case '*':
		if l.peek(0) == '*' {
			l.pos++
			if l.peek(0) != ' ' && l.peek(0) != 0 && len(l.tokens) > 0 { // Python's power; ** at an end is Markdown
				l.emit(tOp, "^")
			}
			return
		}
		l.emit(tOp, "*")
	case '+', '/', '^', '_', '%', '\'', '-':
		l.sign(at)
	case '.':
		l.dots()
	case '"', '`', '$', '#', '?':
		l.spaced = true // marks around the answer
	default:
		l.emit(tWord, l.text[at:l.pos])
	}
}

func (l *lexer) sign(at int) {
	if l.text[at] == '+' && l.peek(0) == '-' {
		l.pos++
		l.emit(tOp, "±")
		return
	}
	if l.text[at] == '+' && l.peek(0) == '/' && l.peek(1) == '-' {
		l.pos += 2
		l.emit(tOp, "±")
		return
	}
	l.emit(tOp, l.text[at:l.pos])
}

func (l *lexer) relation(c byte) {
	equals := l.peek(0) == '='
	if equals {
		l.pos++
	}
	switch {
	case c == '=' && l.peek(0) == '>' || c == '=' && !equals && l.peek(0) == '<':
		l.pos++
		l.emit(tRel, string(rune(relImplies)))
	case c == '=':
		l.emit(tRel, "=")
	case c == '!' && equals:
		l.emit(tRel, "n")
	case c == '!':
		l.emit(tOp, "!")
	case c == '<' && equals:
		l.emit(tRel, "l")
	case c == '>' && equals:
		l.emit(tRel, "g")
	default:
		l.emit(tRel, string(rune(c)))
	}
}

// dots reads a point that belongs to no number: an ellipsis, or the end of a sentence.
func (l *lexer) dots() {
	if l.peek(0) == '.' {
		for l.peek(0) == '.' {
			l.pos++
		}
		l.emit(tDots, "…")
		return
	}
	l.spaced = true
	if rest := strings.TrimLeft(l.text[l.pos:], " \t\r\n$`*\"'}.)]\\"); rest != "" && l.last().kind != tWord && l.prose == 0 {
		l.emit(tWord, ".") // 1.2.3 is no number
	}
}

// unicode reads a character beyond ASCII.
func (l *lexer) unicode() bool {
	r, size := utf8.DecodeRuneInString(l.text[l.pos:])
	if r == utf8.RuneError && size <= 1 {
		return false
	}
	at := l.pos
	l.pos += size
	if spelled, known := spellRune(r); known {
		l.splice(spelled)
		return true
	}
	switch {
	case unicode.IsSpace(r):
		l.spaced = true
	case r == 0x200B || r == 0x200C || r == 0x200D || r == 0xFEFF || r == 0x2060: // no width
	case unicode.Is(unicode.Cf, r) || unicode.IsControl(r):
		return false // what turns the direction of text shows something other than it says
	case unicode.IsLetter(r):
		l.letters(at)
	default:
		l.emit(tWord, l.text[at:l.pos])
	}
	return true
}

// splice reads the ASCII spelling of a character in its place.
func (l *lexer) splice(spelled string) {
	inner := *l
	inner.text, inner.pos = spelled, 0
	for inner.pos < len(inner.text) && inner.next() {
	}
	inner.text, inner.pos = l.text, l.pos
	*l = inner
}

// letters reads a run of letters beyond ASCII as a word.
func (l *lexer) letters(at int) {
	for l.pos < len(l.text) {
		r, size := utf8.DecodeRuneInString(l.text[l.pos:])
		if r < utf8.RuneSelf || !unicode.IsLetter(r) {
			break
		}
		l.pos += size
		l.budget.spend(1)
	}
	switch word := l.text[at:l.pos]; word {
	case "和", "与", "及", "以及":
		l.emit(tAnd, "and")
	case "或", "或者":
		l.emit(tAnd, "or")
	default:
		l.emit(tWord, strings.ToLower(word))
	}
}
