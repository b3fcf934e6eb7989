package python

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/rltrain/rltrain/internal/fair"
)

// Pool is a set of warm workers. Close it. It keeps no queue of jobs: a call waits until a worker is its own, so callers hand
// over as fast as results come. Among those that wait, groups of jobs are served by the time they have used (internal/fair).
type Pool struct {
	options Options
	setting *settings
	seats   *fair.Seats[string] // by groups of jobs: one a worker
	free    chan *worker        // nil: to be started
	closed  chan struct{}
	once    sync.Once
}

// attempts is how often a job is begun when its worker dies, which a candidate cannot bring about.
const attempts = 30

// New makes a pool, after trying whether isolation works here. Without it the error wraps ErrUnavailable, unless the
// options allow to run unsafely.
func New(o Options) (*Pool, error) {
	o = o.withDefaults(runtime.NumCPU())
	if o.Workers < 0 || o.Time < 0 || o.Memory < 64<<20 || o.Disk < 4096 || o.Output < 0 {
		return nil, fmt.Errorf("%d workers, time %v, memory %d, disk %d, output %d: give no negative values, 64 MiB of memory or more",
			o.Workers, o.Time, o.Memory, o.Disk, o.Output)
	}
	setting, first, err := prepare(o)
	if err != nil {
		return nil, err
	}
	return poolOf(o, setting, first), nil
}

// poolOf is a pool whose first worker may be there already.
func poolOf(o Options, setting *settings, first *worker) *Pool {
	p := &Pool{options: o, setting: setting, seats: fair.NewSeats[string](o.Workers), free: make(chan *worker, o.Workers), closed: make(chan struct{})}
	p.free <- first
	for range o.Workers - 1 {
		p.free <- nil
	}
	return p
}

// prepare starts a first worker, in the best isolation there is.
func prepare(o Options) (*settings, *worker, error) {
	if _, err := filter(false, tierBare); err != nil { // not this system or processor
		return nil, nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	found, err := discover(o.Interpreter)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	tiers := []tier{tierNamespaces, tierLandlock}
	if o.Unsafe {
		tiers = append(tiers, tierBare)
	}
	groups, missing := newGroups(o.group), []string(nil)
	for _, t := range tiers {
		setting := newSettings(found, o, t, groups)
		setting.missing = missing
		first, err := setting.start()
		if err == nil {
			return setting, first, nil
		}
		missing = append(missing, err.Error())
	}
	return nil, nil, fmt.Errorf("%w: %s", ErrUnavailable, strings.Join(missing, "; "))
}

// Close ends the workers. Jobs under way are waited for.
func (p *Pool) Close() {
	p.once.Do(func() {
		close(p.closed)
		for range p.options.Workers {
			if w := <-p.free; w != nil {
				w.kill()
			}
		}
	})
}

// Test judges a program by unit tests. An error means that we could not judge.
func (p *Pool) Test(ctx context.Context, t Tests) (Result, error) {
	if len(t.Tests) == 0 {
		return Result{}, errors.New("no tests: give source text with asserts, or check(candidate)")
	}
	if strings.ContainsRune(t.Program, 0) {
		return Result{Outcome: Unparseable, Total: len(t.Tests), Reason: "the program holds a null character"}, nil
	}
	if !utf8.ValidString(t.Program) {
		return Result{Outcome: Unparseable, Total: len(t.Tests), Reason: "the program is no UTF-8"}, nil
	}
	task, err := t.encode()
	if err != nil {
		return Result{}, err
	}
	d, err := p.run(ctx, t.Group, p.job(t.Time), task, nil)
	if err != nil {
		return Result{}, err
	}
	return d.verdict(len(t.Tests))
}

// Run judges a program by its output for each input. After a case that takes too long the remaining ones are not run.
func (p *Pool) Run(ctx context.Context, s Script) (Result, error) {
	if len(s.Cases) == 0 {
		return Result{}, errors.New("no cases: give inputs and the outputs wanted")
	}
	total := Result{Outcome: Passed, Total: len(s.Cases)}
	for i, c := range s.Cases {
		d, err := p.run(ctx, s.Group, p.job(s.Time), nil, &script{program: s.Program, input: c.Input})
		if err != nil {
			return Result{}, err
		}
		one := d.compared(c.Output)
		total.CPU, total.Stderr = total.CPU+one.CPU, cmp.Or(total.Stderr, one.Stderr)
		if one.Outcome == Passed {
			total.Passed++
			continue
		}
		if total.Outcome == Passed || one.Outcome == TimedOut {
			total.Outcome, total.Reason, total.Stderr = one.Outcome, fmt.Sprintf("test %d: %s", i+1, one.Reason), one.Stderr
		}
		if one.Outcome == TimedOut || one.Outcome == Unparseable {
			break
		}
	}
	return total, nil
}

// job is one of so much processor time.
func (p *Pool) job(cpu time.Duration) job {
	set(&cpu, p.options.Time)
	return job{Time: cpu.Seconds(), Seconds: int(math.Ceil(cpu.Seconds())) + 1, output: p.options.Output}
}

// run does one job when it is its group's turn. A worker that fails is replaced, and the job begun anew.
func (p *Pool) run(ctx context.Context, group string, j job, task []byte, s *script) (done, error) {
	leave, err := p.seats.Take(ctx, group)
	if err != nil {
		return done{}, err
	}
	defer leave()
	var w *worker
	select {
	case <-p.closed:
		return done{}, errors.New("the pool of Python workers is closed")
	case <-ctx.Done():
		return done{}, ctx.Err()
	case w = <-p.free:
	}
	defer func() { p.free <- w }()
	var failures []error
	for range attempts {
		var err error
		if w == nil {
			if w, err = p.setting.start(); err != nil {
				failures = append(failures, err)
				continue
			}
		}
		var d done
		if d, err = w.do(ctx, j, task, s); err == nil {
			return d, nil
		}
		w.kill()
		w = nil
		if d.starved {
			return d, nil // the worker died of what the job did
		}
		if failures = append(failures, err); ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	slices.Reverse(failures) // the last one first
	return done{}, fmt.Errorf("the Python sandbox failed: %w", errors.Join(failures...))
}
