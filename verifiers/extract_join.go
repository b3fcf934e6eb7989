package verifiers

import (
	"regexp"
	"strings"
)

// maxBetween is how far two parts of one answer may stand apart.
const maxBetween = 80

// Patterns of what may stand between two boxes or formulas that make one answer.
var (
	betweenParts = regexp.MustCompile(`(?i)^(?:[\s,;&$、，；~]|\\[()]|\\[,;:! ]|\\q?quad\b|\*\*|\band\b|\bor\b|和|与|及|或|且|` +
		`\\(?:text|mbox|mathrm)\s*\{\s*,?\s*(?:and|or)?\s*\}|` + nameEquals + `)*$`)
	// listedThings are the words between "\boxed{1} papers and \boxed{2} bins"; assertions end a list.
	listedThings = regexp.MustCompile(`(?i)^[\s$]*(?:\\text\{\s*)?(?:(?:for|in|at|when|part|case|the|first|second|third|\([a-z0-9]\)|[a-z]{2,}s)\s+){1,5}(?:and|or)\s*\}?[\s$]*$`)
	assertions   = regexp.MustCompile(`(?i)\b(?:thus|this|gives|equals|yields|means|is|was|has|does|implies|works|checks|shows|fails|guess|perhaps)\b`)
	trailingName = regexp.MustCompile(`(` + variableName + `)\s*(?:=|＝)\s*$`)
)

// Variables as they stand before "=": x, x_1, f(x), \alpha.
const (
	variableName = `(?:\\(?:alpha|beta|gamma|theta|lambda|mu)|\b[A-Za-z])(?:_\{?\w\}?)?(?:\([a-z]\))?`
	nameEquals   = variableName + `\s*(?:=|＝)\s*`
)

// joins tells whether what stands between two parts only strings them together on one line.
func joins(between string) bool {
	if len(between) > maxBetween || strings.Contains(between, "\n") {
		return false
	}
	return betweenParts.MatchString(between) || listedThings.MatchString(between) && !assertions.MatchString(between)
}

// nameBefore is the variable that part i, which starts at start, is said to equal, or "".
func nameBefore(text string, parts []box, i, start int) string {
	from := max(0, start-maxBetween)
	if i > 0 {
		from = parts[i-1].end
	}
	m := trailingName.FindStringSubmatch(text[from:start])
	if m == nil {
		return ""
	}
	return m[1]
}
