package mathexpr

import "strings"

// command reads a LaTeX command.
func (l *lexer) command() bool {
	at := l.pos
	l.pos++
	c := l.peek(0)
	if !isLetter(c) {
		l.escape(c)
		return true
	}
	for isLetter(l.peek(0)) {
		l.pos++
	}
	name := l.text[at+1 : l.pos]
	l.budget.spend(len(name) / 4)
	switch name {
	case "text", "textbf", "textit", "textrm", "textnormal", "textup", "texttt", "textsf", "mbox", "hbox", "mathrm", "operatorname", "rm", "bf", "mathit", "mathsf", "mathtt":
		l.openProse()
	case "left", "right", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr", "big", "Big", "bigg", "Bigg", "bigm", "middle":
		l.sized(name)
	case "begin", "end":
		l.environment(name)
	case "phantom", "hspace", "vspace", "label", "tag", "color", "hphantom", "vphantom", "mspace":
		l.skipGroup()
	case "quad", "qquad", "displaystyle", "textstyle", "limits", "nolimits", "scriptstyle", "thinspace", "enspace", "newline", "hline", "boldmath", "hfill":
		l.spaced = true
	default:
		l.named(name)
	}
	return true
}

// named emits a command by its table entry. One that starts with a known name is split: \quadx, \pir.
func (l *lexer) named(name string) {
	if k, text, known := latexCommand(name); known {
		if text == "" {
			l.spaced = true // a command that only changes the look
			return
		}
		if k == tOpen && (text == "{" || text == "S") {
			l.depth++
		} else if k == tClose && (text == "}" || text == "s") {
			l.depth--
		}
		l.emit(k, text)
		return
	}
	for _, prefix := range [...]string{"qquad", "quad", "cdot", "times", "pi", "cup", "cap", "infty"} {
		if rest, cut := strings.CutPrefix(name, prefix); cut && rest != "" {
			if k, text, _ := latexCommand(prefix); text != "" {
				l.emit(k, text)
			}
			l.pos -= len(rest)
			return
		}
	}
	l.emit(tIdent, `\`+name)
}

// escape reads a backslash before a character that is no letter.
func (l *lexer) escape(c byte) {
	if c != 0 {
		l.pos++
	}
	switch c {
	case '{':
		l.depth++
		l.emit(tOpen, "S")
	case '}':
		l.depth--
		l.emit(tClose, "s")
	case '%':
		l.emit(tOp, "%")
	case '$':
		l.emit(tMoney, "dollar")
	case '|':
		l.emit(tBar, "|")
	case '&':
		l.emit(tAnd, "and")
	case '_':
		l.emit(tOp, "_")
	case '\\':
		if l.envs > 0 {
			l.skipSquare()
			l.emit(tRow, `\\`)
		} else if l.spaced = true; isLetter(l.peek(0)) {
			l.pos-- // a command whose backslash was escaped once more
		} else if strings.IndexByte("{}()[]%$!,;:|", l.peek(0)) >= 0 && l.peek(0) != 0 {
			l.pos--
		}
	default: // \, \; \: \! \( \) \[ \] and a space
		l.spaced = l.spaced || c != '!'
	}
}

// openProse starts the text of \text{…}; without a bracket the next word is meant as it stands.
func (l *lexer) openProse() {
	l.skipSpace()
	if l.peek(0) == '*' {
		l.pos++
	}
	if l.peek(0) != '{' {
		l.spaced = true
		return
	}
	l.pos++
	if l.prose == 0 {
		l.spaced = true
	}
	l.prose++
	if l.prose > 1 { // text inside text: its brackets count
		l.emit(tOpen, "{")
	}
}

// sized reads the bracket after \left and the like.
func (l *lexer) sized(name string) {
	l.skipSpace()
	switch {
	case l.peek(0) == '.':
		l.pos++
	case l.peek(0) == '|':
		l.pos++
		l.bar(name)
	case strings.HasPrefix(l.text[l.pos:], `\|`) || strings.HasPrefix(l.text[l.pos:], `\vert`):
		l.pos += 2
		for isLetter(l.peek(0)) {
			l.pos++
		}
		l.bar(name)
	}
}

func (l *lexer) bar(name string) {
	switch {
	case name == "left" || strings.HasSuffix(name, "l"):
		l.emit(tOpenBar, "|")
	case name == "right" || strings.HasSuffix(name, "r"):
		l.emit(tCloseBar, "|")
	case name == "middle" || name == "bigm":
		l.emit(tMid, "|")
	default:
		l.emit(tBar, "|")
	}
}

// environment reads \begin{pmatrix} or \end{pmatrix} with the columns of an array.
func (l *lexer) environment(name string) {
	l.skipSpace()
	env := l.skipGroup()
	switch env = strings.TrimSpace(strings.TrimSuffix(env, "*")); env {
	case "align", "aligned", "equation", "gather", "gathered", "split", "displaymath", "math", "center":
		l.spaced = true
		return
	}
	if name == "begin" {
		l.envs++
		l.depth++
		if env == "array" || env == "tabular" {
			l.skipSpace()
			l.skipGroup()
		}
		l.emit(tCommand, "begin")
	} else {
		l.envs--
		l.depth--
		l.emit(tCommand, "end")
	}
	l.emit(tWord, env)
}

func (l *lexer) skipSpace() {
	for l.peek(0) == ' ' || l.peek(0) == '\n' || l.peek(0) == '\t' {
		l.pos++
	}
}

// skipGroup returns what stands in the curly brackets that come next, without looking into it.
func (l *lexer) skipGroup() string {
	if l.peek(0) != '{' {
		return ""
	}
	end := strings.IndexByte(l.text[l.pos:], '}')
	if end < 0 {
		return ""
	}
	inner := l.text[l.pos+1 : l.pos+end]
	l.budget.spend(len(inner) / 8)
	l.pos += end + 1
	return inner
}

// skipSquare skips the [2pt] after a row.
func (l *lexer) skipSquare() {
	if l.peek(0) != '[' {
		return
	}
	if end := strings.IndexByte(l.text[l.pos:], ']'); end > 0 && end < 8 && strings.HasSuffix(l.text[:l.pos+end], "t") {
		l.pos += end + 1
	}
}
