package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
)

// showEmergence tells when reflection appeared on fixed prompts, and what interventions said of it.
func showEmergence(ctx context.Context, out io.Writer, log *runlog.Log, told story) error {
	if looks := told.longestSeries(); len(looks) > 1 {
		text, err := appearance(ctx, log, looks)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, text)
	}
	probes, err := log.Probes(ctx)
	if err != nil {
		return err
	}
	for _, p := range probes {
		fmt.Fprintln(out, verdictOf(p))
	}
	return nil
}

// longestSeries is the evaluation made most often, from step 0 on.
func (s story) longestSeries() []runlog.EvalRow {
	var best []runlog.EvalRow
	series := map[string][]runlog.EvalRow{}
	for _, e := range s.evals {
		if name := fmt.Sprint(setName(e.Eval), e.NTasks); e.Step == 0 || len(series[name]) > 0 {
			series[name] = append(series[name], e)
			if len(series[name]) > len(best) {
				best = series[name]
			}
		}
	}
	return best
}

// appearance compares the share of reflecting chains of each task with that before training.
func appearance(ctx context.Context, log *runlog.Log, looks []runlog.EvalRow) (string, error) {
	first, err := reflectingShares(ctx, log, looks[0])
	if err != nil {
		return "", err
	}
	var later [][]float64
	for _, e := range looks[1:] {
		shares, err := reflectingShares(ctx, log, e)
		if err != nil {
			return "", err
		}
		later = append(later, shares)
	}
	before := withInterval(looks[0].Metric("reflect_frac"), "%.3f")
	at, ok := eval.Appeared(first, later, evalSeed)
	if !ok {
		last := looks[len(looks)-1]
		return fmt.Sprintf("on the fixed prompts of %s reflection has not appeared: %s at step 0, %s at step %d (%d looks, corrected for; %d in a row must lie above)",
			escapeText(looks[0].Tasks), before, withInterval(last.Metric("reflect_frac"), "%.3f"), last.Step, len(later), eval.InARow), nil
	}
	then := looks[at+1]
	return fmt.Sprintf("on the fixed prompts of %s reflection appeared by step %d: %s of the chains, %s at step 0 (the first of %d evaluations in a row above it; corrected for %d looks)",
		escapeText(then.Tasks), then.Step, withInterval(then.Metric("reflect_frac"), "%.3f"), before, eval.InARow, len(later)), nil
}

// reflectingShares is the share of reflecting samples of each task, NaN where none could be judged.
func reflectingShares(ctx context.Context, log *runlog.Log, e runlog.EvalRow) ([]float64, error) {
	tasks, err := log.TaskResults(ctx, e.Step, e.Eval)
	if err != nil {
		return nil, err
	}
	shares := make([]float64, len(tasks))
	for i, t := range tasks {
		if shares[i] = math.NaN(); t.Samples > 0 {
			shares[i] = float64(t.Reflecting) / float64(t.Samples)
		}
	}
	return shares, nil
}
