package web_test

import (
	"context"
	"fmt"
	"math/rand/v2"
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

// madeRun describes a run that a test makes: so many steps of so many groups, each of four samples.
type madeRun struct {
	name, config         string
	steps, groups        int
	evalTasks, evalEvery int
	hostile              string // the response of sample 3 in every group, if set
	running              bool
}

func mustMake(tb testing.TB, dir string, m madeRun) {
	tb.Helper()
	log, err := runlog.Create(filepath.Join(dir, m.name), runlog.Meta{Run: m.name, Recipe: "demo.yaml", Model: "base", Host: "laptop",
		Seed: 7, Config: []byte(m.config), StartedAt: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)})
	require.NoError(tb, err)
	defer log.Close()
	ctx, random := context.Background(), rand.New(rand.NewPCG(1, 2))
	for step := range m.steps {
		if m.evalEvery > 0 && step%m.evalEvery == 0 {
			mustEvaluate(tb, log, step, m, random)
		}
		groups, advantages := m.draw(step, m.groups, float64(step)/float64(m.steps), random)
		require.NoError(tb, log.RecordStep(ctx, m.row(step), groups, advantages, experts(step)))
	}
	if m.evalEvery > 0 {
		mustEvaluate(tb, log, m.steps, m, random)
	}
	require.NoError(tb, log.RecordProbe(ctx, runlog.Probe{Step: m.steps, Tasks: "countdown/test", NTasks: 64, NPoints: 40, NSamples: 4, Metrics: []runlog.Metric{
		{Name: "forced_minus_masked", Value: 0.31, Low: 0.2, High: 0.4}, {Name: "forced_minus_placebo", Value: 0.25, Low: 0.1, High: 0.35}}}))
	if !m.running {
		require.NoError(tb, log.SetStatus(ctx, runlog.Finished))
	}
}

func mustEvaluate(tb testing.TB, log *runlog.Log, step int, m madeRun, random *rand.Rand) {
	tb.Helper()
	groups, _ := m.draw(-1, m.evalTasks, float64(step)/float64(m.steps), random)
	share := 0.2 + 0.6*float64(step)/float64(m.steps)
	e := runlog.Eval{Tasks: "countdown/test", NTasks: m.evalTasks, NSamples: 4, Temperature: 1, Metrics: []runlog.Metric{
		{Name: "pass@1", Value: share, Low: share - 0.05, High: share + 0.05},
		{Name: "pass@4", Value: share + 0.1, Low: share + 0.05, High: share + 0.15},
		{Name: "maj@2", Value: share, Low: share - 0.05, High: share + 0.05}, {Name: "maj@4", Value: share + 0.02, Low: share, High: share + 0.05},
		{Name: "best_logp@4", Value: share + 0.01, Low: share, High: share + 0.05},
		{Name: "pass^2", Value: share / 3, Low: share / 4, High: share / 2}, {Name: "pass^4", Value: share / 4, Low: share / 5, High: share / 3},
		{Name: "reflect_frac", Value: share / 2, Low: share/2 - 0.05, High: share/2 + 0.05}}}
	require.NoError(tb, log.RecordEval(context.Background(), step, e, groups))
}

// row rises from step to step, so that reflection takes off in the middle.
func (m madeRun) row(step int) runlog.Step {
	part := float64(step) / float64(m.steps)
	return runlog.Step{Step: step, RewardMean: 0.2 + part, Accuracy: 0.2 + 0.6*part, LengthMean: 40 + 60*part, ReflectFrac: 0.6 * part, Entropy: 0.4 - 0.2*part,
		GradNorm: 0.1, PCorrectReflect: 0.5, PCorrectNoReflect: 0.6, FlipsGood: step, FlipsBad: 1, Tokens: 4000, SampleS: 1, TrainS: 1, VerifyS: 0.1, StepS: 2.5}
}

func experts(step int) []runlog.Expert {
	load, bias := make([]float64, 8), make([]float64, 8)
	for i := range load {
		load[i], bias[i] = 0.125, 0.001*float64(step%5)
	}
	load[0], load[1] = 0.25, 0
	return runlog.Experts([][]float64{load, load}, [][]float64{bias, bias})
}

// draw makes groups with advantages; the more of the run is over, the more chains reflect and are right.
func (m madeRun) draw(step, n int, part float64, random *rand.Rand) (groups []rollout.Group, advantages [][]float64) {
	for i := range n {
		id := fmt.Sprintf("countdown-%d-%d", step, i)
		if step < 0 {
			id = fmt.Sprintf("countdown-check-%d", i)
		}
		g := rollout.Group{Task: datasets.Task{ID: id, Kind: "countdown", Question: "make 36 from 2 8 22"}, Prompt: "Q: make 36 from 2 8 22\nA:"}
		var advantage []float64
		for j := range 4 {
			r := chainOf(random.Float64() < 0.2+0.6*part, random.Float64() < part, random.IntN(3))
			if j == 3 && m.hostile != "" {
				r.Text, r.Reflections = m.hostile, nil
				r.Verdict.Reason, r.Verdict.Answer = m.hostile[:min(len(m.hostile), 200)], m.hostile[:min(len(m.hostile), 200)]
			}
			g.Rollouts = append(g.Rollouts, r)
			advantage = append(advantage, r.Verdict.Reward-0.5)
		}
		groups, advantages = append(groups, g), append(advantages, advantage)
	}
	return groups, advantages
}

func chainOf(right, reflects bool, phrase int) rollout.Rollout {
	first, rest := "<think>8+2=10,22+10=32 too small. ", "22-2=20,20+8=28 too small. 22+8=30,30+2=32 too small.</think><answer>22-2+8</answer>"
	r := rollout.Rollout{Text: first + rest, VerifyMS: 0.25}
	r.Stop, r.Version = policy.StopToken, 3
	r.Verdict = verifiers.Verdict{Kind: verifiers.Wrong, Reward: 0.1, Format: true, Answer: "22-2+8", Reason: "28 is not 36"}
	effect := reflect.NoneOther
	if right {
		r.Verdict.Kind, r.Verdict.Reward, effect = verifiers.Correct, 1.1, reflect.Good
	}
	if reflects {
		said := []string{"Wait, let me reconsider", "Hold on, let me think again", "No, let me try another way"}[phrase]
		r.Text = first + said + ". " + said + ". " + rest
		for k := range 2 {
			r.Reflections = append(r.Reflections, reflect.Reflection{Offset: len(first) + k*(len(said)+2), Category: reflect.Reconsideration,
				Phrase: said, Before: "32", After: "28", Effect: effect})
			effect = reflect.NoneOther
		}
	}
	for i := range 60 {
		r.Tokens, r.Logprobs, r.Entropies = append(r.Tokens, policy.Token(i)), append(r.Logprobs, -0.05*float32(i%40)), append(r.Entropies, 0.1)
		r.Learned = append(r.Learned, r.Logprobs[i]+0.2*float32(i%3-1))
	}
	return r
}
