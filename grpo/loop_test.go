package grpo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/fake"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// bandit pays 1 for a response that begins with a.
type bandit struct{}

func (bandit) Verify(_ context.Context, _ datasets.Task, response string) (verifiers.Verdict, error) {
	if strings.HasPrefix(response, "a") {
		return verifiers.Verdict{Kind: verifiers.Correct, Reward: 1}, nil
	}
	return verifiers.Verdict{Kind: verifiers.Wrong}, nil
}

// recorder keeps steps and tells when; fail, if set, is its error.
type recorder struct {
	steps []runlog.Step
	tell  func(string)
	fail  error
}

func (r *recorder) RecordStep(ctx context.Context, step runlog.Step, groups []rollout.Group, advantages [][]float64, experts []runlog.Expert) error {
	if err := errors.Join(ctx.Err(), r.fail); err != nil {
		return err
	}
	if len(groups) != len(advantages) || step.GradNorm > 0 && len(experts) != 4 {
		return fmt.Errorf("%d groups, %d advantages, %d experts", len(groups), len(advantages), len(experts))
	}
	r.tell(fmt.Sprint("record ", step.Step))
	r.steps = append(r.steps, step)
	return nil
}

// newLoop is a loop over the bandit; calls gathers what happens in it.
func newLoop(steps int) (l *Loop, trainer *fake.Trainer, log *recorder, calls *[]string) {
	var events []string
	tell := func(s string) { events = append(events, s) }
	trainer = fake.NewTrainer("abcd")
	trainer.OnCall = func(s string) error { tell(s); return nil }
	log = &recorder{tell: tell}
	var tasks []datasets.Task
	for i := range 10 {
		tasks = append(tasks, datasets.Task{ID: fmt.Sprint("task", i), Question: "?"})
	}
	config := Default()
	config.Steps, config.Prompts, config.LR, config.LRFinal, config.LengthNorm = steps, 4, 2, 2, 1
	return &Loop{
		Config: config, Seed: 1, Tasks: datasets.NewStream(tasks, 1), Policy: trainer, Log: log,
		Pool:      &rollout.Pool{Tokenizer: fake.Bytes{}, Verifier: bandit{}, Params: policy.Params{N: 8, MaxTokens: 3, Temperature: 1}},
		Milestone: func(_ context.Context, step int) error { tell(fmt.Sprint("milestone ", step)); return nil },
		Report:    func(s runlog.Step) { tell(fmt.Sprint("report ", s.Step)) },
	}, trainer, log, &events
}

func TestLoopLearns(t *testing.T) {
	l, trainer, log, _ := newLoop(40)
	require.NoError(t, l.Run(t.Context(), 0, false))
	require.Len(t, log.steps, 40)
	require.Less(t, log.steps[0].RewardMean, 0.5)
	require.Greater(t, log.steps[39].RewardMean, 0.9)
	require.Greater(t, trainer.Prob('a'), 0.9)
	require.Equal(t, log.steps[39].RewardMean, log.steps[39].Accuracy)

	again, other, same, _ := newLoop(40)
	require.NoError(t, again.Run(t.Context(), 0, false))
	require.Equal(t, trainer.Prob('a'), other.Prob('a'), "one seed, the same bits")
	require.Equal(t, log.steps[20].KL, same.steps[20].KL)
	again, other, _, _ = newLoop(40)
	again.Seed = 2
	require.NoError(t, again.Run(t.Context(), 0, false))
	require.NotEqual(t, trainer.Prob('a'), other.Prob('a'))
}

func oneStep(step int) []string {
	return []string{"snapshot", "forward-backward", "optim", "forward-backward", "optim", fmt.Sprint("record ", step), fmt.Sprint("report ", step)}
}

func TestLoopOrder(t *testing.T) {
	l, _, log, calls := newLoop(2)
	require.NoError(t, l.Run(t.Context(), 0, false))
	want := append([]string{"milestone 0"}, oneStep(0)...)
	want = append(append(want, "milestone 1"), oneStep(1)...)
	require.Equal(t, append(want, "milestone 2"), *calls)
	require.Less(t, log.steps[0].LogpDiffMax, 1e-6, "the first update's policy drew the samples")
	require.Equal(t, 2.0, log.steps[1].MoEMaxViolation)
	require.Equal(t, 2, log.steps[1].MoEDead)

	l, _, _, calls = newLoop(3)
	require.NoError(t, l.Run(t.Context(), 2, true))
	require.Equal(t, append(oneStep(2), "milestone 3"), *calls)
	l, _, _, calls = newLoop(3)
	require.NoError(t, l.Run(t.Context(), 3, true))
	require.Empty(t, *calls, "a finished run has nothing left to do")
}

// A run that is cut and goes on with its trainer, tasks and step ends where an unbroken one does.
func TestLoopResumes(t *testing.T) {
	whole, trainer, _, _ := newLoop(6)
	require.NoError(t, whole.Run(t.Context(), 0, false))

	first, cut, _, _ := newLoop(6)
	dir := t.TempDir()
	stop := errors.New("stop")
	first.Milestone = func(ctx context.Context, step int) error {
		if step < 3 {
			return nil
		}
		return errors.Join(cut.Save(ctx, dir), stop)
	}
	require.ErrorIs(t, first.Run(t.Context(), 0, false), stop)
	second, resumed, log, _ := newLoop(6)
	require.NoError(t, resumed.Load(t.Context(), dir))
	require.NoError(t, second.Tasks.Seek(first.Tasks.Cursor()))
	require.NoError(t, second.Run(t.Context(), 3, true))
	require.Len(t, log.steps, 3)
	require.Equal(t, trainer.Prob('a'), resumed.Prob('a'))
}

func TestLoopCancelled(t *testing.T) {
	for _, at := range []string{"snapshot", "forward-backward", "optim"} {
		l, trainer, log, _ := newLoop(10)
		ctx, cancel := context.WithCancel(t.Context())
		trainer.OnCall = func(name string) error {
			if name == at && len(log.steps) == 2 {
				cancel()
			}
			return nil
		}
		saved := -1
		l.Interrupted = func(ctx context.Context, step int) error {
			saved = step
			return ctx.Err() // the saving must not be cancelled too
		}
		err := l.Run(ctx, 0, false)
		require.ErrorIs(t, err, context.Canceled, at)
		require.Len(t, log.steps, 3, "the step that was going on is a whole one")
		require.Equal(t, 3, saved)
	}
}

func TestLoopErrors(t *testing.T) {
	boom := errors.New("boom")
	for _, at := range []string{"snapshot", "forward-backward", "optim"} {
		l, trainer, log, _ := newLoop(3)
		trainer.OnCall = func(name string) error {
			if name == at && len(log.steps) == 1 {
				return boom
			}
			return nil
		}
		require.ErrorIs(t, l.Run(t.Context(), 0, false), boom, at)
		require.Len(t, log.steps, 1)
	}
	l, _, log, _ := newLoop(3)
	log.fail = boom
	require.EqualError(t, l.Run(t.Context(), 0, false), "step 0: boom")
	l, _, _, _ = newLoop(3)
	l.Milestone = func(context.Context, int) error { return boom }
	require.EqualError(t, l.Run(t.Context(), 0, false), "milestone at step 0: boom")
	l, _, _, _ = newLoop(3)
	l.Tasks = datasets.NewStream(nil, 1)
	require.ErrorContains(t, l.Run(t.Context(), 0, false), "step 0: take tasks from an empty stream")
}

// Without spread in any group there is nothing to learn from, and the step is recorded all the same.
func TestLoopWithoutSignal(t *testing.T) {
	l, trainer, log, _ := newLoop(1)
	l.Log = recorderFunc(func(s runlog.Step) { log.steps = append(log.steps, s) })
	l.Pool.Verifier = verifierFunc(func() verifiers.Verdict { return verifiers.Verdict{Kind: verifiers.Wrong, Reward: 0.1} })
	require.NoError(t, l.Run(t.Context(), 0, false))
	require.Equal(t, []string{"snapshot"}, trainer.Calls)
	require.Equal(t, 1.0, log.steps[0].FracZeroStd)
	require.InDelta(t, 0.1, log.steps[0].RewardMean, 1e-12)
}

type recorderFunc func(runlog.Step)

func (f recorderFunc) RecordStep(_ context.Context, s runlog.Step, _ []rollout.Group, _ [][]float64, _ []runlog.Expert) error {
	f(s)
	return nil
}

type verifierFunc func() verifiers.Verdict

func (f verifierFunc) Verify(context.Context, datasets.Task, string) (verifiers.Verdict, error) {
	return f(), nil
}
