package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain"
)

// demoRecipe is the recipe that demo runs.
const demoRecipe = "recipes/r1zero-mini.yaml"

func demoCommand() *cobra.Command {
	var f trainFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "the main job in minutes: GRPO from the shipped base on Countdown and small code tasks, before and after",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return demo(cmd, f)
		},
	}
	f.register(cmd, "runs/demo-TIME")
	return cmd
}

func demo(cmd *cobra.Command, f trainFlags) error {
	recipe := defaultTrainRecipe()
	data, err := rltrain.Assets.ReadFile(demoRecipe)
	if err != nil {
		return err
	}
	if err := decodeRecipe(data, &recipe); err != nil {
		return fmt.Errorf("recipe %s: %w", demoRecipe, err)
	}
	if err := override(f.overrides, &recipe); err != nil {
		return err
	}
	f.apply(cmd, &recipe)
	if f.out == "" {
		f.out = filepath.Join("runs", fmt.Sprintf("demo-%s", time.Now().Format("20060102-150405")))
	}
	if !exists(filepath.Join(recipe.Model, "config.json")) {
		if recipe.Model, err = unpackBase(); err != nil {
			return err
		}
	}
	s, err := train(cmd.Context(), recipe, demoRecipe, f, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	return s.tell(cmd.Context(), cmd.OutOrStdout())
}

// unpackBase writes the base model that travels in the binary into the cache folder and returns its path.
func unpackBase() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a cache folder for the base model: %w", err)
	}
	base, err := fs.Sub(rltrain.Assets, "models/base")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "rltrain", "base")
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("unpack the base model: %w", err)
	}
	if err := os.CopyFS(dir, base); err != nil {
		return "", fmt.Errorf("unpack the base model: %w", err)
	}
	return dir, nil
}

// tell prints what a finished run has come to: table, controls, one prompt over the steps, what to try next.
func (s *session) tell(ctx context.Context, out io.Writer) error {
	if err := s.reopenLog(); err != nil {
		return err
	}
	defer s.log.Close()
	r, err := s.readResults(ctx)
	if err != nil {
		return err
	}
	r.table(out)
	if len(r.steps) > 0 {
		r.curves(out)
	}
	if err := s.controls(ctx, r, out); err != nil {
		return err
	}
	if err := s.onePrompt(ctx, out); err != nil {
		return err
	}
	fmt.Fprintf(out, `
Try next:
  rltrain runs show %[1]s
  rltrain rollouts %[1]s --step %[2]d --where 'reflections > 1 && verdict == "correct"' --limit 5
  rltrain eval --model %[1]s --tasks countdown-4/test --samples 8 --k 1,8
  rltrain sample --model %[1]s --n 3 'make 36 from 2 8 22'
`, s.run, max(0, s.recipe.GRPO.Steps-1))
	return nil
}
