package reflect

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers"
)

// parts are words between two answers which tell that they answer different things, or hold together.
var parts = regexp.MustCompile(`(?i)^[^.]{0,12}\b(?:and|or|resp)\b|\([a-h1-9]\)|\b(?:part|case|second|other|question)\b|和|或|以及|第[一二三四五六]|情形|情况`)

// replacements finds the answers that replace another one without a phrase between the two.
func replacements(task datasets.Task, chain string, list []held, spoken []hit) []hit {
	var out []hit
	last := map[string]int{} // by key
	next, turn := 0, -1      // the first phrase after this answer, and where the last one before it starts that thinks something over
	for i, h := range list {
		for ; next < len(spoken) && spoken[next].start < h.start; next++ {
			if turns(spoken[next].category) {
				turn = spoken[next].start
			}
		}
		before, known := last[h.key]
		last[h.key] = i
		if task.Kind == "countdown" {
			known, before = i > 0, i-1
		}
		if !known || !replaces(task, chain, list[before], h) {
			continue
		}
		if turn < list[before].start {
			out = append(out, hit{start: h.start, end: h.end, category: Backtracking, silent: true})
		}
	}
	return out
}

// replaces tells whether answer b takes the place of a.
func replaces(task datasets.Task, chain string, a, b held) bool {
	switch {
	case task.Kind == "countdown":
		return !b.restated
	case a.text == b.text:
		return false
	case task.Kind == "code":
		return true
	case strings.HasSuffix(b.key, "="): // x = 1, x = 2: cases and trials as often as corrections
		return false
	case b.key != "":
		return !rounded(a.text, b.text)
	case b.start < a.end || verifiers.SameMath(a.text, b.text):
		return false
	}
	between := chain[a.end:b.start]
	return !parts.MatchString(between[max(0, len(between)-200):])
}

// turns tells whether a category thinks over what was said.
func turns(c Category) bool { return c == Backtracking || c == Verification || c == Reconsideration }

// rounded tells whether one decimal is the other one cut or rounded: 0.33 and 0.333.
func rounded(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX != nil || errY != nil {
		return a == b
	}
	places := min(decimals(a), decimals(b))
	unit := 1.0
	for range places {
		unit /= 10
	}
	if decimals(a) == decimals(b) && places > 0 {
		return x == y
	}
	return x-y <= unit && y-x <= unit && (places > 0 || decimals(a) != decimals(b))
}

func decimals(s string) int {
	_, after, _ := strings.Cut(s, ".")
	return min(len(after), 12)
}

func target(task datasets.Task) string { return strconv.Itoa(task.Target) }
