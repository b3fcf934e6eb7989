package mathexpr

import "strings"

// spelledOut reads a number in words: two, twenty-one, three hundred, one half, three-fourths, 2 million is read
// elsewhere. It returns nil, and stays where it was, if no such number stands here.
func (p *parser) spelledOut() *node {
	start := p.pos
	total, group, read := int64(0), int64(0), false
	for range 12 {
		t := p.tok()
		if t.is(tOp, "-") && read && p.ahead(1).kind == tWord && p.counts(1) || t.is(tAnd, "and") && group >= 100 && group%100 == 0 && p.counts(1) {
			p.pos++
			continue
		}
		if t.kind != tWord {
			break
		}
		if n, ok := smallNumber(t.text); ok && (!read || group%100 == 0 || group%10 == 0 && n < 10 && group%100 >= 20) {
			group += n
		} else if s := scale(t.text); s == 100 && group > 0 && group < 10 {
			group *= 100
		} else if s > 100 && group > 0 && total == 0 {
			total, group = group*s, 0
		} else if part := partName(t.text); part != 0 && read && total == 0 && group > 0 && group < 100 {
			p.pos++
			return number(fraction(group, part))
		} else {
			break
		}
		read = true
		p.pos++
	}
	if !read {
		p.pos = start
		return nil
	}
	return number(integer(total + group))
}

// counts tells whether the word n tokens ahead goes on with a number.
func (p *parser) counts(n int) bool {
	_, small := smallNumber(p.ahead(n).text)
	return small || partName(p.ahead(n).text) != 0
}

// smallNumber is the number below a hundred that one word names.
func smallNumber(word string) (int64, bool) {
	if word == "zero" {
		return 0, true
	}
	if n := spelledNumber(word); n != 0 && word != "hex" {
		return n, true
	}
	for n, name := range [...]string{"thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"} {
		if name == word {
			return int64(n) + 13, true
		}
	}
	for n, name := range [...]string{"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"} {
		if name == word {
			return 10*int64(n) + 20, true
		}
	}
	return 0, false
}

// partName is the denominator that a word names, 0 if it names none.
func partName(word string) int64 {
	switch strings.TrimSuffix(word, "s") {
	case "half", "halve":
		return 2
	case "third":
		return 3
	case "fourth", "quarter":
		return 4
	case "fifth":
		return 5
	case "sixth":
		return 6
	case "seventh":
		return 7
	case "eighth":
		return 8
	case "ninth":
		return 9
	case "tenth":
		return 10
	}
	return 0
}

// emptyWords tells whether words say that nothing is a solution.
func emptyWords(name string) bool {
	switch strings.TrimSuffix(name, "s") {
	case "nosolution", "norealsolution", "therearenosolution", "therearenorealsolution", "thereisnosolution", "thereisnorealsolution", "emptyset", "theemptyset":
		return true
	}
	return false
}

// usualWords is the one spelling of words that mean the same.
func usualWords(name string) string {
	if emptyWords(name) {
		return "emptyset"
	}
	return strings.TrimSuffix(name, "s")
}
