package mathexpr

import "strings"

// withoutOver writes {a \over b} as \frac{a}{b}. What stands between brackets, commas and signs of relation is divided.
func withoutOver(text string) string {
	for range 20 {
		at := overAt(text)
		if at < 0 {
			break
		}
		from, to := groupAround(text, at, at+len(`\over`))
		above, below := strings.TrimSpace(text[from:at]), strings.TrimSpace(text[at+len(`\over`):to])
		if above == "" || below == "" {
			break
		}
		if from > 0 && to < len(text) && text[from-1] == '{' && text[to] == '}' && (from < 2 || text[from-2] != '\\') {
			from, to = from-1, to+1 // the bracket is of the fraction, as in 3{1 \over 2}
			text = text[:from] + `\frac{` + above + `}{` + below + `}` + text[to:]
			continue
		}
		text = text[:from] + `\frac{` + above + `}{` + below + `}` + text[to:]
	}
	return text
}

// overAt is where the first \over stands that is no \overline, or -1.
func overAt(text string) int {
	for from := 0; ; {
		i := strings.Index(text[from:], `\over`)
		if i < 0 {
			return -1
		}
		i += from
		if after := i + len(`\over`); after == len(text) || !isLetter(text[after]) {
			return i
		}
		from = i + 1
	}
}

// dividesGroups tells whether the byte at i ends what \over divides; the comma of 20,\!000 does not.
func dividesGroups(text string, i int) bool {
	if text[i] == ',' {
		return (i == 0 || text[i-1] != '\\') && i+1 < len(text) && text[i+1] != '\\' && !isDigit(text[i+1])
	}
	return strings.IndexByte("=;$<>", text[i]) >= 0
}

// groupAround finds where the group starts and ends that has text[from:to] in it.
func groupAround(text string, from, to int) (start, end int) {
	depth := 0
	for start = from; start > 0; start-- {
		c := text[start-1]
		if strings.IndexByte(")]}", c) >= 0 {
			depth++
		} else if strings.IndexByte("([{", c) >= 0 {
			if depth--; depth < 0 {
				break
			}
		} else if depth == 0 && dividesGroups(text, start-1) {
			break
		}
	}
	depth = 0
	for end = to; end < len(text); end++ {
		c := text[end]
		if strings.IndexByte("([{", c) >= 0 {
			depth++
		} else if strings.IndexByte(")]}", c) >= 0 {
			if depth--; depth < 0 {
				break
			}
		} else if depth == 0 && dividesGroups(text, end) {
			break
		}
	}
	return start, end
}
