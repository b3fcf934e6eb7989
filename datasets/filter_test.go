package datasets

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilter(t *testing.T) {
	tasks := []Task{
		{ID: "a", Kind: "math", Level: "Level 5", Question: "What is 2+2?", Source: "MATH"},
		{ID: "b", Kind: "math", Level: "2"},
		{ID: "c", Kind: "countdown", Numbers: []int{2, 3, 7}, Target: 42},
		{ID: "d", Kind: "code", Level: "easy", Cases: []Case{{}, {}}},
	}
	for text, want := range map[string][]string{
		"true":                             {"a", "b", "c", "d"},
		"level <= 3":                       {"b"},
		"level > 2.5":                      {"a"},
		`level_name == "easy"`:             {"d"},
		"not (level <= 3)":                 {"a", "c", "d"},
		`kind == "math" and level < 3`:     {"b"},
		"len(numbers) == 3 && target > 40": {"c"},
		"len(cases) > 1":                   {"d"},
		`question contains "2+2"`:          {"a"},
		`source in ["MATH", "AIME"]`:       {"a"},
		`id matches "^[ab]$"`:              {"a", "b"},
	} {
		f, err := CompileFilter(text)
		require.NoError(t, err, text)
		kept, err := f.Keep(tasks)
		require.NoError(t, err, text)
		var ids []string
		for _, task := range kept {
			ids = append(ids, task.ID)
		}
		require.Equal(t, want, ids, text)
	}
	for text, want := range map[string]string{
		" ":               "the filter is empty",
		"levels <= 3":     `unknown variable "levels": did you mean "level"? There are id, kind,`,
		"level":           "bool",
		"level <= ":       "at column",
		`level == "easy"`: "mismatched types",
	} {
		_, err := CompileFilter(text)
		require.ErrorContains(t, err, want, text)
	}
	f, err := CompileFilter("level > 9")
	require.NoError(t, err)
	_, err = f.Keep(tasks)
	require.ErrorContains(t, err, `filter "level > 9" leaves none of 4 tasks`)
	f, err = CompileFilter("numbers[2] == 7")
	require.NoError(t, err)
	_, err = f.Keep(tasks)
	require.ErrorContains(t, err, "on task a")
}
