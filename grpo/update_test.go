package grpo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/fake"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// A batch without a finite gradient is left out and told of; the run goes on and learns from the others.
func TestUpdateLeftOut(t *testing.T) {
	l, trainer, log, _ := newLoop(4)
	optims := 0
	trainer.OnCall = func(name string) error {
		if name != "optim" {
			return nil
		}
		if optims++; optims == 2 || optims == 3 || optims == 5 {
			return fmt.Errorf("made up: %w", policy.ErrNotFinite)
		}
		return nil
	}
	var skipped []Skipped
	l.Skip = func(s Skipped) error { skipped = append(skipped, s); return nil }
	require.NoError(t, l.Run(t.Context(), 0, false))
	require.Len(t, log.steps, 4, "two in a row are not three")
	require.Len(t, skipped, 3)
	require.Equal(t, []int{0, 1, 1, 0, 2, 0}, []int{skipped[0].Step, skipped[0].Minibatch, skipped[1].Step, skipped[1].Minibatch, skipped[2].Step, skipped[2].Minibatch})
	require.Contains(t, skipped[0].Reason, "made up: "+policy.ErrNotFinite.Error())
	require.NotEmpty(t, skipped[0].Rollouts)
	require.Regexp(t, `^0:task\d:\d$`, skipped[0].Rollouts[0])
	require.Equal(t, 8, optims)
}

// A reward that is infinite makes a gradient that is NaN: the weights stay as they are, and the third such update in a
// row ends the run.
func TestUpdatesLeftOutInARow(t *testing.T) {
	l, trainer, log, _ := newLoop(5)
	l.Pool.Verifier = infinite{}
	before, told := trainer.Prob('a'), 0
	l.Skip = func(Skipped) error { told++; return nil }
	err := l.Run(t.Context(), 0, false)
	require.ErrorIs(t, err, policy.ErrNotFinite)
	require.ErrorContains(t, err, "step 1: 3 updates in a row were not finite")
	require.ErrorContains(t, err, "grpo.lr")
	require.Equal(t, 3, told)
	require.Len(t, log.steps, 1, "the step that ended the run is not recorded")
	require.Equal(t, before, trainer.Prob('a'))
	require.False(t, math.IsNaN(trainer.Prob('b')))

	boom := errors.New("disk full")
	l, _, _, _ = newLoop(5)
	l.Pool.Verifier = infinite{}
	l.Skip = func(Skipped) error { return boom }
	require.ErrorIs(t, l.Run(t.Context(), 0, false), boom)
}

type infinite struct{}

func (infinite) Verify(ctx context.Context, task datasets.Task, response string) (verifiers.Verdict, error) {
	v, err := bandit{}.Verify(ctx, task, response)
	v.Reward *= math.Inf(1)
	if math.IsNaN(v.Reward) {
		v.Reward = 0
	}
	return v, err
}

func TestRolloutIDs(t *testing.T) {
	groups := []rollout.Group{sized(1, 1, 1), sized(2, 1, 1, 1), sized(3, 1, 1)}
	for i, id := range []string{"a", "b", "a"} {
		groups[i].Task.ID = id
	}
	require.Equal(t, []string{"7:a:1", "7:b:2", "7:a:2", "7:a:3"}, rolloutIDs(7, groups, []Origin{{0, 1}, {1, 2}, {2, 0}, {2, 1}}))
}

// What the engine says of the tokens that it learns from stands beside what the sampler said of them.
func TestLearnedLogprobsAreKept(t *testing.T) {
	l, trainer, _, _ := newLoop(1)
	l.Minibatches = 1
	want := map[policy.Token]float32{}
	for token := range fake.EOS + 1 {
		want[token] = float32(math.Log(trainer.Prob(token)))
	}
	kept := 0
	l.Log = groupRecorder(func(_ runlog.Step, groups []rollout.Group, advantages [][]float64) {
		for i, g := range groups {
			for j, r := range g.Rollouts {
				if advantages[i][j] == 0 {
					require.Nil(t, r.Learned, "nothing was learned from it")
					continue
				}
				kept++
				require.Len(t, r.Learned, len(r.Tokens))
				for at, token := range r.Tokens {
					require.InDelta(t, want[token], r.Learned[at], 1e-6)
				}
			}
		}
	})
	require.NoError(t, l.Run(t.Context(), 0, false))
	require.NotZero(t, kept)
}
