package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/internal/runlog"
)

// runsCommand reads the logs of runs in the terminal.
func runsCommand() *cobra.Command {
	var dir string
	list := func(cmd *cobra.Command, _ []string) error {
		return listRuns(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), dir)
	}
	runs := &cobra.Command{Use: "runs", Short: "list, show, compare and export runs", Args: cobra.NoArgs, RunE: list}
	runs.PersistentFlags().StringVar(&dir, "runs", "runs", "folder that holds the runs")
	show := &cobra.Command{Use: "show RUN", Short: "metrics, evaluations and times of one run", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withRun(dir, args[0], func(log *runlog.Log) error { return showRun(cmd.Context(), cmd.OutOrStdout(), log) })
		}}
	runs.AddCommand(&cobra.Command{Use: "list", Short: "one line for each run", Args: cobra.NoArgs, RunE: list}, show, diffCommand(&dir), exportCommand(&dir))
	return runs
}

// withRun opens the run that name means (a run folder, or a name under dir) for reading.
func withRun(dir, name string, use func(*runlog.Log) error) error {
	for _, folder := range []string{name, filepath.Join(dir, name)} {
		if _, err := os.Stat(filepath.Join(folder, runlog.DBFile)); err != nil {
			continue
		}
		log, err := runlog.OpenReadOnly(folder)
		if err != nil {
			return err
		}
		return errors.Join(use(log), log.Close())
	}
	names, err := runlog.List(dir)
	switch {
	case err != nil:
		return err
	case len(names) == 0:
		return fmt.Errorf("no run %q: %s holds no runs: name a run folder, or the folder of runs with --runs", name, dir)
	default:
		return fmt.Errorf("no run %q in %s: did you mean %q? `rltrain runs --runs %s` lists them", name, dir, nearestName(name, names), dir)
	}
}

// listRuns prints one line a run; a log that cannot be read gets a line on errout and the rest goes on.
func listRuns(ctx context.Context, out, errout io.Writer, dir string) error {
	names, err := runlog.List(dir)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		fmt.Fprintf(errout, "%s holds no runs yet: `rltrain demo` makes one; --runs names another folder\n", dir)
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "RUN\tSTATUS\tSTEPS\tACCURACY\tREFLECTION\tEVAL PASS@1\tTIME")
	unread := 0
	for _, name := range names {
		err := withRun(dir, filepath.Join(dir, name), func(log *runlog.Log) error { return listRun(ctx, table, name, log) })
		if err != nil {
			unread++
			fmt.Fprintln(errout, "rltrain:", err)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if unread > 0 {
		return fmt.Errorf("%d of %d runs in %s could not be read: see above", unread, len(names), dir)
	}
	return nil
}

func listRun(ctx context.Context, out io.Writer, name string, log *runlog.Log) error {
	s, err := readStory(ctx, log)
	if err != nil {
		return err
	}
	accuracy, reflection, spent := "-", "-", 0.0
	if n := len(s.steps); n > 0 {
		accuracy = percent(s.steps[0].Accuracy) + " → " + percent(s.steps[n-1].Accuracy)
		reflection = percent(s.steps[0].ReflectFrac) + " → " + percent(s.steps[n-1].ReflectFrac)
	}
	for _, step := range s.steps {
		spent += zeroIfNaN(step.StepS)
	}
	fmt.Fprintf(out, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n", escapeText(name), statusNow(s.info, log), len(s.steps), accuracy, reflection,
		beforeAfter(s.evals), seconds(spent))
	return nil
}

// statusNow tells a run that goes on from one whose process is gone without a word.
func statusNow(info runlog.Info, log *runlog.Log) string {
	if info.Status == runlog.Running && !runlog.Writing(log.Dir()) {
		return "killed"
	}
	return escapeText(info.Status)
}

// beforeAfter is pass@1 at the first and the last evaluation of each set of tasks, sampled
// rather than greedy where there is both.
func beforeAfter(evals []runlog.EvalRow) string {
	sampled := false
	for _, e := range evals {
		sampled = sampled || e.Temperature > 0
	}
	var order []string
	first, last := map[string]float64{}, map[string]float64{}
	for _, e := range evals {
		value := e.Metric("pass@1").Value
		if math.IsNaN(value) || sampled && e.Temperature == 0 {
			continue
		}
		if _, seen := first[e.Tasks]; !seen {
			first[e.Tasks] = value
			order = append(order, e.Tasks)
		}
		last[e.Tasks] = value
	}
	var parts []string
	for _, tasks := range order {
		parts = append(parts, fmt.Sprintf("%s %s → %s", escapeText(tasks), percent(first[tasks]), percent(last[tasks])))
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ")
}

func showRun(ctx context.Context, out io.Writer, log *runlog.Log) error {
	s, err := readStory(ctx, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s, started %s on %s\nmodel %s, recipe %s, seed %d\n", escapeText(s.info.Run), statusNow(s.info, log),
		s.info.StartedAt.Format(time.DateTime), escapeText(s.info.Host), escapeText(s.info.Model), escapeText(s.info.Recipe), s.info.Seed)
	if len(s.steps) == 0 {
		fmt.Fprintln(out, "\nno step is recorded yet")
	} else {
		if err := showSteps(out, s.steps); err != nil {
			return err
		}
		showLandmarks(out, s)
		if err := showCost(out, s); err != nil {
			return err
		}
		if err := showSolved(ctx, out, log, s); err != nil {
			return err
		}
	}
	if err := showEmergence(ctx, out, log, s); err != nil {
		return err
	}
	return showEvals(out, s.evals)
}

func showSteps(out io.Writer, steps []runlog.Step) error {
	fmt.Fprintf(out, "\n%d steps, %d to %d\n", len(steps), steps[0].Step, steps[len(steps)-1].Step)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "METRIC\tFIRST\tLAST\tMIN\tMAX\t")
	for _, column := range runlog.StepColumns() {
		values := make([]float64, len(steps))
		low, high := math.Inf(1), math.Inf(-1)
		for i, s := range steps {
			values[i], _ = s.Value(column)
			if !math.IsNaN(values[i]) {
				low, high = min(low, values[i]), max(high, values[i])
			}
		}
		if low <= high { // else undefined in every step
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", column, short(values[0]), short(values[len(values)-1]), short(low), short(high), sparkline(values, 40))
		}
	}
	return table.Flush()
}

// showLandmarks prints the best step, where reflection took off, what the pass mark cost, and where the time went.
func showLandmarks(out io.Writer, told story) {
	best := told.steps[0]
	var sample, verify, train, all float64
	for _, s := range told.steps {
		if s.Accuracy > best.Accuracy || math.IsNaN(best.Accuracy) {
			best = s
		}
		sample, verify = sample+zeroIfNaN(s.SampleS), verify+zeroIfNaN(s.VerifyS)
		train, all = train+zeroIfNaN(s.TrainS), all+zeroIfNaN(s.StepS)
	}
	fmt.Fprintf(out, "\nbest step: %d, accuracy %s, reward %s\n", best.Step, percent(best.Accuracy), short(best.RewardMean))
	if step, ok := told.takeOff(); ok {
		fmt.Fprintf(out, "reflection takes off at step %d: from there %d steps in a row lie above the base's 95 %% interval\n", step, runlog.TakeOffSteps)
	} else {
		fmt.Fprintln(out, "reflection has not taken off")
	}
	if c, ok := told.costTo(validationSet, passMark); ok {
		fmt.Fprintf(out, "%.0f %% on validation: seen at step %d, after %.0f processor seconds (%s of steps)\n", 100*passMark, c.step, c.cpu, seconds(c.wall))
	}
	if all > 0 {
		fmt.Fprintf(out, "time: %s in steps: %s sampling, %s verifying, %s training, %s other\n", seconds(all),
			percent(sample/all), percent(verify/all), percent(train/all), percent(max(0, all-sample-verify-train)/all))
	}
}

func showEvals(out io.Writer, evals []runlog.EvalRow) error {
	if len(evals) == 0 {
		_, err := fmt.Fprintln(out, "\nno evaluation is recorded yet")
		return err
	}
	fmt.Fprintln(out, "\nevaluations, with 95 % intervals")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STEP\tTASKS\tN\tT\tMETRIC\tVALUE\tINTERVAL")
	for _, e := range evals {
		for _, m := range e.Metrics {
			interval := ""
			if !math.IsNaN(m.Low) && !math.IsNaN(m.High) {
				interval = short(m.Low) + " … " + short(m.High)
			}
			fmt.Fprintf(table, "%d\t%s\t%d×%d\t%g\t%s\t%s\t%s\n", e.Step, escapeText(e.Tasks), e.NTasks, e.NSamples, e.Temperature,
				escapeText(m.Name), short(m.Value), interval)
		}
	}
	return table.Flush()
}

func percent(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strconv.FormatFloat(100*v, 'f', 1, 64) + "%"
}

func short(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond).String()
}

func zeroIfNaN(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}
