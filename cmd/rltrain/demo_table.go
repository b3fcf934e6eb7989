package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy/moe"
)

// results are a run's evaluations before and after, and what it cost.
type results struct {
	story
	first, last  map[string]runlog.Eval // by name of the set
	compilations moe.Compilations
	wall         time.Duration
}

// setName tells evaluations apart.
func setName(e runlog.Eval) string {
	return fmt.Sprintf("%s T=%g x%d", e.Tasks, e.Temperature, e.NSamples)
}

func (s *session) reopenLog() (err error) {
	s.log, err = runlog.OpenReadOnly(s.run)
	return err
}

func (s *session) readResults(ctx context.Context) (results, error) {
	r := results{first: map[string]runlog.Eval{}, last: map[string]runlog.Eval{}, compilations: s.model.Compilations(), wall: time.Since(s.started)}
	var err error
	if r.story, err = readStory(ctx, s.log); err != nil {
		return r, err
	}
	for _, e := range r.evals {
		switch e.Step {
		case 0:
			r.first[setName(e.Eval)] = e.Eval
		case s.recipe.GRPO.Steps:
			r.last[setName(e.Eval)] = e.Eval
		}
	}
	return r, nil
}

// row is one line of the table: a metric of a set, before and after.
type row struct{ label, set, metric string }

func tableRows() []row {
	const cd, many, code = "countdown/test T=1 x2", "countdown/test T=1 x16", "code-mini/test T=1 x4"
	return []row{
		{"Countdown pass@1, sampled (T=1)", cd, "pass@1"},
		{"Countdown pass@1, greedy", "countdown/test T=0 x1", "pass@1"},
		{"Countdown pass@4", many, "pass@4"},
		{"Countdown pass@16", many, "pass@16"},
		{"  in the asked-for format", cd, "format"},
		{"  mean length (tokens)", cd, "length_mean"},
		{"  share of chains that reconsider", cd, "reflect_frac"},
		{"  attempts per chain", cd, "attempts"},
		{"  hits per attempt", cd, "hits_per_attempt"},
		{"  repeated attempts", cd, "repeats"},
		{"code-mini pass@1, sampled (T=1)", code, "pass@1"},
		{"code-mini pass@1, greedy", "code-mini/test T=0 x1", "pass@1"},
		{"  share of chains that reconsider", code, "reflect_frac"},
		{"Countdown with 4 numbers, sampled", "countdown-4/test T=1 x1", "pass@1"},
		{"Countdown with numbers 26..50, sampled", "countdown-large/test T=1 x1", "pass@1"},
	}
}

// table prints before and after with 95 % intervals, then the cost.
func (r results) table(out io.Writer) {
	fmt.Fprintf(out, "\nOn the untouched test sets, 95 %% intervals by bootstrap over tasks:\n\n")
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\tbase\tafter %d steps\t\n", len(r.steps))
	for _, row := range tableRows() {
		before, okBefore := r.first[row.set]
		after, okAfter := r.last[row.set]
		if okBefore && okAfter {
			fmt.Fprintf(w, "%s\t%s\t%s\t\n", row.label, figure(before.Metric(row.metric)), figure(after.Metric(row.metric)))
		}
	}
	w.Flush()
	var sample, verify, update float64
	tokens := 0
	for _, s := range r.steps {
		sample, verify, update, tokens = sample+s.SampleS, verify+s.VerifyS, update+s.TrainS, tokens+s.Tokens
	}
	fmt.Fprintf(out, "\nTraining took %.0f s (sampling %.0f, verifying %.1f, updating %.0f; compilation that fell into it included) for %d sampled tokens;\n",
		sample+verify+update, sample, verify, update, tokens)
	if c, ok := r.costTo(validationSet, passMark); ok {
		fmt.Fprintf(out, "%.0f %% on the validation problems were seen at step %d, after %.0f processor seconds (%.0f s) of it;\n", 100*passMark, c.step, c.cpu, c.wall)
	}
	fmt.Fprintf(out, "compiling %d graphs took %.0f s; everything together, evaluations included, %.0f s.\n", r.compilations.Count, r.compilations.Time.Seconds(), r.wall.Seconds())
}

// curves draws how the training went.
func (r results) curves(out io.Writer) {
	fmt.Fprintf(out, "\nOver the %d training steps:\n\n", len(r.steps))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, c := range []struct{ label, column string }{
		{"accuracy", "accuracy"}, {"chains that reconsider", "reflect_frac"}, {"mean length, tokens", "length_mean"},
		{"cut off by the limit", "truncated_frac"}, {"entropy, nats", "entropy"}, {"groups without a signal", "frac_zero_std"},
	} {
		values := make([]float64, len(r.steps))
		for i, s := range r.steps {
			values[i], _ = s.Value(c.column)
		}
		fmt.Fprintf(w, "%s\t%s\t%s → %s\t\n", c.label, sparkline(values, 60), short(values[0]), short(values[len(values)-1]))
	}
	w.Flush()
}

// figure prints a metric with its interval.
func figure(m runlog.Metric) string {
	switch {
	case math.IsNaN(m.Value):
		return "-"
	case m.Value > 1.5 || m.Name == "length_mean" || m.Name == "attempts":
		return fmt.Sprintf("%.2f [%.2f, %.2f]", m.Value, m.Low, m.High)
	default:
		return fmt.Sprintf("%.1f %% [%.1f, %.1f]", 100*m.Value, 100*m.Low, 100*m.High)
	}
}

// controls prints what the base reaches with the same tokens but no training.
func (s *session) controls(ctx context.Context, r results, out io.Writer) error {
	const set = "countdown/test T=1 x2"
	before, ok := r.first[set]
	after, ok2 := r.last[set]
	if !ok || !ok2 {
		return nil
	}
	base, err := openModel(ctx, s.recipe.Model, s.recipe.Device, s.recipe.Shapes, s.progress)
	if err != nil {
		return err
	}
	sampler, err := base.Snapshot(ctx)
	if err != nil {
		return err
	}
	tasks, err := datasets.Named("countdown/test")
	if err != nil {
		return err
	}
	tasks = tasks[:min(len(tasks), 256)]
	forced, err := eval.ForcedRetry(ctx, sampler, *s.pool, tasks, evalSeed)
	if err != nil {
		return err
	}
	forcedSummary := runlog.Eval{Metrics: eval.Summarize(forced, []int{1}, evalSeed)}
	n := max(1, int(math.Round(after.Metric("length_mean").Value/max(1, before.Metric("length_mean").Value))))
	_, best, err := eval.Run(ctx, sampler, *s.pool, eval.Set{Tasks: "countdown/test", Problems: len(tasks), Samples: n, Temperature: 1, K: []int{1}}, evalSeed)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nControls on %d of the same Countdown problems, no training:\n", len(tasks))
	fmt.Fprintf(out, "  base, made to retry until it claims success or %d tokens are used   %s, mean length %.0f\n", s.pool.Params.MaxTokens,
		figure(forcedSummary.Metric("pass@1")), forcedSummary.Metric("length_mean").Value)
	fmt.Fprintf(out, "  base, best of %d by its own verdict (equal tokens)                  %s\n", n, figure(eval.BestByOwnVerdict(best, evalSeed)))
	return nil
}

// validationID begins the ids of rollouts of the Countdown validation set (see runlog).
const validationID = "eval/countdown/validation/"

// onePrompt shows the same task under the same seed at the validated steps.
func (s *session) onePrompt(ctx context.Context, out io.Writer) error {
	var id string
	for x, err := range s.log.Rollouts(ctx, runlog.Filter{HasStep: true, Step: s.recipe.GRPO.Steps, Phase: runlog.PhaseEval, Kind: "countdown", Verdict: "correct", Limit: 200}) {
		if err != nil {
			return err
		}
		if x.Reflections > 0 && len(x.Response) < 400 && strings.HasPrefix(x.ID, validationID) {
			id = x.TaskID
			break
		}
	}
	if id == "" {
		return nil
	}
	fmt.Fprintf(out, "\nOne validation problem under one seed (the first that ends right after reconsidering):\n")
	for x, err := range s.log.Rollouts(ctx, runlog.Filter{TaskID: id, Phase: runlog.PhaseEval}) {
		if err != nil {
			return err
		}
		if !strings.HasPrefix(x.ID, validationID) || x.Sample != 0 {
			continue
		}
		if x.Step == 0 {
			fmt.Fprintf(out, "  %s\n", escapeText(strings.ReplaceAll(x.Prompt, "\n", " ")))
		}
		fmt.Fprintf(out, "  step %-3d %-8s %s\n", x.Step, x.Verdict, escapeText(x.Response))
	}
	return nil
}
