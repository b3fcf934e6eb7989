package verifiers

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// mathValue is an answer as read: a number, a bracketed or bare list of values, or text.
type mathValue struct {
	number  *big.Rat
	percent bool
	open    byte // '(' '[' '{' of a list, 0 when bare
	close   byte
	items   []mathValue // nil: no list
	text    string      // normalised
}

// exact tells whether the value consists of numbers only.
func (v mathValue) exact() bool {
	for _, item := range v.items {
		if !item.exact() {
			return false
		}
	}
	return v.number != nil || v.items != nil
}

// SameMath tells whether two answers are equal. It is symmetric.
func SameMath(a, b string) bool {
	if strings.TrimSpace(a) == strings.TrimSpace(b) {
		return true
	}
	na, nb := normalise(a), normalise(b)
	va, vb := variable.FindString(na), variable.FindString(nb)
	if va != "" && vb != "" && strings.TrimSpace(va) != strings.TrimSpace(vb) {
		return false // x=5 is not y=5
	}
	return parseNormal(na[len(va):], 0).equal(parseNormal(nb[len(vb):], 0))
}

func parseMath(s string) mathValue {
	s = normalise(s)
	return parseNormal(s[len(variable.FindString(s)):], 0)
}

// parseNormal reads normalised text. Lists nest at most twice: sets of points.
func parseNormal(s string, depth int) mathValue {
	s = strings.TrimSpace(s)
	v := mathValue{text: s}
	if n, percent, ok := parseNumber(withoutUnit(s)); ok {
		v.number, v.percent = n, percent
		return v
	}
	if depth > 2 || s == "" {
		return v
	}
	inner, open, end := unbracket(s)
	if open == 0 {
		inner = conjunction.ReplaceAllString(inner, ", ")
	}
	parts := splitTop(inner)
	if len(parts) < 2 && open != '{' {
		return v
	}
	v.open, v.close = open, end
	for _, part := range parts {
		item := parseNormal(part[len(variable.FindString(part)):], depth+1)
		v.items = append(v.items, item)
	}
	return v
}

// unbracket takes off a pair of brackets around all of s; open is 0 if there is none.
func unbracket(s string) (inner string, open, end byte) {
	if len(s) < 2 || strings.IndexByte("([{", s[0]) < 0 || strings.IndexByte(")]}", s[len(s)-1]) < 0 {
		return s, 0, 0
	}
	depth := 0
	for i := 0; i < len(s)-1; i++ {
		switch s[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth == 0 {
			return s, 0, 0 // closed before the end: (1,2),(3,4)
		}
	}
	return strings.TrimSpace(s[1 : len(s)-1]), s[0], s[len(s)-1]
}

// splitTop cuts at the commas outside all brackets.
func splitTop(s string) []string {
	var parts []string
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, s[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, s[start:])
}

// Patterns of numbers. A group of thousands has a comma or a space before each three digits.
var (
	thousands  = regexp.MustCompile(`^\d{1,3}(?:,\d{3})+(?:\.\d+)?$|^\d{1,3}(?: \d{3})+(?:\.\d+)?$`)
	decimal    = regexp.MustCompile(`^(?:\d+\.?\d*|\.\d+)$`)
	scientific = regexp.MustCompile(`^(\d+\.?\d*)(?: ?\* ?10 ?\^ ?\{? ?([+-]?\d{1,3}) ?\}?|[eE]([+-]?\d{1,3}))$`)
	fraction   = regexp.MustCompile(`^(.*?) ?\\frac ?\{([^{}]*)\} ?\{([^{}]*)\}$`)
	slash      = regexp.MustCompile(`^(?:(\d+) )?([^/]+)/([^/]+)$`)
)

// parseNumber reads a number with an optional sign and per cent. Lengths are bounded by maxAnswer and exponents by
// their three digits, so the arithmetic is.
func parseNumber(s string) (n *big.Rat, percent, ok bool) {
	s = strings.TrimSpace(s)
	for len(s) > 2 && (s[0] == '(' || s[0] == '{') { // (5), {5}
		inner, open, end := unbracket(s)
		if open == 0 || open == '(' && end != ')' || open == '{' || strings.Contains(inner, ",") {
			break
		}
		s = inner
	}
	if s, percent = strings.CutSuffix(s, "%"); percent {
		s = strings.TrimSpace(s)
	}
	negative := false
	if t, cut := strings.CutPrefix(s, "-"); cut {
		s, negative = strings.TrimSpace(t), true
	} else {
		s = strings.TrimSpace(strings.TrimPrefix(s, "+"))
	}
	if n, ok = unsigned(s); ok && negative {
		n.Neg(n)
	}
	return n, percent, ok
}

func unsigned(s string) (*big.Rat, bool) {
	if n, ok := plainNumber(s); ok {
		return n, true
	}
	if m := scientific.FindStringSubmatch(s); m != nil {
		return tenPower(m[1], m[2]+m[3])
	}
	if m := fraction.FindStringSubmatch(s); m != nil {
		return quotient(m[1], m[2], m[3])
	}
	if m := slash.FindStringSubmatch(s); m != nil {
		return quotient(m[1], strings.Trim(m[2], "(){} "), strings.Trim(m[3], "(){} "))
	}
	return nil, false
}

// plainNumber reads digits with separators and a decimal point.
func plainNumber(s string) (*big.Rat, bool) {
	if thousands.MatchString(s) {
		s = strings.NewReplacer(",", "", " ", "").Replace(s)
	}
	if !decimal.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func tenPower(mantissa, exponent string) (*big.Rat, bool) {
	e, err := strconv.Atoi(exponent)
	m, ok := plainNumber(mantissa)
	if err != nil || !ok {
		return nil, false
	}
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(e, -e))), nil))
	if e < 0 {
		power.Inv(power)
	}
	return m.Mul(m, power), true
}

// quotient is whole + a/b; whole may be empty. The parts may carry a sign.
func quotient(whole, a, b string) (*big.Rat, bool) {
	x, okA := signed(a)
	y, okB := signed(b)
	if !okA || !okB || y.Sign() == 0 {
		return nil, false
	}
	n := x.Quo(x, y)
	if whole == "" {
		return n, true
	}
	w, ok := plainNumber(whole)
	if !ok || !w.IsInt() || n.Sign() < 0 {
		return nil, false
	}
	return n.Add(n, w), true
}

func signed(s string) (*big.Rat, bool) {
	s = strings.TrimSpace(s)
	t, negative := strings.CutPrefix(s, "-")
	n, ok := plainNumber(strings.TrimSpace(t))
	if ok && negative {
		n.Neg(n)
	}
	return n, ok
}

// equal compares values: lists as a whole, tuples and intervals in order, sets and bare lists in any order.
func (v mathValue) equal(w mathValue) bool {
	switch {
	case v.number != nil && w.number != nil:
		return sameNumber(v, w)
	case v.items != nil && w.items != nil && v.ordered() == w.ordered():
		if v.ordered() {
			return v.open == w.open && v.close == w.close && sameOrder(v.items, w.items)
		}
		return sameSet(v.items, w.items)
	case v.number == nil && w.number == nil && v.items == nil && w.items == nil:
		return v.text != "" && sameText(v.text, w.text)
	}
	return false
}

func (v mathValue) ordered() bool { return v.open == '(' || v.open == '[' }

// sameNumber takes 50% for 50 as well as for 0.5: golds are written both ways.
func sameNumber(v, w mathValue) bool {
	if v.number.Cmp(w.number) == 0 {
		return true
	}
	if v.percent == w.percent {
		return false
	}
	hundred := big.NewRat(100, 1)
	if v.percent {
		return v.number.Cmp(hundred.Mul(hundred, w.number)) == 0
	}
	return w.number.Cmp(hundred.Mul(hundred, v.number)) == 0
}

func sameOrder(a, b []mathValue) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].equal(b[i]) {
			return false
		}
	}
	return true
}

// sameSet matches items one to one. Equality is transitive but for per cent, so greedy matching does.
func sameSet(a, b []mathValue) bool {
	if len(a) != len(b) {
		return false
	}
	used := make([]bool, len(b))
	for _, x := range a {
		hit := false
		for j := range b {
			if !used[j] && x.equal(b[j]) {
				used[j], hit = true, true
				break
			}
		}
		if !hit {
			return false
		}
	}
	return true
}
