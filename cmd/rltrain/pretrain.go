package main

import (
	"context"
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
	Model  moe.Config            `yaml:"model"`
	Shapes moe.Shapes            `yaml:"shapes"`
	Corpus datasets.CorpusConfig `yaml:"corpus"`
	Train  pretrain.Config       `yaml:"train"`
}

func pretrainCommand() *cobra.Command {
	var out string
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
			return makeBase(cmd.Context(), recipe, out, cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write the model into `FOLDER`")
	cmd.Flags().Uint64Var(&seed, "seed", 0, "replace the recipe's seed")
	cmd.Flags().StringArrayVarP(&overrides, "override", "o", nil, "replace a value of the recipe: `key.path=value`")
	_ = cmd.MarkFlagRequired("out")
	return cmd
}

// makeBase trains a base and writes it into folder: the model, its tokenizer, the resolved recipe and the log.
func makeBase(ctx context.Context, r pretrainRecipe, folder string, progress io.Writer) error {
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
	engine, err := xla.Open(ctx, xla.Options{Progress: progress})
	if err != nil {
		return err
	}
	trainer, err := moe.New(engine, r.Model, r.Shapes, r.Seed)
	if err != nil {
		return err
	}
	total, active := r.Model.ParamCount()
	fmt.Fprintf(progress, "pretraining %d parameters (%d active per token) on %d tokens; %s\n", total, active, r.Train.Tokens, engine)
	log, err := os.Create(filepath.Join(folder, "train_log.jsonl"))
	if err != nil {
		return fmt.Errorf("make training log: %w", err)
	}
	defer log.Close()
	if err := pretrain.Run(ctx, r.Train, trainer, tok, corpus, io.MultiWriter(log, progress)); err != nil {
		return err
	}
	return saveBase(r, trainer, tok, folder)
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
