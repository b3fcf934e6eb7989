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
