package reflect

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
)

func task36() datasets.Task {
	return datasets.Task{Kind: "countdown", Numbers: []int{20, 4, 11}, Target: 36}
}

const chain36 = "<think>20+4=24,24+11=35 too small. Wait, that is wrong. 11*4=44,44-20=24 too small. " +
	"Wait, let me reconsider. 20-11=9,9*4=36 that works.</think><answer>(20-11)*4</answer>"

func TestFindCountdown(t *testing.T) {
	got := Find(task36(), chain36)
	require.Equal(t, []Reflection{
		{Offset: strings.Index(chain36, "Wait, that"), Category: Backtracking, Phrase: "Wait, that is wrong", Before: "35", After: "24", Effect: NoneOther},
		{Offset: strings.Index(chain36, "Wait, let"), Category: Reconsideration, Phrase: "Wait, let me reconsider", Before: "24", After: "36", Effect: Good},
	}, got)
	bad := "20-11=9,9*4=36 too small. Hold on, let me think again. 20+4=24,24+11=35"
	require.Equal(t, Bad, Find(task36(), bad)[0].Effect)
}

// TestCategories has one sentence per cue family; the corpus' seven phrases come first.
func TestCategories(t *testing.T) {
	for _, test := range []struct {
		text string
		want Category
	}{
		{"Wait, let me reconsider.", Reconsideration}, {"Hmm, try again.", Backtracking},
		{"That might be a mistake, let me check.", Backtracking}, {"No, let me try another way.", Backtracking},
		{"Wait, that is wrong.", Backtracking}, {"Let me reconsider.", Reconsideration},
		{"Hold on, let me think again.", Reconsideration},
		{"Let me check.", Verification}, {"let me double-check this", Verification}, {"Let's verify.", Verification},
		{"Let me go back to the start.", Backtracking}, {"I will start over.", Backtracking},
		{"That doesn't work.", Backtracking}, {"Hmm...", Reconsideration}, {"wait", Reconsideration},
		{"On second thought, no.", Reconsideration}, {"First, I need to find 9.", Subgoal}, {"Step 1: add", Subgoal},
		{"Let me work backwards.", BackwardChaining}, {"To get 36, we need 9*4.", BackwardChaining},
		{"等等，我错了", Reconsideration}, {"让我检查一下", Verification}, {"这不对", Backtracking},
		{"换一种方法", Backtracking}, {"首先计算", Subgoal}, {"我们倒推", BackwardChaining},
		{"Therefore 这个答案 is", LanguageSwitch}, {"我们有 the answer 三十六", LanguageSwitch},
	} {
		got := Find(datasets.Task{}, test.text)
		require.NotEmpty(t, got, test.text)
		require.Equal(t, test.want, got[0].Category, "%s: %v", test.text, got)
	}
	for _, text := range []string{"20+4=24 too small.", "I waited for the go.", "Therefore x is 3 and α is 4.", "我们设 x=3 和 y=4", ""} {
		require.Empty(t, Find(datasets.Task{}, text), text)
	}
}

func TestFindStaysInsideTheChain(t *testing.T) {
	require.Empty(t, Find(task36(), "<think>20+4=24</think><answer>wait, let me check</answer>"))
	require.Empty(t, Find(task36(), "Wait. <think>20+4=24</think>"))
	require.Len(t, Find(task36(), "<think>20+4=24 Wait, let me check"), 1)
	require.Len(t, Find(task36(), "Wait. And wait. 5"), 1)
	require.Len(t, Find(task36(), "Wait. It is 5. Wait. It is 6."), 2)
}

func TestFindOtherKinds(t *testing.T) {
	code := Find(datasets.Task{Kind: "code"}, "<think>keep: x>4. map: x*x. Wait, that is wrong. map: x. result: list.</think>")
	require.Equal(t, "map: x*x", code[0].Before)
	require.Equal(t, "map: x", code[0].After)
	require.Equal(t, NoneOther, code[0].Effect)
	math := Find(datasets.Task{Kind: "math", Answer: "0.5"}, `So \boxed{2}. Wait, that is wrong. It is \boxed{\frac{1}{2}}`)
	require.Equal(t, "2", math[0].Before)
	numbers := Find(datasets.Task{Kind: "math", Answer: "7"}, "It is 7. Hmm. It is 8. ")
	require.Equal(t, Reflection{Offset: 9, Category: Reconsideration, Phrase: "Hmm", Before: "7", After: "8", Effect: Bad}, numbers[0])
}

func TestAttempts(t *testing.T) {
	got := Attempts(task36(), chain36)
	require.Len(t, got, 3)
	require.Equal(t, "20-11=9,9*4=36", got[2].Text)
	require.True(t, got[2].Hit)
	require.False(t, got[0].Hit)
	for _, test := range []struct {
		text                     string
		arithmetic, usesAll, hit bool
	}{
		{"20-11=9,9*4=36", true, true, true},
		{"20 − 11 = 9, 9 × 4 = 36", true, true, true},
		{"20-11=9,9*4=35", false, true, false},
		{"20-11=36", false, false, false},
		{"9*4=36", true, false, false},
		{"20*4=80,80/11=80/11", true, true, false},
		{"20+4=24,24+24=48", true, false, false},
		{"20/0=5", false, false, false},
	} {
		a := Attempts(task36(), test.text)
		require.Len(t, a, 1, test.text)
		require.Equal(t, []bool{test.arithmetic, test.usesAll, test.hit}, []bool{a[0].Arithmetic, a[0].UsesAll, a[0].Hit}, test.text)
	}
	repeated := Attempts(task36(), "20+4=24,24+11=35 no. 20 + 4 = 24, 24 + 11 = 35 no.")
	require.False(t, repeated[0].Repeat)
	require.True(t, repeated[1].Repeat)
	require.Empty(t, Attempts(datasets.Task{Kind: "math"}, chain36))
}

func TestLanguageMix(t *testing.T) {
	require.Zero(t, LanguageMix("", "only English, 3 + π = 6"))
	require.Zero(t, LanguageMix("", "123"))
	require.InDelta(t, 0.5, LanguageMix("", "ab 中文"), 1e-9)
	require.InDelta(t, 0.25, LanguageMix("", "中文字 x"), 1e-9)
}

// TestLongChainsAreLinear guards against work that grows with the square of the chain.
func TestLongChainsAreLinear(t *testing.T) {
	start := time.Now()
	for _, s := range []string{"wait. 5. ", "20+4=24,24+11=35 wait. ", "wait ", "中a", "((((", "1+1=2,"} {
		text := strings.Repeat(s, 20_000/len(s))
		Find(task36(), text)
		Find(datasets.Task{Kind: "math", Answer: "7"}, text)
	}
	require.Less(t, time.Since(start), 10*time.Second)
}

func FuzzFind(f *testing.F) {
	f.Add(chain36, "countdown")
	f.Add("等等 wait, let me check \\boxed{3}", "math")
	f.Add("<think>keep: x. Hmm", "code")
	f.Fuzz(func(t *testing.T, response, kind string) {
		end := 0
		for _, r := range Find(datasets.Task{Kind: kind, Answer: "3", Numbers: []int{3, 4}, Target: 7}, response) {
			require.GreaterOrEqual(t, r.Offset, end, "overlap")
			end = r.Offset + len(r.Phrase)
			require.Equal(t, r.Phrase, response[r.Offset:end])
			require.Equal(t, utf8.ValidString(response), utf8.ValidString(response) && utf8.ValidString(r.Phrase))
		}
		mix := LanguageMix("", response)
		require.True(t, mix >= 0 && mix < 1)
	})
}

func BenchmarkFind(b *testing.B) {
	b.SetBytes(int64(len(chain36)))
	for b.Loop() {
		Find(task36(), chain36)
	}
}

func BenchmarkAttempts(b *testing.B) {
	for b.Loop() {
		Attempts(task36(), chain36)
	}
}

func BenchmarkFindLong(b *testing.B) {
	prose := strings.Repeat("Okay, so the price is 12 dollars and there are 7 boxes, so 12*7 = 84. Wait, the box holds two. Let me check: 84/2 = 42. So \\boxed{42}.\n", 40)
	for name, task := range map[string]datasets.Task{"math": {Kind: "math", Answer: "42", Question: "How much is it?"}, "countdown": task36()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(prose)))
			for b.Loop() {
				Find(task, prose)
			}
		})
	}
}
