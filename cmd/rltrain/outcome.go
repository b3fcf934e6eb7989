package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/rltrain/rltrain/internal/runlog"
)

// outcome is one finished run: its test evaluation before and after, and when things happened in between.
type outcome struct {
	before, after             runlog.Eval
	scoresBefore, scoresAfter []float64 // pass@1 of each task
	takeOff                   float64   // step; NaN where it never came
	cost                      cost      // to the pass mark; step is -1 where it was not reached
}

// readOutcomes reads all finished runs of a folder.
func readOutcomes(ctx context.Context, dir string) (list []outcome, err error) {
	runs, err := runlog.List(dir)
	if err != nil {
		return nil, err
	}
	for _, run := range runs {
		o, ok, err := readOutcome(ctx, filepath.Join(dir, run))
		if err != nil {
			return nil, err
		}
		if ok {
			list = append(list, o)
		}
	}
	return list, nil
}

// readOutcome reads one run; ok is false if it has not finished, or was not evaluated on resultsSet.
func readOutcome(ctx context.Context, run string) (o outcome, ok bool, err error) {
	log, err := runlog.OpenReadOnly(run)
	if err != nil {
		return o, false, err
	}
	defer log.Close()
	s, err := readStory(ctx, log)
	if err != nil || s.info.Status != runlog.Finished || len(s.steps) == 0 {
		return o, false, err
	}
	last := s.steps[len(s.steps)-1].Step + 1
	o.before, _ = s.evaluation(resultsSet, 0)
	if o.after, ok = s.evaluation(resultsSet, last); !ok {
		return o, false, nil
	}
	o.note(s)
	if o.scoresBefore, err = taskScores(ctx, log, 0, o.before); err != nil {
		return o, false, err
	}
	o.scoresAfter, err = taskScores(ctx, log, last, o.after)
	return o, len(o.scoresBefore) == len(o.scoresAfter), err
}

// note fills in when reflection took off and what the pass mark cost.
func (o *outcome) note(s story) {
	o.takeOff = math.NaN()
	if step, ok := s.takeOff(); ok {
		o.takeOff = float64(step)
	}
	var reached bool
	if o.cost, reached = s.costTo(validationSet, passMark); !reached {
		o.cost.step = -1
	}
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
