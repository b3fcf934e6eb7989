package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rltrain/rltrain/internal/xla"
	"github.com/rltrain/rltrain/policy/moe"
	"github.com/rltrain/rltrain/policy/tokenizer"
)

// model is an opened policy: its engine's trainer and its tokenizer.
type model struct {
	*moe.Trainer
	tok    *tokenizer.Tokenizer
	engine *xla.Engine
}

// openModel opens what --model names on a device: a folder, RUN (its newest checkpoint) or RUN@STEP.
func openModel(ctx context.Context, name, device string, shapes moe.Shapes, progress io.Writer) (*model, error) {
	dir, err := modelFolder(name)
	if err != nil {
		return nil, err
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return nil, err
	}
	engine, err := xla.Open(ctx, xla.Options{Device: device, Devices: shapes.Devices, Progress: progress})
	if err != nil {
		return nil, err
	}
	trainer, err := moe.Open(engine, dir, shapes)
	if err != nil {
		return nil, err
	}
	if tok.Size() > trainer.Config.Vocab { // fewer is usual: published vocabularies are padded
		return nil, fmt.Errorf("model %s: tokenizer has %d ids, config.json says vocab_size %d: they are not of the same model", dir, tok.Size(), trainer.Config.Vocab)
	}
	return &model{trainer, tok, engine}, nil
}

// modelFolder resolves a model's name to its folder.
func modelFolder(name string) (string, error) {
	run, step, at := strings.Cut(name, "@")
	for _, dir := range []string{run, filepath.Join("runs", run)} {
		if !at && exists(filepath.Join(dir, "config.json")) {
			return dir, nil
		}
		if !exists(filepath.Join(dir, "log.db")) {
			continue
		}
		if !at {
			newest, ok, err := newestCheckpoint(dir)
			if err != nil || ok {
				return newest, err
			}
			return "", fmt.Errorf("run %s has no checkpoint yet", dir)
		}
		folder := filepath.Join(dir, "checkpoints", step)
		if !exists(filepath.Join(folder, "config.json")) {
			return "", fmt.Errorf("run %s has no checkpoint at step %q: look into %s", dir, step, filepath.Join(dir, "checkpoints"))
		}
		return folder, nil
	}
	return "", fmt.Errorf("model %q is neither a folder with config.json, nor a run, nor RUN@STEP: the shipped base is models/base", name)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
