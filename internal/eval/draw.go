package eval

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/fair"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
)

// Drawing draws the samples of an evaluation that its Store lacks, has them judged, and keeps each as soon as it is there.
type Drawing struct {
	Sampler policy.Sampler
	Pool    rollout.Pool // Params.N samples of each task
	Tasks   []datasets.Task
	Seed    uint64
	Store   *Store
	Begin   func(have, all int)  // told how many are there already
	Kept    func(kept, want int) // told after each, by several goroutines
}

// Run returns all groups. After an error the samples that were drawn are in the Store.
func (d *Drawing) Run(ctx context.Context) ([]rollout.Group, error) {
	groups, requests, err := d.Pool.Requests(d.Tasks, d.Seed)
	if err != nil {
		return nil, err
	}
	prompts := make([]string, len(requests))
	var open []policy.Request // with the index of the task in of
	var of []int
	all, have, names := 0, 0, map[string]bool{}
	for i, r := range requests {
		if names[d.Tasks[i].ID] {
			return nil, fmt.Errorf("two tasks have the id %q: give each its own", d.Tasks[i].ID)
		}
		names[d.Tasks[i].ID] = true
		prompts[i] = promptHash(r.Text)
		missing, err := d.missing(d.Tasks[i].ID, prompts[i], r.N)
		if err != nil {
			return nil, err
		}
		all, have = all+r.N, have+r.N
		for _, m := range missing {
			r.First, r.N = m[0], m[1]
			open, of = append(open, r), append(of, i)
			have -= m[1]
		}
	}
	d.Begin(have, all)
	k := &keeper{d: d, groups: groups, prompts: prompts, want: all - have}
	if err := k.draw(ctx, open, of); err != nil {
		return nil, fmt.Errorf("%w (%d of %d completions are in %s)", err, len(d.Store.lines), all, d.Store.Path)
	}
	for i := range groups {
		for n := range requests[i].N {
			groups[i].Rollouts = append(groups[i].Rollouts, d.Store.lines[place{d.Tasks[i].ID, n}].rollout(d.Tasks[i]))
		}
	}
	return groups, nil
}

// missing are the runs {first, number} of samples that the file lacks.
func (d *Drawing) missing(task, prompt string, n int) (runs [][2]int, err error) {
	for i := range n {
		l, ok := d.Store.lines[place{task, i}]
		switch {
		case ok && l.Prompt != prompt:
			return nil, fmt.Errorf("samples file %s: task %s had another prompt there: choose another --samples-out, or remove the file", d.Store.Path, task)
		case ok:
		case len(runs) > 0 && runs[len(runs)-1][0]+runs[len(runs)-1][1] == i:
			runs[len(runs)-1][1]++
		default:
			runs = append(runs, [2]int{i, 1})
		}
	}
	return runs, nil
}

func promptHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// keeper judges and keeps.
type keeper struct {
	d       *Drawing
	groups  []rollout.Group
	prompts []string
	want    int
	kept    atomic.Int64
}

// mostUnjudged bounds the samples that are drawn and not judged yet, and with them the memory: who draws more waits.
const mostUnjudged = 1024

// draw has the open requests drawn, and each sample judged and kept while others are still being drawn.
func (k *keeper) draw(ctx context.Context, open []policy.Request, of []int) error {
	if len(open) == 0 {
		return nil
	}
	team, judging := errgroup.WithContext(ctx)         // of judges, as many side by side as there are seats; who draws waits for none
	team.SetLimit(mostUnjudged)                        // unless so many are behind
	seats := fair.NewSeats[int](runtime.GOMAXPROCS(0)) // by tasks
	err := rollout.Stream(judging, k.d.Sampler, open, func(request, number int, s policy.Sample) error {
		team.Go(func() error {
			leave, err := seats.Take(judging, of[request])
			if err != nil {
				return err
			}
			defer leave()
			return k.keep(judging, of[request], number, s)
		})
		return nil
	})
	if failed := team.Wait(); failed != nil {
		return failed
	}
	return err
}

func (k *keeper) keep(ctx context.Context, task, number int, s policy.Sample) error {
	g := k.groups[task]
	r := k.d.Pool.Judge(ctx, g.Task, s)
	if ctx.Err() != nil { // then the verdict may be that of a verifier that was stopped
		return ctx.Err()
	}
	if err := k.d.Store.Add(lineOf(g.Task, number, k.prompts[task], r)); err != nil {
		return err
	}
	k.d.Kept(int(k.kept.Add(1)), k.want)
	return nil
}
