package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/rltrain/rltrain/grpo"
)

// cursorFile holds what a resumed run needs besides weights and optimizer.
const cursorFile = "cursor.json"

// cursor is where a run stood when a checkpoint was made.
type cursor struct {
	Step  int    `json:"step"`  // the next step to train
	Tasks uint64 `json:"tasks"` // tasks served by the stream
	// Stream is the state of the stream where a cursor does not tell all.
	Stream json.RawMessage `json:"stream,omitempty"`
	// Waiting is how many batches were drawn ahead of their steps: those of Step and the next ones, in waitingFile.
	Waiting int `json:"waiting,omitempty"`
	// Open says that the evaluation due before Step has not been made: the run was interrupted.
	Open bool `json:"open,omitempty"`
}

// saveCheckpoint writes run/checkpoints/STEP: under another name first, so that a checkpoint that is there is
// whole. Older checkpoints keep their model and lose their optimizer state.
func saveCheckpoint(ctx context.Context, m *model, run string, at cursor, waiting []grpo.Waiting) error {
	step := at.Step
	root := filepath.Join(run, "checkpoints")
	temp := filepath.Join(root, ".making")
	if err := errors.Join(os.RemoveAll(temp), os.MkdirAll(temp, 0o755)); err != nil {
		return fmt.Errorf("make checkpoint: %w", err)
	}
	if err := errors.Join(m.Save(ctx, temp), m.tok.Save(temp)); err != nil {
		return fmt.Errorf("save checkpoint %d: %w", step, err)
	}
	if err := writeWaiting(temp, waiting); err != nil {
		return fmt.Errorf("save checkpoint %d: %w", step, err)
	}
	at.Waiting = len(waiting)
	data, err := json.Marshal(at)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(temp, cursorFile), data, 0o644); err != nil {
		return fmt.Errorf("save checkpoint %d: %w", step, err)
	}
	final := filepath.Join(root, strconv.Itoa(step))
	if err := errors.Join(syncFiles(temp), os.RemoveAll(final), os.Rename(temp, final), syncFile(root)); err != nil {
		return fmt.Errorf("save checkpoint %d: %w", step, err)
	}
	return dropOptimizers(root, step)
}

// syncFiles waits until a folder with all its files is on disk, so that a power cut after the rename leaves a whole checkpoint.
func syncFiles(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := syncFile(filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	return syncFile(folder)
}

func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// dropOptimizers removes what only a resumed run needs from all checkpoints but the newest.
func dropOptimizers(root string, newest int) error {
	steps, err := checkpointSteps(root)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if s == newest {
			continue
		}
		for _, file := range []string{"optimizer.safetensors", waitingFile} {
			err := os.Remove(filepath.Join(root, strconv.Itoa(s), file))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("drop old optimizer state: %w", err)
			}
		}
	}
	return nil
}

// checkpointSteps lists the checkpoints under root in ascending order.
func checkpointSteps(root string) ([]int, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	var steps []int
	for _, e := range entries {
		if s, err := strconv.Atoi(e.Name()); err == nil {
			steps = append(steps, s)
		}
	}
	slices.Sort(steps)
	return steps, nil
}

// newestCheckpoint returns the folder of a run's newest checkpoint, and whether there is one.
func newestCheckpoint(run string) (string, bool, error) {
	root := filepath.Join(run, "checkpoints")
	steps, err := checkpointSteps(root)
	if err != nil || len(steps) == 0 {
		return "", false, err
	}
	return filepath.Join(root, strconv.Itoa(steps[len(steps)-1])), true, nil
}

func readCursor(checkpoint string) (cursor, error) {
	var c cursor
	path := filepath.Join(checkpoint, cursorFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("read checkpoint: %w: without this file a run cannot go on; start another from the weights with --model RUN@STEP", err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("read checkpoint %s: %w: the file is damaged; its weights may be whole: start another run from them with --model RUN@STEP", path, err)
	}
	return c, nil
}
