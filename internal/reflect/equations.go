package reflect

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rltrain/rltrain/verifiers"
)

// equation is a calculation like "20-11 = 9" or "(20-11)*4 = 36" in a text.
type equation struct {
	start, end  int
	left, value string // spelled alike: no spaces, * and / and -
	used        []string
	right       bool // the calculation comes to the value
}

// maxSide is the longest calculation that is read, in bytes.
const maxSide = 64

// equations lists the calculations of a text in order. Each must have an operator: "x = 5" is none.
func equations(text string) []equation {
	var out []equation
	bound := 0 // the last equals sign: a side does not reach across
	for at := 0; ; {
		i := strings.IndexByte(text[at:], '=')
		if i < 0 {
			return out
		}
		i += at
		if e, ok := equationAt(text, bound, i); ok {
			out = append(out, e)
		}
		bound, at = i+1, i+1
	}
}

// equationAt reads the equation whose sign is at i.
func equationAt(text string, bound, i int) (equation, bool) {
	start := leftSide(text, max(bound, i-maxSide), i)
	valueStart, end := rightSide(text, i+1)
	left := plain(text[start:i])
	if end == 0 || !strings.ContainsAny(left, "+-*/") {
		return equation{}, false
	}
	e := equation{start: start, end: end, left: left, value: trimZeros(text[valueStart:end])}
	for _, n := range strings.FieldsFunc(left, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(n) > 9 {
			return equation{}, false
		}
		e.used = append(e.used, trimZeros(n))
	}
	parsed, err := verifiers.ParseExpression(left)
	value, ok := rational(e.value)
	e.right = err == nil && ok && parsed.Value.Cmp(value) == 0
	return e, len(e.used) > 1
}

// leftSide is where the calculation that ends before i starts: with a digit or a bracket.
func leftSide(text string, from, i int) int {
	start, depth := i, 0
	for j := i; j > from; {
		r, size := utf8.DecodeLastRuneInString(text[from:j])
		j -= size
		switch {
		case r >= '0' && r <= '9':
			start = j
		case r == ')':
			depth++
		case r == '(':
			if depth--; depth < 0 {
				return start
			}
			start = j
		case r == ' ' && !spaceInside(text, j, i):
			return start
		case !strings.ContainsRune(" +-*/×÷−·", r):
			return start
		}
	}
	return start
}

// spaceInside tells whether the space at j stands beside an operator or at the end of the side: "7 8*3" is two things.
func spaceInside(text string, j, end int) bool {
	after := strings.TrimLeft(text[j:end], " ")
	before := strings.TrimRight(text[max(0, j-4):j], " ")
	return after == "" || !isDigit(after[0]) && after[0] != '(' || before != "" && !isDigit(before[len(before)-1]) && before[len(before)-1] != ')'
}

// rightSide is where the number after an equals sign stands; end is 0 where there is none.
func rightSide(text string, at int) (start, end int) {
	for start = at; start < len(text) && text[start] == ' '; start++ {
	}
	end = digits(text, start)
	if end == start || end-start > 9 {
		return 0, 0
	}
	if end < len(text) && text[end] == '/' {
		if below := digits(text, end+1); below > end+1 && below-end <= 10 {
			end = below
		}
	}
	return start, end
}

func digits(text string, at int) int {
	for at < len(text) && isDigit(text[at]) {
		at++
	}
	return at
}

// plain spells a calculation without spaces and with ASCII operators.
func plain(s string) string {
	var out strings.Builder
	for _, r := range s {
		switch r {
		case ' ':
			continue
		case '×', '·':
			r = '*'
		case '÷':
			r = '/'
		case '−':
			r = '-'
		}
		out.WriteRune(r)
	}
	return out.String()
}

func trimZeros(s string) string {
	if t := strings.TrimLeft(s, "0"); t != "" && t[0] != '/' {
		return t
	}
	return "0" + strings.TrimLeft(s, "0")
}

// canonical is a calculation in a spelling that does not depend on the order of a sum's or product's two numbers.
func (e equation) canonical() string {
	i := strings.IndexAny(e.left, "+*")
	if i < 0 || strings.ContainsAny(e.left[i+1:], "+-*/(") || strings.ContainsAny(e.left[:i], "-/(") {
		return e.left + "=" + e.value
	}
	a, b := e.left[:i], e.left[i+1:]
	if x, _ := strconv.Atoi(a); b != "" {
		if y, _ := strconv.Atoi(b); y < x {
			a, b = b, a
		}
	}
	return a + e.left[i:i+1] + b + "=" + e.value
}
