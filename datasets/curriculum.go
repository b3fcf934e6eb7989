package datasets

import (
	"encoding/json"
	"fmt"
	"math"
)

// Adaptive is a Stream that is told how its tasks went, and serves others because of it.
type Adaptive interface {
	Stream
	// Observe tells that right of judged attempts at a task were right.
	Observe(task string, right, judged int)
	// State is what a cursor does not tell, for a checkpoint. Restore takes it back; Seek comes after it.
	State() ([]byte, error)
	Restore(state []byte) error
}

// Curriculum prefers tasks that are neither always nor never solved: only they teach anything. It is sampling for
// learnability (arXiv:2502.12272), one task at a time.
type Curriculum struct {
	Floor  float64 `yaml:"floor"`  // chance to be served of a task that is always or never solved; 1 is off: all are served
	Memory float64 `yaml:"memory"` // share of its old success rate that a task keeps when it has been tried again
}

// NoCurriculum serves every task.
func NoCurriculum() Curriculum { return Curriculum{Floor: 1, Memory: 0.5} }

// lowestFloor keeps the search for a task short: it takes 1/Floor looks where all of them are solved.
const lowestFloor = 0.01

// Validate names the first value out of range.
func (c Curriculum) Validate() error {
	if !(c.Floor >= lowestFloor && c.Floor <= 1) || !(c.Memory >= 0 && c.Memory < 1) {
		return fmt.Errorf("curriculum: floor %g, memory %g: want a floor from %g to 1 (off), and a memory of at least 0 and below 1", c.Floor, c.Memory, lowestFloor)
	}
	return nil
}

// Stream serves the tasks in the order of NewStream and passes over some: a task whose success rate is p is served
// with chance 4p(1-p), at least Floor; one that has not been tried yet is always served.
func (c Curriculum) Stream(tasks []Task, seed uint64) Stream {
	if c.Floor == 1 {
		return NewStream(tasks, seed)
	}
	s := &curriculum{Curriculum: c, seed: mixBits(seed), order: shuffled{tasks: tasks, seed: seed}, at: place{Rates: map[string]float64{}}}
	s.known = map[string]bool{}
	for _, t := range tasks {
		s.known[t.ID] = true
	}
	return s
}

// curriculum is the Adaptive of Curriculum.Stream.
type curriculum struct {
	Curriculum
	seed  uint64
	order shuffled // its cursor counts the tasks looked at
	known map[string]bool
	at    place
}

// place is where a curriculum stands.
type place struct {
	Served uint64             `json:"served"`
	Looked uint64             `json:"looked"`
	Rates  map[string]float64 `json:"rates"` // success rate by task, of those tried
}

// Next returns the next n tasks. It fails when there are no tasks or n is negative.
func (c *curriculum) Next(n int) ([]Task, error) {
	if n < 0 || len(c.order.tasks) == 0 {
		return c.order.Next(n) // which says what is wrong
	}
	served := make([]Task, 0, n)
	for len(served) < n {
		task, lot := c.order.at(c.at.Looked), mixBits(c.seed^mixBits(c.at.Looked))
		c.at.Looked++
		if float64(lot>>11)/(1<<53) < c.chance(task.ID) {
			served = append(served, task)
			c.at.Served++
		}
	}
	return served, nil
}

// chance is that of a task to be served when its turn comes.
func (c *curriculum) chance(task string) float64 {
	p, tried := c.at.Rates[task]
	if !tried {
		return 1
	}
	return math.Max(c.Floor, 4*p*(1-p))
}

// Observe implements Adaptive. Tasks of others, and attempts that nobody could judge, tell nothing.
func (c *curriculum) Observe(task string, right, judged int) {
	if judged == 0 || !c.known[task] {
		return
	}
	now := float64(right) / float64(judged)
	if before, tried := c.at.Rates[task]; tried {
		now = c.Memory*before + (1-c.Memory)*now
	}
	c.at.Rates[task] = now
}

// Cursor is the number of tasks served since the start.
func (c *curriculum) Cursor() uint64 { return c.at.Served }

// Seek fails elsewhere than where the stream stands: what it serves depends on what it was told.
func (c *curriculum) Seek(cursor uint64) error {
	if cursor != c.at.Served {
		return fmt.Errorf("a curriculum that has served %d tasks cannot go to task %d: it goes on from a saved state only", c.at.Served, cursor)
	}
	return nil
}

// State implements Adaptive.
func (c *curriculum) State() ([]byte, error) { return json.Marshal(c.at) }

// Restore implements Adaptive.
func (c *curriculum) Restore(state []byte) error {
	at := place{}
	if err := json.Unmarshal(state, &at); err != nil {
		return fmt.Errorf("read the state of a curriculum: %w", err)
	}
	if at.Rates == nil {
		return fmt.Errorf("the state of a curriculum has no success rates: %.60q", state)
	}
	c.at = at
	return nil
}
