package datasets

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func numbered(prefix string, n int) []Task {
	tasks := make([]Task, n)
	for i := range tasks {
		tasks[i].ID = prefix + strconv.Itoa(i)
	}
	return tasks
}

func take(t *testing.T, s Stream, n int) []string {
	t.Helper()
	tasks, err := s.Next(n)
	require.NoError(t, err)
	require.Len(t, tasks, n)
	ids := make([]string, n)
	for i, task := range tasks {
		ids[i] = task.ID
	}
	return ids
}

func TestStreamEpochs(t *testing.T) {
	s := NewStream(numbered("t", 10), 1)
	first, second := take(t, s, 10), take(t, s, 10)
	require.ElementsMatch(t, first, second)
	require.NotEqual(t, first, second, "each epoch has its own order")
	require.Equal(t, uint64(20), s.Cursor())
	require.NotEqual(t, first, take(t, NewStream(numbered("t", 10), 2), 10))
	require.Equal(t, first, take(t, NewStream(numbered("t", 10), 1), 10))
}

func streams(t *testing.T) map[string]func() Stream {
	mix := func() Stream {
		m, err := Mix([]Part{
			{Tasks: numbered("a", 7), Weight: .65},
			{Tasks: numbered("b", 11), Weight: .3},
			{Stream: NewStream(numbered("c", 3), 9), Weight: .05},
		}, 5)
		require.NoError(t, err)
		return m
	}
	return map[string]func() Stream{
		"shuffled": func() Stream { return NewStream(numbered("t", 13), 3) },
		"mixture":  mix,
	}
}

// However the serving is cut and wherever it is resumed, the order of tasks is one and the same.
func TestSeekResumesExactly(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for name, open := range streams(t) {
		t.Run(name, func(t *testing.T) {
			whole := take(t, open(), 400)
			s := open()
			for range 100 {
				at := rng.IntN(350)
				require.NoError(t, s.Seek(uint64(at)))
				require.Equal(t, uint64(at), s.Cursor())
				n := rng.IntN(20)
				require.Equal(t, whole[at:at+n], take(t, s, n))
				require.Equal(t, whole[at+n:at+n+30], take(t, s, 30))
				require.Equal(t, uint64(at+n+30), s.Cursor())
			}
		})
	}
}

func TestStreamErrors(t *testing.T) {
	for name, open := range streams(t) {
		_, err := open().Next(-1)
		require.ErrorContains(t, err, "take -1 tasks", name)
	}
	_, err := NewStream(nil, 1).Next(1)
	require.ErrorContains(t, err, "empty stream")
	m, err := Mix([]Part{{Weight: 1}}, 1)
	require.NoError(t, err)
	_, err = m.Next(1)
	require.ErrorContains(t, err, "part 0")
}

func TestMixProportions(t *testing.T) {
	for _, weights := range [][]float64{{1}, {1, 1}, {65, 35}, {.9, .05, .05}, {3, 2, 1, 1}} {
		parts := make([]Part, len(weights))
		total := 0.0
		for i, w := range weights {
			parts[i] = Part{Tasks: numbered(strconv.Itoa(i)+"-", 5), Weight: w}
			total += w
		}
		for seed := range uint64(5) {
			m, err := Mix(parts, seed)
			require.NoError(t, err)
			ids := take(t, m, 3200)
			for step := 0; step+32 <= len(ids); step += 32 {
				for i, w := range weights {
					require.InDelta(t, 32*w/total, countPrefix(ids[step:step+32], i), 4, "weights %v step %d", weights, step/32)
				}
			}
			for i, w := range weights {
				require.InDelta(t, 3200*w/total, countPrefix(ids, i), 8, "weights %v", weights)
			}
		}
	}
}

func countPrefix(ids []string, part int) float64 {
	n := 0.0
	for _, id := range ids {
		if strings.HasPrefix(id, strconv.Itoa(part)+"-") {
			n++
		}
	}
	return n
}

func TestMixErrors(t *testing.T) {
	_, err := Mix(nil, 1)
	require.ErrorContains(t, err, "no parts")
	_, err = Mix([]Part{{Weight: 1}, {Weight: -2}}, 1)
	require.ErrorContains(t, err, "part 1 has weight -2")
}
