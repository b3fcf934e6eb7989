package verifiers

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
)

func TestLanguageConsistency(t *testing.T) {
	for _, test := range []struct {
		question, thought string
		want              float64
	}{
		{"How many apples?", "There are three apples, so 3 + 4 = 7.", 1}, {"How many apples?", "", 1}, {"How many apples?", "3 + 4 = 7, π r^2", 1},
		{"How many apples?", "三个苹果", 0}, {"How many apples?", "There are three 苹果", 3.0 / 5}, {"有几个苹果？", "三个苹果加四个，设 x = 7，于是 \\frac{x}{2}", 1},
		{"有几个苹果？", "There are three", 0}, {"有几个苹果？", "三个 apples 在", 3.0 / 4}, {"3 + 4 = ?", "three and four 七", 3.0 / 4}, {"3 + 4 = ?", "三 个", 1},
		{"Сколько яблок?", "Три яблока", 1}, {"How many?", "Combien de pommes", 1}, {"How many?", "Сколько apples", 0.5}, {"How many?", "\xff\xfe words", 1},
	} {
		require.InDelta(t, test.want, LanguageConsistency(test.question, test.thought), 1e-9, test.thought)
	}
}

func TestRepetition(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want float64
	}{
		{"", 2, 0}, {"a b c d", 2, 0}, {"a b a b", 2, 1.0 / 3}, {"a a a a a", 2, 0.75}, {"a b c", 4, 0}, {"a b c d", 4, 0}, {"a b", 0, 0},
		{"等等等等", 1, 0.75}, {"wait,wait,wait,wait", 2, 4.0 / 6}, {"A a", 1, 0.5},
	} {
		require.InDelta(t, test.want, Repetition(strings.ToLower(test.text), test.n), 1e-9, test.text)
	}
	require.Greater(t, Repetition(strings.Repeat("wait, let me check again. ", 100), RepetitionGram), 0.9)
	require.Greater(t, Repetition(strings.Repeat("a", 10_000), RepetitionGram), 0.9, "no spaces")
	require.Zero(t, Repetition("3*8=24, 24-5=19 is right; 3*8=24, 24+5=29 is too much; 3+8=11, 11-5=6 is too little; 5*8=40, 40-3=37 too.", RepetitionGram))
}

func TestShapedRules(t *testing.T) {
	task := countdownTask()
	task.Question = "Make 19 from 3, 5 and 8."
	rules := DefaultRules()
	rules.LanguageWeight, rules.RepetitionWeight = 0.2, 0.5
	pays := func(thought, answer string) float64 {
		v, err := rules.Verify(context.Background(), task, "<think>"+thought+"</think><answer>"+answer+"</answer>")
		require.NoError(t, err)
		return v.Reward
	}
	require.InDelta(t, 1.1, pays("three times eight", "3*8-5"), 1e-9)
	require.InDelta(t, 0.9, pays("三乘八", "3*8-5"), 1e-9)
	require.InDelta(t, -0.1, pays("三乘八", "3*8+5"), 1e-9, "a penalty can make it negative")
	require.Less(t, pays(strings.Repeat("again and ", 100), "3*8-5"), 0.7)
	v, err := rules.Verify(context.Background(), datasets.Task{Kind: "countdown"}, right)
	require.Error(t, err)
	require.Zero(t, v.Reward)
}

// Forms that only look like the one asked for.
func TestHostileForms(t *testing.T) {
	for _, response := range []string{"<think>a</think><answer>1</answer>", " \n<think></think>\n\n<answer>1</answer>\t", "<think>a < b > c</think><answer>1<2</answer>"} {
		require.True(t, HasFormat(response), response)
	}
	for _, response := range []string{
		"", "<think>a</think>", "<answer>1</answer>", "<answer>1</answer><think>a</think>", "a<think>b</think><answer>1</answer>", "<think>a</think>b<answer>1</answer>",
		"<think>a</think><answer>1</answer>b", "<think>a</think><answer>1</answer><answer>1</answer>", "<think>a</think><think>b</think><answer>1</answer>", "<think>a<think>b</think></think><answer>1</answer>",
		"<think>a<answer>1</answer></think>", "<think>a</think><answer><answer>1</answer></answer>", "<think>a</think><answer>1", "<think>a<answer>1</answer>", "a</think><answer>1</answer>", "<think>a</think><answer></answer>",
		"<think>a</think><answer>\u3000\u00a0</answer>", "<think>a</think><answer>1</think></answer>", "<think>a</think><answer>1<think></answer>", "</think>a<think><answer>1</answer>", "<think>a</think></answer>1<answer>",
		"<Think>a</Think><Answer>1</Answer>", "< think>a</ think><answer>1</answer>", "<think >a</think><answer>1</answer>", "<think>a</think><answer id=1>1</answer>", "＜think＞a＜/think＞<answer>1</answer>",
		"<thi\u200bnk>a</think><answer>1</answer>", "\ufeff<think>a</think><answer>1</answer>", "<think>a</think>\u200b<answer>1</answer>", "<think>a</think>\x00<answer>1</answer>", "&lt;think&gt;a&lt;/think&gt;&lt;answer&gt;1&lt;/answer&gt;",
	} {
		require.False(t, HasFormat(response), "%q", response)
		v, err := DefaultRules().Verify(context.Background(), datasets.Task{Kind: "exact", Answer: "1"}, response)
		require.NoError(t, err)
		require.Zero(t, v.Reward, "%q", response)
	}
}

func FuzzShaping(f *testing.F) {
	f.Add("How many?", "three 三 \\frac wait wait wait")
	f.Add("几", strings.Repeat("a b ", 50))
	f.Fuzz(func(t *testing.T, question, thought string) {
		for _, share := range []float64{LanguageConsistency(question, thought), Repetition(thought, 2), Repetition(thought, RepetitionGram)} {
			require.True(t, share >= 0 && share <= 1, share)
		}
	})
}
