package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
)

func resultsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "results FOLDER",
		Short: "tables of a study: FOLDER/runs/CONDITION/RUN by condition, and the evaluations in FOLDER/bases/BASE",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := runsTable(cmd.Context(), filepath.Join(args[0], "runs"), cmd.OutOrStdout()); err != nil {
				return err
			}
			return basesTable(filepath.Join(args[0], "bases"), cmd.OutOrStdout())
		},
	}
}

// runsTable compares finished runs by condition, with intervals over seeds and tasks.
func runsTable(ctx context.Context, dir string, out io.Writer) error {
	conditions, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read results: %w (bench/results.sh makes them)", err)
	}
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "| condition\t| runs\t| before\t| after\t| gain\t| attempts\t| hits per attempt\t| reconsider\t| length\t| take-off, step\t| CPU-s to %.0f %%\t|\n", 100*passMark)
	fmt.Fprintln(w, "|"+strings.Repeat(" ---\t|", 11))
	for _, c := range conditions {
		list, err := readOutcomes(ctx, filepath.Join(dir, c.Name()))
		if err != nil {
			return err
		}
		if len(list) == 0 {
			continue
		}
		if err := condition(w, c.Name(), list); err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(dir, c.Name()), err)
		}
	}
	return w.Flush()
}

// condition prints one row: all runs of a condition together.
func condition(out io.Writer, name string, list []outcome) error {
	var before, after [][]float64
	var takeOffs, costs []string
	for _, o := range list {
		before, after = append(before, o.scoresBefore), append(after, o.scoresAfter)
		takeOffs, costs = append(takeOffs, numberOr(o.takeOff, "-")), append(costs, o.cost.String())
	}
	first, err1 := eval.Between(before, evalSeed)
	last, err2 := eval.Between(after, evalSeed)
	gain, err3 := eval.Gain(before, after, evalSeed)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	change := func(metric, format string) string {
		return fmt.Sprintf(format+" -> "+format, mean(list, metric, false), mean(list, metric, true))
	}
	_, err := fmt.Fprintf(out, "| %s\t| %d\t| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t|\n", name, len(list), figure(first), figure(last), figure(gain),
		change("attempts", "%.2f"), change("hits_per_attempt", "%.3f"), change("reflect_frac", "%.3f"), change("length_mean", "%.0f"),
		strings.Join(takeOffs, ", "), strings.Join(costs, ", "))
	return err
}

// String is the processor time with the step at which the mark was seen.
func (c cost) String() string {
	if c.step < 0 {
		return "-"
	}
	return fmt.Sprintf("%s (%d)", numberOr(c.cpu, "?"), c.step)
}

func numberOr(x float64, otherwise string) string {
	if math.IsNaN(x) {
		return otherwise
	}
	return fmt.Sprintf("%.0f", x)
}

func mean(list []outcome, metric string, after bool) float64 {
	sum := 0.0
	for _, o := range list {
		e := o.before
		if after {
			e = o.after
		}
		sum += e.Metric(metric).Value
	}
	return sum / float64(len(list))
}

// basesTable prints what each base does before any training: the results of `rltrain eval --json` in its folder.
func basesTable(dir string, out io.Writer) error {
	bases, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| base\t| chains\t| of them reconsider\t| pass@1\t| made to retry\t| best of 3 by own verdict\t|")
	fmt.Fprintln(w, "|"+strings.Repeat(" ---\t|", 6))
	for _, b := range bases {
		free, found, err := readEval(filepath.Join(dir, b.Name(), "step0.json"))
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		retry, _, err1 := readEval(filepath.Join(dir, b.Name(), "retry.json"))
		best, _, err2 := readEval(filepath.Join(dir, b.Name(), "best.json"))
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		reflects := free.Metric("reflect_frac")
		fmt.Fprintf(w, "| %s\t| %d\t| %.3f %% [%.3f, %.3f]\t| %s\t| %s\t| %s\t|\n", b.Name(), free.NTasks*free.NSamples, 100*reflects.Value, 100*reflects.Low, 100*reflects.High,
			figure(free.Metric("pass@1")), figure(retry.Metric("pass@1")), figure(best.Metric("own_best")))
	}
	return w.Flush()
}

// readEval reads what eval --json wrote; found is false where there is no file.
func readEval(path string) (e runlog.Eval, found bool, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return e, false, nil
	}
	if err != nil {
		return e, false, err
	}
	var file evalFile
	if err := json.Unmarshal(data, &file); err != nil {
		return e, false, fmt.Errorf("%s: %w", path, err)
	}
	e = runlog.Eval{Tasks: file.Tasks, NTasks: file.NTasks, NSamples: file.NSamples, Temperature: file.Temperature}
	for name, m := range file.Metrics {
		e.Metrics = append(e.Metrics, runlog.Metric{Name: name, Value: orNaN(m.Value), Low: orNaN(m.Low), High: orNaN(m.High)})
	}
	return e, true, nil
}

func orNaN(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}
