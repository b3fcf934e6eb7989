package datasets

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// reckoningOf reads it out of an id such as arith-add-3-4-story.
func reckoningOf(t *testing.T, id string) (op string, a, b int) {
	parts := strings.Split(id, "-")
	require.GreaterOrEqual(t, len(parts), 5, id)
	a, err := strconv.Atoi(parts[2])
	require.NoError(t, err)
	b, err = strconv.Atoi(parts[3])
	require.NoError(t, err)
	return parts[1], a, b
}

func TestArithSplitsShareNothing(t *testing.T) {
	splitOf, seen := map[string]string{}, map[string]bool{}
	for _, set := range Names() {
		name, split, _ := strings.Cut(set, "/")
		if !strings.HasPrefix(name, "arith") {
			continue
		}
		tasks, err := Named(set)
		require.NoError(t, err)
		for _, task := range tasks {
			require.False(t, seen[task.ID], task.ID)
			seen[task.ID] = true
			op, a, b := reckoningOf(t, task.ID)
			key := fmt.Sprint(op, min(a, b), max(a, b))
			if other, known := splitOf[key]; known {
				require.Equal(t, other, split, key)
			}
			splitOf[key] = split
		}
	}
}

func TestArithAnswers(t *testing.T) {
	tasks, err := Named("arith/test")
	require.NoError(t, err)
	stories, err := Named("arith-stories/test")
	require.NoError(t, err)
	tasks = append(tasks, stories...)
	levels := map[string]int{}
	for _, task := range tasks {
		levels[task.Level]++
		op, a, b := reckoningOf(t, task.ID)
		want := map[string]int{"add": a + b, "subtract": a - b, "multiply": a * b}[op]
		require.Equal(t, strconv.Itoa(want), task.Answer, task.ID)
		require.Positive(t, want, task.ID)
		for _, n := range []int{a, b} {
			require.Regexp(t, fmt.Sprintf(`\b%d\b`, n), task.Question, task.ID)
		}
		require.NotContains(t, task.Question, "%!", task.ID)
		require.Regexp(t, `[?.]$`, task.Question)
	}
	require.Equal(t, map[string]int{"plain": len(tasks) - len(stories), "story": len(stories)}, levels)
}
