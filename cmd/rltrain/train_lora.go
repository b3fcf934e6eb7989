package main

import (
	"context"
	"fmt"
	"io"

	"github.com/rltrain/rltrain/grpo"
	"github.com/rltrain/rltrain/internal/xla"
	"github.com/rltrain/rltrain/policy/moe"
)

// open opens the recipe's model to train it, or adapters on it.
func (r *trainRecipe) open(ctx context.Context, progress io.Writer) (*model, error) {
	dir, err := modelFolder(r.Model)
	if err != nil {
		return nil, err
	}
	switch {
	case r.LoRA != nil:
		return openWith(ctx, dir, r.Device, r.Shapes, progress, func(engine *xla.Engine, dir string, shapes moe.Shapes) (*moe.Trainer, error) {
			return moe.Adapt(engine, dir, shapes, *r.LoRA, r.Seed)
		})
	case moe.IsAdapter(dir):
		return nil, fmt.Errorf("model %s is a LoRA adapter: say lora in the recipe to train it on, or merge it into its base first (rltrain model export %s FOLDER)", dir, r.Model)
	}
	return openModel(ctx, dir, r.Device, r.Shapes, progress)
}

// reference is the model that the run began with: beside new adapters their base, which is in memory already, else a copy.
func (r *trainRecipe) reference(ctx context.Context, m *model, progress io.Writer) (grpo.Scorer, error) {
	dir, err := modelFolder(r.Model)
	if err != nil {
		return nil, err
	}
	if r.LoRA != nil && !moe.IsAdapter(dir) {
		return m.Base()
	}
	return openModel(ctx, dir, r.Device, r.Shapes, progress)
}
