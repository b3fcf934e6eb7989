package sandbox

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"
)

// maxDepth bounds the nesting of values that are compared, hashed, printed or returned.
const maxDepth = 100

// meter charges one call at a time for what its operations cost. The first limit that is passed
// sticks: a Starlark program cannot catch an error.
type meter struct {
	limits  Limits
	thread  *starlark.Thread
	used    int64
	failure Failure
}

var (
	errSteps  = errors.New("too many steps")
	errMemory = errors.New("too much memory")
)

// reset starts the account of the next call.
func (m *meter) reset(thread *starlark.Thread) {
	m.thread, m.used, m.failure = thread, 0, ""
}

// step charges n units of work. The interpreter counts in the same account.
func (m *meter) step(n int64) error {
	if n < 0 || uint64(n) > m.limits.Steps || m.thread.Steps+uint64(n) >= m.limits.Steps {
		m.thread.Steps = m.limits.Steps
		m.fail(FailSteps)
		return errSteps
	}
	m.thread.Steps += uint64(n)
	return nil
}

// alloc charges n objects of size bytes each, and the work of filling them.
func (m *meter) alloc(n, size int64) error {
	if n < 0 || n > m.limits.Memory/size || m.used+n*size > m.limits.Memory {
		m.fail(FailMemory)
		return errMemory
	}
	m.used += n * size
	return m.step(n * size / 64)
}

func (m *meter) fail(f Failure) {
	if m.failure == "" {
		m.failure = f
	}
}

// walk visits v as a tree, charging each node, and returns an upper bound of the bytes of its
// printed form. Values are graphs: forty lines of `t = (t, t)` make a tree of 2**40 leaves, over which
// a comparison, a hash or str would never end, so all of these walk first.
func (m *meter) walk(v starlark.Value) (int64, error) { return m.walkAt(v, 0) }

func (m *meter) walkAt(v starlark.Value, depth int) (int64, error) {
	if depth > maxDepth {
		return 0, fmt.Errorf("value nested deeper than %d", maxDepth)
	}
	switch v := v.(type) {
	case starlark.String:
		return int64(len(v))*4 + 2, m.step(1 + int64(len(v))/8)
	case starlark.Int:
		return 3 + int64(intBits(v))/3, m.step(1)
	case *starlark.List:
		return m.walkItems(v.Len(), v.Index, depth)
	case starlark.Tuple:
		return m.walkItems(v.Len(), v.Index, depth)
	case *starlark.Dict:
		if err := m.alloc(int64(v.Len()), 48); err != nil {
			return 0, err
		}
		items := v.Items()
		return m.walkItems(len(items), func(i int) starlark.Value { return items[i] }, depth)
	case *starlark.Set:
		return m.walkSet(v, depth)
	}
	return 32, m.step(1)
}

func (m *meter) walkItems(n int, at func(int) starlark.Value, depth int) (int64, error) {
	bytes := int64(4)
	for i := range n {
		b, err := m.walkAt(at(i), depth+1)
		if err != nil {
			return 0, err
		}
		bytes += b + 2
	}
	return bytes, m.step(1)
}

func (m *meter) walkSet(s *starlark.Set, depth int) (int64, error) {
	iter := s.Iterate()
	defer iter.Done()
	bytes := int64(8)
	var v starlark.Value
	for iter.Next(&v) {
		b, err := m.walkAt(v, depth+1)
		if err != nil {
			return 0, err
		}
		bytes += b + 2
	}
	return bytes, m.step(1)
}

// pay charges a value that was just made: its own size, not what it refers to.
func (m *meter) pay(v starlark.Value) (starlark.Value, error) {
	var err error
	switch v := v.(type) {
	case starlark.String:
		err = m.alloc(int64(len(v))+16, 1)
	case starlark.Int:
		bits := intBits(v)
		if bits > m.limits.IntBits {
			m.fail(FailMemory)
			return nil, fmt.Errorf("integer of %d bits, more than %d", bits, m.limits.IntBits)
		}
		if bits > 63 {
			err = m.alloc(int64(bits)/8+32, 1)
		}
	case *starlark.List:
		err = m.alloc(int64(v.Len())+3, 16)
	case starlark.Tuple:
		err = m.alloc(int64(v.Len())+2, 16)
	case *starlark.Dict:
		err = m.alloc(int64(v.Len())+2, 96)
	case *starlark.Set:
		err = m.alloc(int64(v.Len())+2, 96)
	}
	return v, err
}

// intBits is the length of i; 63 stands for all that fit a machine word.
func intBits(i starlark.Int) int {
	if n, ok := i.Int64(); ok {
		if n >= -1<<31 && n < 1<<31 {
			return 31
		}
		return 63
	}
	return i.BigInt().BitLen()
}
