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

// Regrade judges stored samples again and returns how many verdicts are others than before. Lines get the new verdicts. What was
// written twice for a task is judged once; and what took longest when it was judged before comes first, so that no endless program
// is left over for the end.
func Regrade(ctx context.Context, verifier verifiers.Verifier, tasks []datasets.Task, lines []Line) (changed int, err error) {
	byID := map[string]datasets.Task{}
	for _, t := range tasks {
		byID[t.ID] = t
	}
	same, err := alike(byID, lines)
	if err != nil {
		return 0, err
	}
	pool := rollout.Pool{Verifier: verifier} // the texts are cut already
	var others atomic.Int64
	team, ctx := errgroup.WithContext(ctx)
	team.SetLimit(runtime.GOMAXPROCS(0) + 1) // a program in the sandbox leaves its processor now and then
	for _, copies := range same {
		team.Go(func() error {
			verdict := pool.Judge(ctx, byID[copies[0].Task], copies[0].sample())
			for _, l := range copies {
				before := l.Verdict
				l.judged(verdict)
				if l.Verdict.Kind != before.Kind || l.Verdict.Reward != before.Reward {
					others.Add(1)
				}
			}
			return ctx.Err()
		})
	}
	err = team.Wait()
	return int(others.Load()), err
}

// alike puts lines of the same task and text together, the longest judged first.
func alike(tasks map[string]datasets.Task, lines []Line) (same [][]*Line, err error) {
	type written struct{ task, text string }
	at := map[written]int{}
	for i := range lines {
		l := &lines[i]
		if _, ok := tasks[l.Task]; !ok {
			return nil, fmt.Errorf("the samples are of a task %q that the task set has not: was its file changed? sample anew", l.Task)
		}
		key := written{l.Task, l.Text}
		if n, ok := at[key]; ok {
			same[n] = append(same[n], l)
			continue
		}
		at[key] = len(same)
		same = append(same, []*Line{l})
	}
	slices.SortStableFunc(same, func(a, b []*Line) int { return cmp.Compare(b[0].Verdict.MS, a[0].Verdict.MS) })
	return same, nil
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
