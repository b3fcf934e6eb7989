package grpo

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// every second task is hopeless: whatever the response, it is wrong.
type halfHopeless struct{}

func (halfHopeless) Verify(ctx context.Context, task datasets.Task, response string) (verifiers.Verdict, error) {
	if strings.ContainsAny(task.ID, "02468") {
		return verifiers.Verdict{Kind: verifiers.Wrong}, nil
	}
	return bandit{}.Verify(ctx, task, response)
}

// seen is what one step drew.
type seen struct {
	ids   []string
	texts []string
	flat  int
}

// watchSteps makes the loop's log keep what each step drew.
func watchSteps(l *Loop, into *[]seen) {
	l.Log = groupRecorder(func(_ runlog.Step, groups []rollout.Group, advantages [][]float64) {
		var s seen
		for i, g := range groups {
			s.ids = append(s.ids, g.Task.ID)
			if flat(advantages[i]) {
				s.flat++
			}
			for _, r := range g.Rollouts {
				s.texts = append(s.texts, r.Text)
			}
		}
		*into = append(*into, s)
	})
}

type groupRecorder func(runlog.Step, []rollout.Group, [][]float64)

func (f groupRecorder) RecordStep(_ context.Context, s runlog.Step, groups []rollout.Group, advantages [][]float64, _ []runlog.Expert) error {
	f(s, groups, advantages)
	return nil
}

func dynamicLoop(rounds int) (*Loop, *[]seen) {
	l, _, _, _ := newLoop(6)
	l.Pool.Verifier = halfHopeless{}
	l.Dynamic.MaxRounds = rounds
	steps := new([]seen)
	watchSteps(l, steps)
	return l, steps
}

func TestDynamicSampling(t *testing.T) {
	for rounds, more := range map[int]bool{0: false, 1: true, 10: true} {
		l, steps := dynamicLoop(rounds)
		require.NoError(t, l.Run(t.Context(), 0, false))
		drawn := 0
		for _, s := range *steps {
			drawn += len(s.ids)
			switch rounds {
			case 0:
				require.Len(t, s.ids, 4)
			case 10:
				require.Equal(t, 4, len(s.ids)-s.flat, "as many groups with spread as were asked for")
			default:
				require.LessOrEqual(t, len(s.ids), 8)
			}
		}
		require.Equal(t, more, drawn > 24)
		require.Equal(t, uint64(drawn), l.Tasks.Cursor())
	}
	l, steps := dynamicLoop(3)
	l.Pool.Verifier = verifierFunc(func() verifiers.Verdict { return verifiers.Verdict{Kind: verifiers.Wrong} })
	l.Steps = 1
	require.NoError(t, l.Run(t.Context(), 0, false))
	require.Len(t, (*steps)[0].ids, 4*4, "the cap ends the search")
}

// The cursor of the tasks is all that a resumed run needs to draw the same groups.
func TestDynamicSamplingResumes(t *testing.T) {
	whole, want := dynamicLoop(4)
	require.NoError(t, whole.Run(t.Context(), 0, false))

	dir, stop := t.TempDir(), errors.New("stop")
	first, got := dynamicLoop(4)
	first.Milestone = func(ctx context.Context, step int) error {
		if step < 3 {
			return nil
		}
		return errors.Join(first.Policy.Save(ctx, dir), stop)
	}
	require.ErrorIs(t, first.Run(t.Context(), 0, false), stop)
	second, rest := dynamicLoop(4)
	require.NoError(t, second.Policy.Load(t.Context(), dir))
	require.NoError(t, second.Tasks.Seek(first.Tasks.Cursor()))
	require.NoError(t, second.Run(t.Context(), 3, true))
	require.Equal(t, *want, append(*got, *rest...))
}

// A small set serves a task twice in one step; its second group must not be the first one again.
func TestRoundsDrawAnew(t *testing.T) {
	l, _, _, _ := newLoop(1)
	l.Tasks = datasets.NewStream([]datasets.Task{{ID: "only", Question: "?"}}, 1)
	l.Prompts, l.Dynamic.MaxRounds = 1, 1
	l.Pool.Params = policy.Params{N: 8, MaxTokens: 20, Temperature: 1}
	l.Pool.Verifier = verifierFunc(func() verifiers.Verdict { return verifiers.Verdict{Kind: verifiers.Wrong} })
	sampler, err := l.Policy.Snapshot(t.Context())
	require.NoError(t, err)
	batch, _, err := l.collect(t.Context(), sampler, 0, 0)
	require.NoError(t, err)
	require.Len(t, batch.Groups, 2)
	require.NotEqual(t, batch.Groups[0].Rollouts[0].Tokens, batch.Groups[1].Rollouts[0].Tokens)
	require.Equal(t, StepSeed(5, 7), RoundSeed(5, 7, 0))
	require.NotEqual(t, RoundSeed(5, 7, 1), RoundSeed(5, 8, 0))
}

func TestOverlongInTheLoop(t *testing.T) {
	l, _, _, _ := newLoop(1)
	l.Overlong = Overlong{Mask: true, Buffer: 2, Penalty: 1}
	var cut, learned int
	l.Log = groupRecorder(func(_ runlog.Step, groups []rollout.Group, advantages [][]float64) {
		for i, g := range groups {
			for j, r := range g.Rollouts {
				want := 0.0 // the verdict's
				if strings.HasPrefix(r.Text, "a") {
					want = 1
				}
				require.InDelta(t, want-OverlongPenalty(len(r.Tokens), 3, l.Overlong), r.Verdict.Reward, 1e-12)
				switch {
				case r.Stop == policy.StopLength:
					cut++
					require.Zero(t, advantages[i][j])
				case advantages[i][j] != 0:
					learned++
				}
			}
		}
	})
	require.NoError(t, l.Run(t.Context(), 0, false))
	require.Positive(t, cut)
	require.Positive(t, learned)
}

// What a step draws is told to an adaptive stream, with what nobody could judge left out.
func TestLoopTellsTheStream(t *testing.T) {
	l, _, _, _ := newLoop(3)
	told := &listener{Stream: l.Tasks, rates: map[string][]int{}}
	l.Tasks, l.Pool.Verifier = told, halfHopeless{}
	var steps []seen
	watchSteps(l, &steps)
	require.NoError(t, l.Run(t.Context(), 0, false))
	for _, s := range steps {
		for i, id := range s.ids {
			right := 0
			for _, text := range s.texts[8*i : 8*i+8] {
				if strings.HasPrefix(text, "a") && !strings.ContainsAny(id, "02468") {
					right++
				}
			}
			require.Equal(t, []int{right, 8}, told.rates[id][:2], id)
			told.rates[id] = told.rates[id][2:]
		}
	}
	l.observe([]rollout.Group{{Task: datasets.Task{ID: "new"}, Rollouts: []rollout.Rollout{
		{Verdict: verifiers.Verdict{Kind: verifiers.Correct}}, {Verdict: verifiers.Verdict{Kind: verifiers.Error}}, {Verdict: verifiers.Verdict{Kind: verifiers.Timeout}},
	}}})
	require.Equal(t, []int{1, 2}, told.rates["new"])
}

// listener is a stream that keeps what it is told.
type listener struct {
	datasets.Stream
	rates map[string][]int
}

func (l *listener) Observe(task string, right, judged int) {
	l.rates[task] = append(l.rates[task], right, judged)
}
func (l *listener) State() ([]byte, error) { return nil, nil }
func (l *listener) Restore([]byte) error   { return nil }
