package reflect

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
)

func TestSilentReplacement(t *testing.T) {
	for _, test := range []struct {
		name   string
		task   datasets.Task
		text   string
		before string // "" for none
		after  string
		effect Effect
	}{
		{"countdown", task36(), "20+4=24,24+11=35 too small. 20-11=9,9*4=36 that works.", "35", "36", Good},
		{"countdown, right to wrong", task36(), "20-11=9,9*4=36. 20+4=24,24+11=35.", "36", "35", Bad},
		{"countdown goes on", task36(), "20-11=9. Then 9*4=36.", "", "", NoneOther},
		{"countdown in one line", task36(), "20 + 4 + 11 = 35 is short. (20-11)*4 = 36 is it.", "35", "36", Good},
		{"countdown repeats", task36(), "20-11=9, 9*4=36. So 4*9=36 is it.", "", "", NoneOther},
		{"boxes", datasets.Task{Kind: "math", Answer: "15"}, `\boxed{12} without shipping. With it \boxed{15}.`, "12", "15", Good},
		{"boxes that agree", datasets.Task{Kind: "math", Answer: "0.5"}, `\boxed{\frac{1}{2}}, that is \boxed{0.5}.`, "", "", NoneOther},
		{"parts of a question", datasets.Task{Kind: "math"}, `(a) \boxed{1} (b) \boxed{2}`, "", "", NoneOther},
		{"calculation", datasets.Task{Kind: "math"}, "12*13 = 146, hence 12*13 = 156.", "146", "156", NoneOther},
		{"rounded", datasets.Task{Kind: "math"}, "22/7 = 3, or 22/7 = 3.14", "", "", NoneOther},
		{"code", datasets.Task{Kind: "code"}, "def f(x):\n  return 1\n\ndef f(x):\n  return 2\n", "def f(x):\n  return 1", "def f(x):\n  return 2", NoneOther},
	} {
		found := Find(test.task, test.text)
		if test.after == "" {
			require.Empty(t, found, test.name)
			continue
		}
		require.Len(t, found, 1, "%s: %v", test.name, found)
		require.True(t, found[0].Silent(), test.name)
		require.Equal(t, []any{test.before, test.after, test.effect}, []any{found[0].Before, found[0].After, found[0].Effect}, test.name)
	}
}

// TestEffectNeedsTheSameThing: a check of an intermediate result is no flip.
func TestEffectNeedsTheSameThing(t *testing.T) {
	for _, test := range []struct {
		gold, text    string
		before, after string
		effect        Effect
	}{
		{"20", "2+3 = 5 and 5*4 = 20. Let me check the sum: 2+3 = 5. Yes.", "5", "5", NoneOther},
		{"20", "2+3 = 5. Let me check. Yes. So 5*4 = 20.", "5", "20", NoneOther},
		{"70", "The speed is 80. Wait, it took longer. The speed is 70.", "80", "70", Good},
		{"7", `So \boxed{7}. Hmm. No, \boxed{8}.`, "7", "8", Bad},
		{"7", "答案是 6。等等，还有一个角，答案是 7。", "6", "7", Good},
	} {
		found := Find(datasets.Task{Kind: "math", Answer: test.gold}, test.text)
		require.NotEmpty(t, found, test.text)
		require.Equal(t, []any{test.before, test.after, test.effect}, []any{found[0].Before, found[0].After, found[0].Effect}, test.text)
	}
}

// TestOneMoment: phrases that turn on the same spot count once, with the weightier category.
func TestOneMoment(t *testing.T) {
	for text, want := range map[string]Category{
		"It is 5. Hmm, wait. That is wrong. Let me try again.": Backtracking,
		"It is 5. Wait, let me double-check that.":             Verification,
		"It is 5. 等等，不对，重新算一遍。":                                Backtracking,
	} {
		found := Find(datasets.Task{Kind: "math"}, text)
		require.Len(t, found, 1, "%s: %v", text, found)
		require.Equal(t, want, found[0].Category, text)
	}
}

// TestHostileTextIsLinear gives Find what could make it slow; work that grows with the square of the text would take minutes.
func TestHostileTextIsLinear(t *testing.T) {
	const size = 1 << 17
	tasks := []datasets.Task{task36(), {Kind: "math", Answer: "7", Question: "Let me check: what is 3 + 4?"}, {Kind: "code"}}
	for _, s := range []string{"wait. 5. ", "20+4=24,24+11=35 wait. ", "let me ", "to get 5 ", "中a", "((((", "1+1=2,", "1=", `"a `, "“", "`", "# ", "`x` # = ",
		"\\boxed{", "\\boxed{1} ", "the answer is 1 ", "def f(\n", "```\n", "let me think ", "没有不对", "map: x ", "does a ", "plugging ", "1*1=", "\xff", "''", "is not "} {
		text := strings.Repeat(s, size/len(s))
		for _, task := range tasks {
			start := time.Now()
			Find(task, text)
			require.Less(t, time.Since(start), 20*time.Second, "%q in a %s task", s, task.Kind)
		}
	}
}
