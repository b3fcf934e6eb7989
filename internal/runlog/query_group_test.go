package runlog_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/verifiers"
)

func TestGroupHistoryAndTasks(t *testing.T) {
	ctx := context.Background()
	log := mustCreate(t)
	mustEval(t, log, 0, 0.3)
	mustRecord(t, log, 0, 2, 4)
	mustEval(t, log, 1, 0.5)
	group, err := log.Group(ctx, "0:countdown-1:2")
	require.NoError(t, err)
	require.Equal(t, []string{"0:countdown-1:0", "0:countdown-1:1", "0:countdown-1:2", "0:countdown-1:3"}, ids(runlog.Page{Rollouts: group}))
	_, err = log.Group(ctx, "nothing")
	require.ErrorIs(t, err, runlog.ErrNoRollout)

	history, err := log.History(ctx, "countdown-1")
	require.NoError(t, err)
	require.Equal(t, []runlog.Answered{
		{Step: 0, Phase: "eval", Tasks: "countdown", Temperature: 1, Samples: 4, Correct: 2, First: "eval/countdown/t1/2x4:0:countdown-1:0"},
		{Step: 0, Phase: "train", Samples: 4, Correct: 2, First: "0:countdown-1:0"},
		{Step: 1, Phase: "eval", Tasks: "countdown", Temperature: 1, Samples: 4, Correct: 2, First: "eval/countdown/t1/2x4:1:countdown-1:0"}}, history)

	tasks, err := log.TaskResults(ctx, 1, evaluation(0.5))
	require.NoError(t, err)
	require.Equal(t, []runlog.TaskResult{{"countdown-0", 4, 2, "eval/countdown/t1/2x4:1:countdown-0:0", 2}, {"countdown-1", 4, 2, "eval/countdown/t1/2x4:1:countdown-1:0", 2}}, tasks)
}

func TestShowcase(t *testing.T) {
	ctx := context.Background()
	log := mustCreate(t)
	before, _ := makeGroups(2, 1)
	require.NoError(t, log.RecordEval(ctx, 0, evaluation(0), before))
	after, _ := makeGroups(2, 1)
	won := &after[1].Rollouts[0]
	won.Verdict.Kind = verifiers.Correct
	won.Reflections = append(won.Reflections, won.Reflections[0])
	won.Reflections[1].Effect = reflect.Good
	require.NoError(t, log.RecordEval(ctx, 5, evaluation(0.5), after))
	b, a, ok, err := log.Showcase(ctx, 0, 5)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "countdown-1", a.TaskID)
	require.Equal(t, []int{0, 5}, []int{b.Step, a.Step})
	_, _, ok, err = log.Showcase(ctx, 0, 0)
	require.NoError(t, err)
	require.False(t, ok)
}

func TestSummaryAndMoment(t *testing.T) {
	ctx := context.Background()
	log := mustCreate(t)
	m, err := log.Moment(ctx)
	require.NoError(t, err)
	require.Equal(t, runlog.Moment{Step: -1, Status: "running"}, m)
	s, err := log.Summary(ctx)
	require.NoError(t, err)
	require.Zero(t, s.Steps)
	mustRecord(t, log, 0, 1, 2)
	mustRecord(t, log, 1, 1, 2)
	mustEval(t, log, 2, 0.5)
	m, err = log.Moment(ctx)
	require.NoError(t, err)
	require.Equal(t, runlog.Moment{Step: 1, Evals: 1, Status: "running"}, m)
	s, err = log.Summary(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, s.Steps)
	require.InDelta(t, 3, s.Seconds, 1e-9)
	require.Equal(t, []int{0, 1}, []int{s.First.Step, s.Last.Step})
}

func TestTakeOff(t *testing.T) {
	steps := func(shares ...float64) (out []runlog.Step) {
		for i, v := range shares {
			out = append(out, runlog.Step{Step: i + 10, ReflectFrac: v})
		}
		return out
	}
	for _, test := range []struct {
		steps []runlog.Step
		high  float64
		step  int
		ok    bool
	}{
		{steps(0, 0.3, 0.3, 0, 0.3, 0.3, 0.3), 0.2, 14, true},
		{steps(0.3, 0.3), 0.2, 0, false},
		{steps(0.3, math.NaN(), 0.3, 0.3), 0.2, 0, false},
		{steps(0.3, 0.3, 0.3), 0.3, 0, false},
		{steps(0.3, 0.3, 0.3), math.NaN(), 0, false},
	} {
		step, ok := runlog.TakeOff(test.steps, test.high)
		require.Equal(t, test.ok, ok)
		require.Equal(t, test.step, step)
	}
}

func TestBaseReflection(t *testing.T) {
	row := func(step int, tasks string, n, samples int, temperature, high float64) runlog.EvalRow {
		e := runlog.EvalRow{Step: step}
		e.Tasks, e.NTasks, e.NSamples, e.Temperature = tasks, n, samples, temperature
		e.Metrics = []runlog.Metric{{Name: "reflect_frac", Value: high - 0.1, Low: high - 0.2, High: high}}
		return e
	}
	require.Equal(t, 0.3, runlog.BaseReflection([]runlog.EvalRow{
		row(0, "countdown/validation", 900, 9, 1, 0.2), row(0, "code-mini/test", 10, 2, 1, 0.25), row(0, "countdown/test", 64, 16, 1, 0.3), row(0, "countdown/test", 512, 2, 1, 0.4),
		row(0, "countdown/test", 5000, 1, 0, 0.5), row(9, "countdown/test", 5000, 2, 1, 0.9)}).High, "the first of the two largest sampled test sets")
	require.Equal(t, 0.2, runlog.BaseReflection([]runlog.EvalRow{row(0, "gsm8k", 8, 1, 1, 0.1), row(0, "math", 9, 1, 1, 0.2)}).High)
	require.True(t, math.IsNaN(runlog.BaseReflection(nil).High))
}
