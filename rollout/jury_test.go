package rollout

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/fake"
	"github.com/rltrain/rltrain/verifiers"
)

// streamer hands over what a fake sampler draws, in any order and from several goroutines. What lose says never comes.
type streamer struct {
	fake.Sampler
	lose func(request, number int) bool
	err  error
	end  func(ctx context.Context) // runs before Stream returns
}

func (s streamer) Stream(ctx context.Context, requests []policy.Request, done func(request, number int, s policy.Sample) error) error {
	all, err := s.Sample(ctx, requests)
	if err != nil {
		return err
	}
	var team errgroup.Group
	for _, i := range rand.Perm(len(all)) {
		team.Go(func() error {
			for _, n := range rand.Perm(len(all[i])) {
				if s.lose != nil && s.lose(i, n) {
					continue
				}
				if err := done(i, requests[i].First+n, all[i][n]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = team.Wait()
	if s.end != nil {
		s.end(ctx)
	}
	return errors.Join(err, s.err)
}

func TestStreamedSamplesKeepTheirPlaces(t *testing.T) {
	pool := Pool{Tokenizer: fake.Bytes{}, Verifier: slowly, Params: policy.Params{N: 5}, Workers: 3}
	want, err := pool.Collect(t.Context(), script(), numbered(20), 1)
	require.NoError(t, err)
	got, err := pool.Collect(t.Context(), streamer{Sampler: script()}, numbered(20), 1)
	require.NoError(t, err)
	for i := range want.Groups {
		for n := range want.Groups[i].Rollouts {
			want.Groups[i].Rollouts[n].VerifyMS, got.Groups[i].Rollouts[n].VerifyMS = 0, 0
		}
	}
	require.Equal(t, want.Groups, got.Groups)
}

// Verdicts are given while others are still being drawn: here the last sample waits for the verdicts on the others.
func TestJudgedWhileOthersAreDrawn(t *testing.T) {
	judged := make(chan struct{}, 100)
	verifier := verifierFunc(func(context.Context, datasets.Task, string) (verifiers.Verdict, error) {
		judged <- struct{}{}
		return verifiers.Verdict{Kind: verifiers.Wrong}, nil
	})
	waited := 0
	s := streamer{Sampler: script(), end: func(context.Context) {
		for range 8 {
			select {
			case <-judged:
				waited++
			case <-time.After(10 * time.Second):
			}
		}
	}}
	pool := Pool{Tokenizer: fake.Bytes{}, Verifier: verifier, Params: policy.Params{N: 2}}
	_, err := pool.Collect(t.Context(), s, numbered(4), 1)
	require.NoError(t, err)
	require.Equal(t, 8, waited)
}

// Groups share the judges by time: endless programs, which came first, do not hold up the quick ones of other tasks, which in the
// order of arrival would be judged after 40 s.
func TestGroupsShareTheJudges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lock sync.Mutex
		start, last := time.Now(), map[string]time.Duration{}
		verifier := verifierFunc(func(_ context.Context, task datasets.Task, _ string) (verifiers.Verdict, error) {
			if task.ID == "task0" {
				time.Sleep(5 * time.Second)
			} else {
				time.Sleep(10 * time.Millisecond)
			}
			lock.Lock()
			defer lock.Unlock()
			last[task.ID] = time.Since(start)
			return verifiers.Verdict{Kind: verifiers.Wrong, Answer: task.ID}, nil
		})
		pool := Pool{Tokenizer: fake.Bytes{}, Verifier: verifier, Params: policy.Params{N: 16}, Workers: 2}
		batch, err := pool.Collect(t.Context(), script(), numbered(3), 1)
		require.NoError(t, err)
		require.Less(t, last["task1"], 6*time.Second)
		require.Less(t, last["task2"], 6*time.Second)
		require.Less(t, last["task0"], 41*time.Second, "no judge is idle")
		for i, g := range batch.Groups {
			for _, r := range g.Rollouts {
				require.Equal(t, fmt.Sprintf("task%d", i), r.Verdict.Answer)
			}
		}
	})
}

func TestLostRollouts(t *testing.T) {
	boom := errors.New("connection reset")
	one := func(request, number int) bool { return request == 3 && number == 1 }
	pool := Pool{Tokenizer: fake.Bytes{}, Verifier: slowly, Params: policy.Params{N: 4}}
	for name, s := range map[string]streamer{
		"connection reset":                       {Sampler: script(), lose: one, err: boom},
		"the sampler ended without them":         {Sampler: script(), lose: one},
		context.DeadlineExceeded.Error() + "\nx": {Sampler: script(), lose: one, end: func(ctx context.Context) { <-ctx.Done() }, err: fmt.Errorf("%w\nx", context.DeadlineExceeded)},
	} {
		pool.Patience = time.Hour
		if s.end != nil {
			pool.Patience = 50 * time.Millisecond
		}
		batch, err := pool.Collect(t.Context(), s, numbered(10), 1)
		require.NoError(t, err, name)
		for i, g := range batch.Groups {
			require.Len(t, g.Rollouts, 4)
			for n, r := range g.Rollouts {
				if one(i, n) {
					require.Equal(t, verifiers.Verdict{Kind: verifiers.Error, Reason: "never drawn: " + name}, r.Verdict)
					require.Empty(t, r.Tokens)
					continue
				}
				require.Equal(t, verifiers.Correct, r.Verdict.Kind)
			}
		}
	}
	pool.Patience = 0
	_, err := pool.Collect(t.Context(), streamer{Sampler: script(), lose: func(request, _ int) bool { return request == 3 }, err: boom}, numbered(10), 1)
	require.ErrorIs(t, err, boom)
	require.ErrorContains(t, err, "4 of 40 samples are missing")

	twice := fake.Sampler(func(ctx context.Context, r []policy.Request) ([][]policy.Sample, error) {
		all, err := script()(ctx, r)
		return [][]policy.Sample{append(all[0], all[0]...)}, err
	})
	_, err = pool.Collect(t.Context(), twice, numbered(1), 1)
	require.ErrorContains(t, err, "which nobody asked for")
	for range 100 { // in any order, also where all that were asked for have come before
		_, err = pool.Collect(t.Context(), streamer{Sampler: twice}, numbered(1), 1)
		require.ErrorContains(t, err, "which nobody asked for")
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = pool.Collect(ctx, streamer{Sampler: script(), lose: one, end: func(context.Context) { cancel() }, err: boom}, numbered(10), 1)
	require.ErrorIs(t, err, context.Canceled, "a run that ends loses nothing")
}

// The record of experts is cut with the tokens: 3 positions of prompt, 4 tokens, 2 slots, and the last position has none.
func TestRoutingIsCutWithTheTokens(t *testing.T) {
	r := Rollout{Sample: policy.Sample{Tokens: make([]policy.Token, 2), Routing: []uint16{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}}
	trimRouting(&r, 3, 4)
	require.Equal(t, []uint16{0, 1, 2, 3, 4, 5, 6, 7}, r.Routing)
	trimRouting(&r, 3, 2)
	require.Len(t, r.Routing, 8, "nothing was cut")
	r = Rollout{}
	trimRouting(&r, 3, 4)
	require.Empty(t, r.Routing)
	trimRouting(&r, 0, 1)

	pool := Pool{Tokenizer: fake.Bytes{}, Template: Template{Stop: []string{"answer"}}, Verifier: slowly, Params: policy.Params{N: 1}}
	routed := fake.Sampler(func(ctx context.Context, r []policy.Request) ([][]policy.Sample, error) {
		all, err := script()(ctx, r)
		all[0][0].Routing = make([]uint16, 2*(len(r[0].Prompt)+len(all[0][0].Tokens)-1))
		return all, err
	})
	batch, err := pool.Collect(t.Context(), routed, numbered(1), 1)
	require.NoError(t, err)
	g := batch.Groups[0]
	require.Equal(t, "task0 ", g.Rollouts[0].Text)
	require.Len(t, g.Rollouts[0].Routing, 2*(len(g.PromptTokens)+len(g.Rollouts[0].Tokens)-1))
}

func TestWaits(t *testing.T) {
	var nobody *Waits
	nobody.Begin(func() string { return "" })()
	require.Empty(t, nobody.Before(time.Now().Add(time.Hour)))

	waits := &Waits{}
	release, began := make(chan struct{}), make(chan struct{})
	verifier := verifierFunc(func(_ context.Context, task datasets.Task, _ string) (verifiers.Verdict, error) {
		if task.ID == "task1" {
			close(began)
			<-release
		}
		return verifiers.Verdict{Kind: verifiers.Wrong}, nil
	})
	pool := Pool{Tokenizer: fake.Bytes{}, Verifier: verifier, Params: policy.Params{N: 1}, Waits: waits}
	var run errgroup.Group
	run.Go(func() error {
		_, err := pool.Collect(t.Context(), streamer{Sampler: script(), lose: func(i, _ int) bool { return i == 2 }, end: func(context.Context) { <-release }}, numbered(3), 1)
		return err
	})
	<-began
	want := []string{"rollouts to be drawn: 1 of 3 are not there yet", "the verdict on sample 0 of task task1"}
	require.Eventually(t, func() bool { // once task 0 has come and been judged, too
		var told []string
		for _, w := range waits.Before(time.Now()) {
			told = append(told, w.What())
		}
		return slices.Equal(want, told)
	}, 10*time.Second, time.Millisecond)
	require.Empty(t, waits.Before(time.Now().Add(-time.Minute)))
	close(release)
	require.NoError(t, run.Wait())
	require.Empty(t, waits.Before(time.Now()))
}
