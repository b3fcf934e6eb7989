package audit

import (
	"regexp"
	"strings"
)

var (
	tagged     = regexp.MustCompile(`(?s)<answer>(.*?)</answer>`)
	simpleBox  = regexp.MustCompile(`\\(?:boxed|fbox)\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}`)
	lastNumber = regexp.MustCompile(`-?\d[\d,]*(?:\.\d+)?(?:/\d+)?`)
	loneLetter = regexp.MustCompile(`(?:^|[^A-Za-z])([A-Z])(?:$|[^A-Za-z])`)
	lastFenced = regexp.MustCompile("(?s)```[a-z]*\n(.*?)```")
)

// secondAnswer finds an answer by the simplest means: the last <answer>, the last box (with brackets three deep), the
// text after the last ####, then by kind the last number, the last letter by itself or the last line. It is lenient on
// purpose, and shares no code with package verifiers.
func secondAnswer(kind, response string) string {
	if m := last(tagged, response); m != "" {
		response = m
	}
	if kind == "code" || kind == "json" {
		if m := last(lastFenced, response); m != "" {
			return strings.TrimSpace(m)
		}
		return strings.TrimSpace(response)
	}
	if m := last(simpleBox, response); m != "" {
		response = m
	} else if i := strings.LastIndex(response, "####"); i >= 0 {
		response = response[i+4:]
	}
	line := strings.TrimSpace(response)
	line = strings.TrimSpace(line[strings.LastIndexByte(line, '\n')+1:])
	switch {
	case kind == "choice":
		return last(loneLetter, line)
	case (kind == "math" || kind == "numeric") && strings.Contains(line, " "): // prose
		if all := lastNumber.FindAllString(line, -1); len(all) > 0 && !strings.Contains(line, `\`) {
			return strings.TrimRight(all[len(all)-1], ",.")
		}
	}
	return line
}

// last is the first group of the last match.
func last(pattern *regexp.Regexp, text string) string {
	all := pattern.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return ""
	}
	return strings.TrimSpace(all[len(all)-1][1])
}

// plain is a text without what does not make it another answer.
func plain(s string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "\n", "", "\t", "", "$", "", "{", "", "}", "", `\left`, "", `\right`, "").Replace(s))
}

// equalsAny tells whether a text is one of the golds, so that it is no hack.
func equalsAny(text string, golds []string) bool {
	if len(text) > 10_000 { // a huge output; such golds are left out
		return false
	}
	for _, gold := range golds {
		if plain(text) == plain(gold) {
			return true
		}
	}
	return false
}
