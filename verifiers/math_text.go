package verifiers

import (
	"regexp"
	"strings"
)

// latexSpelling maps spellings of LaTeX and Unicode to one of each, and drops what only moves ink. Longer names
// stand before their prefixes.
func latexSpelling() *strings.Replacer {
	return strings.NewReplacer(
		`\left`, "", `\right`, "", `\bigl`, "", `\bigr`, "", `\big`, "",
		`\dfrac`, `\frac`, `\tfrac`, `\frac`, `\cfrac`, `\frac`,
		`{,}`, ",", `\,`, " ", `\!`, "", `\;`, " ", `\:`, " ", `\ `, " ", "~", " ", `\quad`, " ", `\qquad`, " ",
		`^{\circ}`, "", `^\circ`, "", `\degree`, "", "°", "",
		`\$`, "", "$", "", `\%`, "%", `\(`, "", `\)`, "", `\[`, "", `\]`, "",
		`\times`, "*", `\cdot`, "*", "×", "*", "·", "*", "−", "-", "–", "-", `\{`, "{", `\}`, "}",
		`\lbrace`, "{", `\rbrace`, "}", "π", `\pi`, "√", `\sqrt`, "∞", `\infty`, `\leq`, `\le`, `\geq`, `\ge`,
		"£", "", "€", "",
	)
}

// patterns are compiled once; they are never changed.
var (
	textCommand = regexp.MustCompile(`\\(?:text|mathrm|textbf|mathbf|mbox|operatorname|textit)\s*\{([^{}]*)\}`)
	shortFrac   = regexp.MustCompile(`\\frac\s*(\d|\{[^{}]*\})\s*(\d|\{[^{}]*\})`)
	shortSqrt   = regexp.MustCompile(`\\sqrt\s*(\d)`)
	conjunction = regexp.MustCompile(`,?\s+(?:and|or)\s+`)
	variable    = regexp.MustCompile(`^\s*([A-Za-z](?:\([a-z]\))?)\s*(?:=|\\in\b)\s*`)
	unitTail    = regexp.MustCompile(`^(.*[\d}%)])\s*(` + units + `)(?:\s*\^\s*\{?\s*[23]\s*\}?)?$`)
	unitInside  = regexp.MustCompile(`^(.*\d) ?\([A-Za-z][A-Za-z .]*\)$`) // 9 (apples), as ASDiv writes
	spelling    = latexSpelling()
)

// units may follow a number without changing it. Words that could stand for another quantity are not here.
const units = `degrees?|deg|cm|mm|km|m|meters?|metres?|centimeters?|kilometers?|inch(?:es)?|in|feet|foot|ft|yards?|miles?|mph|` +
	`(?:square|cubic|sq\.?|cu\.?)\s*(?:units?|cm|m|km|mm|inch(?:es)?|in|feet|ft|meters?|metres?|centimeters?|miles?|yards?)|` +
	`units?|dollars?|cents?|percent|hours?|hrs?|minutes?|mins?|seconds?|days?|weeks?|months?|years?|` +
	`grams?|kg|kilograms?|lbs?|pounds?|ounces?|oz|liters?|litres?|ml|people|students?|points?|ways|times`

// normalise brings an answer into the form that parseMath reads: one spelling of everything, spaces collapsed.
func normalise(s string) string {
	s = spelling.Replace(strings.Trim(s, "* \t\n")) // **5** is bold, 3**8 is not
	for range 3 {                                   // text inside text
		t := textCommand.ReplaceAllString(s, " $1 ")
		if t == s {
			break
		}
		s = t
	}
	s = shortFrac.ReplaceAllStringFunc(s, func(f string) string {
		parts := shortFrac.FindStringSubmatch(f)
		return `\frac` + braced(parts[1]) + braced(parts[2])
	})
	s = shortSqrt.ReplaceAllString(s, `\sqrt{$1}`)
	s = strings.Join(strings.Fields(s), " ")
	return strings.TrimSpace(strings.TrimRight(s, " .;:,"))
}

func braced(s string) string {
	if strings.HasPrefix(s, "{") {
		return s
	}
	return "{" + s + "}"
}

// withoutUnit cuts one unit off the end of a number.
func withoutUnit(s string) string {
	if m := unitTail.FindStringSubmatch(s); m != nil {
		if m[2] == "percent" {
			return m[1] + "%"
		}
		return strings.TrimSpace(m[1])
	}
	if m := unitInside.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return s
}

// sameText compares what is no value: white space aside, and case aside for whole words.
func sameText(a, b string) bool {
	a, b = strings.ReplaceAll(a, " ", ""), strings.ReplaceAll(b, " ", "")
	if word(a) && word(b) {
		return strings.EqualFold(a, b)
	}
	return choice(a) == choice(b)
}

func word(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return len(s) > 1
}

// choice is the letter of a multiple-choice answer: (A) and A are the same.
func choice(s string) string {
	if len(s) == 3 && s[0] == '(' && s[2] == ')' && s[1] >= 'A' && s[1] <= 'Z' {
		return s[1:2]
	}
	return s
}
