package main

import (
	"context"

	"github.com/rltrain/rltrain/internal/runlog"
)

// story is what a log tells of a run, but for its rollouts.
type story struct {
	info  runlog.Info
	steps []runlog.Step
	evals []runlog.EvalRow
}

func readStory(ctx context.Context, log *runlog.Log) (s story, err error) {
	if s.info, err = log.Info(ctx); err != nil {
		return s, err
	}
	if s.steps, err = log.Steps(ctx); err != nil {
		return s, err
	}
	s.evals, err = log.Evals(ctx)
	return s, err
}

// evaluation is that of a set before training step step.
func (s story) evaluation(set string, step int) (e runlog.Eval, ok bool) {
	for _, row := range s.evals {
		if row.Step == step && setName(row.Eval) == set {
			return row.Eval, true
		}
	}
	return e, false
}

// passMark is the validation accuracy whose cost is reported.
const passMark = 0.45

// validationSet is the evaluation that the pass mark is looked for in, and resultsSet the one that tells the outcome.
const (
	validationSet = "countdown/validation T=1 x1"
	resultsSet    = "countdown/test T=1 x2"
)

// cost is what the steps before an evaluation took.
type cost struct {
	step      int
	cpu, wall float64 // seconds of sampling, verifying and updating, with the compilation that fell into them
}

// costTo is the cost of the first evaluation of a set with pass@1 at or above level; ok is false if there is none.
func (s story) costTo(set string, level float64) (c cost, ok bool) {
	for _, e := range s.evals {
		if setName(e.Eval) != set || !(e.Metric("pass@1").Value >= level) {
			continue
		}
		c.step = e.Step
		for _, step := range s.steps {
			if step.Step < e.Step {
				c.cpu, c.wall = c.cpu+step.CPUS, c.wall+step.StepS
			}
		}
		return c, true
	}
	return cost{}, false
}

// takeOff is the step at which reflection leaves the base's interval for good measure, see runlog.TakeOff.
func (s story) takeOff() (step int, ok bool) {
	return runlog.TakeOff(s.steps, runlog.BaseReflection(s.evals).High)
}
