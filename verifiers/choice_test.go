package verifiers

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
)

func TestChoice(t *testing.T) {
	options := []string{"17", "42", "a dog", "$x^2$"}
	for _, test := range []struct {
		answer  string
		choices []string
		want    Kind
	}{
		{"B", nil, Correct}, {"b", nil, Correct}, {"(B)", nil, Correct}, {"B.", nil, Correct}, {"B)", nil, Correct}, {"[B]", nil, Correct}, {"**B**", nil, Correct}, {"$B$", nil, Correct},
		{`\text{(B)}`, nil, Correct}, {`\textbf{(B)}\ 42`, nil, Correct}, {`$\mathrm{B}$`, nil, Correct}, {`\boxed{B}`, nil, Correct}, {"B) 42", nil, Correct}, {"(B) 42", nil, Correct}, {"B: 42", nil, Correct},
		{"B. the first of them", nil, Correct}, {"The answer is B.", nil, Correct}, {"the correct answer is (B)", nil, Correct}, {"Answer: B", nil, Correct}, {"Option B", nil, Correct}, {"答案是B", nil, Correct}, {"选 (B)。", nil, Correct}, {"（B）", nil, Correct},
		{"C", nil, Wrong}, {"C) 42", nil, Wrong}, {"E", options, Wrong}, {"42", options, Correct}, {"42.", options, Correct}, {"17", options, Wrong}, {"B) 42", options, Correct},
		{"B) 17", options, Wrong}, {"C) A dog", options, Wrong}, {"B and C", nil, Unparseable}, {"B or C", nil, Unparseable}, {"B, C", nil, Unparseable}, {"BC", nil, Unparseable}, {"ABCD", nil, Unparseable}, {"A B C D", nil, Unparseable},
		{"B) or C)", nil, Wrong}, {"B) C)", nil, Wrong}, {"(B)(C)", nil, Wrong}, {"B. C. D.", nil, Wrong}, {"(B) or (c)", nil, Wrong}, {"B) 42, or c", nil, Wrong}, {"B: maybe A", nil, Wrong}, {"B) 42 / A) 17", options, Wrong},
		{"A, B, C, D", nil, Unparseable}, {"not B", nil, Unparseable}, {"42", nil, Unparseable}, {"В", nil, Unparseable}, {"B\u200bC", nil, Unparseable}, {"", nil, NoAnswer}, {"BB", nil, Unparseable}, {"🅱", nil, Unparseable},
	} {
		check(t, Choice{}, datasets.Task{Answer: "B", Choices: test.choices}, tagged(test.answer), test.want)
	}
	for response, want := range map[string]Kind{
		`AMC style: \boxed{\textbf{(B)}}`: Correct, "I think so.\n\nB": Correct, "I think so.\nThe answer is (B).": Correct, "B": Correct, "B) 42": Correct,
		"Which is it?\nA) 17\nB) 42": Unparseable, "maybe B": Unparseable, "B\nC": Wrong, `\boxed{A}, \boxed{B}`: Unparseable, `\boxed{B} \boxed{A}`: Unparseable,
	} {
		check(t, Choice{}, datasets.Task{Answer: "(B)"}, response, want)
	}
	for want, task := range map[string]datasets.Task{
		`gold "42" is no choice`: {Answer: "42"}, "is none of the 2 choices": {Answer: "C", Choices: []string{"1", "2"}}, "at most 26": {Answer: "A", Choices: make([]string, 27)},
	} {
		_, err := Choice{}.Verify(context.Background(), task, "A")
		require.ErrorContains(t, err, want)
	}
	check(t, Choice{}, datasets.Task{Answer: "42", Choices: options}, tagged("B"), Correct)
}

// Whatever the answer says, at most one letter is paid for it.
func FuzzChoice(f *testing.F) {
	for _, s := range []string{"(B)", `\text{B) 42}`, "B or C", "答案是B", "the answer is A) 17", "a dog"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		paid := 0
		for _, gold := range []string{"A", "B", "C", "D"} {
			v, err := Choice{}.Verify(context.Background(), datasets.Task{Answer: gold, Choices: []string{"17", "42", "a dog", "x"}}, tagged(answer))
			require.NoError(t, err)
			if v.Kind == Correct {
				paid++
			}
		}
		require.LessOrEqual(t, paid, 1)
	})
}
