package moe

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/rltrain/rltrain/policy"
)

// Continuous batching. A call may want more completions than MaxRows, and their lengths differ. They are drawn in waves: the rows of
// one batch, which shrinks as completions end. While others wait, a wave of which no more than half is left gives the device to them; its open
// completions are set aside, off the device, and go on in a wave of their own once enough of them have gathered:
//
//	waiting ──prefill──> wave ──> ended, handed over
//	                     │  ^
//	   half has ended    v  │   MaxRows have gathered, or nobody waits
//	                     aside
//
// So a long chain holds up nobody, short completions attend over short caches, and the long ones, which need the long caches,
// share a batch among themselves. Who draws together follows from the requests and the drawn tokens alone, never from the clock.
// Half: docs/performance.md has the measurements.

// drawing is one call's completions on their way.
type drawing struct {
	s        *sampler
	requests []policy.Request
	waiting  []*lane           // not begun, in the order of the requests
	aside    []*lane           // begun and off the device, fewer than 1.5 MaxRows
	ended    func(*lane) error // is told of each completion once
}

// run draws all lanes to their ends.
func (d *drawing) run(ctx context.Context, lanes []*lane) error {
	for _, l := range lanes {
		if !l.done {
			d.waiting = append(d.waiting, l)
		}
	}
	if err := d.tell(lanes); err != nil {
		return err
	}
	for len(d.waiting)+len(d.aside) > 0 {
		w, err := d.next()
		if err != nil {
			return err
		}
		err = d.draw(ctx, w)
		release(w.owned()...)
		if err != nil {
			return err
		}
	}
	return nil
}

// next starts the next wave.
func (d *drawing) next() (*wave, error) {
	start, most := time.Now(), d.s.trainer.Shapes.MaxRows
	begin, from := d.s.prefill, &d.waiting
	if len(d.waiting) == 0 || len(d.aside) >= most {
		begin, from = d.s.goOn, &d.aside
		slices.SortStableFunc(d.aside, func(a, b *lane) int { return cmp.Compare(b.kept(), a.kept()) }) // the longest share a wave
	}
	n := min(most, len(*from))
	lanes := (*from)[:n:n]
	*from = (*from)[n:]
	w, err := begin(d.requests, lanes)
	share(lanes, time.Since(start))
	return w, err
}

// draw draws a wave's completions until all have ended, or half have and others can have their place.
func (d *drawing) draw(ctx context.Context, w *wave) error {
	for {
		if err := d.tell(w.lanes); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		open := w.open()
		if len(open) == 0 {
			return nil
		}
		if len(open) <= d.s.trainer.Shapes.MaxRows/2 && len(d.waiting)+len(d.aside) > 0 {
			d.aside = append(d.aside, open...)
			return w.setAside()
		}
		start := time.Now()
		if err := w.fit(); err != nil {
			return err
		}
		if err := w.chunk(); err != nil {
			return err
		}
		share(open, time.Since(start))
	}
}

// tell hands over those of the lanes that have ended since.
func (d *drawing) tell(lanes []*lane) error {
	for _, l := range lanes {
		if l == nil || !l.done || l.told {
			continue
		}
		l.told = true
		if err := d.ended(l); err != nil {
			return err
		}
	}
	return nil
}

// share books time to the completions that used it.
func share(lanes []*lane, spent time.Duration) {
	for _, l := range lanes {
		l.out.Seconds += spent.Seconds() / float64(len(lanes))
	}
}
