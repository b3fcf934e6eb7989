package eval

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// counter counts what several goroutines do.
type counter struct{ n atomic.Int64 }

func (c *counter) next() int { return int(c.n.Add(1)) }

// Regrade judges stored samples again and returns how many verdicts are others than before. Lines get the new verdicts.
func Regrade(ctx context.Context, verifier verifiers.Verifier, tasks []datasets.Task, lines []Line) (changed int, err error) {
	byID := map[string]datasets.Task{}
	for _, t := range tasks {
		byID[t.ID] = t
	}
	pool := rollout.Pool{Verifier: verifier} // the texts are cut already
	var others counter
	team, ctx := errgroup.WithContext(ctx)
	team.SetLimit(runtime.GOMAXPROCS(0))
	for i := range lines {
		l := &lines[i]
		task, ok := byID[l.Task]
		if !ok {
			return 0, fmt.Errorf("the samples are of a task %q that the task set has not: was its file changed? sample anew", l.Task)
		}
		team.Go(func() error {
			before := l.Verdict
			l.judged(pool.Judge(ctx, task, l.sample()))
			if l.Verdict.Kind != before.Kind || l.Verdict.Reward != before.Reward {
				others.next()
			}
			return ctx.Err()
		})
	}
	err = team.Wait()
	return int(others.n.Load()), err
}

// GroupsOf makes groups of stored samples, in the order of the tasks; tasks without a sample are left out.
func GroupsOf(tasks []datasets.Task, lines []Line) []rollout.Group {
	of := map[string][]Line{}
	for _, l := range lines {
		of[l.Task] = append(of[l.Task], l)
	}
	var groups []rollout.Group
	for _, t := range tasks {
		own := of[t.ID]
		if len(own) == 0 {
			continue
		}
		slices.SortFunc(own, func(a, b Line) int { return cmp.Compare(a.Number, b.Number) })
		g := rollout.Group{Task: t}
		for _, l := range own {
			g.Rollouts = append(g.Rollouts, l.rollout(t))
		}
		groups = append(groups, g)
	}
	return groups
}

// MostSamples is the greatest number of samples of a group.
func MostSamples(groups []rollout.Group) int {
	n := 0
	for _, g := range groups {
		n = max(n, len(g.Rollouts))
	}
	return n
}
