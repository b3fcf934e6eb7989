package verifiers

import (
	"regexp"
	"strings"
	"unicode"
)

// Patterns of words around a value.
var (
	// reason starts what explains an answer and is no part of it.
	reason = regexp.MustCompile(`(?i)[,，]?\s*(?:\(|\b)(?:because|since|which|that|where|so that|as (?:required|desired|we|the|shown)|by the|from the|when the)\b|[,，]\s*(?:so|and (?:so|we|the)|but (?:we|the))\b|[，,（(]?(?:因为|所以|由于|也就是|其中)`)
	// filler is said before a value.
	filler = regexp.MustCompile(`(?i)^(?:(?:the|number|value|interval|set|point|pair|ordered|option|choice|letter|therefore|thus|then|hence|simply|just|equal|equals|to|given|by|` +
		`exactly|indeed|clearly|now|actually|still|function|equation|polynomial|matrix|vector|expression|integer|fraction|ratio|选项?|是|为)[\s,:：]+|[,:：=]\s*)+`)
	prose    = regexp.MustCompile(`[A-Za-z]{2,}`)
	mathWord = regexp.MustCompile(`^(?:pi|sqrt|sin|cos|tan|log|ln|exp)$`)
)

// sentence is s up to the end of its first sentence, formulas and brackets aside.
func sentence(s string) string {
	plain := outsideMaths(s)
	for i := 0; i < len(plain); i++ {
		switch {
		case strings.HasPrefix(plain[i:], "。"), strings.HasPrefix(plain[i:], "！"), strings.HasPrefix(plain[i:], "；"):
			return s[:i]
		case plain[i] == '.' && (i+1 == len(plain) || strings.IndexByte(" \t\r*_\"", plain[i+1]) >= 0):
			if i >= 2 && plain[i-2] == '.' {
				continue // a.m.
			}
			return s[:i]
		}
	}
	return s
}

// outsideMaths is s with formulas and groups blanked out, byte for byte, so that words can be looked for.
func outsideMaths(s string) string {
	out := []byte(s)
	depth, closer := 0, ""
	for i := 0; i < len(out); i++ {
		c := s[i]
		if closer != "" {
			if strings.HasPrefix(s[i:], closer) {
				blank(out[i : i+len(closer)])
				i, closer = i+len(closer)-1, ""
				continue
			}
			out[i] = '~'
			continue
		}
		switch {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '(' || s[i+1] == '['):
			closer = map[byte]string{'(': `\)`, '[': `\]`}[s[i+1]]
		case c == '\\' && i+1 < len(s):
			blank(out[i : i+2])
			i++
			continue
		case c == '$' && strings.IndexByte(s[i+1:], '$') >= 0:
			closer = "$"
		case c == '{':
			depth++
		case c == '}':
			out[i] = '~'
			depth = max(0, depth-1)
			continue
		}
		if closer != "" || depth > 0 {
			out[i] = '~'
		}
	}
	return string(out)
}

func blank(b []byte) {
	for i := range b {
		b[i] = '~'
	}
}

// value takes the words around an answer away: what is said before it, reasons after it, Markdown.
func value(s string) string {
	s = trimAnswer(s)
	if at := reason.FindStringIndex(outsideMaths(s)); at != nil && at[0] > 0 {
		s = s[:at[0]]
	}
	if rest := s[len(filler.FindString(s)):]; strings.TrimSpace(rest) != "" {
		s = rest
	}
	return afterEquals(trimAnswer(strings.TrimSuffix(trimAnswer(s), "选项")))
}

// trimAnswer takes white space, Markdown's emphasis, quotes and closing punctuation off.
func trimAnswer(s string) string {
	s = strings.Trim(s, " \t\r\n*`\"“”")
	return strings.TrimRight(s, " \t\r\n*`\"“”.,;:。，；：")
}

// afterEquals is the last side of a chain of equations, or of one whose left side is a calculation: 6 * 7 = 42 says 42,
// while y = 2x stays an equation.
func afterEquals(s string) string {
	if strings.ContainsAny(s, "<>,;，；、") {
		return s
	}
	plain := outsideGroups(s)
	i := strings.LastIndexByte(plain, '=')
	if i <= 0 || strings.IndexByte("!<>:", plain[i-1]) >= 0 {
		return s
	}
	left := plain[:i]
	if strings.Contains(left, "=") || strings.ContainsAny(left, "0123456789") && !letters(left) {
		if rest := strings.TrimSpace(s[i+1:]); rest != "" {
			if strings.HasPrefix(s, "$") && strings.HasSuffix(rest, "$") && strings.Count(s, "$") == 2 {
				rest = "$" + rest
			}
			return rest
		}
	}
	return s
}

// outsideGroups is s with what stands in curly brackets blanked out.
func outsideGroups(s string) string {
	out, depth := []byte(s), 0
	for i, c := range out {
		switch c {
		case '{':
			depth++
		case '}':
			depth--
		default:
			if depth > 0 {
				out[i] = '~'
			}
		}
	}
	return string(out)
}

// letters tells whether s has letters other than those of LaTeX commands.
func letters(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			for i++; i < len(s) && isLetter(s[i]); i++ {
			}
			i--
		} else if isLetter(s[i]) {
			return true
		}
	}
	return false
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// valueLike tells whether s may be an answer by its looks: it has a digit, a formula or is a letter, and at most three
// words outside formulas.
func valueLike(s string) bool {
	if s == "" || len(s) > maxAnswer {
		return false
	}
	words := len(prose.FindAllStringIndex(outsideMaths(s), 4))
	return words <= 3 && (strings.ContainsAny(s, `0123456789\$π∞`) || len(s) == 1 && isLetter(s[0]))
}

// onlyValue tells whether the whole text is one line that is a value. Words may follow it, but none stands before it:
// "it may be 5" is no answer.
func onlyValue(text string) bool {
	text = strings.TrimSpace(text)
	if !valueLike(text) || strings.ContainsAny(text, "\n?!。") {
		return false
	}
	return !startsInWords(text)
}

// startsInWords tells whether s starts with a word that is no function or constant.
func startsInWords(s string) bool {
	word := s[:len(s)-len(strings.TrimLeftFunc(s, unicode.IsLetter))]
	return len(word) >= 2 && !mathWord.MatchString(word)
}
