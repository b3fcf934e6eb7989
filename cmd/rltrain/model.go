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
	return openWith(ctx, name, device, shapes, progress, moe.Open)
}

// openWith is openModel with another way to open the folder.
func openWith(ctx context.Context, name, device string, shapes moe.Shapes, progress io.Writer,
	open func(*xla.Engine, string, moe.Shapes) (*moe.Trainer, error),
) (*model, error) {
	dir, err := modelFolder(name)
	if err != nil {
		return nil, err
	}
	tok, err := loadTokenizer(dir)
	if err != nil {
		return nil, err
	}
	engine, err := xla.Open(ctx, xla.Options{Device: device, Devices: shapes.Devices, Progress: progress})
	if err != nil {
		return nil, err
	}
	trainer, err := open(engine, dir, shapes)
	if err != nil {
		return nil, err
	}
	if tok.Size() > trainer.Config.Vocab { // fewer is usual: published vocabularies are padded
		return nil, fmt.Errorf("model %s: tokenizer has %d ids, config.json says vocab_size %d: they are not of the same model", dir, tok.Size(), trainer.Config.Vocab)
	}
	return &model{trainer, tok, engine}, nil
}

// loadTokenizer reads the tokenizer of a model folder; that of its base where an adapter brings none.
func loadTokenizer(dir string) (*tokenizer.Tokenizer, error) {
	if moe.IsAdapter(dir) && !exists(filepath.Join(dir, "tokenizer.json")) {
		adapter, err := moe.ReadAdapter(dir)
		if err != nil {
			return nil, err
		}
		dir = adapter.Base
	}
	return tokenizer.Load(dir)
}

// isModel tells whether a folder holds a model, or an adapter that names its base.
func isModel(dir string) bool { return exists(filepath.Join(dir, "config.json")) || moe.IsAdapter(dir) }

// modelFolder resolves a model's name to its folder.
func modelFolder(name string) (string, error) {
	run, step, at := strings.Cut(name, "@")
	for _, dir := range []string{run, filepath.Join("runs", run)} {
		if !at && isModel(dir) {
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
		if !isModel(folder) {
			return "", fmt.Errorf("run %s has no checkpoint at step %q: look into %s", dir, step, filepath.Join(dir, "checkpoints"))
		}
		return folder, nil
	}
	return "", fmt.Errorf("model %q is neither a folder with config.json or adapter_config.json, nor a run, nor RUN@STEP: the shipped base is models/base", name)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
