package process

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// worker keeps one copy of the program running. One goroutine at a time uses it.
type worker struct {
	options  Options
	child    *child // nil: not running
	failures int    // in a row
	last     error  // the last of them
}

// ask sends a request and waits for a line, until the deadline.
func (w *worker) ask(ctx context.Context, request []byte) ([]byte, error) {
	if w.failures > w.options.Restarts {
		return nil, fmt.Errorf("the verifier was given up after %d restarts in a row; the last failure: %w", w.options.Restarts, w.last)
	}
	deadline := time.NewTimer(w.options.Timeout)
	defer deadline.Stop()
	if w.child != nil && w.child.dead() { // between two requests: nobody's fault
		w.stop()
	}
	if w.child == nil {
		if err := w.start(ctx); err != nil {
			return nil, err
		}
	}
	line, err := w.child.ask(ctx, request, deadline.C)
	switch {
	case ctx.Err() != nil:
		w.stop() // its reply would come late
		return nil, ctx.Err()
	case errors.Is(err, errDeadline):
		return nil, w.fail(fmt.Errorf("no verdict within %v: the verifier was killed", w.options.Timeout))
	case err != nil:
		return nil, w.fail(err)
	}
	return line, nil
}

// start runs the program, after a pause that grows with the failures in a row.
func (w *worker) start(ctx context.Context) error {
	if w.failures > 0 {
		pause := min(10*time.Millisecond<<min(w.failures, 10), time.Second)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	child, err := startChild(w.options.Command)
	if err != nil {
		return w.fail(fmt.Errorf("start %q: %w", w.options.Command, err))
	}
	w.child = child
	return nil
}

// fail ends the program, with its children, and adds the end of its standard error to the reason.
func (w *worker) fail(err error) error {
	if w.child != nil {
		w.child.kill()
		if tail := w.child.stderr.String(); tail != "" {
			err = fmt.Errorf("%w; its standard error ends: %s", err, tail)
		}
		w.child = nil
	}
	w.failures++
	w.last = err
	return err
}

// stop ends the program without counting a failure.
func (w *worker) stop() {
	if w.child != nil {
		w.child.kill()
		w.child = nil
	}
}

// end lets the program finish by the end of its input, and kills it if it does not.
func (w *worker) end() {
	if w.child == nil {
		return
	}
	_ = w.child.stdin.Close() // it may be dead already
	select {
	case <-w.child.exited:
	case <-time.After(time.Second):
	}
	w.stop()
}
