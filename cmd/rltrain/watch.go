package main

import (
	"context"
	"fmt"
	"io"

	"github.com/rltrain/rltrain/internal/doctor"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/rollout"
)

// sayAgain is how many steps pass before a warning that still holds is repeated.
const sayAgain = 20

// watch records steps, and says in words what is wrong with them.
type watch struct {
	log            *runlog.Log
	out            io.Writer
	steps          []runlog.Step
	tallies        []runlog.Tally
	writing        chan error     // the result of writing the last step; nil where it is known
	said           map[string]int // finding: the step at which it was last told
	evenIfHopeless bool
}

// newWatch begins with what the log of a resumed run holds.
func newWatch(ctx context.Context, log *runlog.Log, out io.Writer, evenIfHopeless bool) (*watch, error) {
	w := &watch{log: log, out: out, said: map[string]int{}, evenIfHopeless: evenIfHopeless}
	var err error
	if w.steps, err = log.Steps(ctx); err != nil {
		return nil, err
	}
	w.tallies, err = log.Tallies(ctx)
	return w, err
}

// RecordStep implements grpo.Recorder. A step is written while the next one is drawn; a failure is told by the next call.
func (w *watch) RecordStep(ctx context.Context, step runlog.Step, groups []rollout.Group, advantages [][]float64, experts []runlog.Expert) error {
	if err := w.flush(); err != nil {
		return err
	}
	written := make(chan error, 1)
	w.writing = written
	go func() { written <- w.log.RecordStep(context.WithoutCancel(ctx), step, groups, advantages, experts) }()
	w.steps, w.tallies = append(w.steps, step), append(w.tallies, doctor.Count(step.Step, groups))
	for _, f := range doctor.Examine(w.steps, w.tallies) {
		if at, told := w.said[f.Code]; !told || step.Step >= at+sayAgain {
			w.said[f.Code] = step.Step
			fmt.Fprintf(w.out, "warning at step %d: %s\n", step.Step, f.Text)
		}
	}
	advice, hopeless := doctor.Hopeless(w.steps)
	switch {
	case hopeless && !w.evenIfHopeless:
		return fmt.Errorf("a hopeless start: %s; --even-if-hopeless goes on all the same", advice)
	case hopeless:
		fmt.Fprintf(w.out, "warning at step %d: a hopeless start: %s\n", step.Step, advice)
	}
	return nil
}

// flush waits until the last step is on disk.
func (w *watch) flush() error {
	if w.writing == nil {
		return nil
	}
	err := <-w.writing
	w.writing = nil
	return err
}
