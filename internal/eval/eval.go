// Package eval makes evaluations and does their arithmetic: unbiased pass@k, majority votes, best of n,
// and confidence intervals over groups of judged rollouts; what the same accuracy costs in tokens; and which of two
// evaluations is better. Samples are kept in a file as they come, so that a cut evaluation goes on.
//
// Every interval is a 95 % percentile interval of a bootstrap over tasks, for the tasks are
// what an evaluation samples from the world; the samples of one task are not independent of
// each other. Where every task gave the same extreme share (all 0 or all 1), resampling cannot
// see any spread, and the exact binomial bound for that many tasks is used instead. Draws are
// seeded: the same groups and seed give the same figures.
//
// Rollouts that we failed to judge (verdict error) are left out of every figure and counted in
// the metric errors.
package eval

import (
	"math"
	"slices"
	"strings"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// Summarize returns the figures of one evaluation: pass@k for those ks that the number of
// samples allows, from k = 2 on pass^k, and for these and for all n samples of a task maj@k, best@k and logp@k; then behaviour:
//
//	reflect_frac      share of rollouts with a reflection
//	length_mean       response tokens
//	attempts          attempts at the answer in one chain   (these three only for tasks
//	hits_per_attempt  share of the attempts that are right   whose chains hold attempts
//	repeats           share that was tried before            that can be read)
//	format            share in the asked-for form
//	last_number       share whose last number is the gold, in whatever form (math and numeric tasks with a number as gold)
//	truncated_frac    share cut off by the limit
//	no_answer_frac    share in which nothing could be an answer
//	errors            number of rollouts left out
//
// pass^k is the probability that k samples are all right. best@k is the expected reward of the best of k as the verifier's own
// verdict ranks them, logp@k the accuracy of the one with the greatest mean log-prob a token, where log-probs are known.
// maj@k is left out for code, where texts cannot be compared as answers.
func Summarize(groups []rollout.Group, ks []int, seed uint64) []runlog.Metric {
	n, errors := 0, 0
	tasks := make([]task, 0, len(groups))
	for _, g := range groups {
		t := gather(g)
		n = max(n, len(g.Rollouts))
		errors += t.errors
		if len(t.rewards) > 0 {
			tasks = append(tasks, t)
		}
	}
	if len(tasks) == 0 {
		return []runlog.Metric{count("errors", errors)}
	}
	var metrics []runlog.Metric
	for _, f := range figures(ks, n, seed) {
		if m := f.over(tasks, seed); !math.IsNaN(m.Value) {
			metrics = append(metrics, m)
		}
	}
	metrics = append(metrics, behaviour(tasks, seed)...)
	return append(metrics, count("errors", errors))
}

// TaskScores returns each group's own pass@k, NaN where fewer than k of its rollouts could be
// judged: the rows for Between and Gain.
func TaskScores(groups []rollout.Group, k int) []float64 {
	scores := make([]float64, len(groups))
	for i, g := range groups {
		t := gather(g)
		scores[i] = PassAtK(len(t.rewards), t.correct, k)
	}
	return scores
}

// task is what one group comes to: sums over its judged rollouts.
type task struct {
	kind                            string
	rewards                         []float64
	right, logps                    []float64 // of each rollout: 1 if it is correct; its mean log-prob, NaN if that is not known
	votes                           []Vote
	correct, errors, silent         int
	reflective, formatted, cut      int
	numbered, lastRight             int // rollouts whose last number could be compared, and was the gold
	tokens, attempts, hits, repeats int
}

func gather(g rollout.Group) task {
	t := task{kind: g.Task.Kind}
	for _, r := range g.Rollouts {
		if r.Verdict.Kind == verifiers.Error {
			t.errors++
			continue
		}
		t.add(g, r)
	}
	return t
}

func (t *task) add(g rollout.Group, r rollout.Rollout) {
	right := r.Verdict.Kind == verifiers.Correct
	t.rewards = append(t.rewards, r.Verdict.Reward)
	t.votes = append(t.votes, vote(g.Task.Kind, r.Verdict.Answer, right))
	t.right = append(t.right, float64(one(right)))
	t.logps = append(t.logps, meanLogprob(r.Sample))
	t.correct += one(right)
	t.silent += one(r.Verdict.Kind == verifiers.NoAnswer)
	t.reflective += one(reflect.Spoken(r.Reflections) > 0)
	t.formatted += one(r.Verdict.Format)
	if equal, ok := verifiers.LastNumber(r.Text, g.Task.Answer); ok && (t.kind == "math" || t.kind == "numeric") {
		t.numbered++
		t.lastRight += one(equal)
	}
	t.cut += one(r.Stop == policy.StopLength)
	t.tokens += r.Length()
	for _, a := range reflect.Attempts(g.Task, r.Text) {
		t.attempts++
		t.hits += one(a.Hit)
		t.repeats += one(a.Repeat)
	}
}

// vote names the class of an answer. All right answers to a math question are one value, in
// whatever notation; elsewhere two texts are the same answer only if they are the same text.
func vote(kind, answer string, right bool) Vote {
	answer = strings.Join(strings.Fields(answer), "")
	if kind == "math" && right {
		answer = "the right one"
	}
	return Vote{Answer: answer, Correct: right}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func behaviour(tasks []task, seed uint64) []runlog.Metric {
	parts := func(pick func(task) (num, den int)) []part {
		var out []part
		for _, t := range tasks {
			num, den := pick(t)
			out = append(out, part{float64(num), float64(den)})
		}
		return out
	}
	metrics := []runlog.Metric{
		share("reflect_frac", parts(func(t task) (int, int) { return t.reflective, len(t.rewards) }), seed),
		amount("length_mean", parts(func(t task) (int, int) { return t.tokens, len(t.rewards) }), seed),
	}
	attempts := amount("attempts", parts(func(t task) (int, int) { return t.attempts, len(t.rewards) }), seed)
	if attempts.Value > 0 {
		metrics = append(metrics, attempts,
			share("hits_per_attempt", parts(func(t task) (int, int) { return t.hits, t.attempts }), seed),
			share("repeats", parts(func(t task) (int, int) { return t.repeats, t.attempts }), seed))
	}
	if slices.ContainsFunc(tasks, func(t task) bool { return t.numbered > 0 }) {
		metrics = append(metrics, share("last_number", parts(func(t task) (int, int) { return t.lastRight, t.numbered }), seed))
	}
	return append(metrics,
		share("format", parts(func(t task) (int, int) { return t.formatted, len(t.rewards) }), seed),
		share("truncated_frac", parts(func(t task) (int, int) { return t.cut, len(t.rewards) }), seed),
		share("no_answer_frac", parts(func(t task) (int, int) { return t.silent, len(t.rewards) }), seed))
}

func count(name string, n int) runlog.Metric {
	return runlog.Metric{Name: name, Value: float64(n), Low: math.NaN(), High: math.NaN()}
}
