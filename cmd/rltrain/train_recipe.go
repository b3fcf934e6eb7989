package main

import (
	"fmt"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/grpo"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/policy/moe"
	"github.com/rltrain/rltrain/verifiers"
)

// trainRecipe is the content of a file such as recipes/r1zero-mini.yaml.
type trainRecipe struct {
	Seed       uint64      `yaml:"seed"`
	Model      string      `yaml:"model"` // folder, RUN or RUN@STEP
	Tasks      []taskShare `yaml:"tasks"`
	Sampling   sampling    `yaml:"sampling"`
	Reward     reward      `yaml:"reward"`
	GRPO       grpo.Config `yaml:"grpo"`
	Validate   validation  `yaml:"validate"`
	Final      []eval.Set  `yaml:"final"`      // on the first and the last weights
	Checkpoint int         `yaml:"checkpoint"` // steps between checkpoints
	Shapes     moe.Shapes  `yaml:"shapes"`
	Derived    derived     `yaml:"derived,omitempty"` // written, never read
}

// taskShare is one part of the training mixture.
type taskShare struct {
	Name   string  `yaml:"name"` // data set or JSONL file
	Weight float64 `yaml:"weight"`
}

type sampling struct {
	Group       int     `yaml:"group"` // samples a task
	MaxTokens   int     `yaml:"max_tokens"`
	Temperature float64 `yaml:"temperature"`
}

type reward struct {
	Mode   string  `yaml:"mode"`   // correct; for controls random or format_only
	Format float64 `yaml:"format"` // paid for the form, on top of 1 for a right answer
}

type validation struct {
	Every int        `yaml:"every"`
	Sets  []eval.Set `yaml:"sets"`
}

// derived are numbers that follow from the recipe, for the reader of config.yaml.
type derived struct {
	RolloutsPerStep int `yaml:"rollouts_per_step,omitempty"`
	Rollouts        int `yaml:"rollouts,omitempty"`
	MaxTokens       int `yaml:"max_tokens,omitempty"` // upper bound on sampled tokens
}

func defaultTrainRecipe() trainRecipe {
	return trainRecipe{
		Seed: 1, Model: "models/base",
		Sampling: sampling{Group: 8, MaxTokens: 224, Temperature: 1},
		Reward:   reward{Mode: verifiers.ModeCorrect, Format: 0.1},
		GRPO:     grpo.Default(), Checkpoint: 10, Shapes: moe.DefaultShapes(),
	}
}

// check names the first value that cannot be trained with, and fills in Derived.
func (r *trainRecipe) check() error {
	if err := r.GRPO.Validate(); err != nil {
		return err
	}
	if len(r.Tasks) == 0 {
		return fmt.Errorf("recipe without tasks: add for example `tasks: [{name: countdown/rl, weight: 1}]` (data sets: %v)", datasets.Names())
	}
	if s := r.Sampling; s.Group < 2 || s.MaxTokens < 1 || s.Temperature <= 0 {
		return fmt.Errorf("sampling: group %d, max_tokens %d, temperature %g: want a group of at least 2 and positive numbers", s.Group, s.MaxTokens, s.Temperature)
	}
	if m := r.Reward.Mode; m != verifiers.ModeCorrect && m != verifiers.ModeRandom && m != verifiers.ModeFormatOnly {
		return fmt.Errorf("reward.mode is %q: want %s, %s or %s", m, verifiers.ModeCorrect, verifiers.ModeRandom, verifiers.ModeFormatOnly)
	}
	for _, set := range append(append([]eval.Set(nil), r.Validate.Sets...), r.Final...) {
		if err := set.Validate(); err != nil {
			return err
		}
	}
	rollouts := r.GRPO.Prompts * r.Sampling.Group
	r.Derived = derived{rollouts, rollouts * r.GRPO.Steps, rollouts * r.GRPO.Steps * r.Sampling.MaxTokens}
	return nil
}

// stream mixes the recipe's tasks.
func (r *trainRecipe) stream() (datasets.Stream, error) {
	var parts []datasets.Part
	for _, share := range r.Tasks {
		tasks, err := datasets.Load(share.Name)
		if err != nil {
			return nil, err
		}
		parts = append(parts, datasets.Part{Tasks: tasks, Weight: share.Weight})
	}
	return datasets.Mix(parts, r.Seed)
}

// rules is the recipe's reward.
func (r *trainRecipe) rules() verifiers.Rules {
	rules := verifiers.DefaultRules()
	rules.FormatWeight, rules.Mode, rules.Seed = r.Reward.Format, r.Reward.Mode, r.Seed
	return rules
}
