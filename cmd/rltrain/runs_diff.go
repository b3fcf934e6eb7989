package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
)

// diffWidth is the width of a sparkline where two stand side by side.
const diffWidth = 24

func diffCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use:   "diff A B",
		Short: "compare two runs: settings that differ, curves, last evaluations",
		Long: "Compare two runs: settings that differ, curves side by side on one scale of steps and values, and the last evaluation of\n" +
			"each set of tasks that both have. The difference in pass@1 is paired by task; its interval tells of other tasks, not of other seeds.",
		Example: "  rltrain runs diff demo other",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withRun(*dir, args[0], func(a *runlog.Log) error {
				return withRun(*dir, args[1], func(b *runlog.Log) error {
					return diffRuns(cmd.Context(), cmd.OutOrStdout(), side{name: args[0], log: a}, side{name: args[1], log: b})
				})
			})
		},
	}
}

// side is one of the two runs that are compared.
type side struct {
	name string // as it was asked for: two runs may have recorded the same name
	log  *runlog.Log
	story
}

func diffRuns(ctx context.Context, out io.Writer, a, b side) (err error) {
	for letter, s := range map[string]*side{"A": &a, "B": &b} {
		if s.story, err = readStory(ctx, s.log); err != nil {
			return fmt.Errorf("%s: %w", letter, err)
		}
	}
	for i, s := range []side{a, b} {
		fmt.Fprintf(out, "%c: %s, %s, %d steps\n", 'A'+i, escapeText(s.name), statusNow(s.info, s.log), len(s.steps))
	}
	if err := diffSettings(out, a.info, b.info); err != nil {
		return err
	}
	if err := diffCurves(out, a.steps, b.steps); err != nil {
		return err
	}
	return diffEvals(ctx, out, a, b)
}

func diffSettings(out io.Writer, a, b runlog.Info) error {
	differences := runlog.Differences([]runlog.Info{a, b}, "-")
	if len(differences) == 0 {
		_, err := fmt.Fprintln(out, "\nno setting differs")
		return err
	}
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SETTING\tA\tB")
	for _, d := range differences {
		fmt.Fprintf(table, "%s\t%s\t%s\n", escapeText(d.Key), escapeText(d.Values[0]), escapeText(d.Values[1]))
	}
	return table.Flush()
}

func diffCurves(out io.Writer, a, b []runlog.Step) error {
	if len(a) == 0 || len(b) == 0 {
		_, err := fmt.Fprintln(out, "\nno curves: a run without a step has none")
		return err
	}
	first, last := min(a[0].Step, b[0].Step), max(a[len(a)-1].Step, b[len(b)-1].Step)
	fmt.Fprintf(out, "\nsteps %d to %d\n", first, last)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "METRIC\tA FIRST\tA LAST\tB FIRST\tB LAST\tA\tB")
	for _, column := range runlog.StepColumns() {
		left, right := curve(a, column, first, last), curve(b, column, first, last)
		if allNaN(left) && allNaN(right) {
			continue
		}
		lines := sparklines(diffWidth, left, right)
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", column, stepValue(a[0], column), stepValue(a[len(a)-1], column),
			stepValue(b[0], column), stepValue(b[len(b)-1], column), lines[0], strings.TrimRight(lines[1], " "))
	}
	return table.Flush()
}

// curve is a metric at the steps first to last, NaN at those that the run does not have.
func curve(steps []runlog.Step, column string, first, last int) []float64 {
	values := make([]float64, last-first+1)
	for i := range values {
		values[i] = math.NaN()
	}
	for _, s := range steps {
		values[s.Step-first], _ = s.Value(column)
	}
	return values
}

func allNaN(values []float64) bool {
	for _, v := range values {
		if !math.IsNaN(v) {
			return false
		}
	}
	return true
}

func stepValue(s runlog.Step, column string) string {
	v, _ := s.Value(column)
	return short(v)
}

// diffEvals compares the last evaluation of each set that both runs have.
func diffEvals(ctx context.Context, out io.Writer, a, b side) error {
	pairs := lastPairs(a.evals, b.evals)
	if len(pairs) == 0 {
		_, err := fmt.Fprintln(out, "\nno evaluation to compare: the runs share no set of tasks with equal numbers and temperature")
		return err
	}
	fmt.Fprintln(out, "\nlast evaluations, with 95 % intervals over tasks")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TASKS\tN\tT\tMETRIC\tSTEP A\tA\tSTEP B\tB\tB - A")
	for _, p := range pairs {
		gain, err := pairedGain(ctx, a.log, b.log, p)
		if err != nil {
			return err
		}
		for _, m := range p.a.Metrics {
			other := p.b.Metric(m.Name)
			if !told(m.Name) || math.IsNaN(other.Value) {
				continue
			}
			change := ""
			if m.Name == "pass@1" {
				change = gain
			}
			fmt.Fprintf(table, "%s\t%d×%d\t%g\t%s\t%d\t%s\t%d\t%s\t%s\n", escapeText(p.a.Tasks), p.a.NTasks, p.a.NSamples, p.a.Temperature,
				escapeText(m.Name), p.a.Step, figure(m), p.b.Step, figure(other), change)
		}
	}
	return table.Flush()
}

// told says which figures a comparison shows; `runs show` has them all.
func told(metric string) bool {
	return strings.HasPrefix(metric, "pass@") || metric == "reflect_frac" || metric == "length_mean"
}

// pair is the last evaluation of one set in both runs.
type pair struct{ a, b runlog.EvalRow }

// lastPairs matches the last evaluations of equal sets, in the order of A's.
func lastPairs(a, b []runlog.EvalRow) []pair {
	last := lastEvals(b)
	mine := lastEvals(a)
	var pairs []pair
	for _, e := range a {
		if other, ok := last[setOf(e)]; ok && mine[setOf(e)].Step == e.Step {
			pairs = append(pairs, pair{e, other})
		}
	}
	return pairs
}

func lastEvals(evals []runlog.EvalRow) map[string]runlog.EvalRow {
	last := map[string]runlog.EvalRow{}
	for _, e := range evals { // in the order of their steps
		last[setOf(e)] = e
	}
	return last
}

// setOf tells evaluations apart that are not of the same problems, samples and temperature.
func setOf(e runlog.EvalRow) string { return fmt.Sprintf("%s n=%d", setName(e.Eval), e.NTasks) }

// pairedGain is B's pass@1 less A's, task by task, as text; it says so where the tasks are not the same, or nothing differs.
func pairedGain(ctx context.Context, a, b *runlog.Log, p pair) (string, error) {
	before, err := a.TaskResults(ctx, p.a.Step, p.a.Eval)
	if err != nil {
		return "", err
	}
	after, err := b.TaskResults(ctx, p.b.Step, p.b.Eval)
	if err != nil {
		return "", err
	}
	left, right, same := pairTasks(before, after)
	if !same {
		return "other tasks", nil
	}
	if slices.Equal(left, right) { // no resample could differ, so an interval would only pretend to know
		return "same on every task", nil
	}
	gain, err := eval.Gain([][]float64{left}, [][]float64{right}, evalSeed)
	if err != nil {
		return "", err
	}
	return figure(gain), nil
}

// pairTasks gives the share of right samples of each task, NaN where none could be judged; same is false
// unless both evaluations were of the same tasks in the same order.
func pairTasks(a, b []runlog.TaskResult) (left, right []float64, same bool) {
	if len(a) == 0 || len(a) != len(b) {
		return nil, nil, false
	}
	for i := range a {
		if a[i].TaskID != b[i].TaskID {
			return nil, nil, false
		}
		left = append(left, float64(a[i].Correct)/float64(a[i].Samples))
		right = append(right, float64(b[i].Correct)/float64(b[i].Samples))
	}
	return left, right, true
}
