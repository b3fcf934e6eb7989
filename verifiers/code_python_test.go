//go:build linux

package verifiers

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers/python"
)

func TestCodeInPython(t *testing.T) {
	pool, err := python.New(python.Options{Workers: 1})
	require.NoError(t, err)
	defer pool.Close()
	task := datasets.Task{ID: "t", Kind: "code", Language: "python", EntryPoint: "f"}
	withTests, withCases := task, task
	withTests.Tests = []string{"assert f(1) == 2", "assert f(2) == 3"}
	withCases.Cases = []datasets.Case{
		{Args: []any{1}, Want: 2},
		{Args: []any{2.5}, Want: 3.5},
		{Args: []any{[]any{"ä\"\n\U0001F600", nil, true}}, Want: map[string]any{"a": []any{"ä\"\n\U0001F600", nil, true}}},
	}
	for _, test := range []struct {
		task     datasets.Task
		response string
		kind     Kind
		passed   int
	}{
		{withTests, "```python\ndef f(x):\n    return x + 1\n```", Correct, 2},
		{withTests, "```python\ndef f(x):\n    return 2\n```", Wrong, 1},
		{withTests, "```python\ndef f(x) return\n```", Unparseable, 0},
		{withTests, "no program", NoAnswer, 0},
		{withCases, "```python\ndef f(x):\n    return {'a': x} if type(x) is list else x + 1\n```", Correct, 3},
		{withCases, "```python\ndef f(x):\n    return {'a': x} if type(x) is list else x + 1.0\n```", Wrong, 2},
	} {
		v, err := Code{Python: pool}.Verify(t.Context(), test.task, test.response)
		require.NoError(t, err)
		require.Equal(t, []any{test.kind, test.passed}, []any{v.Kind, v.Passed}, "%+v", v)
		require.Equal(t, test.kind == Correct, v.Reward == 1)
	}
	_, err = Code{}.Verify(t.Context(), withTests, "def f(x): return x")
	require.ErrorContains(t, err, "not started")
}

// What the importers of public sets put into a task: a prompt to go on with, preparations of the tests, whole programs.
func TestImportedTasks(t *testing.T) {
	pool, err := python.New(python.Options{Workers: 1})
	require.NoError(t, err)
	defer pool.Close()
	prompt := datasets.Task{ID: "p", Kind: "code", Language: "python", EntryPoint: "f", Prompt: "import math\ndef f(x):\n", Tests: []string{"def check(c):\n    assert c(4) == 2\n    assert c(9) == 3\n"}}
	setup := datasets.Task{ID: "s", Kind: "code", Language: "python", Setup: []string{"import math"}, Tests: []string{"assert math.isclose(f(1), 1.0)"}}
	whole := datasets.Task{ID: "w", Kind: "code", Language: "python", IO: []datasets.IO{{Input: "2\n", Output: "4\n"}, {Input: "3\n", Output: "9"}}}
	for _, test := range []struct {
		task     datasets.Task
		response string
		kind     Kind
		passed   int
	}{
		{prompt, "    return math.isqrt(x)\n", Correct, 2},
		{prompt, "```python\ndef f(x):\n    return x ** 0.5\n```", Correct, 2},
		{prompt, "<think>A root.</think>\n```python\ndef f(x):\n    return x // 2\n```", Wrong, 1},
		{prompt, "I do not know.", Unparseable, 0},
		{setup, "```python\ndef f(x): return x\n```", Correct, 1},
		{whole, "```python\nprint(int(input()) ** 2)\n```", Correct, 2},
		{whole, "```python\nprint(4)\n```", Wrong, 1},
	} {
		v, err := Code{Python: pool}.Verify(t.Context(), test.task, test.response)
		require.NoError(t, err)
		require.Equal(t, []any{test.kind, test.passed}, []any{v.Kind, v.Passed}, "%q: %+v", test.response, v)
	}
}
