package grpo

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy/fake"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// dawdler is a verifier that takes up to 0.3 ms, differently each time.
type dawdler struct{ verifiers.Verifier }

func (d dawdler) Verify(ctx context.Context, task datasets.Task, response string) (verifiers.Verdict, error) {
	time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
	return d.Verifier.Verify(ctx, task, response)
}

// drawn is what the log sees of a step.
type drawn struct {
	seen
	drawnAt, version int
	staleness        float64
	kl               float64
}

func aheadLoop(t *testing.T, staleness int) (*Loop, *[]drawn) {
	t.Helper()
	l, trainer, _, _ := newLoop(8)
	trainer.OnCall = func(string) error {
		time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
		return nil
	}
	l.Pool.Verifier = dawdler{halfHopeless{}}
	l.MaxStaleness, l.Dynamic.MaxRounds, l.LR, l.LRFinal = staleness, 2, 0.3, 0.3
	tasks := make([]datasets.Task, 10)
	for i := range tasks {
		tasks[i] = datasets.Task{ID: fmt.Sprint("task", i), Question: "?"}
	}
	l.Tasks = datasets.Curriculum{Floor: 0.3, Memory: 0.5}.Stream(tasks, 5)
	steps := new([]drawn)
	l.Log = groupRecorder(func(s runlog.Step, groups []rollout.Group, _ [][]float64) {
		d := drawn{drawnAt: groups[0].DrawnAt, version: groups[0].Rollouts[0].Version, staleness: s.Staleness, kl: s.RewardMean}
		for _, g := range groups {
			d.ids = append(d.ids, g.Task.ID)
			for _, r := range g.Rollouts {
				d.texts = append(d.texts, r.Text)
			}
		}
		*steps = append(*steps, d)
	})
	return l, steps
}

// What a step trains on depends on its number alone, not on how long anything takes.
func TestAheadIsDeterministic(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		l, want := aheadLoop(t, n)
		require.NoError(t, l.Run(t.Context(), 0, false))
		for step, d := range *want {
			require.Equal(t, max(0, step-n), d.drawnAt)
			require.Equal(t, float64(step-d.drawnAt), d.staleness)
			require.Equal(t, 2*d.drawnAt, d.version, "two updates a step")
		}
		require.Len(t, *want, 8)
		for range 3 {
			again, got := aheadLoop(t, n)
			require.NoError(t, again.Run(t.Context(), 0, false))
			require.Equal(t, *want, *got)
			require.Equal(t, l.Policy.(*fake.Trainer).Prob('a'), again.Policy.(*fake.Trainer).Prob('a'), "the weights, bit for bit")
		}
	}
}

// A checkpoint with what waits in it goes on as the unbroken run does.
func TestAheadResumes(t *testing.T) {
	for _, n := range []int{1, 3} {
		whole, want := aheadLoop(t, n)
		require.NoError(t, whole.Run(t.Context(), 0, false))

		dir, stop := t.TempDir(), errors.New("stop")
		var saved bytes.Buffer
		var state []byte
		first, got := aheadLoop(t, n)
		first.Milestone = func(ctx context.Context, step int) error {
			if step < 4 {
				return nil
			}
			waiting, err := first.Waiting()
			require.NoError(t, err)
			require.Len(t, waiting, n)
			state, err = first.Tasks.(datasets.Adaptive).State()
			return errors.Join(err, gob.NewEncoder(&saved).Encode(waiting), first.Policy.Save(ctx, dir), stop)
		}
		require.ErrorIs(t, first.Run(t.Context(), 0, false), stop)
		second, rest := aheadLoop(t, n)
		require.NoError(t, second.Policy.Load(t.Context(), dir))
		require.NoError(t, second.Tasks.(datasets.Adaptive).Restore(state))
		var waiting []Waiting
		require.NoError(t, gob.NewDecoder(&saved).Decode(&waiting))
		require.NoError(t, second.Restore(4, waiting))
		require.NoError(t, second.Run(t.Context(), 4, true))
		require.Equal(t, *want, append(*got, *rest...))
		require.ErrorContains(t, second.Restore(9, waiting), "for step 4, where 9 is next")
	}
}

// A batch that is drawn while another is trained on really is: the trainer waits for the drawing here.
func TestAheadOverlaps(t *testing.T) {
	l, trainer, _, _ := newLoop(3)
	l.MaxStaleness = 1
	began := make(chan struct{}, 100)
	l.Pool.Verifier = verifierFunc(func() verifiers.Verdict {
		began <- struct{}{}
		return verifiers.Verdict{Kind: verifiers.Wrong}
	})
	l.Pool.Reward = must(rollout.CompileFormula("length % 2"))
	first := true
	trainer.OnCall = func(name string) error {
		if first && name == "forward-backward" {
			for range 32 + 1 { // its own batch, and one verdict of the next
				select {
				case <-began:
				case <-time.After(10 * time.Second):
					return errors.New("nothing is drawn while the trainer is at work")
				}
			}
			first = false
		}
		return nil
	}
	require.NoError(t, l.Run(t.Context(), 0, false))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAheadErrors(t *testing.T) {
	boom := errors.New("boom")
	l, _, log, _ := newLoop(5)
	l.MaxStaleness = 2
	l.Tasks = &failing{Stream: l.Tasks, after: 3, err: boom}
	require.ErrorIs(t, l.Run(t.Context(), 0, false), boom)
	require.Len(t, log.steps, 3, "what was drawn before is trained on")
	_, err := l.Waiting()
	require.ErrorIs(t, err, boom, "no checkpoint without what waits")

	l, trainer, _, _ := newLoop(5)
	l.MaxStaleness = 1
	trainer.OnCall = func(name string) error {
		if name == "optim" {
			return boom
		}
		return nil
	}
	l.Pool.Verifier = dawdler{bandit{}}
	require.ErrorIs(t, l.Run(t.Context(), 0, false), boom)
	l.Settle()
}

// failing is a stream that fails after so many calls.
type failing struct {
	datasets.Stream
	after int
	err   error
}

func (f *failing) Next(n int) ([]datasets.Task, error) {
	if f.after--; f.after < 0 {
		return nil, f.err
	}
	return f.Stream.Next(n)
}
