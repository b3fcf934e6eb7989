package rollout

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/rltrain/rltrain/internal/fair"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/verifiers"
)

// jury judges the samples of groups as they come in, so many side by side. The rollouts' places are theirs from the start, so
// that their order does not depend on who is ready first. What waits for a judge lies in its place: a queue holds its number only.
type jury struct {
	pool    *Pool
	groups  []Group
	workers int
	work    sync.WaitGroup

	lock    sync.Mutex
	busy    int                  // workers
	queue   fair.Order[int, int] // groups, numbers of samples
	got     [][]bool
	missing int
	refused error // a sample that nobody asked for
}

// newJury awaits as many samples as were asked for.
func newJury(p *Pool, groups []Group, requests []policy.Request) *jury {
	j := &jury{pool: p, groups: groups, workers: p.Workers, got: make([][]bool, len(requests))}
	if j.workers <= 0 {
		j.workers = runtime.GOMAXPROCS(0)
	}
	for i, r := range requests {
		groups[i].Rollouts, j.got[i] = make([]Rollout, r.N), make([]bool, r.N)
		j.missing += r.N
	}
	return j
}

// of is hear for samples that are named by their numbers in the streams of requests.
func (j *jury) of(ctx context.Context, requests []policy.Request) func(request, number int, s policy.Sample) error {
	return func(request, number int, s policy.Sample) error {
		if request >= 0 && request < len(requests) {
			number -= requests[request].First
		}
		return j.hear(ctx, request, number, s)
	}
}

// hear takes sample n of a group. It does not wait for the verdict.
func (j *jury) hear(ctx context.Context, group, n int, s policy.Sample) error {
	j.lock.Lock()
	defer j.lock.Unlock()
	switch {
	case group < 0 || group >= len(j.got) || n < 0 || n >= len(j.got[group]):
		j.refused = fmt.Errorf("the sampler returned sample %d for prompt %d, which nobody asked for", n, group)
		return j.refused
	case j.got[group][n]:
		j.refused = fmt.Errorf("the sampler returned sample %d for prompt %d twice", n, group)
		return j.refused
	}
	j.got[group][n] = true
	j.missing--
	j.groups[group].Rollouts[n].Sample = s
	j.queue.Add(group, n, time.Now())
	if j.busy < j.workers {
		j.busy++
		j.work.Go(func() { j.judge(ctx) })
	}
	return nil
}

// judge works until nothing waits.
func (j *jury) judge(ctx context.Context) {
	j.lock.Lock()
	defer j.lock.Unlock()
	for {
		began := time.Now()
		group, n, ok := j.queue.Next(began)
		if !ok {
			j.busy--
			return
		}
		j.lock.Unlock()
		j.verdict(ctx, &j.groups[group], n)
		j.lock.Lock()
		j.queue.Done(group, began, time.Now())
	}
}

func (j *jury) verdict(ctx context.Context, g *Group, n int) {
	defer j.pool.Waits.Begin(func() string { return fmt.Sprintf("the verdict on sample %d of task %s", n, g.Task.ID) })()
	s := g.Rollouts[n].Sample
	g.Rollouts[n] = j.pool.Judge(ctx, g.Task, s)
	trimRouting(&g.Rollouts[n], len(g.PromptTokens), len(s.Tokens))
}

// left is how many samples have not come.
func (j *jury) left() int {
	j.lock.Lock()
	defer j.lock.Unlock()
	return j.missing
}

// lose fills the places of samples that never came: they are not judged, and no part of a baseline.
func (j *jury) lose(cause error) {
	for i, row := range j.got {
		for n, got := range row {
			if !got {
				j.groups[i].Rollouts[n].Verdict = verifiers.Verdict{Kind: verifiers.Error, Reason: fmt.Sprintf("never drawn: %v", cause)}
			}
		}
	}
}

// trimRouting leaves out the record of tokens that were cut off: it has one entry a slot for each position but the last.
func trimRouting(r *Rollout, prompt, drawn int) {
	if positions := prompt + drawn - 1; len(r.Tokens) < drawn && positions > 0 {
		slots := len(r.Routing) / positions
		r.Routing = r.Routing[:slots*(prompt+len(r.Tokens)-1)]
	}
}
