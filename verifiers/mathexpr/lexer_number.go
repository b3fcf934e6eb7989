package mathexpr

import "strings"

// number reads digits with separators of thousands, a decimal point and an exponent.
func (l *lexer) number() {
	at := l.pos
	l.digits()
	whole := l.pos - at
	text := l.text[at:l.pos]
	if whole > 0 && whole <= 3 {
		text = l.thousands(at, text)
	}
	if l.peek(0) == '.' && l.peek(1) != '.' && (isDigit(l.peek(1)) || whole > 0 && !isLetter(l.peek(1))) {
		point := l.pos
		l.pos++
		l.digits()
		if l.pos-point > 1 {
			text += l.text[point:l.pos]
		} else if repeats(l.text[l.pos:]) {
			text += "."
		}
	} else if l.peek(0) == ',' && whole > 0 && isDigit(l.peek(1)) && len(text) == whole {
		text = l.commaDecimal(text)
	}
	text += l.exponent()
	l.emit(tNum, text)
}

// repeats tells whether repeating digits start here, after a point: 0.\overline{3}, 0.\dot3, 0.(3).
func repeats(s string) bool {
	return strings.HasPrefix(s, `\overline`) || strings.HasPrefix(s, `\dot`) || strings.HasPrefix(s, `\bar`) || len(s) > 1 && s[0] == '(' && isDigit(s[1])
}

func (l *lexer) digits() {
	at := l.pos
	for isDigit(l.peek(0)) {
		l.pos++
	}
	l.budget.spend((l.pos - at) / 4)
}

// exponent reads the e5 of 3e5.
func (l *lexer) exponent() string {
	if l.peek(0)|0x20 != 'e' {
		return ""
	}
	n := 1
	if l.peek(n) == '-' || l.peek(n) == '+' {
		n++
	}
	if !isDigit(l.peek(n)) {
		return ""
	}
	at := l.pos
	l.pos += n
	l.digits()
	if isLetter(l.peek(0)) { // 4e+7p is a sum
		l.pos = at
		return ""
	}
	return "e" + strings.TrimPrefix(l.text[at+1:l.pos], "+")
}

// thousands joins groups of three digits: 1,234 and 1{,}234 and 1,\!234 and 1\,234 and 1 234.
func (l *lexer) thousands(at int, text string) string {
	separator := ""
	var joined []byte
	for {
		length, kind := separates(l.text[l.pos:])
		if length == 0 || separator != "" && kind != separator {
			break
		}
		rest := l.text[l.pos+length:]
		if len(rest) < 3 || !isDigit(rest[0]) || !isDigit(rest[1]) || !isDigit(rest[2]) || len(rest) > 3 && isDigit(rest[3]) {
			break
		}
		if kind == "," && !l.groups(at, rest[0]) || kind == " " && strings.HasPrefix(rest[3:], "/") { // 40 120/199 is a mixed number
			break
		}
		if separator == "" {
			joined = append(joined, text...)
		}
		separator = kind
		joined = append(joined, rest[:3]...)
		l.pos += length + 3
		l.budget.spend(2)
	}
	if separator == "" {
		return text
	}
	return string(joined)
}

// groups tells whether a plain comma separates thousands here, and notes that it might be read otherwise. A group that
// starts with 0 is no item of a list.
func (l *lexer) groups(at int, first byte) bool {
	if l.depth > 0 {
		l.other |= groupInBrackets
		return l.mode&groupInBrackets != 0
	}
	if l.text[at] == '0' {
		return false
	}
	if first == '0' && l.mode&splitThousands == 0 {
		return true
	}
	l.other |= splitThousands
	return l.mode&splitThousands == 0
}

// separates measures a separator of thousands at the start of s. A bare comma is told from the others, which can be
// nothing else.
func separates(s string) (length int, kind string) {
	for _, sure := range [...]string{"{,}", `,\!`, `\,`, `{\,}`, `\;`, `\ `, "~", `{ }`, ",\\,"} {
		if strings.HasPrefix(s, sure) {
			length = len(sure)
			if sure == `,\!` {
				for length < len(s) && s[length] == ' ' {
					length++
				}
			}
			return length, "sure"
		}
	}
	if length = bracedComma(s); length > 0 {
		return length, "sure"
	}
	switch {
	case strings.HasPrefix(s, `, \!`):
		length = len(`, \!`)
		for length < len(s) && s[length] == ' ' {
			length++
		}
		return length, "sure"
	case strings.HasPrefix(s, ","):
		return 1, ","
	case strings.HasPrefix(s, " "):
		return 1, " "
	}
	return 0, ""
}

// bracedComma measures "{ , }" and " {,}" at the start of s, spaces in any place.
func bracedComma(s string) int {
	rest := strings.TrimPrefix(s, " ")
	if rest == "" || rest[0] != '{' {
		return 0
	}
	rest = strings.TrimLeft(rest[1:min(len(rest), 8)], " ")
	after, ok := strings.CutPrefix(rest, ",")
	if after = strings.TrimLeft(after, " "); !ok || after == "" || after[0] != '}' {
		return 0
	}
	return strings.IndexByte(s, '}') + 1
}

// commaDecimal reads 1,25 as a decimal where that reading is wanted: two or more digits after the comma, no thousands.
func (l *lexer) commaDecimal(text string) string {
	end := l.pos + 1
	for end < len(l.text) && isDigit(l.text[end]) {
		end++
	}
	if l.depth > 0 || end-l.pos < 3 || len(l.tokens) > 1 || strings.ContainsRune(l.text[end:], ',') {
		return text
	}
	l.other |= decimalComma
	if l.mode&decimalComma == 0 {
		return text
	}
	text += "." + l.text[l.pos+1:end]
	l.pos = end
	return text
}
