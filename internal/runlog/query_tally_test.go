package runlog_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/verifiers"
)

func TestTallies(t *testing.T) {
	log := mustCreate(t)
	groups, advantages := makeGroups(2, 4)
	groups[0].Rollouts[0].Verdict = verifiers.Verdict{Kind: verifiers.NoAnswer, Reward: 0.5}
	groups[0].Rollouts[1].Verdict = verifiers.Verdict{Kind: verifiers.NoAnswer, Reward: math.NaN()}
	groups[1].Rollouts[0].Verdict = verifiers.Verdict{Kind: verifiers.Timeout}
	groups[1].Rollouts[1].Verdict = verifiers.Verdict{Kind: verifiers.Error}
	groups[1].Rollouts[2].Verdict = verifiers.Verdict{Kind: verifiers.Unparseable}
	for step := range 2 {
		require.NoError(t, log.RecordStep(t.Context(), runlog.Step{Step: step}, groups, advantages, nil))
	}
	require.NoError(t, log.RecordEval(t.Context(), 1, runlog.Eval{Tasks: "x", NTasks: 2, NSamples: 4}, groups))
	got, err := log.Tallies(t.Context())
	require.NoError(t, err)
	want := runlog.Tally{Rollouts: 8, NoAnswer: 2, Unparseable: 1, Timeout: 1, Error: 1, PaidNoAnswer: 1}
	second := want
	second.Step = 1
	require.Equal(t, []runlog.Tally{want, second}, got, "evaluations do not count")
}
