package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/runlog"
)

// resume loads the newest checkpoint and drops what the log has beyond it.
func (s *session) resume(ctx context.Context) (first int, met bool, err error) {
	folder, ok, err := newestCheckpoint(s.run)
	if err != nil {
		return 0, false, err
	}
	if !ok {
		return 0, false, fmt.Errorf("run %s has no checkpoint to resume from: start it without --resume, and with --force if its folder holds a log already", s.run)
	}
	at, err := readCursor(folder)
	if err != nil {
		return 0, false, err
	}
	if s.log, err = runlog.Open(s.run); err != nil {
		return 0, false, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.log.Close())
		}
	}()
	if err := s.sameRecipe(ctx); err != nil {
		return 0, false, err
	}
	if err := s.model.Load(ctx, folder); err != nil {
		return 0, false, err
	}
	if err := s.seekTasks(at); err != nil {
		return 0, false, fmt.Errorf("resume at checkpoint %s: %w", folder, err)
	}
	waiting, err := readWaiting(folder, at.Waiting)
	if err == nil {
		err = s.loop.Restore(at.Step, waiting)
	}
	if err != nil {
		return 0, false, err
	}
	evaluated := at.Step + 1 // the evaluation before the checkpoint stays
	if at.Open {
		evaluated = at.Step
	}
	if err := s.log.Truncate(ctx, at.Step, evaluated); err != nil {
		return 0, false, err
	}
	if err := cutSkipped(s.run, at.Step); err != nil {
		return 0, false, err
	}
	fmt.Fprintf(s.progress, "resuming %s at step %d\n", s.run, at.Step)
	return at.Step, !at.Open, s.log.SetStatus(ctx, runlog.Running)
}

// seekTasks puts the stream of tasks where it stood.
func (s *session) seekTasks(at cursor) error {
	if stream, ok := s.tasks.(datasets.Adaptive); ok && len(at.Stream) > 0 {
		if err := stream.Restore(at.Stream); err != nil {
			return err
		}
	}
	return s.tasks.Seek(at.Tasks)
}

// mayChange are the recipe's keys that a resumed run may have otherwise: they change how long it goes on and what is
// looked at on the way, not what it has learned so far.
func mayChange(key string) bool {
	return key == "grpo.steps" || key == "checkpoint" || strings.HasPrefix(key, "price_") || strings.HasPrefix(key, "keep") || strings.HasPrefix(key, "validate") || strings.HasPrefix(key, "final") || strings.HasPrefix(key, "derived")
}

// sameRecipe refuses to go on under a recipe that disagrees with the one that the run was started with.
func (s *session) sameRecipe(ctx context.Context) error {
	info, err := s.log.Info(ctx)
	if err != nil {
		return err
	}
	now, err := yaml.Marshal(s.recipe)
	if err != nil {
		return err
	}
	had, err := flatten([]byte(info.Config))
	if err != nil {
		return fmt.Errorf("read the recipe that run %s was started with: %w", s.run, err)
	}
	wants, err := flatten(now)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(had)) { // keys that it lacks are younger than the run
		if before, after := had[key], wants[key]; !mayChange(key) && !reflect.DeepEqual(before, after) {
			return fmt.Errorf("run %s was started with %s %v, and the recipe now says %v: resume it with the value it had (-o %s=%v), or start another run with --out",
				s.run, key, before, after, key, before)
		}
	}
	return nil
}

// flatten turns a YAML document into values by dotted key; lists are values.
func flatten(document []byte) (map[string]any, error) {
	var tree map[string]any
	if err := yaml.Unmarshal(document, &tree); err != nil {
		return nil, err
	}
	flat := map[string]any{}
	var walk func(prefix string, tree map[string]any)
	walk = func(prefix string, tree map[string]any) {
		for key, value := range tree {
			if below, ok := value.(map[string]any); ok {
				walk(prefix+key+".", below)
			} else {
				flat[prefix+key] = value
			}
		}
	}
	walk("", tree)
	return flat, nil
}
