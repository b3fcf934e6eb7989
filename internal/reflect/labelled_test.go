package reflect

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers"
)

// snippet is one line of testdata/labelled.jsonl.
type snippet struct {
	ID, Source, Text, Split, Kind string
	Question, Answer              string
	Numbers                       []int
	Target                        int
	Labels                        []label
}

type label struct {
	Category   Category
	Start, End int
	Phrase     string
	Silent     bool
	at         int // in its snippet
}

// covers tells whether a hit in the chain that starts at byte start is what the label means.
func (l label) covers(start int, h hit) bool {
	return l.Category == h.category && l.Silent == h.silent && start+h.start < l.End && l.Start < start+h.end
}

func readLabelled(t *testing.T) []snippet {
	t.Helper()
	f, err := os.Open("testdata/labelled.jsonl")
	require.NoError(t, err)
	defer f.Close()
	var all []snippet
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var s snippet
		require.NoError(t, json.Unmarshal(lines.Bytes(), &s))
		all = append(all, s)
	}
	require.NoError(t, lines.Err())
	return all
}

func (s snippet) task() datasets.Task {
	return datasets.Task{Kind: s.Kind, Question: s.Question, Answer: s.Answer, Numbers: s.Numbers, Target: s.Target}
}

// score counts found labels, and what was found or missed in error.
type score struct{ right, extra, missed int }

func (s score) precision() float64 { return float64(s.right) / float64(max(1, s.right+s.extra)) }
func (s score) recall() float64    { return float64(s.right) / float64(max(1, s.right+s.missed)) }

// compare matches hits with labels of the same category that they overlap, each once.
func compare(s snippet, add func(c Category, right, extra, missed int)) (faults []string) {
	start, end := verifiers.ThinkSpan(s.Text)
	hits, _ := find(s.task(), s.Text[start:end])
	taken := make([]bool, len(s.Labels))
	for i := range s.Labels {
		s.Labels[i].at = i
	}
	for _, h := range hits {
		i := slices.IndexFunc(s.Labels, func(l label) bool { return l.covers(start, h) && !taken[l.at] })
		if i < 0 {
			add(h.category, 0, 1, 0)
			faults = append(faults, fmt.Sprintf("extra %s %q", h.category, s.Text[start+h.start:start+h.end]))
			continue
		}
		taken[i] = true
		add(h.category, 1, 0, 0)
	}
	for i, l := range s.Labels {
		if !taken[i] {
			add(l.Category, 0, 0, 1)
			faults = append(faults, fmt.Sprintf("missed %s %q", l.Category, l.Phrase))
		}
	}
	return faults
}

// TestLabelled measures Find on the test split, on which nothing was tuned (testdata/README.md). With -v it
// prints the tables; REFLECT_DEV=1 shows the dev split alone, with its faults.
func TestLabelled(t *testing.T) {
	all := readLabelled(t)
	require.GreaterOrEqual(t, len(all), 240)
	for _, split := range splits() {
		by := map[string]score{}
		for _, s := range all {
			if s.Split != split {
				continue
			}
			family, _, _ := strings.Cut(s.Source, " ")
			faults := compare(s, func(c Category, right, extra, missed int) {
				rows := []string{"1 " + string(c), "2 " + family, "3 all"}
				if family != "base-policy" {
					rows = append(rows, "4 all but base-policy")
				}
				for _, row := range rows {
					n := by[row]
					by[row] = score{n.right + right, n.extra + extra, n.missed + missed}
				}
			})
			if split == "dev" && os.Getenv("REFLECT_DEV") != "" {
				for _, fault := range faults {
					t.Logf("%s: %s\n\t%s", s.ID, fault, s.Text)
				}
			}
		}
		t.Logf("%s split: precision, recall (right, extra, missed)", split)
		for _, row := range slices.Sorted(maps.Keys(by)) {
			n := by[row]
			t.Logf("  %-22s %.3f  %.3f  (%d, %d, %d)", row[2:], n.precision(), n.recall(), n.right, n.extra, n.missed)
		}
		if split == "test" {
			require.GreaterOrEqual(t, by["3 all"].precision(), 0.9)
			require.GreaterOrEqual(t, by["3 all"].recall(), 0.9)
		}
	}
}

func splits() []string {
	if os.Getenv("REFLECT_DEV") != "" {
		return []string{"dev"}
	}
	return []string{"dev", "test"}
}
