package grpo

import (
	"context"
	"fmt"

	"github.com/rltrain/rltrain/rollout"
)

// drawing is the batch of a step, drawn or on its way.
type drawing struct {
	step  int
	ready chan struct{} // closed when batch and err are there
	batch rollout.Batch
	kl    KLSum   // of the KL that was taken off its rewards
	flops float64 // that it took
	err   error
}

// next is the batch of a step. With MaxStaleness n the batches of the n steps after it are on their way while it is
// trained on, each drawn by the weights before the step that began it: max(0, s-n) for that of step s, whatever the timing.
func (l *Loop) next(ctx context.Context, step int) (*drawing, error) {
	for ahead := step + len(l.queue); ahead <= min(step+l.MaxStaleness, l.Steps-1); ahead++ {
		if err := l.begin(ctx, step, ahead); err != nil {
			return nil, err
		}
	}
	d := l.queue[0]
	l.queue = l.queue[1:]
	<-d.ready
	return d, d.err
}

// begin draws the batch of a step by the weights before step now. Batches are drawn one after the other, so that the stream
// of tasks is read, and told, in the order of the steps.
func (l *Loop) begin(ctx context.Context, now, step int) error {
	sampler, err := l.Policy.Snapshot(ctx)
	if err != nil {
		return err
	}
	var before *drawing
	if n := len(l.queue); n > 0 {
		before = l.queue[n-1]
	}
	d := &drawing{step: step, ready: make(chan struct{})}
	l.queue = append(l.queue, d)
	go func() {
		defer close(d.ready)
		if before != nil {
			if <-before.ready; before.err != nil {
				d.err = before.err
				return
			}
		}
		before, _ := l.counted() // nobody else samples
		d.batch, d.kl, d.err = l.collect(ctx, sampler, now, step)
		after, _ := l.counted()
		d.flops = after.SampleFLOPs - before.SampleFLOPs
	}()
	return nil
}

// Settle waits until nothing is being drawn.
func (l *Loop) Settle() {
	for _, d := range l.queue {
		<-d.ready
	}
}

// Waiting is what was drawn ahead of its step: part of a checkpoint, for the weights that drew it are gone.
type Waiting struct {
	Step  int
	Batch rollout.Batch
	KL    KLSum   // of the KL that was taken off its rewards
	FLOPs float64 // that it took to draw
}

// Waiting waits until nothing is being drawn, and returns what waits for its step.
func (l *Loop) Waiting() ([]Waiting, error) {
	l.Settle()
	var list []Waiting
	for _, d := range l.queue {
		if d.err != nil {
			return nil, fmt.Errorf("draw ahead for step %d: %w", d.step, d.err)
		}
		list = append(list, Waiting{d.step, d.batch, d.kl, d.flops})
	}
	return list, nil
}

// Restore takes back what a checkpoint before step first holds.
func (l *Loop) Restore(first int, list []Waiting) error {
	for i, w := range list {
		if w.Step != first+i {
			return fmt.Errorf("the batches that wait in the checkpoint are for step %d, where %d is next: the checkpoint is damaged", w.Step, first+i)
		}
		d := &drawing{step: w.Step, ready: make(chan struct{}), batch: w.Batch, kl: w.KL, flops: w.FLOPs}
		close(d.ready)
		l.queue = append(l.queue, d)
	}
	return nil
}

// staleness is the mean number of steps between the weights that drew a batch's groups and those of its step.
func staleness(step int, groups []rollout.Group) float64 {
	sum := 0
	for _, g := range groups {
		sum += step - g.DrawnAt
	}
	return float64(sum) / float64(max(1, len(groups)))
}
