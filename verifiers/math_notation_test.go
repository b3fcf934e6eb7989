package verifiers

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// rewrite writes an answer in another way. It returns the answer itself where it does not apply.
type rewrite struct {
	name  string
	apply func(gold string) string
}

// replacing makes a rewrite of pairs of texts, each replaced everywhere.
func replacing(name string, pairs ...string) rewrite {
	return rewrite{name, strings.NewReplacer(pairs...).Replace}
}

// matching makes a rewrite of a regular expression.
func matching(name, pattern, with string) rewrite {
	re := regexp.MustCompile(pattern)
	return rewrite{name, func(s string) string { return re.ReplaceAllString(s, with) }}
}

// where applies a rewrite only to golds that satisfy a condition.
func (r rewrite) where(condition func(string) bool) rewrite {
	return rewrite{r.name, func(s string) string {
		if !condition(s) {
			return s
		}
		return r.apply(s)
	}}
}

var (
	plainInteger = regexp.MustCompile(`^-?[1-9][0-9]{0,17}$`)
	plainNumber  = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	plainFrac    = regexp.MustCompile(`^-?\\d?frac\{([0-9]+)\}\{([0-9]+)\}$`)
	wordy        = regexp.MustCompile(`\\(text|mbox|mathrm|textbf|textrm|textit)\b|\\begin|[A-Za-z]{3,}\s[a-z]`)
)

func noProse(s string) bool { return !wordy.MatchString(s) && !strings.Contains(s, "$") }

func noSlant(s string) bool { return !strings.Contains(s, "slant") }

// notMixed tells whether no fraction stands where brackets would make a mixed number a product, or end an argument.
func notMixed(s string) bool {
	return !regexp.MustCompile(`([0-9]|[a-z] ) ?\\[dt]?frac`).MatchString(s)
}

func isInteger(s string) bool { return plainInteger.MatchString(s) }

// grouped writes an integer with separators of thousands.
func grouped(separator string) rewrite {
	return rewrite{"thousands " + separator, func(s string) string {
		if !isInteger(s) || len(strings.TrimLeft(s, "-")) < 4 {
			return s
		}
		out, digits := "", strings.TrimLeft(s, "-")
		for len(digits) > 3 {
			out = separator + digits[len(digits)-3:] + out
			digits = digits[:len(digits)-3]
		}
		return s[:len(s)-len(strings.TrimLeft(s, "-"))] + digits + out
	}}
}

// value is the exact value of a plain number or fraction.
func plainValue(s string) *big.Rat {
	if m := plainFrac.FindStringSubmatch(s); m != nil {
		r, ok := new(big.Rat).SetString(m[1] + "/" + m[2])
		if !ok {
			return nil
		}
		if s[0] == '-' {
			r.Neg(r)
		}
		return r
	}
	if plainNumber.MatchString(s) {
		r, _ := new(big.Rat).SetString(s)
		return r
	}
	return nil
}

// ofValue rewrites plain numbers and fractions by their value; "" leaves one as it is.
func ofValue(name string, write func(*big.Rat) string) rewrite {
	return rewrite{name, func(s string) string {
		if r := plainValue(s); r != nil {
			if out := write(r); out != "" {
				return out
			}
		}
		return s
	}}
}

func terminating(r *big.Rat) string {
	for places := range 7 {
		if s := r.FloatString(places); s != "" {
			if back, _ := new(big.Rat).SetString(s); back.Cmp(r) == 0 {
				return s
			}
		}
	}
	return ""
}

// topLevel splits s at separators outside all brackets; nil if brackets do not match.
func topLevel(s string, separators string) (parts []string) {
	depth, from := 0, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte("{}", s[i+1]) < 0:
			i++
		case strings.IndexByte("([{", s[i]) >= 0:
			depth++
		case strings.IndexByte(")]}", s[i]) >= 0:
			depth--
		case depth == 0 && strings.IndexByte(separators, s[i]) >= 0:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	if depth != 0 {
		return nil
	}
	return append(parts, s[from:])
}

var simpleSum = regexp.MustCompile(`^[0-9a-zA-Z+\-^{} ]*$`)

// turnedSum writes a polynomial's terms from the last to the first.
func turnedSum(s string) string {
	if !simpleSum.MatchString(s) || strings.Contains(s, "{-") || regexp.MustCompile(`[A-Za-z]{3,}|\^\{?[^}]*[+-]|[0-9] [0-9]`).MatchString(s) {
		return s
	}
	signed := strings.ReplaceAll(strings.ReplaceAll(s, "-", "+-"), " ", "")
	terms := strings.Split(strings.TrimPrefix(signed, "+"), "+")
	if len(terms) < 2 {
		return s
	}
	out := ""
	for i := len(terms) - 1; i >= 0; i-- {
		if terms[i] == "" || terms[i] == "-" {
			return s
		}
		if out != "" && terms[i][0] != '-' {
			out += "+"
		}
		out += terms[i]
	}
	return out
}

// listItems are the items of a bare list, nil if s is none. A list in which commas may separate thousands is none.
func listItems(s string) []string {
	if !noProse(s) || strings.ContainsAny(s, ";") || strings.Contains(s, "\\ldots") || strings.Contains(s, "=") || strings.Contains(s, "!") || regexp.MustCompile(`[0-9],[0-9]{3}\b|\\cup|\{,`).MatchString(s) {
		return nil
	}
	items := topLevel(s, ",")
	if len(items) < 2 {
		return nil
	}
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
		if items[i] == "" {
			return nil
		}
	}
	return items
}

func rotatedList(s string) string {
	if items := listItems(s); items != nil {
		return strings.Join(append(items[1:len(items):len(items)], items[0]), ", ")
	}
	return s
}

func inBraces(s string) string {
	if items := listItems(s); items != nil {
		return `\{` + strings.Join(items, ",") + `\}`
	}
	return s
}

func withAnd(s string) string {
	if items := listItems(s); items != nil {
		last := len(items) - 1
		return strings.Join(items[:last], ", ") + ` \text{ and } ` + items[last]
	}
	return s
}

// sameNotations are rewrites that leave the meaning alone.
func sameNotations() []rewrite {
	wrap := func(before, after string) rewrite {
		return rewrite{before + "…" + after, func(s string) string { return before + s + after }}
	}
	noDollar := func(s string) bool { return !strings.Contains(s, "$") }
	named := func(s string) bool {
		return noProse(s) && strings.IndexByte("-0123456789\\", s[0]) >= 0 && !strings.ContainsAny(s, "=<>, ") && !regexp.MustCompile(`[xn]|\\(le|ge|in|neq|pm|text|equiv|cup)\b|\[|\(.*,|:|_`).MatchString(s)
	}
	return []rewrite{
		wrap("$", "$").where(noDollar), wrap(`\(`, `\)`).where(noDollar), wrap("{", "}").where(func(s string) bool { return noDollar(s) && !strings.Contains(s, "_") }), wrap("", ".").where(func(s string) bool { return !strings.HasSuffix(s, ".") }), wrap(`\displaystyle `, ""), wrap("\n ", " \n"), wrap(`\,`, `\;`), wrap("", `\!`),
		wrap("x = ", "").where(named), wrap("n=", "").where(named), wrap("**", "**"), wrap(`\left(`, `\right)`).where(func(s string) bool { return plainValue(s) != nil }),
		replacing("dfrac", `\frac`, `\dfrac`), replacing("tfrac", `\dfrac`, `\tfrac`, `\frac`, `\tfrac`), replacing("frac for dfrac", `\dfrac`, `\frac`, `\tfrac`, `\frac`), replacing("cfrac", `\frac`, `\cfrac`),
		matching("slash", `\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}`, `{(($1)/($2))}`).where(notMixed), matching("bare slash", `^(-?)\\[dt]?frac\{([0-9]+)\}\{([0-9]+)\}$`, `$1$2/$3`), matching("short frac", `\\frac\{([0-9])\}\{([0-9])\}`, `\frac$1$2`),
		matching("half short frac", `\\frac\{([0-9])\}\{`, `\frac$1{`), matching("over", `\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}`, `{$1 \over $2}`), matching("frac of brackets", `\\frac\{([^{}]*)\}\{([^{}]*)\}`, `\frac{($1)}{($2)}`).where(notMixed),
		matching("spaced frac", `\\frac\{([^{}]*)\}\{([^{}]*)\}`, `\frac { $1 } { $2 }`), replacing("escaped", `\frac`, `\\frac`, `\sqrt`, `\\sqrt`).where(func(s string) bool { return !strings.Contains(s, `\begin`) }),
		replacing("no left", `\left`, "", `\right`, ""), replacing("big", `\left`, `\bigl`, `\right`, `\bigr`), replacing("left", "(", `\left(`, ")", `\right)`).where(func(s string) bool {
			return noProse(s) && !strings.Contains(s, `\left`) && !strings.Contains(s, "]") && !strings.Contains(s, "[")
		}),
		replacing("times", `\cdot`, `\times`), replacing("cdot", `\times`, `\cdot`), replacing("unicode times", `\times`, "×", `\cdot`, "·"), replacing("asterisk", `\times`, "*", `\cdot`, "*"),
		matching("pi", `\\pi\b`, "π"), matching("plain pi", `^([0-9]*)\\pi$`, "${1}pi"), matching("unicode root", `\\sqrt\{([0-9]+)\}`, "√{$1}"), matching("sqrt()", `\\sqrt\{([^{}]*)\}`, `sqrt($1)`).where(func(s string) bool { return !regexp.MustCompile(`[a-z]\\sqrt`).MatchString(s) }), matching("short sqrt", `\\sqrt\{([0-9])\}`, `\sqrt$1`),
		matching("power 1/2", `\\sqrt\{([^{}]*)\}`, `($1)^{1/2}`), matching("power frac", `\\sqrt\{([^{}]*)\}`, `{($1)}^{\frac{1}{2}}`), matching("root of degree 2", `\\sqrt\{`, `\sqrt[2]{`), matching("power 0.5", `\\sqrt\{([^{}]*)\}`, `($1)^{0.5}`),
		matching("braced power", `\^([0-9a-z])`, `^{$1}`), matching("bare power", `\^\{([0-9a-z])\}`, `^$1`).where(func(s string) bool { return !regexp.MustCompile(`\^\{.\}[0-9]`).MatchString(s) }), matching("raised", `\^(?:2|\{2\})`, "²").where(func(s string) bool { return !regexp.MustCompile(`\^2[0-9]`).MatchString(s) }), matching("python power", `\^`, "**").where(func(s string) bool { return noProse(s) && !strings.Contains(s, `\circ`) }),
		replacing("leq", `\le `, `\leq `, `\ge `, `\geq `), replacing("le", `\leq`, `\le`, `\geq`, `\ge`).where(func(s string) bool {
			return !strings.Contains(s, "slant") && !regexp.MustCompile(`q[a-zA-Z]`).MatchString(s)
		}), replacing("unicode le", `\leq`, "≤", `\geq`, "≥", `\le `, "≤", `\ge `, "≥", `\neq`, "≠").where(noSlant), replacing("ascii le", `\leq`, "<=", `\geq`, ">=", `\le `, "<=", `\ge `, ">=").where(noSlant),
		replacing("unicode minus", "-", "−"), replacing("unicode infinity", `\infty`, "∞"), replacing("plus infinity", `,\infty`, `,+\infty`, `, \infty`, `, +\infty`), replacing("unicode cup", `\cup`, "∪"), replacing("unicode pm", `\pm`, "±"), replacing("unicode in", `\in `, "∈"),
		replacing("wide commas", ",", ", ").where(func(s string) bool {
			return noProse(s) && !regexp.MustCompile(`[0-9],[0-9]{3}|\{,|, ?\\!`).MatchString(s)
		}), replacing("tight", " ", "").where(func(s string) bool {
			return noProse(s) && !regexp.MustCompile(`\\[a-zA-Z]+ [a-zA-Z]|\\ |[0-9] [0-9]|[A-Za-z]{2} \(|[A-Z]{2}|[A-Za-z] [A-Za-z]`).MatchString(s)
		}),
		replacing("spaced signs", "+", " + ", "-", " - ").where(noProse), replacing("thin spaces", "+", `\,+\,`, "=", `\;=\;`).where(noProse), replacing("tildes", " ", "~").where(func(s string) bool { return noProse(s) && !strings.Contains(s, `\!`) }),
		replacing("mathrm", `\text{`, `\mathrm{`, `\mbox{`, `\mathrm{`), replacing("textrm", `\text{`, `\textrm{`), replacing("mbox", `\text{`, `\mbox{`), replacing("textbf", `\text{`, `\textbf{`), replacing("bmatrix", "pmatrix", "bmatrix"), replacing("array", `\begin{pmatrix}`, `\left(\begin{array}{ccc}`, `\end{pmatrix}`, `\end{array}\right)`), replacing("last row", `\end{pmatrix}`, `\\ \end{pmatrix}`),
		replacing("bare percent", `\%`, "%"), replacing("degree", `^\circ`, "°", `^{\circ}`, "°"), replacing("braced circ", `^\circ`, `^{\circ}`), replacing("words for degrees", `^\circ`, ` \text{ degrees}`).where(func(s string) bool { return regexp.MustCompile(`^-?[0-9.]+\^\\circ$`).MatchString(s) }), replacing("no degrees", `^\circ`, "", `^{\circ}`, "").where(func(s string) bool { return regexp.MustCompile(`^-?[0-9.]+\^\{?\\circ\}?$`).MatchString(s) }), replacing("no dollar", `\$`, ""), matching("no unit", `^(-?[0-9.]+) ?\\(?:text|mbox|mathrm)\{[ ~]?[a-z ]+\}$`, "$1"),
		grouped(","), grouped("{,}"), grouped(`\,`), grouped(`,\!`), grouped(" "), grouped("{, }"),
		{"point zero", func(s string) string {
			if isInteger(s) {
				return s + ".0"
			}
			return s
		}},
		ofValue("decimal", terminating), ofValue("unreduced", func(r *big.Rat) string {
			return `\frac{` + new(big.Int).Mul(r.Num(), big.NewInt(6)).String() + "}{" + new(big.Int).Mul(r.Denom(), big.NewInt(6)).String() + "}"
		}),
		ofValue("mixed", func(r *big.Rat) string {
			whole, rest := new(big.Int).QuoRem(new(big.Int).Abs(r.Num()), r.Denom(), new(big.Int))
			if whole.Sign() == 0 || rest.Sign() == 0 {
				return ""
			}
			return strings.Repeat("-", (1-r.Sign())/2) + whole.String() + `\frac{` + rest.String() + "}{" + r.Denom().String() + "}"
		}),
		ofValue("scientific", func(r *big.Rat) string {
			if !r.IsInt() || r.Sign() <= 0 {
				return ""
			}
			digits := r.Num().String()
			return digits[:1] + "." + digits[1:] + `0 \times 10^{` + strconv.Itoa(len(digits)-1) + "}"
		}),
		ofValue("negative denominator", func(r *big.Rat) string {
			if r.IsInt() {
				return ""
			}
			return `\frac{` + new(big.Int).Neg(r.Num()).String() + "}{-" + r.Denom().String() + "}"
		}),
		ofValue("brackets", func(r *big.Rat) string { return "(" + r.RatString() + ")" }), ofValue("sum", func(r *big.Rat) string { return new(big.Rat).Sub(r, big.NewRat(7, 3)).RatString() + "+7/3" }),
		{"turned sum", turnedSum}, {"rotated list", rotatedList}, {"list in braces", inBraces}, {"list with and", withAnd},
		matching("equation to zero", `^y ?= ?([0-9a-z+\- ]+)$`, "y - ($1) = 0"), matching("turned equation", `^([^=<>\\,]+)=([^=<>\\,]+)$`, "$2=$1"),
	}
}
