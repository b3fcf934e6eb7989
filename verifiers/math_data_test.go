package verifiers

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/verifiers/mathexpr"
)

// goldSet is a public data set and where its records keep the gold.
type goldSet struct {
	file, field string
	golds       int  // how many records have one
	free        bool // the licence lets answers be kept in the repository
}

func goldSets() []goldSet {
	return []goldSet{
		{"math/train.jsonl.gz", "answer", 7470, true}, {"math/test.jsonl.gz", "solution", 5000, true}, {"math/math500.jsonl", "answer", 500, true},
		{"gsm8k/train.jsonl.gz", "answer", 7473, true}, {"gsm8k/test.jsonl", "answer", 1319, true}, {"olympiadbench/test.jsonl.gz", "final_answer", 675, true},
		{"svamp/svamp.jsonl", "Answer", 1000, true}, {"mawps/test.jsonl", "target", 2065, true}, {"asdiv/test.jsonl", "answer", 2215, false},
		{"aime/aime_1983_2023.jsonl.gz", "answer", 975, false}, {"aime/aime24.jsonl", "answer", 30, false}, {"aime/aime25.jsonl", "answer", 30, false},
		{"amc/amc23.jsonl", "answer", 40, false}, {"amc/amc_2022_2023.jsonl", "answer", 83, false},
	}
}

// datasetsFolder is where the public data sets lie: no checkout has them.
func datasetsFolder(t *testing.T) string {
	dir := os.Getenv("RLTRAIN_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "datasets")
	}
	if _, err := os.Stat(filepath.Join(dir, "math")); err != nil {
		t.Skipf("no public data sets in %s: put their folder into RLTRAIN_DATA to check every gold against itself", dir)
	}
	return dir
}

// read lists the golds of a set: texts, or lists of alternatives. Records without one are left out.
func (s goldSet) read(t *testing.T, dir string) []string {
	file, err := os.Open(filepath.Join(dir, s.file))
	require.NoError(t, err)
	defer file.Close()
	var in io.Reader = file
	if strings.HasSuffix(s.file, ".gz") {
		in, err = gzip.NewReader(file)
		require.NoError(t, err)
	}
	data, err := io.ReadAll(in)
	require.NoError(t, err)
	var golds []string
	for line := range bytes.Lines(data) {
		var record map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(line, &record))
		if gold := goldText(t, record[s.field]); gold != "" {
			golds = append(golds, gold)
		}
	}
	return golds
}

func goldText(t *testing.T, raw json.RawMessage) string {
	var text string
	var list []string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case raw[0] == '"':
		require.NoError(t, json.Unmarshal(raw, &text))
	case raw[0] == '[':
		require.NoError(t, json.Unmarshal(raw, &list))
		text = strings.Join(list, ", ")
	default:
		text = string(raw) // a number as it is written
	}
	return strings.TrimSpace(text)
}

// TestMathGolds judges every gold against itself: in a box, and a worked solution as the response.
func TestMathGolds(t *testing.T) {
	dir := datasetsFolder(t)
	all := 0
	for _, set := range goldSets() {
		golds := set.read(t, dir)
		require.Len(t, golds, set.golds, set.file)
		all += len(golds)
		for _, gold := range golds {
			responses := []string{`\boxed{` + finalPart(gold) + `}`}
			if finalPart(gold) != gold {
				responses = append(responses, gold)
			}
			for _, response := range responses {
				v, err := JudgeMath(response, gold)
				if err != nil || v.Kind != Correct {
					t.Errorf("%s: gold %.200q: %s %s %v", set.file, finalPart(gold), v.Kind, v.Reason, err)
				}
			}
		}
	}
	t.Logf("%d golds", all)
}

// distinctGolds are the different answers of the sets whose licences let them be kept here, sorted.
func distinctGolds(t *testing.T) []string {
	dir := datasetsFolder(t)
	var golds []string
	for _, set := range goldSets() {
		if !set.free {
			continue
		}
		for _, gold := range set.read(t, dir) {
			golds = append(golds, finalPart(gold))
		}
	}
	slices.Sort(golds)
	return slices.Compact(golds)
}

// equalGolds is a line of testdata/math/equal_golds.jsonl: two golds that are called equal, and are.
type equalGolds struct{ A, B string }

// TestMathGoldPairs judges 200,000 random pairs of golds of different texts. Those called equal are exactly those
// reviewed in equal_golds.jsonl.
func TestMathGoldPairs(t *testing.T) {
	golds := distinctGolds(t)
	rng := rand.New(rand.NewPCG(2026, 11))
	got := map[equalGolds]bool{}
	for range 200_000 {
		a, b := golds[rng.IntN(len(golds))], golds[rng.IntN(len(golds))]
		if a != b && accepts(a, b) {
			got[equalGolds{min(a, b), max(a, b)}] = true
		}
	}
	writePairs(t, got)
	reviewed := map[equalGolds]bool{}
	for _, pair := range readLines[equalGolds](t, "equal_golds.jsonl") {
		reviewed[pair] = true
	}
	t.Logf("%d different golds, %d pairs called equal", len(golds), len(got))
	require.Equal(t, reviewed, got)
}

// TestMathGoldPairsOfAllSets does the same over the golds of every set. Those called equal have the same digits in the
// same order, whatever words, brackets and signs stand around them, or are among the reviewed ones.
func TestMathGoldPairsOfAllSets(t *testing.T) {
	golds := allGolds(t)
	rng := rand.New(rand.NewPCG(2026, 13))
	reviewed := map[equalGolds]bool{}
	for _, pair := range readLines[equalGolds](t, "equal_golds.jsonl") {
		reviewed[pair] = true
	}
	digits := regexp.MustCompile(`[0-9]+`)
	pointZero := regexp.MustCompile(`([0-9])(?:\.0+\b|:1$)`)
	inDigits := func(s string) string {
		s = strings.TrimLeft(s, "0") // 075, as AIME writes it
		s = pointZero.ReplaceAllString(strings.ReplaceAll(s, `\text{two `, "2"), "$1")
		return strings.Join(digits.FindAllString(s, -1), "")
	}
	equal := 0
	for range 200_000 {
		a, b := golds[rng.IntN(len(golds))], golds[rng.IntN(len(golds))]
		if a == b || !accepts(a, b) {
			continue
		}
		equal++
		if !reviewed[equalGolds{min(a, b), max(a, b)}] {
			require.Equal(t, inDigits(a), inDigits(b), "called equal: %s and %s", a, b)
		}
	}
	require.Greater(t, equal, 100)
	t.Logf("%d different golds, %d pairs called equal", len(golds), equal)
}

// TestMathAllGoldPairs does the same for all pairs; it takes minutes, so only where RLTRAIN_ALL_PAIRS names a file that
// the equal pairs go to.
func TestMathAllGoldPairs(t *testing.T) {
	if os.Getenv("RLTRAIN_ALL_PAIRS") == "" {
		t.Skip("RLTRAIN_ALL_PAIRS names no file for the pairs called equal")
	}
	golds := distinctGolds(t)
	values := make([]mathexpr.Answer, len(golds)) // parsed once, unlike in JudgeMath
	for i, text := range golds {
		var err error
		values[i], err = mathexpr.Parse(text, newBudget())
		require.NoError(t, err, text)
	}
	got := map[equalGolds]bool{}
	for i, a := range values {
		for j, b := range values[:i] {
			if equal, _ := mathexpr.Equal(b, a, mathexpr.Rules{}, newBudget()); equal {
				got[equalGolds{golds[j], golds[i]}] = true
			}
		}
	}
	t.Logf("%d different golds, %d pairs called equal", len(golds), len(got))
	writePairs(t, got)
}

// writePairs puts pairs into the file that RLTRAIN_ALL_PAIRS names, for review.
func writePairs(t *testing.T, pairs map[equalGolds]bool) {
	name := os.Getenv("RLTRAIN_ALL_PAIRS")
	if name == "" {
		return
	}
	var lines []string
	for pair := range pairs {
		a, _ := json.Marshal(pair.A)
		b, _ := json.Marshal(pair.B)
		lines = append(lines, fmt.Sprintf("{\"a\":%s,\"b\":%s}\n", a, b))
	}
	slices.Sort(lines)
	require.NoError(t, os.WriteFile(name, []byte(strings.Join(lines, "")), 0o644))
}
