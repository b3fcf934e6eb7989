package fair

import (
	"context"
	"sync"
	"time"
)

// Seats are places for so many jobs at a time, for several goroutines. They keep no jobs: who waits for a seat holds its own.
type Seats[K comparable] struct {
	lock  sync.Mutex
	free  int
	order Order[K, *waiter]
}

type waiter struct {
	called chan struct{} // closed when a seat is its own
	began  time.Time     // since when
	gone   bool
}

// NewSeats makes n seats.
func NewSeats[K comparable](n int) *Seats[K] { return &Seats[K]{free: n} }

// Take waits for a seat. Call leave when the job has ended.
func (s *Seats[K]) Take(ctx context.Context, group K) (leave func(), err error) {
	w := &waiter{called: make(chan struct{})}
	s.lock.Lock()
	s.order.Add(group, w, time.Now())
	s.call()
	s.lock.Unlock()
	leave = func() {
		s.lock.Lock()
		defer s.lock.Unlock()
		s.free++
		s.order.Done(group, w.began, time.Now())
		s.call()
	}
	select {
	case <-w.called:
		return leave, nil
	case <-ctx.Done():
	}
	s.lock.Lock()
	w.gone = true
	seated := !w.began.IsZero() // in the same moment
	s.lock.Unlock()
	if seated {
		leave()
	}
	return nil, ctx.Err()
}

// call gives free seats to those that wait.
func (s *Seats[K]) call() {
	for s.free > 0 {
		now := time.Now()
		group, w, ok := s.order.Next(now)
		switch {
		case !ok:
			return
		case w.gone:
			s.order.Done(group, now, now)
		default:
			s.free--
			w.began = now
			close(w.called)
		}
	}
}
