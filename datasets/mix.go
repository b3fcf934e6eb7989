package datasets

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// Part is one source of a mixture: either a Stream or plain Tasks, which get a stream of their own.
type Part struct {
	Stream Stream
	Tasks  []Task
	Weight float64 // share in the mixture relative to the other weights, above 0

	Curriculum *Curriculum // over Tasks; nil serves all of them
}

// mixture is the Stream of Mix.
type mixture struct {
	streams []Stream
	bounds  []uint64 // part p is drawn below bounds[p], the last one excepted
	start   uint64
	cursor  uint64
}

// goldenStep is 2^64 divided by the golden ratio, made odd: its multiples modulo 2^64 spread evenly.
const goldenStep = 0x9E3779B97F4A7C15

// Mix interleaves parts in the proportion of their weights. Which part serves position i is a fixed
// function of the seed and i: the point seed+i/φ modulo 1 falls into the part's share of the
// unit interval. Such points spread evenly (a Kronecker sequence), so that any stretch of n
// tasks holds each part's share to within a few tasks; a random choice would vary by √n.
//
// The mixture's cursor is the number of tasks served. Seek counts how many of them fell to each part,
// about a nanosecond each, and seeks the parts; so one number resumes all. Mix owns the
// streams from now on and starts them at 0.
func Mix(parts []Part, seed uint64) (Stream, error) {
	if len(parts) == 0 {
		return nil, errors.New("mix tasks: no parts; give at least one")
	}
	total := 0.0
	for i, p := range parts {
		if !(p.Weight > 0) || math.IsInf(p.Weight, 1) {
			return nil, fmt.Errorf("mix tasks: part %d has weight %v: choose a number above 0 or leave the part out", i, p.Weight)
		}
		total += p.Weight
	}
	m := &mixture{start: mixBits(seed)}
	covered := 0.0
	for i, p := range parts {
		if p.Stream == nil {
			p.Stream = p.stream(mixBits(seed + uint64(i) + 1))
		}
		covered += p.Weight
		m.streams = append(m.streams, p.Stream)
		m.bounds = append(m.bounds, unitToUint64(covered/total))
	}
	return m, m.Seek(0)
}

func (p Part) stream(seed uint64) Stream {
	if p.Curriculum == nil {
		return NewStream(p.Tasks, seed)
	}
	return p.Curriculum.Stream(p.Tasks, seed)
}

// Next returns the next n tasks of the mixture, or the first error of a part.
func (m *mixture) Next(n int) ([]Task, error) {
	if n < 0 {
		return nil, fmt.Errorf("take %d tasks from a mixture: ask for 0 or more", n)
	}
	served := make([]Task, 0, n)
	for range n {
		part := m.part(m.cursor)
		tasks, err := m.streams[part].Next(1)
		if err != nil {
			return nil, fmt.Errorf("mix tasks: part %d: %w", part, err)
		}
		served = append(served, tasks...)
		m.cursor++
	}
	return served, nil
}

// Cursor is the number of tasks served since the start.
func (m *mixture) Cursor() uint64 { return m.cursor }

// Seek goes to the place where that many tasks have been served.
func (m *mixture) Seek(cursor uint64) error {
	counts := make([]uint64, len(m.streams))
	for i := range cursor {
		counts[m.part(i)]++
	}
	for part, count := range counts {
		if err := m.streams[part].Seek(count); err != nil {
			return fmt.Errorf("mix tasks: part %d: %w", part, err)
		}
	}
	m.cursor = cursor
	return nil
}

// Observe tells the parts that want to know.
func (m *mixture) Observe(task string, right, judged int) {
	for _, s := range m.streams {
		if a, ok := s.(Adaptive); ok {
			a.Observe(task, right, judged)
		}
	}
}

// State is that of the parts, null for those that have none.
func (m *mixture) State() ([]byte, error) {
	states := make([]json.RawMessage, len(m.streams))
	for i, s := range m.streams {
		a, ok := s.(Adaptive)
		if !ok {
			continue
		}
		state, err := a.State()
		if err != nil {
			return nil, fmt.Errorf("mix tasks: part %d: %w", i, err)
		}
		states[i] = state
	}
	return json.Marshal(states)
}

// Restore implements Adaptive.
func (m *mixture) Restore(state []byte) error {
	var states []json.RawMessage
	if err := json.Unmarshal(state, &states); err != nil {
		return fmt.Errorf("read the state of a mixture of tasks: %w", err)
	}
	if len(states) != len(m.streams) {
		return fmt.Errorf("mix tasks: a state of %d parts for %d parts: it was saved under another recipe", len(states), len(m.streams))
	}
	for i, s := range m.streams {
		if a, ok := s.(Adaptive); ok {
			if err := a.Restore(states[i]); err != nil {
				return fmt.Errorf("mix tasks: part %d: %w", i, err)
			}
		}
	}
	return nil
}

// part tells which part serves position i.
func (m *mixture) part(i uint64) int {
	point := m.start + i*goldenStep
	last := len(m.bounds) - 1
	for p, bound := range m.bounds[:last] {
		if point < bound {
			return p
		}
	}
	return last
}

// unitToUint64 scales 0..1 to the range of uint64.
func unitToUint64(u float64) uint64 {
	if u >= 1 {
		return math.MaxUint64
	}
	return uint64(math.Ldexp(u, 64))
}

// mixBits is the finalizer of SplitMix64: close seeds give unrelated values.
func mixBits(x uint64) uint64 {
	x += goldenStep
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
