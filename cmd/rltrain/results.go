package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
)

// resultsSet is the evaluation that results compares: the Countdown test set, sampled.
const resultsSet = "countdown/test T=1 x2"

func resultsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "results FOLDER",
		Short: "compare finished runs by condition: FOLDER/CONDITION/RUN, intervals over seeds and tasks",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			conditions, err := os.ReadDir(args[0])
			if err != nil {
				return fmt.Errorf("read results: %w (bench/results.sh makes them)", err)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 1, ' ', 0)
			fmt.Fprintln(w, "| condition\t| runs\t| before\t| after\t| gain\t| attempts\t| hits per attempt\t| reconsider\t| length\t|")
			fmt.Fprintln(w, "| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t|")
			for _, c := range conditions {
				if err := condition(cmd.Context(), filepath.Join(args[0], c.Name()), w); err != nil {
					return err
				}
			}
			return w.Flush()
		},
	}
}

// outcome is one run's evaluation before and after.
type outcome struct {
	before, after             runlog.Eval
	scoresBefore, scoresAfter []float64 // pass@1 of each task
}

// condition prints one row: all finished runs of a folder together.
func condition(ctx context.Context, dir string, out io.Writer) error {
	runs, err := runlog.List(dir)
	if err != nil {
		return err
	}
	var list []outcome
	for _, run := range runs {
		o, ok, err := readOutcome(ctx, filepath.Join(dir, run))
		if err != nil {
			return err
		}
		if ok {
			list = append(list, o)
		}
	}
	if len(list) == 0 {
		return nil
	}
	var before, after [][]float64
	for _, o := range list {
		before, after = append(before, o.scoresBefore), append(after, o.scoresAfter)
	}
	first, err := eval.Between(before, evalSeed)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	last, err := eval.Between(after, evalSeed)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	gain, err := eval.Gain(before, after, evalSeed)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	change := func(metric, format string) string {
		return fmt.Sprintf(format+" -> "+format, mean(list, metric, false), mean(list, metric, true))
	}
	fmt.Fprintf(out, "| %s\t| %d\t| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t|\n", filepath.Base(dir), len(list), figure(first), figure(last), figure(gain),
		change("attempts", "%.2f"), change("hits_per_attempt", "%.3f"), change("reflect_frac", "%.3f"), change("length_mean", "%.0f"))
	return nil
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

// readOutcome reads a run's first and last test evaluation; false if it has not finished.
func readOutcome(ctx context.Context, run string) (o outcome, ok bool, err error) {
	log, err := runlog.OpenReadOnly(run)
	if err != nil {
		return o, false, err
	}
	defer log.Close()
	info, err := log.Info(ctx)
	if err != nil || info.Status != runlog.Finished {
		return o, false, err
	}
	evals, err := log.Evals(ctx)
	if err != nil {
		return o, false, err
	}
	last := 0
	for _, e := range evals {
		if setName(e.Eval) != resultsSet {
			continue
		}
		if e.Step == 0 {
			o.before = e.Eval
		}
		if e.Step >= last {
			last, o.after = e.Step, e.Eval
		}
	}
	if o.scoresBefore, err = taskScores(ctx, log, 0, o.before); err != nil {
		return o, false, err
	}
	o.scoresAfter, err = taskScores(ctx, log, last, o.after)
	return o, last > 0 && len(o.scoresBefore) == len(o.scoresAfter), err
}

// taskScores is the share of right samples of each task, in the order of the tasks.
func taskScores(ctx context.Context, log *runlog.Log, step int, e runlog.Eval) ([]float64, error) {
	prefix := fmt.Sprintf("eval/%s/t%g/%dx%d:", e.Tasks, e.Temperature, e.NTasks, e.NSamples)
	index := map[string]int{}
	var right, judged []float64
	for x, err := range log.Rollouts(ctx, runlog.Filter{HasStep: true, Step: step, Phase: runlog.PhaseEval}) {
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(x.ID, prefix) || x.Verdict == "error" {
			continue
		}
		i, known := index[x.TaskID]
		if !known {
			i = len(right)
			index[x.TaskID], right, judged = i, append(right, 0), append(judged, 0)
		}
		judged[i]++
		if x.Verdict == "correct" {
			right[i]++
		}
	}
	for i := range right {
		right[i] /= math.Max(1, judged[i])
	}
	return right, nil
}
