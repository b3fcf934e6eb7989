package datasets

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// shuffled is the Stream of NewStream.
type shuffled struct {
	tasks  []Task
	seed   uint64
	cursor uint64
	epoch  uint64 // the epoch that order belongs to
	order  []int  // nil until first needed
}

// NewStream serves the tasks in epochs: each epoch is a permutation of all tasks that depends on
// the seed and the epoch's number only. The cursor counts tasks served, so Seek resumes
// exactly. Tasks are shared, not copied. One goroutine at a time may use a stream.
func NewStream(tasks []Task, seed uint64) Stream {
	return &shuffled{tasks: tasks, seed: seed}
}

// Next returns the next n tasks. It fails when there are no tasks or n is negative.
func (s *shuffled) Next(n int) ([]Task, error) {
	if n < 0 {
		return nil, fmt.Errorf("take %d tasks from a stream: ask for 0 or more", n)
	}
	if len(s.tasks) == 0 {
		return nil, errors.New("take tasks from an empty stream: check that the task file or filter leaves any task")
	}
	served := make([]Task, n)
	for i := range served {
		served[i] = s.at(s.cursor)
		s.cursor++
	}
	return served, nil
}

func (s *shuffled) at(cursor uint64) Task {
	size := uint64(len(s.tasks))
	if epoch := cursor / size; s.order == nil || s.epoch != epoch {
		s.epoch = epoch
		s.order = rand.New(rand.NewPCG(s.seed, epoch)).Perm(len(s.tasks))
	}
	return s.tasks[s.order[cursor%size]]
}

// Cursor is the number of tasks served since the start.
func (s *shuffled) Cursor() uint64 { return s.cursor }

// Seek goes to the place where that many tasks have been served. It never fails.
func (s *shuffled) Seek(cursor uint64) error {
	s.cursor = cursor
	return nil
}
