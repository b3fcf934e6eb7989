package runlog_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
)

func madeProbe() runlog.Probe {
	return runlog.Probe{Step: 0, Tasks: "countdown/test", NTasks: 64, NPoints: 20, NSamples: 4, Seed: 1 << 63, Metrics: []runlog.Metric{
		{Name: "p_forced", Value: 0.5, Low: 0.4, High: 0.6}, {Name: "left", Value: 3, Low: math.NaN(), High: math.NaN()},
	}}
}

func TestProbes(t *testing.T) {
	ctx := context.Background()
	log := mustCreate(t)
	first, later := madeProbe(), madeProbe()
	later.Step = 7
	require.NoError(t, log.RecordProbe(ctx, later))
	require.NoError(t, log.RecordProbe(ctx, first))
	again := later
	again.NPoints = 21
	require.NoError(t, log.RecordProbe(ctx, again))
	got, err := log.Probes(ctx)
	require.NoError(t, err)
	require.Len(t, got, 2, "the same probe made again replaces the earlier one")
	require.Equal(t, []int{0, 7}, []int{got[0].Step, got[1].Step})
	require.Equal(t, uint64(1<<63), got[0].Seed)
	require.Equal(t, 21, got[1].NPoints)
	require.Equal(t, first.Metrics[0], got[0].Metric("p_forced"))
	require.True(t, math.IsNaN(got[0].Metric("left").Low))
	require.NoError(t, log.Truncate(ctx, 3, 4))
	got, err = log.Probes(ctx)
	require.NoError(t, err)
	require.Len(t, got, 1, "a resumed run makes other weights, as far as the log knows")
}

// A rollout's drawing has all groups of the same call, none of another round, and knows the place among a task's samples.
func TestDrawing(t *testing.T) {
	ctx := context.Background()
	log := mustCreate(t)
	groups, advantages := makeGroups(3, 4)
	groups[2].Task.ID = groups[0].Task.ID // comes twice: samples are numbered on
	groups[0].Seed, groups[1].Seed, groups[2].Seed = 1<<63+5, 9, 9
	for i := range groups {
		groups[i].DrawnAt = 1
	}
	require.NoError(t, log.RecordStep(ctx, makeStep(2), groups, advantages, nil))
	mustEval(t, log, 2, 0.2)

	d, err := log.Drawing(ctx, "2:countdown-0:1")
	require.NoError(t, err)
	require.Len(t, d.Groups, 1)
	require.Equal(t, uint64(1<<63+5), d.Seed)
	require.True(t, d.SeedKnown)
	require.Equal(t, []int{1, 1, 4}, []int{d.DrawnAt, d.Index, d.NSamples})
	require.Equal(t, groups[0].Rollouts[1].Tokens, d.Tokens)
	require.Equal(t, groups[0].Rollouts[1].Logprobs, d.Logprobs)
	require.Equal(t, groups[0].PromptTokens, d.Groups[0].Prompt)

	d, err = log.Drawing(ctx, "2:countdown-0:6")
	require.NoError(t, err)
	require.Equal(t, []runlog.DrawnGroup{{"countdown-1", []int32{1, 5, 9}}, {"countdown-0", []int32{1, 5, 9}}}, d.Groups)
	require.Equal(t, []int{1, 2}, []int{d.Group, d.Index})

	var evaluated string
	require.NoError(t, rawDB(t, log).QueryRow("SELECT id FROM v_rollouts WHERE phase = 'eval' LIMIT 1").Scan(&evaluated))
	d, err = log.Drawing(ctx, evaluated)
	require.NoError(t, err)
	require.Equal(t, 2, d.DrawnAt)
	require.NotEmpty(t, d.Eval.Tasks)

	_, err = log.Drawing(ctx, "2:none:0")
	require.ErrorIs(t, err, runlog.ErrNoRollout)
}
