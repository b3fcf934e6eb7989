package eval_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/fake"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// says answers sample n of a task; even numbers are right.
func says(task string, n int) string {
	if n%2 == 0 {
		return fmt.Sprintf("<think>%s</think><answer>right %d</answer>", task, n)
	}
	return "<answer>poor</answer>"
}

// dying is a policy.Streamer that hands over so many completions and fails then; it counts what it was asked for.
type dying struct {
	after int
	asked int
}

func (d *dying) Sample(context.Context, []policy.Request) ([][]policy.Sample, error) {
	return nil, errors.New("not called")
}

func (d *dying) Stream(_ context.Context, requests []policy.Request, done func(request, number int, s policy.Sample) error) error {
	for i, r := range requests {
		for n := range r.N {
			if d.after == 0 {
				return errors.New("the server was killed")
			}
			d.after--
			d.asked++
			if err := done(i, r.First+n, policy.Sample{Text: says(r.Task, r.First+n), TextTokens: 9, Logprobs: []float32{-float32(n) - 0.125}, Stop: policy.StopToken}); err != nil {
				return err
			}
		}
	}
	return nil
}

func drawing(t *testing.T, s policy.Sampler, path string, samples int) (*eval.Drawing, func() int) {
	t.Helper()
	store, err := eval.OpenStore(path, eval.Header{Model: "m", Tasks: "t", Temperature: 1})
	require.NoError(t, err)
	t.Cleanup(func() { store.Close() })
	tasks := []datasets.Task{{ID: "a", Kind: "math", Question: "?"}, {ID: "b", Kind: "math", Question: "??"}, {ID: "c", Kind: "math", Question: "???"}}
	have := 0
	return &eval.Drawing{
		Sampler: s, Pool: rollout.Pool{Verifier: rightOnes{}, Params: policy.Params{N: samples, MaxTokens: 90, Temperature: 1}}, Tasks: tasks, Store: store,
		Begin: func(n, _ int) { have = n }, Kept: func(int, int) {},
	}, func() int { return have }
}

// A killed server costs nothing of what it had sent, a torn last line is dropped, and the second call draws the rest only.
func TestDrawingGoesOn(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole.jsonl")
	d, _ := drawing(t, &dying{after: 99}, whole, 4)
	want, err := d.Run(t.Context())
	require.NoError(t, err)

	path := filepath.Join(t.TempDir(), "cut.jsonl")
	first := &dying{after: 7}
	d, _ = drawing(t, first, path, 4)
	_, err = d.Run(t.Context())
	require.ErrorContains(t, err, "the server was killed")
	require.ErrorContains(t, err, "7 of 12 completions")
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(`{"task":"c","number":3,"text":"to`)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	second := &dying{after: 99}
	d, have := drawing(t, second, path, 4)
	got, err := d.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 7, have())
	require.Equal(t, 5, second.asked)
	for i := range want {
		for j := range want[i].Rollouts {
			want[i].Rollouts[j].VerifyMS, got[i].Rollouts[j].VerifyMS = 0, 0
		}
	}
	for i := range want {
		require.Len(t, got[i].Rollouts, 4)
		for j := range want[i].Rollouts {
			require.Equal(t, want[i].Rollouts[j].Text, got[i].Rollouts[j].Text)
			require.Equal(t, want[i].Rollouts[j].Verdict, got[i].Rollouts[j].Verdict)
		}
	}

	more := &dying{after: 99} // more samples keep those that are there
	d, have = drawing(t, more, path, 6)
	_, err = d.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{12, 6}, []int{have(), more.asked})
}

// A sampler that draws all at once, with tokens of our tokenizer, goes through the same file.
func TestDrawingAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.jsonl")
	d, _ := drawing(t, fake.Script(says), path, 3)
	d.Pool.Tokenizer = fake.Bytes{}
	one, err := d.Run(t.Context())
	require.NoError(t, err)
	d, have := drawing(t, fake.Sampler(func(context.Context, []policy.Request) ([][]policy.Sample, error) {
		return nil, errors.New("nothing is left to draw")
	}), path, 3)
	d.Pool.Tokenizer = fake.Bytes{}
	two, err := d.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 9, have())
	require.Equal(t, one, two, "tokens, log-probs and verdicts come back from the file")
	require.Equal(t, says("b", 2), one[1].Rollouts[2].Text)
}

// patient gives its verdict when all samples have been drawn, and none after ten seconds.
type patient struct{ drawn chan struct{} }

func (p patient) Verify(context.Context, datasets.Task, string) (verifiers.Verdict, error) {
	select {
	case <-p.drawn:
		return verifiers.Verdict{Kind: verifiers.Correct}, nil
	case <-time.After(10 * time.Second):
		return verifiers.Verdict{}, errors.New("the sampler is held up")
	}
}

// announcing is a Streamer that tells when all has been handed over.
type announcing struct {
	dying
	drawn chan struct{}
}

func (a *announcing) Stream(ctx context.Context, requests []policy.Request, done func(request, number int, s policy.Sample) error) error {
	err := a.dying.Stream(ctx, requests, done)
	close(a.drawn)
	return err
}

// A verifier at work does not hold up the sampler, though it hands over from the goroutine that draws.
func TestJudgesHoldUpNoSampler(t *testing.T) {
	s := &announcing{dying{after: 99}, make(chan struct{})}
	d, _ := drawing(t, s, filepath.Join(t.TempDir(), "s.jsonl"), 4)
	d.Pool.Verifier = patient{s.drawn}
	groups, err := d.Run(t.Context())
	require.NoError(t, err)
	for _, g := range groups {
		for _, r := range g.Rollouts {
			require.Equal(t, verifiers.Correct, r.Verdict.Kind, r.Verdict.Reason)
		}
	}
}

func TestStoreRefusesAnotherEvaluation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.jsonl")
	d, _ := drawing(t, &dying{after: 99}, path, 2)
	_, err := d.Run(t.Context())
	require.NoError(t, err)
	_, err = eval.OpenStore(path, eval.Header{Model: "m", Tasks: "t", Temperature: 0.5})
	require.ErrorContains(t, err, "another evaluation")
	d, _ = drawing(t, &dying{after: 99}, path, 2)
	d.Tasks[1].Question = "changed"
	_, err = d.Run(t.Context())
	require.ErrorContains(t, err, "task b had another prompt")
	d.Tasks[1] = d.Tasks[0]
	_, err = d.Run(t.Context())
	require.ErrorContains(t, err, `two tasks have the id "a"`)
	other := filepath.Join(t.TempDir(), "other.jsonl")
	require.NoError(t, os.WriteFile(other, []byte("{\"id\":1}\n"), 0o600))
	_, _, err = eval.ReadSamples(other)
	require.ErrorContains(t, err, "no header")
}

// strict holds every answer for wrong, and counts.
type strict struct {
	lock sync.Mutex
	seen []string
}

func (s *strict) Verify(_ context.Context, _ datasets.Task, response string) (verifiers.Verdict, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.seen = append(s.seen, response)
	return verifiers.Verdict{Kind: verifiers.Wrong}, nil
}

// stuck gives no verdict before it is told to.
type stuck struct{ free chan struct{} }

func (s stuck) Verify(context.Context, datasets.Task, string) (verifiers.Verdict, error) {
	<-s.free
	return verifiers.Verdict{Kind: verifiers.Wrong}, nil
}

// Who draws is held up by judges that are far behind: what waits for a verdict is bounded, however much is drawn.
func TestUnjudgedSamplesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sampler := &dying{after: -1}
		d, _ := drawing(t, sampler, filepath.Join(t.TempDir(), "s.jsonl"), 1000)
		judge := stuck{make(chan struct{})}
		d.Pool.Verifier, d.Pool.Deadline = judge, 24*time.Hour
		done := make(chan error)
		go func() {
			_, err := d.Run(t.Context())
			done <- err
		}()
		synctest.Wait()
		require.Equal(t, 1024+1, sampler.asked, "of 3000")
		close(judge.free)
		require.NoError(t, <-done)
		require.Equal(t, 3000, sampler.asked)
	})
}

func TestRegrade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.jsonl")
	d, _ := drawing(t, &dying{after: 99}, path, 4)
	_, err := d.Run(t.Context())
	require.NoError(t, err)
	header, lines, err := eval.ReadSamples(path)
	require.NoError(t, err)
	changed, err := eval.Regrade(t.Context(), rightOnes{}, d.Tasks, lines)
	require.NoError(t, err)
	require.Zero(t, changed, "the same verifier, the same verdicts")
	judge := &strict{}
	changed, err = eval.Regrade(t.Context(), judge, d.Tasks, lines)
	require.NoError(t, err)
	require.Equal(t, 6, changed)
	require.Len(t, judge.seen, 9, "of 12, in which each task has one that was written twice")
	for _, l := range lines {
		require.Equal(t, verifiers.Wrong, l.Verdict.Kind, "both get the verdict")
	}
	require.Zero(t, named(eval.Summarize(eval.GroupsOf(d.Tasks, lines), []int{1}, 1))["pass@1"].Value)
	again := filepath.Join(t.TempDir(), "again.jsonl")
	require.NoError(t, eval.WriteSamples(again, header, lines))
	_, back, err := eval.ReadSamples(again)
	require.NoError(t, err)
	require.Equal(t, lines, back)
	require.ErrorContains(t, eval.WriteSamples(again, header, lines), "--samples-out")
	_, err = eval.Regrade(t.Context(), judge, d.Tasks[:1], lines)
	require.ErrorContains(t, err, "the task set has not")
	require.True(t, slices.ContainsFunc(lines, func(l eval.Line) bool { return strings.HasPrefix(l.Text, "<think>") }))
}
