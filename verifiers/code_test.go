package verifiers

import (
	"context"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers/sandbox"
)

func codeTask() datasets.Task {
	return datasets.Task{ID: "k", Kind: "code", Language: "starlark", EntryPoint: "f", Cases: []datasets.Case{
		{Args: []any{[]any{}}, Want: []any{}},
		{Args: []any{[]any{2, 3, 4}}, Want: []any{1, 2}},
		{Args: []any{[]any{json.Number("-8"), 6}}, Want: []any{json.Number("-4"), json.Number("3")}},
	}}
}

func verifyCode(t *testing.T, task datasets.Task, response string) Verdict {
	t.Helper()
	v, err := Code{}.Verify(context.Background(), task, response)
	require.NoError(t, err)
	return v
}

const goodCode = "def f(xs): return sorted([x//2 for x in xs if x%2==0])"

func TestCodeVerdicts(t *testing.T) {
	for _, test := range []struct {
		response, reason string
		want             Kind
		passed           int
	}{
		{"<think>x</think><answer>" + goodCode + "</answer>", "", Correct, 3},
		{"text\n```python\ndef g(): pass\n```\nthen\n```\n" + goodCode + "\n```\n", "", Correct, 3},
		{"<answer>```starlark\n" + goodCode + "\n```</answer>", "", Correct, 3},
		{goodCode, "", Correct, 3},
		{"<think>" + goodCode + "</think>", "no <answer>", NoAnswer, 0},
		{"<think>x</think><answer>" + goodCode, "no <answer>", NoAnswer, 0},
		{"I cannot", "no def", NoAnswer, 0},
		{"<answer>I cannot</answer>", "program:1", Unparseable, 0},
		{"<answer>def f(xs): return [x/2 for x in xs if x%2==0]</answer>", "case 2: f([2,3,4]) gives [1,2], want [1,2]", Wrong, 1},
		{"<answer>def f(xs): return tuple([x//2 for x in xs if x%2==0])</answer>", "gives tuple[], want []", Wrong, 0},
		{"<answer>def g(xs): return xs</answer>", "no function f", Wrong, 0},
		{"<answer>def f(xs): return xs[0]</answer>", "case 1: f([]): error", Wrong, 0},
		{"<answer>def f(xs): return 9999999999*[1]</answer>", "memory", Timeout, 0},
		{"<answer>def f(xs):\n  for i in range(1000000000): pass\n</answer>", "steps", Timeout, 0},
		{"<answer>def f(xs):\n  if xs: return [i for i in range(1000000000)]\n  return []</answer>", "case 2", Timeout, 1},
		{"<answer>x = 1\n</answer>", "no function f", Wrong, 0},
	} {
		v := verifyCode(t, codeTask(), test.response)
		require.Equal(t, test.want, v.Kind, "%s: %s", test.response, v.Reason)
		require.Contains(t, v.Reason, test.reason, test.response)
		require.Equal(t, []int{test.passed, 3}, []int{v.Passed, v.Total}, test.response)
		require.Equal(t, test.want == Correct, v.Reward == 1)
	}
	task := codeTask()
	task.EntryPoint = ""
	require.Equal(t, Correct, verifyCode(t, task, "def help(x): return x//2\ndef any_name(xs): return sorted([help(x) for x in xs if x%2==0])").Kind)
}

func TestCodeTasksThatCannotBeJudged(t *testing.T) {
	for reason, change := range map[string]func(*datasets.Task){
		"was not started": func(k *datasets.Task) { k.Language = "python" },
		`language "cobol`: func(k *datasets.Task) { k.Language = "cobol" },
		"has no cases":    func(k *datasets.Task) { k.Cases = nil },
		"give cases":      func(k *datasets.Task) { k.Cases, k.Tests = nil, []string{"assert f(1)"} },
		"struct {}":       func(k *datasets.Task) { k.Cases[0].Want = struct{}{} },
		"call 1":          func(k *datasets.Task) { k.Cases[0].Args = []any{struct{}{}} },
	} {
		task := codeTask()
		change(&task)
		_, err := Code{}.Verify(context.Background(), task, goodCode)
		require.ErrorContains(t, err, reason)
	}
}

func TestSameValueIsExact(t *testing.T) {
	big1 := new(big.Int).Lsh(big.NewInt(1), 80)
	values := []any{nil, true, false, 0, 1, 1.0, 2.5, "", "1", []any{}, []any{1}, []any{1.0}, []any{true}, []any{[]any{1}}, sandbox.Tuple{1},
		map[string]any{}, map[string]any{"a": 1}, map[string]any{"a": 1.0}, map[string]any{"b": 1}, big1}
	for i, got := range values {
		for j, want := range values {
			same, err := SameValue(got, want)
			require.NoError(t, err)
			require.Equal(t, i == j, same, "%#v and %#v", got, want)
		}
	}
	for _, pair := range [][2]any{{3, json.Number("3")}, {3.0, json.Number("3.0")}, {1000.0, json.Number("1e3")}, {3, int64(3)},
		{[]any{1, 2}, []int{1, 2}}, {big1, json.Number(big1.String())}} {
		same, err := SameValue(pair[0], pair[1])
		require.NoError(t, err)
		require.True(t, same, "%v", pair)
	}
}

func FuzzExtractCode(f *testing.F) {
	f.Add("a\n```python\ndef f(): pass\n```\n")
	f.Add("<answer>```\n```</answer>")
	f.Add("```````\n```")
	f.Fuzz(func(t *testing.T, s string) {
		if code, ok := ExtractCode(s); ok {
			require.NotEmpty(t, strings.TrimSpace(code))
		}
	})
}

func BenchmarkCode(b *testing.B) {
	task := codeTask()
	for len(task.Cases) < 8 {
		task.Cases = append(task.Cases, task.Cases[1])
	}
	for b.Loop() {
		_, _ = Code{}.Verify(context.Background(), task, goodCode)
	}
}
