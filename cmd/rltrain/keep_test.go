package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
)

func evaluated(step int, tasks string, pass1 float64) runlog.EvalRow {
	return runlog.EvalRow{Step: step, Eval: runlog.Eval{Tasks: tasks, NTasks: 10, NSamples: 1, Temperature: 1,
		Metrics: []runlog.Metric{{Name: "pass@1", Value: pass1, Low: math.NaN(), High: math.NaN()}}}}
}

func TestBestStep(t *testing.T) {
	sets := []eval.Set{{Tasks: "a", Samples: 1, Temperature: 1}, {Tasks: "b", Samples: 1, Temperature: 1}}
	evals := []runlog.EvalRow{
		evaluated(0, "a", 0.1), evaluated(0, "b", 0.1),
		evaluated(10, "a", 0.9), evaluated(10, "b", 0.1), // the mean decides
		evaluated(20, "a", 0.6), evaluated(20, "b", 0.4), // equal: the first one stays
		evaluated(30, "a", 1), // not evaluated on b
		evaluated(40, "a", 1), evaluated(40, "b", 1),
	}
	evals[0].Temperature = 0 // another evaluation
	for _, test := range []struct {
		steps []int
		best  int
		ok    bool
	}{
		{[]int{0, 10, 20, 30}, 10, true}, {[]int{20, 30}, 20, true}, {[]int{10, 40}, 40, true}, {[]int{30}, 0, false}, {[]int{0}, 0, false}, {nil, 0, false},
	} {
		best, ok := bestStep(evals, sets, test.steps)
		require.Equal(t, test.ok, ok)
		require.Equal(t, test.best, best)
	}
}

func TestKeepCheckpoints(t *testing.T) {
	for _, test := range []struct {
		keep keep
		want []int
	}{
		{keep{}, []int{0, 10, 20, 30, 40}},
		{keep{Last: 2}, []int{30, 40}},
		{keep{Last: 9}, []int{0, 10, 20, 30, 40}},
		{keep{Last: 2, Best: true}, []int{10, 30, 40}},
		{keep{Last: 1, Best: true}, []int{10, 40}},
	} {
		run := filepath.Join(t.TempDir(), "run")
		log, err := runlog.Create(run, runlog.Meta{Run: "run", StartedAt: time.Now()})
		require.NoError(t, err)
		for step, pass1 := range map[int]float64{0: 0.1, 10: 0.5, 20: 0.4, 30: 0.3, 40: 0.2} {
			require.NoError(t, log.RecordEval(t.Context(), step, evaluated(step, "a", pass1).Eval, nil))
			folder := filepath.Join(run, "checkpoints", fmt.Sprint(step))
			require.NoError(t, os.MkdirAll(folder, 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(folder, "model.safetensors"), nil, 0o600))
		}
		s := session{run: run, log: log}
		s.recipe.Keep, s.recipe.Validate.Sets = test.keep, []eval.Set{{Tasks: "a", Samples: 1, Temperature: 1}}
		require.NoError(t, s.keepCheckpoints(t.Context()))
		steps, err := checkpointSteps(filepath.Join(run, "checkpoints"))
		require.NoError(t, err)
		require.Equal(t, test.want, steps, "%+v", test.keep)
		require.NoDirExists(t, filepath.Join(run, "checkpoints", ".removing"))
		require.NoError(t, log.Close())
	}
}

func TestKeepCheck(t *testing.T) {
	sets := validation{Every: 10, Sets: []eval.Set{{Tasks: "a", Samples: 1}}}
	require.NoError(t, keep{}.check(validation{}))
	require.NoError(t, keep{Last: 3, Best: true}.check(sets))
	require.ErrorContains(t, keep{Last: -1}.check(sets), "keep.last is -1")
	require.ErrorContains(t, keep{Best: true}.check(sets), "keep.best without keep.last")
	require.ErrorContains(t, keep{Last: 1, Best: true}.check(validation{Every: 10}), "validate.sets")
}
