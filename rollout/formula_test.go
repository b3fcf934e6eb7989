package rollout

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/fake"
	"github.com/rltrain/rltrain/verifiers"
)

func TestCompileFormula(t *testing.T) {
	for _, fine := range []string{
		"correct", "1", "correct + 0.1*format - 0.2*language_mix", "max(0, correct - 0.5*truncated)",
		`kind == "code" ? 2*correct : correct`, "correct * (1 - 0.2*length/max_length)", "correct - 0.3*repetition",
	} {
		_, err := CompileFormula(fine)
		require.NoError(t, err, fine)
	}
	for text, want := range map[string]string{
		"":                              "the formula is empty",
		"corect + format":               `unknown variable "corect": did you mean "correct"? There are correct, format, language_mix, repetition, length, max_length, truncated, kind, tests, and the functions min,`,
		"lengths":                       `did you mean "length"?`,
		"correct + 0.1*reflections":     "nothing is paid for reflection",
		"correct > 0":                   "bool",
		"kind":                          "string",
		"correct + kind":                "mismatched types",
		"correct +":                     "at column",
		`len("a")`:                      `unknown variable "len"`,
		"now()":                         "now",
		strings.Repeat("1+", 500) + "1": "nodes",
	} {
		_, err := CompileFormula(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestFormulaReward(t *testing.T) {
	task := datasets.Task{Kind: "math", Question: "What is 2+2?"}
	right := Rollout{Text: "<think>ab cd</think><answer>4</answer>", Verdict: verifiers.Verdict{Kind: verifiers.Correct, Reward: 1, Format: true}}
	right.Tokens, right.Stop = make([]policy.Token, 50), policy.StopToken
	cut := Rollout{Text: "<think>aaaa 中文字的", Verdict: verifiers.Verdict{Kind: verifiers.NoAnswer}}
	cut.Tokens, cut.Stop = make([]policy.Token, 200), policy.StopLength
	part := right
	part.Verdict.Reward, part.Verdict.Passed, part.Verdict.Total = 0.25, 3, 4
	for _, test := range []struct {
		formula          string
		right, cut, part float64
	}{
		{"correct + 0.1*format", 1.1, 0, 0.35},
		{"correct - 0.5*truncated", 1, -0.5, 0.25},
		{"correct - 0.25*length/max_length", 0.9375, -0.25, 0.1875},
		{"correct + 0.1*format - 0.2*language_mix", 1.1, -0.2 * 4 / 8, 0.35}, // 4 of the 8 letters of the thought are Chinese
		{`kind == "math" ? 2*correct : correct`, 2, 0, 0.5},
		{"0.8*correct + 0.2*tests", 1, 0, 0.35},
		{"3", 3, 3, 3},
	} {
		f, err := CompileFormula(test.formula)
		require.NoError(t, err)
		for i, r := range []Rollout{right, cut, part} {
			got, err := f.reward(task, r, 200)
			require.NoError(t, err)
			require.InDelta(t, []float64{test.right, test.cut, test.part}[i], got, 1e-12, "%s, rollout %d", test.formula, i)
		}
	}
}

// A reward that is no finite number is an error: the rollout is not paid and left out of its group.
func TestFormulaInPool(t *testing.T) {
	verifier := verifierFunc(func(_ context.Context, task datasets.Task, _ string) (verifiers.Verdict, error) {
		if task.ID == "task1" {
			return verifiers.Verdict{Kind: verifiers.Error, Reason: "gold unreadable"}, nil
		}
		return verifiers.Verdict{Kind: verifiers.Correct, Reward: 1, Answer: "4"}, nil
	})
	for formula, want := range map[string]verifiers.Verdict{
		"correct + 0.5":             {Kind: verifiers.Correct, Reward: 1.5, Answer: "4"},
		"correct / (1 - correct)":   {Kind: verifiers.Error, Answer: "4", Reason: `reward formula "correct / (1 - correct)" gives +Inf, which is no finite number`},
		"(length - length) / (1-1)": {Kind: verifiers.Error, Answer: "4", Reason: `reward formula "(length - length) / (1-1)" gives NaN, which is no finite number`},
		"length % (1 - 1)":          {Kind: verifiers.Error, Answer: "4", Reason: `reward formula "length % (1 - 1)" fails: runtime error: integer divide by zero (1:8)`},
	} {
		f, err := CompileFormula(formula)
		require.NoError(t, err)
		pool := Pool{Tokenizer: fake.Bytes{}, Verifier: verifier, Reward: f, Params: policy.Params{N: 4, MaxTokens: 50}, Workers: 4}
		batch, err := pool.Collect(t.Context(), script(), numbered(2), 1)
		require.NoError(t, err)
		for _, r := range batch.Groups[0].Rollouts {
			require.Equal(t, want, r.Verdict, formula)
		}
		for _, r := range batch.Groups[1].Rollouts {
			require.Equal(t, verifiers.Verdict{Kind: verifiers.Error, Reason: "gold unreadable"}, r.Verdict, "never paid")
		}
	}
}
