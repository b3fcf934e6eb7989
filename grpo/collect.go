package grpo

import (
	"context"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// collect draws the groups of a step from one set of weights, those before step now. With dynamic sampling each group whose rewards are all
// equal is followed by one of a further task, in at most Dynamic.MaxRounds rounds. The groups that teach nothing
// stay in the batch, so that log and metrics tell of all that was drawn; their advantages are 0.
func (l *Loop) collect(ctx context.Context, sampler policy.Sampler, now, step int) (all rollout.Batch, kl KLSum, err error) {
	missing := l.Prompts
	for round := 0; missing > 0 && round <= l.Dynamic.MaxRounds; round++ {
		var tasks []datasets.Task
		if tasks, err = l.Tasks.Next(missing); err != nil {
			return all, kl, err
		}
		batch, err := l.Pool.Collect(ctx, sampler, tasks, RoundSeed(l.Seed, step, round))
		if err != nil {
			return all, kl, err
		}
		l.observe(batch.Groups)
		penalise(batch.Groups, l.Pool.Params.MaxTokens, l.Overlong)
		charged, err := l.chargeKL(ctx, batch.Groups)
		if err != nil {
			return all, kl, err
		}
		kl.Nats, kl.Tokens = kl.Nats+charged.Nats, kl.Tokens+charged.Tokens
		missing = 0
		for i, g := range batch.Groups {
			batch.Groups[i].DrawnAt = now
			if flat(centred(g)) {
				missing++
			}
		}
		all.Groups = append(all.Groups, batch.Groups...)
		all.SampleS, all.VerifyS = all.SampleS+batch.SampleS, all.VerifyS+batch.VerifyS
	}
	return all, kl, nil
}

// observe tells a stream that wants to know how its tasks went.
func (l *Loop) observe(groups []rollout.Group) {
	stream, ok := l.Tasks.(datasets.Adaptive)
	if !ok {
		return
	}
	for _, g := range groups {
		right, judged := 0, 0
		for _, r := range g.Rollouts {
			switch r.Verdict.Kind {
			case verifiers.Error:
				continue
			case verifiers.Correct:
				right++
			}
			judged++
		}
		stream.Observe(g.Task.ID, right, judged)
	}
}

// RoundSeed is the seed of what is drawn in one round of a step. Rounds have their own, for a small set of tasks may
// serve the same task twice in a step.
func RoundSeed(seed uint64, step, round int) uint64 {
	if round == 0 {
		return StepSeed(seed, step)
	}
	return StepSeed(StepSeed(seed, step), round)
}
