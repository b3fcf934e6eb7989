package datasets

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamedSetsAreDisjoint(t *testing.T) {
	owner := map[string]string{}
	sizes := map[string]int{}
	for _, name := range Names() {
		tasks, err := Named(name)
		require.NoError(t, err)
		sizes[name] = len(tasks)
		for _, task := range tasks {
			require.Empty(t, owner[task.ID], "%s lies in %s too", task.ID, name)
			owner[task.ID] = name
			require.Equal(t, name, task.Source)
		}
	}
	require.Equal(t, map[string]int{
		"countdown/pretrain": 13399, "countdown/rl": 7194, "countdown/validation": 1183, "countdown/test": 2316,
		"countdown-4/test": 500, "countdown-large/test": 500,
		"code-mini/pretrain": 1205, "code-mini/rl": 678, "code-mini/validation": 99, "code-mini/test": 223,
		"arith/pretrain": 1611, "arith/rl": 885, "arith/validation": 159, "arith/test": 306,
		"arith-stories/pretrain": 1074, "arith-stories/rl": 590, "arith-stories/validation": 106, "arith-stories/test": 204,
	}, sizes, "a change makes results incomparable with earlier ones")
}

func TestNamedIsFixedAndShuffled(t *testing.T) {
	first, err := Named("countdown/test")
	require.NoError(t, err)
	again, err := Named("countdown/test")
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, "countdown-2_12_16-40", first[0].ID, "the order is part of the set")
	require.NotEqual(t, countdownTasks(Test)[0].ID, first[0].ID)
	mean := 0.0
	for _, task := range first[:200] {
		mean += float64(sum(task.Numbers)) / 600
	}
	require.InDelta(t, 12.5, mean, 1.5, "the first tasks are a fair sample")
}

func TestNamedUnknown(t *testing.T) {
	_, err := Named("countdown/tset")
	require.ErrorContains(t, err, `find task set "countdown/tset": did you mean "countdown/test"?`)
	require.ErrorContains(t, err, "code-mini/validation")
	_, err = Named("")
	require.Error(t, err)
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"rl", "rl", 0}, {"math", "mth", 1}} {
		require.Equal(t, c.want, editDistance(c.a, c.b), "%q %q", c.a, c.b)
	}
}
