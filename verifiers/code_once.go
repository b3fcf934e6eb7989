package verifiers

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/rltrain/rltrain/verifiers/python"
)

// JudgedOnce judges each program once for the same tests, and gives the same result again: models write the same program many
// times, and endless ones are dear. It forgets nothing, so it is for one evaluation; a result is some hundred bytes. Errors are not kept.
type JudgedOnce struct {
	Judge PythonJudge

	lock    sync.Mutex
	results map[[sha256.Size]byte]*onceResult
}

// onceResult is of use when done is closed.
type onceResult struct {
	done   chan struct{}
	result python.Result
	err    error
}

// Test implements PythonJudge.
func (o *JudgedOnce) Test(ctx context.Context, t python.Tests) (python.Result, error) {
	key := fmt.Sprintf("%q %q %q %q %q %d", t.Program, t.Tests, t.Setup, t.Prompt, t.EntryPoint, t.Time) // %q keeps apart what is no UTF-8
	return o.once(ctx, key, func() (python.Result, error) { return o.Judge.Test(ctx, t) })
}

// Run implements PythonJudge.
func (o *JudgedOnce) Run(ctx context.Context, s python.Script) (python.Result, error) {
	key := fmt.Sprintf("%q %q %d", s.Program, s.Cases, s.Time)
	return o.once(ctx, key, func() (python.Result, error) { return o.Judge.Run(ctx, s) })
}

// Programs is how many different ones there were.
func (o *JudgedOnce) Programs() int {
	o.lock.Lock()
	defer o.lock.Unlock()
	return len(o.results)
}

// once waits where another call judges the same program; if that one fails the next judges for itself.
func (o *JudgedOnce) once(ctx context.Context, key string, judge func() (python.Result, error)) (python.Result, error) {
	sum := sha256.Sum256([]byte(key))
	for {
		r, first := o.enter(sum)
		if first {
			r.result, r.err = judge()
			if r.err != nil {
				o.lock.Lock()
				delete(o.results, sum)
				o.lock.Unlock()
			}
			close(r.done)
			return r.result, r.err
		}
		select {
		case <-r.done:
		case <-ctx.Done():
			return python.Result{}, ctx.Err()
		}
		if r.err == nil {
			return r.result, nil
		}
	}
}

func (o *JudgedOnce) enter(sum [sha256.Size]byte) (r *onceResult, first bool) {
	o.lock.Lock()
	defer o.lock.Unlock()
	if r := o.results[sum]; r != nil {
		return r, false
	}
	if o.results == nil {
		o.results = map[[sha256.Size]byte]*onceResult{}
	}
	r = &onceResult{done: make(chan struct{})}
	o.results[sum] = r
	return r, true
}
