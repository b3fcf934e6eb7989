package mathexpr

import "strings"

// word reads a run of letters: a function, a constant, a connective, a word, or a product of variables.
func (l *lexer) word() {
	at := l.pos
	for isLetter(l.peek(0)) {
		l.pos++
	}
	run := l.text[at:l.pos]
	l.budget.spend(len(run) / 4)
	if l.followsValue() && len(run) == len("or")+1 && run[:2] == "or" && upper(run[2:]) {
		l.emit(tAnd, "or") // 1orW(x)=2
		l.pos--
		return
	}
	if run == "x" && l.last().kind == tNum && (strings.HasPrefix(l.text[l.pos:], "10^") || strings.HasPrefix(l.text[l.pos:], "10**") || strings.HasPrefix(l.text[l.pos:], " 10^")) {
		l.emit(tOp, "*") // 5.6x10^{-7}
		return
	}
	if l.dotted(run) || l.keyword(run) {
		return
	}
	if l.prose > 0 {
		l.proseWord(run)
		return
	}
	switch {
	case len(run) == 1:
		l.emit(tIdent, run)
	case upper(run) && len(run) == 2 && run != "AM" && run != "PM":
		l.emit(tIdent, run[:1])
		l.emit(tIdent, run[1:])
	case upper(run) && (!l.followsValue() || unitName(strings.ToLower(run)) == ""):
		l.emit(tIdent, run) // a triangle, an initialism
	case l.followsValue() && (unitName(strings.ToLower(run)) != "" || run == "sq" || run == "cu"), l.standsAlone(at, run):
		l.emit(tWord, strings.ToLower(run))
	case len(run) >= 4 || len(run) == 3 && upper(run[:1]): // a name
		if !l.glued(run) {
			l.emit(tWord, strings.ToLower(run))
		}
	case l.glued(run):
	case l.last().kind == tWord || l.peek(0) == ' ' && isLetter(l.peek(1)) && isLetter(l.peek(2)):
		l.emit(tWord, strings.ToLower(run)) // among other words
	default:
		for i := range len(run) {
			l.emit(tIdent, run[i:i+1])
		}
	}
}

// standsAlone tells whether a short run is an English word rather than a product of variables.
func (l *lexer) standsAlone(at int, run string) bool {
	if at > 0 && l.text[at-1] != ' ' || l.pos < len(l.text) && strings.IndexByte(" .,;:!?", l.text[l.pos]) < 0 {
		return false
	}
	switch strings.ToLower(run) {
	case "one", "two", "six", "ten", "to", "of", "is", "if", "no", "it", "the", "for", "per", "yes", "not", "all", "but", "nor", "are", "was", "has":
		return true
	}
	return false
}

func upper(s string) bool {
	for i := range len(s) {
		if s[i]&0x20 != 0 {
			return false
		}
	}
	return true
}

// dotted reads p.m. and its like.
func (l *lexer) dotted(run string) bool {
	if len(run) != 1 || strings.IndexByte("apAP", run[0]) < 0 || l.peek(0) != '.' || l.peek(1)|0x20 != 'm' || isLetter(l.peek(2)) {
		return false
	}
	l.pos += 2
	if l.peek(0) == '.' {
		l.pos++
	}
	l.emit(tWord, strings.ToLower(run)+"m")
	return true
}

// keyword reads what means the same inside and outside \text.
func (l *lexer) keyword(run string) bool {
	if name := functionName(run); name != "" && run != "Re" && run != "Im" && (run != "min" || !l.followsValue()) {
		l.emit(tFunc, name)
		return true
	}
	switch run {
	case "and", "AND", "And":
		l.emit(tAnd, "and")
	case "or", "OR", "Or":
		l.emit(tAnd, "or")
	case "pi", "Pi":
		l.emit(tIdent, "π")
	case "DNE":
		l.emit(tWord, "doesnotexist")
	case "infinity", "inf", "infty", "oo", "Infinity":
		l.emit(tIdent, "∞")
	case "sqrt":
		l.emit(tCommand, "sqrt")
	case "cbrt":
		l.splice(`\sqrt[3]`)
	case "frac":
		if l.peek(0) != '{' {
			return false
		}
		l.emit(tCommand, "frac")
	case "mod":
		l.emit(tCommand, "mod")
	case "theta", "alpha", "beta", "gamma", "lambda", "phi", "omega", "delta", "sigma":
		l.emit(tIdent, `\`+run)
	case "in":
		if l.followsValue() || l.prose > 0 {
			return false
		}
		l.emit(tRel, "e")
	case "abs":
		l.emit(tFunc, "abs")
	case "union", "U":
		if run == "U" && l.last().kind != tClose {
			return false
		}
		l.emit(tOp, "∪")
	default:
		return false
	}
	return true
}

// followsValue tells whether the last token ends a value, so that a unit may come.
func (l *lexer) followsValue() bool {
	last := l.last()
	return last.kind == tNum || last.kind == tClose && last.text != "s" || last.kind == tWord || last.is(tIdent, "π") || last.is(tOp, "/") && len(l.tokens) > 1
}

// proseWord reads letters inside \text: a lone letter is a symbol unless it measures.
func (l *lexer) proseWord(run string) {
	at := l.pos - len(run)
	for isDigit(l.peek(0)) || isLetter(l.peek(0)) { // A5 is a word
		l.pos++
	}
	run = l.text[at:l.pos]
	if len(run) == 1 && (!l.followsValue() || unitName(run) == "") || len(run) > 1 && upper(run) && unitName(strings.ToLower(run)) == "" && !digits(run) {
		l.emit(tIdent, run)
		return
	}
	l.emit(tWord, strings.ToLower(run))
}

func digits(s string) bool { return strings.ContainsAny(s, "0123456789") }

// glued splits a function from the variable that is written to it: sinx, lnx.
func (l *lexer) glued(run string) bool {
	for _, name := range [...]string{"sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "pi"} {
		rest, cut := strings.CutPrefix(run, name)
		if !cut || len(rest) != 1 {
			continue
		}
		if name == "pi" {
			l.emit(tIdent, "π")
		} else {
			l.emit(tFunc, name)
		}
		l.emit(tIdent, rest)
		return true
	}
	return false
}

// unitName is the usual name of a unit of measurement, "" if the word is none. Names are in lower case.
func unitName(word string) string {
	if base := strings.TrimSuffix(word, "s"); len(base) > 1 && base != word {
		if name := singleUnit(base); name != "" {
			return name
		}
	}
	return singleUnit(word)
}

func singleUnit(word string) string {
	switch word {
	case "cm", "centimeter", "centimetre":
		return "cm"
	case "mm", "millimeter", "millimetre":
		return "mm"
	case "m", "meter", "metre":
		return "m"
	case "km", "kilometer", "kilometre":
		return "km"
	case "dm", "decimeter", "decimetre":
		return "dm"
	case "in", "inch", "inches", "inche":
		return "in"
	case "ft", "foot", "feet":
		return "ft"
	case "yd", "yard":
		return "yd"
	case "mi", "mile":
		return "mi"
	case "g", "gram", "gm":
		return "g"
	case "kg", "kilogram", "kilo":
		return "kg"
	case "mg", "milligram":
		return "mg"
	case "lb", "pound", "lbs":
		return "lb"
	case "oz", "ounce":
		return "oz"
	case "ton", "tonne":
		return "ton"
	case "l", "liter", "litre":
		return "l"
	case "ml", "milliliter", "millilitre":
		return "ml"
	case "gal", "gallon":
		return "gal"
	case "quart", "qt":
		return "qt"
	case "pint", "cup", "teaspoon", "tablespoon", "acre", "hectare":
		return word
	}
	return timeOrMoney(word)
}

func timeOrMoney(word string) string {
	switch word {
	case "s", "sec", "second":
		return "s"
	case "min", "minute":
		return "min"
	case "h", "hr", "hour":
		return "h"
	case "day", "week", "month", "year", "decade", "centurie", "century":
		return word
	case "yr":
		return "year"
	case "dollar", "usd", "buck":
		return "dollar"
	case "cent", "¢":
		return "cent"
	case "euro", "eur":
		return "euro"
	case "pence", "penny", "pennie":
		return "penny"
	case "yuan", "rmb", "元":
		return "yuan"
	case "yen", "rupee", "peso", "franc", "ruble", "quarter", "dime", "nickel":
		return word
	case "degree", "deg":
		return "°"
	case "radian", "rad":
		return "rad"
	case "percent", "pct", "percentage":
		return "%"
	case "mph":
		return "mi/h"
	case "kph", "kmph", "kmh":
		return "km/h"
	case "fps":
		return "ft/s"
	case "rpm":
		return "rpm"
	case "hz", "hertz", "watt", "kw", "joule", "volt", "newton", "pascal", "calorie", "kelvin", "celsius", "fahrenheit":
		return word
	case "am", "pm":
		return word
	case "unit", "units":
		return "unit"
	}
	return ""
}

// scale is the number that a word such as million stands for, 0 if it is none.
func scale(word string) int64 {
	switch word {
	case "hundred":
		return 100
	case "thousand":
		return 1000
	case "million":
		return 1_000_000
	case "billion":
		return 1_000_000_000
	case "trillion":
		return 1_000_000_000_000
	case "dozen":
		return 12
	}
	return 0
}
