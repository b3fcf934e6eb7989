package rollout

import (
	"slices"
	"sync"
	"time"
)

// Waits knows what a run is waiting for, so that a stall can be told in words. A nil Waits keeps nothing.
type Waits struct {
	lock sync.Mutex
	next int
	list map[int]Wait
}

// Wait is one thing that is waited for.
type Wait struct {
	ID    int // rises with Since
	What  func() string
	Since time.Time
}

// Begin notes what is waited for from now on, until done is called. What may be called from another goroutine.
func (w *Waits) Begin(what func() string) (done func()) {
	if w == nil {
		return func() {}
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.list == nil {
		w.list = map[int]Wait{}
	}
	id := w.next
	w.next++
	w.list[id] = Wait{id, what, time.Now()}
	return func() {
		w.lock.Lock()
		defer w.lock.Unlock()
		delete(w.list, id)
	}
}

// Before lists what has been waited for since a moment, the longest wait first.
func (w *Waits) Before(moment time.Time) []Wait {
	if w == nil {
		return nil
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	var old []Wait
	for _, x := range w.list {
		if x.Since.Before(moment) {
			old = append(old, x)
		}
	}
	slices.SortFunc(old, func(a, b Wait) int { return a.ID - b.ID })
	return old
}
