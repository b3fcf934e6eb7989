package python

import (
	"context"
	"sync"
)

// Lazy is a Pool that is started for the first program that needs it: most commands meet none. The zero Options
// are the defaults.
type Lazy struct {
	Options Options

	mu   sync.Mutex
	pool *Pool
	err  error
}

// Test is Pool.Test. Where the sandbox cannot be started each call gives that error.
func (l *Lazy) Test(ctx context.Context, t Tests) (Result, error) {
	pool, err := l.start()
	if err != nil {
		return Result{}, err
	}
	return pool.Test(ctx, t)
}

// Run is Pool.Run.
func (l *Lazy) Run(ctx context.Context, s Script) (Result, error) {
	pool, err := l.start()
	if err != nil {
		return Result{}, err
	}
	return pool.Run(ctx, s)
}

// Layers is Pool.Layers.
func (l *Lazy) Layers() ([]Layer, error) {
	pool, err := l.start()
	if err != nil {
		return nil, err
	}
	return pool.Layers(), nil
}

func (l *Lazy) start() (*Pool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pool == nil && l.err == nil {
		l.pool, l.err = New(l.Options)
	}
	return l.pool, l.err
}

// Close ends the pool's workers, if there are any.
func (l *Lazy) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pool != nil {
		l.pool.Close()
	}
}
