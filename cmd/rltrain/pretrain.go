package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/pretrain"
	"github.com/rltrain/rltrain/internal/xla"
	"github.com/rltrain/rltrain/policy/moe"
	"github.com/rltrain/rltrain/policy/tokenizer"
)

// pretrainRecipe is the content of a file such as recipes/base.yaml.
type pretrainRecipe struct {
	Seed   uint64                `yaml:"seed"`
	Device string                `yaml:"device,omitempty"` // cpu (the default) or cuda
	Model  moe.Config            `yaml:"model"`
	Shapes moe.Shapes            `yaml:"shapes"`
	Corpus datasets.CorpusConfig `yaml:"corpus"`
	Train  pretrain.Config       `yaml:"train"`
}

func pretrainCommand() *cobra.Command {
	var out, device string
	var resume bool
	var overrides []string
	var seed uint64
	cmd := &cobra.Command{
		Use:   "pretrain RECIPE.yaml --out FOLDER",
		Short: "make a base model from the synthetic corpus",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			recipe := pretrainRecipe{
				Seed: 1, Model: moe.Demo(), Shapes: moe.DefaultShapes(),
				Corpus: datasets.DefaultCorpusConfig(), Train: pretrain.Default(),
			}
			if err := readRecipe(args[0], overrides, &recipe); err != nil {
				return err
			}
			if cmd.Flags().Changed("seed") {
				recipe.Seed = seed
			}
			if cmd.Flags().Changed("device") {
				recipe.Device = device
			}
			return makeBase(cmd.Context(), recipe, out, resume, cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write the model into `FOLDER`")
	cmd.Flags().BoolVar(&resume, "resume", false, "go on where an interrupted pretraining of FOLDER was")
	cmd.Flags().Uint64Var(&seed, "seed", 0, "replace the recipe's seed")
	deviceFlag(cmd, &device)
	cmd.Flags().StringArrayVarP(&overrides, "override", "o", nil, "replace a value of the recipe: `key.path=value`")
	_ = cmd.MarkFlagRequired("out")
	return cmd
}

// makeBase trains a base and writes it into folder: the model, its tokenizer, the resolved recipe and the log.
func makeBase(ctx context.Context, r pretrainRecipe, folder string, resume bool, progress io.Writer) error {
	corpus, err := datasets.NewCorpus(r.Corpus, r.Seed)
	if err != nil {
		return err
	}
	tok, err := tokenizer.NewWordLevel(datasets.Vocabulary(), datasets.Pattern)
	if err != nil {
		return err
	}
	r.Model.Vocab = tok.Size()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make model folder: %w", err)
	}
	engine, err := xla.Open(ctx, xla.Options{Device: r.Device, Devices: r.Shapes.Devices, Progress: progress})
	if err != nil {
		return err
	}
	trainer, err := moe.New(engine, r.Model, r.Shapes, r.Seed)
	if err != nil {
		return err
	}
	pause := pause{filepath.Join(folder, "unfinished")}
	var from pretrain.Cursor
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if resume {
		flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND
		if from, err = pause.load(ctx, r, trainer); err != nil {
			return err
		}
	}
	total, active := r.Model.ParamCount()
	fmt.Fprintf(progress, "pretraining %d parameters (%d active per token) on %d tokens; %s\n", total, active, r.Train.Tokens, engine)
	log, err := os.OpenFile(filepath.Join(folder, "train_log.jsonl"), flags, 0o644)
	if err != nil {
		return fmt.Errorf("make training log: %w", err)
	}
	defer log.Close()
	at, err := pretrain.Run(ctx, r.Train, trainer, tok, corpus, io.MultiWriter(log, progress), from)
	if err != nil && ctx.Err() != nil {
		return errors.Join(err, pause.save(context.WithoutCancel(ctx), r, trainer, at, progress))
	}
	if err != nil {
		return err
	}
	return errors.Join(saveBase(r, trainer, tok, folder), os.RemoveAll(pause.folder))
}

// pause is the folder that an interrupted pretraining leaves: a checkpoint with the recipe and the cursor.
type pause struct{ folder string }

func (p pause) save(ctx context.Context, r pretrainRecipe, trainer *moe.Trainer, at pretrain.Cursor, progress io.Writer) error {
	if err := trainer.Save(ctx, p.folder); err != nil {
		return err
	}
	recipe, err := yaml.Marshal(r)
	if err != nil {
		return err
	}
	place, err := json.Marshal(at)
	if err != nil {
		return err
	}
	err = errors.Join(os.WriteFile(filepath.Join(p.folder, "recipe.yaml"), recipe, 0o644), os.WriteFile(filepath.Join(p.folder, cursorFile), place, 0o644))
	if err == nil {
		fmt.Fprintf(progress, "interrupted after %d of %d tokens; saved in %s: go on with the same command and --resume\n", at.Tokens, r.Train.Tokens, p.folder)
	}
	return err
}

// load puts the trainer where an interrupted pretraining was; the recipe must be the same.
func (p pause) load(ctx context.Context, r pretrainRecipe, trainer *moe.Trainer) (at pretrain.Cursor, err error) {
	place, err := os.ReadFile(filepath.Join(p.folder, cursorFile))
	if err != nil {
		return at, fmt.Errorf("nothing to resume: %w: start without --resume", err)
	}
	had, err := os.ReadFile(filepath.Join(p.folder, "recipe.yaml"))
	if err != nil {
		return at, err
	}
	if now, err := yaml.Marshal(r); err != nil || !bytes.Equal(had, now) {
		return at, errors.Join(err, fmt.Errorf("%s was begun with another recipe (see its recipe.yaml): use that one, or start without --resume", p.folder))
	}
	if err := json.Unmarshal(place, &at); err != nil {
		return at, fmt.Errorf("read %s: %w", filepath.Join(p.folder, cursorFile), err)
	}
	return at, trainer.Load(ctx, p.folder)
}

func saveBase(r pretrainRecipe, trainer *moe.Trainer, tok *tokenizer.Tokenizer, folder string) error {
	if err := trainer.SaveModel(folder); err != nil {
		return err
	}
	if err := tok.Save(folder); err != nil {
		return err
	}
	resolved, err := yaml.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "recipe.yaml"), resolved, 0o644)
}
