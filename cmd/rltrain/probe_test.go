package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

func TestVerdictOfProbe(t *testing.T) {
	metric := func(name string, low, high float64) runlog.Metric {
		return runlog.Metric{Name: name, Value: (low + high) / 2, Low: low, High: high}
	}
	for want, ends := range map[string][4]float64{
		"reflecting pays.":                             {0.1, 0.3, 0.05, 0.2},
		"whether reflecting pays is not decided":       {0.1, 0.3, -0.05, 0.2},
		"reflecting does harm":                         {-0.3, -0.1, -0.2, -0.1},
		"by +0.200 [+0.100, +0.300] than kept from it": {0.1, 0.3, 0.05, 0.2},
		"by +0.125 [+0.050, +0.200] than after a plac": {0.1, 0.3, 0.05, 0.2},
	} {
		p := runlog.Probe{Step: 7, Tasks: "a", NTasks: 64, NPoints: 40, NSamples: 4,
			Metrics: []runlog.Metric{metric("forced_minus_masked", ends[0], ends[1]), metric("forced_minus_placebo", ends[2], ends[3])}}
		require.Contains(t, verdictOf(p), want)
		require.Contains(t, verdictOf(p), "probe at step 7 (a, 40 prefixes of 64 tasks, 4 continuations each)")
		p.NPoints = eval.FewPoints - 1
		require.Contains(t, verdictOf(p), "too few prefixes")
	}
}

// An evaluation of n tasks, of which the first reflecting reflect.
func reflectingGroups(n, reflecting int) []rollout.Group {
	groups := make([]rollout.Group, n)
	for i := range groups {
		r := rollout.Rollout{Sample: policy.Sample{Tokens: []policy.Token{1}}, Verdict: verifiers.Verdict{Kind: verifiers.Wrong}}
		if i < reflecting {
			r.Reflections = []reflect.Reflection{{Category: reflect.Reconsideration, Phrase: "Wait"}}
		}
		groups[i] = rollout.Group{Task: datasets.Task{ID: fmt.Sprint(i)}, Rollouts: []rollout.Rollout{r}}
	}
	return groups
}

func TestShowEmergence(t *testing.T) {
	for _, test := range []struct {
		reflecting []int
		want       string
	}{
		{[]int{4, 6, 40, 60, 55}, "on the fixed prompts of a reflection appeared by step 20: 0.400"},
		{[]int{4, 6, 40, 5, 6}, "on the fixed prompts of a reflection has not appeared: 0.040"},
	} {
		run := filepath.Join(t.TempDir(), "run")
		log, err := runlog.Create(run, runlog.Meta{Run: "run", StartedAt: time.Now()})
		require.NoError(t, err)
		for i, n := range test.reflecting {
			groups := reflectingGroups(100, n)
			e := runlog.Eval{Tasks: "a", NTasks: 100, NSamples: 1, Temperature: 1, Metrics: eval.Summarize(groups, []int{1}, 1)}
			require.NoError(t, log.RecordEval(t.Context(), 10*i, e, groups))
			e.Tasks = "made twice only"
			if i < 2 {
				require.NoError(t, log.RecordEval(t.Context(), 10*i, e, groups))
			}
		}
		require.NoError(t, log.RecordProbe(t.Context(), runlog.Probe{Step: 40, Tasks: "a", NTasks: 9, NPoints: 3, NSamples: 4,
			Metrics: []runlog.Metric{{Name: "points", Value: 3, Low: math.NaN(), High: math.NaN()}}}))
		told, err := readStory(t.Context(), log)
		require.NoError(t, err)
		var out strings.Builder
		require.NoError(t, showEmergence(t.Context(), &out, log, told))
		require.Contains(t, out.String(), test.want)
		require.Contains(t, out.String(), "probe at step 40 (a, 3 prefixes of 9 tasks")
		require.NoError(t, log.Close())
	}
}

// probeStored probes a checkpoint of a real run, whose tiny policy hardly reflects.
func probeStored(t *testing.T, run string) {
	t.Helper()
	out := mustRun(t, "rollouts", run, "--probe", "8", "--step", "6")
	require.Contains(t, out, "probe at step 6 (countdown/validation, ")
	require.FileExists(t, filepath.Join(run, "probe-6.jsonl"))
	require.Contains(t, mustRun(t, "runs", "show", run), "probe at step 6")
	code, stderr := runArgs(t, "rollouts", run, "--probe", "0")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "--probe 0: give the number of tasks")
	require.NoError(t, os.Remove(filepath.Join(run, "probe-6.jsonl")))
}
