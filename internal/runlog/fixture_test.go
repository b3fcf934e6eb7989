package runlog_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

func meta() runlog.Meta {
	return runlog.Meta{Run: "trial", Recipe: "demo.yaml", Model: "base", Host: "laptop", Seed: 7,
		Config: []byte("seed: 7\n"), StartedAt: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
}

func mustCreate(tb testing.TB) *runlog.Log {
	tb.Helper()
	log, err := runlog.Create(filepath.Join(tb.TempDir(), "trial"), meta())
	require.NoError(tb, err)
	tb.Cleanup(func() { log.Close() })
	return log
}

// chain is a response with one reflection in it.
const chain = "<think>8+2=10,22+10=32 too small. Wait, let me reconsider. 22-2=20,20+8=28 too small.</think><answer>22-2+8</answer>"

// makeGroups makes groups of rollouts, half of them correct, half of them with a reflection.
func makeGroups(groups, samples int) ([]rollout.Group, [][]float64) {
	out := make([]rollout.Group, groups)
	advantages := make([][]float64, groups)
	for i := range out {
		task := datasets.Task{ID: fmt.Sprintf("countdown-%d", i), Kind: "countdown", Question: "make 36 from 2 8 22", Numbers: []int{2, 8, 22}, Target: 36}
		out[i] = rollout.Group{Task: task, Prompt: "Q: make 36 from 2 8 22\nA:", PromptTokens: []policy.Token{1, 5, 9}}
		for j := range samples {
			out[i].Rollouts = append(out[i].Rollouts, makeRollout(j))
			advantages[i] = append(advantages[i], float64(j%2)-0.5)
		}
	}
	return out, advantages
}

func makeRollout(sample int) rollout.Rollout {
	r := rollout.Rollout{Text: chain, VerifyMS: 0.25}
	for t := range 60 {
		r.Tokens = append(r.Tokens, policy.Token(t))
		r.Logprobs = append(r.Logprobs, -0.5)
		r.Entropies = append(r.Entropies, 0.1)
		r.Learned = append(r.Learned, -0.4)
	}
	r.Stop, r.Version = policy.StopToken, 3
	r.Verdict = verifiers.Verdict{Kind: verifiers.Wrong, Reward: 0.1, Format: true, Answer: "22-2+8", Reason: "28 is not 36", Stderr: "made\x00 up"}
	if sample%2 == 1 {
		r.Verdict.Kind, r.Verdict.Reward = verifiers.Correct, 1.1
	}
	if sample/2%2 == 0 {
		r.Reflections = []reflect.Reflection{{Offset: 34, Category: reflect.Reconsideration,
			Phrase: "Wait, let me reconsider.", Before: "32", After: "28", Effect: reflect.NoneOther}}
	}
	return r
}

func makeStep(step int) runlog.Step {
	return runlog.Step{Step: step, RewardMean: 0.6, Accuracy: 0.5, LengthMean: 60, ReflectFrac: 0.5,
		PCorrectReflect: math.NaN(), FlipsGood: 4, Tokens: 480, StepS: 1.5, RatioMax: math.Inf(1)}
}

func mustRecord(tb testing.TB, log *runlog.Log, step, groups, samples int) {
	tb.Helper()
	g, a := makeGroups(groups, samples)
	experts := runlog.Experts([][]float64{{0.25, 0.75}}, [][]float64{{0.001, -0.001}})
	require.NoError(tb, log.RecordStep(context.Background(), makeStep(step), g, a, experts))
}

func evaluation(value float64) runlog.Eval {
	return runlog.Eval{Tasks: "countdown", NTasks: 2, NSamples: 4, Temperature: 1, Metrics: []runlog.Metric{
		{Name: "pass@1", Value: value, Low: value - 0.05, High: value + 0.05},
		{Name: "errors", Value: 0, Low: math.NaN(), High: math.NaN()}}}
}

func mustEval(tb testing.TB, log *runlog.Log, step int, value float64) {
	tb.Helper()
	groups, _ := makeGroups(2, 4)
	require.NoError(tb, log.RecordEval(context.Background(), step, evaluation(value), groups))
}

func collect(tb testing.TB, log *runlog.Log, f runlog.Filter) []runlog.Rollout {
	tb.Helper()
	var all []runlog.Rollout
	for r, err := range log.Rollouts(context.Background(), f) {
		require.NoError(tb, err)
		all = append(all, r)
	}
	return all
}
