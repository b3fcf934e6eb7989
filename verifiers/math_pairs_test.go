package verifiers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mathPair is a line of testdata/math: is answer as good as gold?
type mathPair struct {
	ID, Gold, Answer, How string
	Label                 bool
}

// disagreement is a pair that is judged otherwise than labelled, and why that is put up with.
type disagreement struct {
	mathPair
	Reason string
}

// mathPairs are the labelled pairs: pairs.jsonl made by make_pairs.py, hand.jsonl written for what MATH lacks.
func mathPairs(t testing.TB) []mathPair {
	return append(readLines[mathPair](t, "pairs.jsonl"), readLines[mathPair](t, "hand.jsonl")...)
}

func readLines[T any](t testing.TB, name string) []T {
	data, err := os.ReadFile(filepath.Join("testdata", "math", name))
	require.NoError(t, err)
	var out []T
	for line := range bytes.Lines(data) {
		var item T
		require.NoError(t, json.Unmarshal(line, &item), "%s: %s", name, line)
		out = append(out, item)
	}
	return out
}

// accepts tells whether the answer is paid under the gold. A gold that cannot be read pays nothing.
func accepts(gold, answer string) bool {
	v, err := JudgeMath(`\boxed{`+answer+`}`, gold)
	return err == nil && v.Kind == Correct
}

func TestMathPairs(t *testing.T) {
	pairs := mathPairs(t)
	require.GreaterOrEqual(t, len(pairs), 3000)
	wrong := map[string]mathPair{}
	var falseAccepts, asymmetric []string
	labels := map[bool]int{}
	for _, p := range pairs {
		labels[p.Label]++
		got := accepts(p.Gold, p.Answer)
		if got != accepts(p.Answer, p.Gold) {
			asymmetric = append(asymmetric, p.describe())
		}
		if got == p.Label {
			continue
		}
		wrong[p.ID] = p
		if got {
			falseAccepts = append(falseAccepts, p.describe())
		}
	}
	agreement := 1 - float64(len(wrong))/float64(len(pairs))
	t.Logf("%d pairs (%d equal): agreement %.2f %%, %d false accepts, %d false rejects", len(pairs), labels[true],
		100*agreement, len(falseAccepts), len(wrong)-len(falseAccepts))
	writeFeedback(t, wrong)
	require.GreaterOrEqual(t, labels[false]*20, len(pairs)*9, "about half of the pairs are near misses")
	require.Empty(t, falseAccepts, "false accepts")
	require.Empty(t, asymmetric, "judged otherwise with gold and answer exchanged")
	require.GreaterOrEqual(t, agreement, 0.995)
	reviewed := map[string]mathPair{}
	for _, d := range readLines[disagreement](t, "disagreements.jsonl") {
		require.NotEmpty(t, d.Reason, d.ID)
		reviewed[d.ID] = d.mathPair
	}
	require.Equal(t, reviewed, wrong, "disagreements.jsonl lists the pairs that are judged otherwise than labelled, each with a reason")
}

func (p mathPair) describe() string {
	return fmt.Sprintf("%s label %v: gold %s   answer %s   (%s)", p.ID, p.Label, p.Gold, p.Answer, p.How)
}

// writeFeedback puts the misjudged pairs into the file that RLTRAIN_MATH_FEEDBACK names, by kind.
func writeFeedback(t *testing.T, wrong map[string]mathPair) {
	name := os.Getenv("RLTRAIN_MATH_FEEDBACK")
	if name == "" {
		return
	}
	groups := map[string][]string{}
	for _, p := range wrong {
		key := map[bool]string{false: "FALSE ACCEPT", true: "false reject"}[p.Label] + ": " + p.How
		groups[key] = append(groups[key], p.describe())
	}
	var out strings.Builder
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		fmt.Fprintf(&out, "%s (%d)\n", key, len(groups[key]))
		slices.Sort(groups[key])
		for _, line := range groups[key] {
			fmt.Fprintf(&out, "  %s\n", line)
		}
	}
	require.NoError(t, os.WriteFile(name, []byte(out.String()), 0o644))
}
