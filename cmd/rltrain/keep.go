package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
)

// keep says which checkpoints stay; its zero value keeps all.
type keep struct {
	Last int  `yaml:"last"` // the newest so many; 0 is all
	Best bool `yaml:"best"` // and the one with the best pass@1 on validate.sets
}

func (k keep) check(v validation) error {
	switch {
	case k.Last < 0:
		return fmt.Errorf("keep.last is %d: want 0 (all) or more", k.Last)
	case k.Best && k.Last == 0:
		return errors.New("keep.best without keep.last: all checkpoints are kept then; set keep.last to how many of the newest to keep beside the best")
	case k.Best && (len(v.Sets) == 0 || v.Every == 0):
		return errors.New("keep.best needs validate.sets and validate.every: the best checkpoint is the one with the highest pass@1 on them")
	}
	return nil
}

// keepCheckpoints removes the checkpoints that the recipe does not keep.
func (s *session) keepCheckpoints(ctx context.Context) error {
	if s.recipe.Keep.Last == 0 {
		return nil
	}
	steps, err := checkpointSteps(filepath.Join(s.run, "checkpoints"))
	if err != nil {
		return err
	}
	kept := slices.Clone(steps[max(0, len(steps)-s.recipe.Keep.Last):])
	if s.recipe.Keep.Best {
		evals, err := s.log.Evals(ctx)
		if err != nil {
			return err
		}
		if best, ok := bestStep(evals, s.recipe.Validate.Sets, steps); ok {
			kept = append(kept, best)
		}
	}
	for _, step := range steps {
		if !slices.Contains(kept, step) {
			if err := removeCheckpoint(s.run, step); err != nil {
				return err
			}
		}
	}
	return nil
}

// bestStep is that of steps with the highest mean pass@1 over the sets, the first one of equals; ok is false where none
// was evaluated on all sets.
func bestStep(evals []runlog.EvalRow, sets []eval.Set, steps []int) (best int, ok bool) {
	highest := math.Inf(-1)
	for _, step := range steps {
		sum, n := 0.0, 0
		for _, set := range sets {
			for _, e := range evals {
				if e.Step == step && e.Tasks == set.Tasks && e.Temperature == set.Temperature && e.NSamples == set.Samples {
					sum += e.Metric("pass@1").Value
					n++
					break
				}
			}
		}
		if mean := sum / float64(n); n == len(sets) && mean > highest {
			best, ok, highest = step, true, mean
		}
	}
	return best, ok
}

// removeCheckpoint takes its name away first, so that what is left by a kill in between does not pass for a checkpoint.
func removeCheckpoint(run string, step int) error {
	root := filepath.Join(run, "checkpoints")
	going := filepath.Join(root, ".removing")
	if err := errors.Join(os.RemoveAll(going), os.Rename(filepath.Join(root, strconv.Itoa(step)), going), os.RemoveAll(going)); err != nil {
		return fmt.Errorf("remove checkpoint %d: %w", step, err)
	}
	return nil
}
