package runlog_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/rollout"
)

// contract is what docs promise of the views; a view may have more columns after these.
var contract = map[string]string{
	"v_runs": "run, started_at, seed, model, recipe, status, host, config, peak_flops",
	"v_steps": "run, step, reward_mean, reward_std, accuracy, frac_zero_std, length_mean, length_p90, truncated_frac, entropy, kl, " +
		"clip_low_frac, clip_high_frac, ratio_max, logp_diff_mean, logp_diff_max, grad_norm, lr, reflect_frac, reflect_per_rollout, " +
		"p_correct_reflect, p_correct_no_reflect, flips_good, flips_bad, moe_max_violation, moe_dead, tokens, sample_s, verify_s, train_s, step_s, phase, cpu_s, " +
		"staleness, is_ratio_mean, is_ratio_max, is_weight_mean, is_capped_frac, " +
		"routing_agreement, compilations, useful_share, train_tokens, sample_flops, train_flops, sample_mfu, train_mfu, peak_rss, kl_reference",
	"v_rollouts": "id, run, step, phase, task_id, kind, sample, prompt, response, tokens, stop_reason, verdict, reward, advantage, " +
		"policy_version, reflections, language_mix, mean_logp, ms, format, answer, reason, passed, total, tasks, temperature, position, drawn_at, stderr",
	"v_reflections": "run, step, rollout_id, offset, category, phrase, answer_before, answer_after, effect",
	"v_evals":       "run, step, tasks, n_tasks, n_samples, temperature, metric, value, ci_low, ci_high",
	"v_experts":     "run, step, layer, expert, load, bias",
	"v_tasks":       "run, task_id, kind, groups, rollouts, correct, success_rate, last_step",
	"v_probes":      "run, step, tasks, n_tasks, n_points, n_samples, metric, value, ci_low, ci_high",
}

func rawDB(tb testing.TB, log *runlog.Log) *sql.DB {
	tb.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(log.Dir(), runlog.DBFile))
	require.NoError(tb, err)
	tb.Cleanup(func() { db.Close() })
	return db
}

func TestViewsHaveTheColumnsOfTheContract(t *testing.T) {
	log := mustCreate(t)
	mustRecord(t, log, 0, 1, 4)
	mustEval(t, log, 0, 0.2)
	require.NoError(t, log.RecordProbe(t.Context(), madeProbe()))
	db := rawDB(t, log)
	for view, columns := range contract {
		rows, err := db.Query("SELECT * FROM " + view)
		require.NoError(t, err, view)
		got, err := rows.Columns()
		require.NoError(t, err)
		want := strings.Split(columns, ", ")
		require.GreaterOrEqual(t, len(got), len(want), view)
		require.Equal(t, want, got[:len(want)], view)
		require.True(t, rows.Next(), "%s is empty", view)
		require.NoError(t, rows.Close())
		require.NoError(t, rows.Err())
	}
}

func TestStepIsReadBackAsItWasWritten(t *testing.T) {
	ctx := context.Background()
	log := mustCreate(t)
	want := runlog.Step{Step: 3, Phase: runlog.PhaseTrain, FlipsGood: 2, FlipsBad: 1, MoEDead: 1, Tokens: 99}
	want.RewardMean, want.LR, want.StepS, want.RatioMax = 1.0/3, 3e-4, 1e-9, math.Inf(1)
	require.NoError(t, log.RecordStep(ctx, want, nil, nil, runlog.Experts([][]float64{{0.25, 0.75}}, nil)))

	steps, err := log.Steps(ctx)
	require.NoError(t, err)
	require.Equal(t, []runlog.Step{want}, steps)
	last, ok, err := log.LastStep(ctx)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, 3, last)
	experts, err := log.Experts(ctx, 3)
	require.NoError(t, err)
	require.Len(t, experts, 2)
	require.Equal(t, 0.75, experts[1].Load)
	require.True(t, math.IsNaN(experts[1].Bias))
}

func TestUndefinedMetricIsNull(t *testing.T) {
	log := mustCreate(t)
	mustRecord(t, log, 0, 1, 2)
	var undefined bool
	require.NoError(t, rawDB(t, log).QueryRow(`SELECT p_correct_reflect IS NULL FROM v_steps`).Scan(&undefined))
	require.True(t, undefined)
	steps, err := log.Steps(context.Background())
	require.NoError(t, err)
	require.True(t, math.IsNaN(steps[0].PCorrectReflect))
	text, err := json.Marshal(steps[0])
	require.NoError(t, err)
	var object map[string]any
	require.NoError(t, json.Unmarshal(text, &object))
	require.Nil(t, object["p_correct_reflect"])
	require.Equal(t, 0.6, object["reward_mean"])
}

func TestRolloutsAreReadBack(t *testing.T) {
	log := mustCreate(t)
	mustRecord(t, log, 5, 2, 4)
	mustEval(t, log, 5, 0.3)

	train := collect(t, log, runlog.Filter{HasStep: true, Step: 5, Phase: runlog.PhaseTrain})
	require.Len(t, train, 8)
	r := train[5]
	require.Equal(t, "5:countdown-1:1", r.ID)
	require.Equal(t, "correct", r.Verdict)
	require.Equal(t, 0.5, r.Advantage)
	require.Equal(t, 60, r.Tokens)
	require.InDelta(t, -0.5, r.MeanLogp, 1e-6)
	require.Equal(t, 1, r.Reflections)

	eval := collect(t, log, runlog.Filter{Phase: runlog.PhaseEval, TaskID: "countdown-1"})
	require.Len(t, eval, 4)
	require.Equal(t, "eval/countdown/t1/2x4:5:countdown-1:0", eval[0].ID)
	require.True(t, math.IsNaN(eval[0].Advantage))

	found, err := log.Reflections(context.Background(), r.ID)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, reflect.Reconsideration, found[0].Category)
	require.Equal(t, found[0].Phrase, r.Response[found[0].Offset:][:len(found[0].Phrase)])

	drawn, err := log.Drawn(context.Background(), r.ID)
	require.NoError(t, err)
	require.Len(t, drawn.Tokens, 60)
	require.Equal(t, []int32{1, 5, 9}, drawn.Prompt)
	require.Equal(t, float32(-0.5), drawn.Logprobs[59])
	require.Len(t, drawn.Learned, 60)
	require.Equal(t, float32(-0.4), drawn.Learned[59])
	require.Equal(t, "made\x1a up", drawn.Stderr)
	_, err = log.Drawn(context.Background(), "9:none:0")
	require.ErrorContains(t, err, `no rollout "9:none:0"`)
}

func TestFilterSortsSearchesAndPages(t *testing.T) {
	log := mustCreate(t)
	mustRecord(t, log, 0, 2, 4)
	groups, _ := makeGroups(1, 1)
	groups[0].Rollouts[0].Text = "Hmm, try again: it's \"quoted\""
	groups[0].Task.ID = "odd"
	groups[0].Rollouts[0].Verdict.Reward = 9
	require.NoError(t, log.RecordStep(context.Background(), makeStep(1), groups, nil, nil))

	require.Equal(t, "1:odd:0", collect(t, log, runlog.Filter{Sort: "-reward", Limit: 1})[0].ID)
	require.Equal(t, "0:countdown-0:2", collect(t, log, runlog.Filter{Limit: 1, Offset: 2})[0].ID)
	require.Len(t, collect(t, log, runlog.Filter{Search: "hmm try"}), 1)
	require.Len(t, collect(t, log, runlog.Filter{Search: `it's "QUOTED`}), 1)
	require.Empty(t, collect(t, log, runlog.Filter{Search: "try hmm"}))
	require.Empty(t, collect(t, log, runlog.Filter{Search: `"*(`}))
	for _, err := range log.Rollouts(context.Background(), runlog.Filter{Sort: "rewad"}) {
		require.ErrorContains(t, err, `unknown field "rewad"`)
	}
}

func TestTaskThatComesTwiceInAStepKeepsUniqueIDs(t *testing.T) {
	log := mustCreate(t)
	groups, _ := makeGroups(1, 2)
	groups = append(groups, groups[0])
	require.NoError(t, log.RecordStep(context.Background(), makeStep(0), groups, nil, nil))
	require.Equal(t, "0:countdown-0:3", collect(t, log, runlog.Filter{})[3].ID)
}

func TestHostileResponseIsKept(t *testing.T) {
	log := mustCreate(t)
	hostile := "a\x00b\xff\xfec\x1b[2Jé" + strings.Repeat("x\x00\xc3", 1<<20/3) + " findme"
	groups := []rollout.Group{{Rollouts: []rollout.Rollout{{Text: hostile}}}}
	groups[0].Task.ID = "t\x00\xff"
	require.NoError(t, log.RecordStep(context.Background(), makeStep(0), groups, nil, nil))

	r := collect(t, log, runlog.Filter{Search: "findme"})[0]
	require.Len(t, r.Response, len(hostile), "offsets must not move")
	require.True(t, strings.HasPrefix(r.Response, "a\x1ab\x1a\x1ac\x1b[2Jé"))
	drawn, err := log.Drawn(context.Background(), r.ID)
	require.NoError(t, err)
	require.True(t, drawn.Text == hostile, "the original bytes are kept")
	require.NoError(t, log.TruncateFrom(context.Background(), 0))
	checkIndex(t, log)
}

func TestEvaluationsAreReadBackAndReplaced(t *testing.T) {
	log := mustCreate(t)
	mustEval(t, log, 0, 0.15)
	mustEval(t, log, 10, 0.5)
	mustEval(t, log, 10, 0.6)
	greedy := evaluation(0.4)
	greedy.Temperature = 0
	groups, _ := makeGroups(2, 4)
	require.NoError(t, log.RecordEval(context.Background(), 10, greedy, groups))

	evals, err := log.Evals(context.Background())
	require.NoError(t, err)
	require.Len(t, evals, 3)
	require.Equal(t, 0.15, evals[0].Metric("pass@1").Value)
	require.Equal(t, 0.6, evals[1].Metric("pass@1").Value)
	require.True(t, math.IsNaN(evals[1].Metric("errors").Low))
	require.True(t, math.IsNaN(evals[1].Metric("maj@4").Value))
	require.Len(t, collect(t, log, runlog.Filter{Phase: runlog.PhaseEval}), 24)
	checkIndex(t, log)
}

func TestTruncateAndRecordAgain(t *testing.T) {
	ctx := context.Background()
	log := mustCreate(t)
	for step := range 5 {
		mustRecord(t, log, step, 2, 4)
		mustEval(t, log, step, 0.2)
	}
	before, err := os.ReadFile(filepath.Join(log.Dir(), runlog.MetricsFile))
	require.NoError(t, err)
	require.NoError(t, log.TruncateFrom(ctx, 3))

	last, _, err := log.LastStep(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, last)
	require.Len(t, collect(t, log, runlog.Filter{}), 3*16)
	evals, err := log.Evals(ctx)
	require.NoError(t, err)
	require.Len(t, evals, 3)
	short, err := os.ReadFile(filepath.Join(log.Dir(), runlog.MetricsFile))
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(string(short), "\n"))
	checkIndex(t, log)

	for step := 3; step < 5; step++ {
		mustRecord(t, log, step, 2, 4)
	}
	after, err := os.ReadFile(filepath.Join(log.Dir(), runlog.MetricsFile))
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
	require.NoError(t, log.Truncate(ctx, 2, 3))
	evals, err = log.Evals(ctx)
	require.NoError(t, err)
	require.Len(t, evals, 3, "the evaluation of the checkpoint's own weights stays")
}

func TestMetricsFileHasTheUsualNames(t *testing.T) {
	log := mustCreate(t)
	mustRecord(t, log, 0, 1, 2)
	text, err := os.ReadFile(filepath.Join(log.Dir(), runlog.MetricsFile))
	require.NoError(t, err)
	var line map[string]any
	require.NoError(t, json.Unmarshal(text, &line))
	require.Equal(t, 0.6, line["reward"])
	require.Equal(t, 60.0, line["completions/mean_length"])
	require.Contains(t, line, "frac_reward_zero_std")
	require.Nil(t, line["sampling/importance_sampling_ratio/max"], "JSON has no infinity")
}

// checkIndex asks FTS5 itself whether the index agrees with the texts.
func checkIndex(tb testing.TB, log *runlog.Log) {
	tb.Helper()
	_, err := rawDB(tb, log).Exec(`INSERT INTO rollouts_fts (rollouts_fts, rank) VALUES ('integrity-check', 1)`)
	require.NoError(tb, err)
}
