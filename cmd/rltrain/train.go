package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/grpo"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
)

// trainFlags are the flags of train that are not part of the recipe.
type trainFlags struct {
	out, model    string
	resume, force bool
	steps         int
	seed          uint64
	overrides     []string
}

func trainCommand() *cobra.Command {
	var f trainFlags
	cmd := &cobra.Command{
		Use:   "train RECIPE.yaml",
		Short: "R1-Zero style reinforcement learning on verifiable rewards",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			recipe := defaultTrainRecipe()
			if err := readRecipe(args[0], f.overrides, &recipe); err != nil {
				return err
			}
			f.apply(cmd, &recipe)
			if f.out == "" {
				name := strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0]))
				f.out = filepath.Join("runs", fmt.Sprintf("%s-seed%d", name, recipe.Seed))
			}
			_, err := train(cmd.Context(), recipe, args[0], f, cmd.ErrOrStderr())
			return err
		},
	}
	f.register(cmd, "runs/RECIPE-seedN")
	return cmd
}

func (f *trainFlags) register(cmd *cobra.Command, folder string) {
	cmd.Flags().StringVar(&f.out, "out", "", "run `FOLDER` (default "+folder+")")
	cmd.Flags().StringVar(&f.model, "model", "", "replace the recipe's `MODEL`: a folder, RUN or RUN@STEP")
	cmd.Flags().BoolVar(&f.resume, "resume", false, "go on at the newest checkpoint of the run folder")
	cmd.Flags().BoolVar(&f.force, "force", false, "remove a run that is in the folder already")
	cmd.Flags().IntVar(&f.steps, "steps", 0, "replace the recipe's number of steps")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "replace the recipe's seed")
	cmd.Flags().StringArrayVarP(&f.overrides, "override", "o", nil, "replace a value of the recipe: `key.path=value`")
}

func (f *trainFlags) apply(cmd *cobra.Command, r *trainRecipe) {
	if cmd.Flags().Changed("steps") {
		r.GRPO.Steps = f.steps
	}
	if cmd.Flags().Changed("seed") {
		r.Seed = f.seed
	}
	if f.model != "" {
		r.Model = f.model
	}
}

// session is one training run with all its parts.
type session struct {
	recipe   trainRecipe
	run      string
	model    *model
	tasks    datasets.Stream
	pool     *rollout.Pool
	log      *runlog.Log
	progress io.Writer
	started  time.Time
}

// train runs a recipe in folder f.out, from its start or from its newest checkpoint.
func train(ctx context.Context, r trainRecipe, name string, f trainFlags, progress io.Writer) (s *session, err error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("recipe %s: %w", name, err)
	}
	s = &session{recipe: r, run: f.out, progress: progress, started: time.Now()}
	if s.tasks, err = r.stream(); err != nil {
		return nil, err
	}
	if s.model, err = openModel(ctx, r.Model, r.Shapes, progress); err != nil {
		return nil, err
	}
	s.pool = &rollout.Pool{
		Tokenizer: s.model.tok, Verifier: r.rules(),
		Params: policy.Params{N: r.Sampling.Group, MaxTokens: r.Sampling.MaxTokens, Temperature: float32(r.Sampling.Temperature)},
	}
	if err := s.checkLengths(); err != nil {
		return nil, fmt.Errorf("recipe %s: %w", name, err)
	}
	first, met, err := s.openLog(ctx, name, f)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.log.Close()) }()
	loop := &grpo.Loop{
		Config: r.GRPO, Seed: r.Seed, Tasks: s.tasks, Pool: s.pool, Policy: s.model, Log: s.log,
		Milestone: s.milestone, Report: s.report,
		Interrupted: func(ctx context.Context, step int) error {
			return saveCheckpoint(ctx, s.model, s.run, cursor{Step: step, Tasks: s.tasks.Cursor(), Open: true})
		},
	}
	fmt.Fprintf(progress, "run %s: %d steps of %d prompts x %d samples; %s\n", s.run, r.GRPO.Steps, r.GRPO.Prompts, r.Sampling.Group, s.model.engine)
	err = loop.Run(ctx, first, met)
	return s, errors.Join(err, s.close(ctx, err))
}

// checkLengths makes sure that the longest sequence the run can produce fits a training row, before anything is sampled.
func (s *session) checkLengths() error {
	for _, share := range s.recipe.Tasks {
		tasks, err := datasets.Load(share.Name)
		if err != nil {
			return err
		}
		for _, task := range tasks {
			ids, err := s.model.tok.Encode(datasets.Prompt(task.Question))
			if err != nil {
				return fmt.Errorf("task %s: %w", task.ID, err)
			}
			// The sequence begins with <bos>, and its last token is only predicted.
			if need := len(ids) + s.recipe.Sampling.MaxTokens; need > s.recipe.Shapes.TrainWidth {
				return fmt.Errorf("task %s has a prompt of %d tokens: with max_tokens %d that is more than shapes.train_width %d: lower sampling.max_tokens or raise the width",
					task.ID, len(ids), s.recipe.Sampling.MaxTokens, s.recipe.Shapes.TrainWidth)
			}
		}
	}
	return nil
}

// close writes down how the run ended.
func (s *session) close(ctx context.Context, err error) error {
	status := runlog.Finished
	switch {
	case err != nil && ctx.Err() != nil:
		status = runlog.Interrupted
	case err != nil:
		status = runlog.Failed
	}
	built := s.model.Compilations()
	fmt.Fprintf(s.progress, "run %s %s after %.0f s; %d graphs compiled in %.0f s of it\n", s.run, status, time.Since(s.started).Seconds(), built.Count, built.Seconds)
	return s.log.SetStatus(context.WithoutCancel(ctx), status)
}

// openLog makes the run's log, or opens it at the newest checkpoint. It returns the first step to train, and
// whether that step's milestone has been met.
func (s *session) openLog(ctx context.Context, name string, f trainFlags) (first int, met bool, err error) {
	if f.resume {
		return s.resume(ctx)
	}
	if f.force {
		if err := runlog.Remove(s.run); err != nil {
			return 0, false, err
		}
	}
	config, err := yaml.Marshal(s.recipe)
	if err != nil {
		return 0, false, err
	}
	host, _ := os.Hostname()
	s.log, err = runlog.Create(s.run, runlog.Meta{
		Run: filepath.Base(s.run), Recipe: name, Model: s.recipe.Model, Seed: s.recipe.Seed, Config: config, StartedAt: s.started,
		Host: fmt.Sprintf("%s; %s", host, s.model.engine),
	})
	return 0, false, err
}

// milestone evaluates and saves when due: log first, then checkpoint.
func (s *session) milestone(ctx context.Context, step int) error {
	r := s.recipe
	last := step == r.GRPO.Steps
	due := func(every int) bool { return last || every > 0 && step%every == 0 }
	var sets []eval.Set
	if due(r.Validate.Every) {
		sets = append(sets, r.Validate.Sets...)
	}
	if step == 0 || last {
		sets = append(sets, r.Final...)
	}
	if len(sets) > 0 {
		if err := s.evaluate(ctx, step, sets); err != nil {
			return err
		}
	}
	if due(r.Checkpoint) {
		return saveCheckpoint(ctx, s.model, s.run, cursor{Step: step, Tasks: s.tasks.Cursor()})
	}
	return nil
}

// evalSeed is the seed of all evaluations: the same for every step and run, so that they are paired.
const evalSeed = 2026

func (s *session) evaluate(ctx context.Context, step int, sets []eval.Set) error {
	sampler, err := s.model.Snapshot(ctx)
	if err != nil {
		return err
	}
	for _, set := range sets {
		start := time.Now()
		result, groups, err := eval.Run(ctx, sampler, *s.pool, set, evalSeed)
		if err != nil {
			return err
		}
		if err := s.log.RecordEval(ctx, step, result, groups); err != nil {
			return err
		}
		p := result.Metric("pass@1")
		fmt.Fprintf(s.progress, "eval step %d  %-24s T=%g  pass@1 %.3f [%.3f, %.3f]  length %.0f  reflect %.2f  (%d x %d, %.1f s)\n", step, set.Tasks, set.Temperature,
			p.Value, p.Low, p.High, result.Metric("length_mean").Value, result.Metric("reflect_frac").Value, result.NTasks, result.NSamples, time.Since(start).Seconds())
	}
	return nil
}

func (s *session) report(m runlog.Step) {
	fmt.Fprintf(s.progress, "step %3d  reward %.3f  accuracy %.3f  length %5.1f  reflect %.2f  entropy %.3f  kl %.1e  grad %.3f  sample %.1f s  train %.1f s\n",
		m.Step, m.RewardMean, m.Accuracy, m.LengthMean, m.ReflectFrac, m.Entropy, m.KL, m.GradNorm, m.SampleS, m.TrainS)
}
