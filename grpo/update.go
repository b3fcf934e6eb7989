package grpo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
)

// maxSkipped is how many updates in a row may fail to be finite before the run stops.
const maxSkipped = 3

// Skipped is an update that was left out because its loss or gradient was not finite.
type Skipped struct {
	Step      int      `json:"step"`
	Minibatch int      `json:"minibatch"` // numbered through the epochs
	Reason    string   `json:"reason"`
	Rollouts  []string `json:"rollouts"` // STEP:TASK:SAMPLE, as in the log
}

// update makes one optimizer step for each minibatch, epoch after epoch.
func (l *Loop) update(ctx context.Context, step int, groups []rollout.Group, advantages [][]float64) (stats updateStats, err error) {
	var minibatches []Minibatch
	for epoch := range l.Epochs {
		minibatches = append(minibatches, Assemble(groups, advantages, l.Config, RoundSeed(l.Seed, step, epoch))...)
	}
	if stats.correction, err = l.correct(ctx, minibatches); err != nil {
		return stats, err
	}
	for i, m := range minibatches {
		done := l.Pool.Waits.Begin(func() string { return fmt.Sprintf("update %d of %d of step %d", i+1, len(minibatches), step) })
		fb, opt, err := l.learn(ctx, step, m.Data)
		done()
		switch {
		case err == nil:
			l.inARow = 0
			stats.add(fb, opt)
			keepLearned(groups, m.From, fb.Logprobs)
		case !errors.Is(err, policy.ErrNotFinite):
			return stats, err
		default:
			if err := l.skip(Skipped{step, i, err.Error(), rolloutIDs(step, groups, m.From)}, err); err != nil {
				return stats, err
			}
		}
	}
	return stats, nil
}

// keepLearned puts the trainer's log-probs beside the sampler's, for the log: those of a rollout's first update.
func keepLearned(groups []rollout.Group, from []Origin, logprobs [][]float32) {
	for i, of := range logprobs {
		if r := &groups[from[i].Group].Rollouts[from[i].Rollout]; r.Learned == nil {
			r.Learned = of
		}
	}
}

// learn makes one update. Where it fails with policy.ErrNotFinite the weights are as before.
func (l *Loop) learn(ctx context.Context, step int, data []policy.Datum) (fb, opt policy.Stats, err error) {
	loss := l.loss()
	if loss.KL > 0 {
		if err := l.refer(ctx, data); err != nil {
			return fb, opt, err
		}
	}
	if fb, err = l.Policy.ForwardBackward(ctx, data, loss); err != nil {
		return fb, opt, err
	}
	opt, err = l.Policy.OptimStep(ctx, l.optim(step))
	return fb, opt, err
}

// unrouted are the data without the sampler's routing.
func unrouted(data []policy.Datum) []policy.Datum {
	out := slices.Clone(data)
	for i := range out {
		out[i].Routing = nil
	}
	return out
}

// skip tells of an update that was left out, and ends the run at the third in a row.
func (l *Loop) skip(s Skipped, cause error) error {
	if l.Skip != nil {
		if err := l.Skip(s); err != nil {
			return err
		}
	}
	if l.inARow++; l.inARow < maxSkipped {
		return nil
	}
	return fmt.Errorf("%d updates in a row were not finite and were left out, the last one: %w: the weights are as before them, and the newest checkpoint is good: start another run from it (--model) with a lower grpo.lr or grpo.clip_norm",
		maxSkipped, cause)
}

// rolloutIDs names rollouts as the log does: where one task comes twice in a step, the samples are numbered on.
func rolloutIDs(step int, groups []rollout.Group, from []Origin) []string {
	first, samples := make([]int, len(groups)), map[string]int{}
	for i, g := range groups {
		first[i] = samples[g.Task.ID]
		samples[g.Task.ID] += len(g.Rollouts)
	}
	ids := make([]string, len(from))
	for i, at := range from {
		ids[i] = fmt.Sprintf("%d:%s:%d", step, groups[at.Group].Task.ID, first[at.Group]+at.Rollout)
	}
	return ids
}
