package datasets

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func curriculumTasks(n int) []Task {
	tasks := make([]Task, n)
	for i := range tasks {
		tasks[i] = Task{ID: fmt.Sprint("t", i)}
	}
	return tasks
}

// served counts what n further tasks of a stream are.
func served(t *testing.T, s Stream, n int) map[string]int {
	t.Helper()
	tasks, err := s.Next(n)
	require.NoError(t, err)
	require.Len(t, tasks, n)
	counts := map[string]int{}
	for _, task := range tasks {
		counts[task.ID]++
	}
	return counts
}

// A task with success rate p is served in proportion to 4p(1-p), and at least to the floor.
func TestCurriculumPrefersWhatIsSolvedSometimes(t *testing.T) {
	s := Curriculum{Floor: 0.1, Memory: 0.5}.Stream(curriculumTasks(5), 7).(Adaptive)
	require.Equal(t, map[string]int{"t0": 1, "t1": 1, "t2": 1, "t3": 1, "t4": 1}, served(t, s, 5), "what was not tried yet is served, once an epoch")
	s.Observe("t0", 0, 8) // never: 0.1
	s.Observe("t1", 8, 8) // always: 0.1
	s.Observe("t2", 4, 8) // p 1/2: 1
	s.Observe("t3", 1, 8) // p 1/8: 7/16
	s.Observe("t4", 0, 0) // nobody could judge it: as new
	s.Observe("t9", 1, 2) // of another stream
	const n = 20_000
	counts, sum := served(t, s, n), 0.1+0.1+1+7.0/16+1
	for task, share := range map[string]float64{"t0": 0.1, "t1": 0.1, "t2": 1, "t3": 7.0 / 16, "t4": 1} {
		require.InDelta(t, share/sum, float64(counts[task])/n, 0.01, task)
	}
	require.Equal(t, uint64(n+5), s.Cursor())

	s.Observe("t1", 0, 8) // half of the old rate stays: 1/2
	counts, sum = served(t, s, n), 0.1+1+1+7.0/16+1
	require.InDelta(t, 1/sum, float64(counts["t1"])/n, 0.01)
}

func TestCurriculumGoesOnFromItsState(t *testing.T) {
	make2 := func() Stream {
		c := &Curriculum{Floor: 0.2, Memory: 0.25}
		s, err := Mix([]Part{{Tasks: curriculumTasks(30), Weight: 2, Curriculum: c}, {Tasks: []Task{{ID: "x"}, {ID: "y"}}, Weight: 1}}, 3)
		require.NoError(t, err)
		return s
	}
	// learn serves steps of 8 tasks and tells how they went, the same way for the same step.
	learn := func(s Stream, from, to int) (ids []string) {
		for step := from; step < to; step++ {
			tasks, err := s.Next(8)
			require.NoError(t, err)
			for i, task := range tasks {
				ids = append(ids, task.ID)
				s.(Adaptive).Observe(task.ID, (len(task.ID)*step+i)%4, 3)
			}
		}
		return ids
	}
	whole := learn(make2(), 0, 40)
	first := make2()
	got := learn(first, 0, 17)
	state, err := first.(Adaptive).State()
	require.NoError(t, err)
	second := make2()
	require.NoError(t, second.(Adaptive).Restore(state))
	require.NoError(t, second.Seek(first.Cursor()))
	require.Equal(t, whole, append(got, learn(second, 17, 40)...))

	require.ErrorContains(t, make2().Seek(5), "goes on from a saved state only")
	require.ErrorContains(t, make2().(Adaptive).Restore([]byte(`[null]`)), "1 parts for 2 parts")
	require.ErrorContains(t, make2().(Adaptive).Restore([]byte(`[{"served":`)), "read the state")
	require.ErrorContains(t, make2().(Adaptive).Restore([]byte(`[{}, null]`)), "no success rates")
}

func TestCurriculumOff(t *testing.T) {
	plain, err := NewStream(curriculumTasks(9), 5).Next(30)
	require.NoError(t, err)
	same, err := NoCurriculum().Stream(curriculumTasks(9), 5).Next(30)
	require.NoError(t, err)
	require.Equal(t, plain, same)
	require.NoError(t, NoCurriculum().Validate())
	for _, bad := range []Curriculum{{Floor: 0}, {Floor: 1.1}, {Floor: 0.5, Memory: 1}, {Floor: 0.5, Memory: -1}} {
		require.ErrorContains(t, bad.Validate(), "curriculum: floor")
	}
	_, err = Curriculum{Floor: 0.5}.Stream(nil, 1).Next(1)
	require.ErrorContains(t, err, "empty stream")
}
