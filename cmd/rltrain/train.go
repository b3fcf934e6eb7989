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
	"github.com/rltrain/rltrain/verifiers"
)

// trainFlags are the flags of train that are not part of the recipe.
type trainFlags struct {
	out, model     string
	device         string
	resume, force  bool
	evenIfHopeless bool
	unsafe         bool // Python without full isolation
	steps          int
	seed           uint64
	overrides      []string
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
	cmd.Flags().BoolVar(&f.force, "force", false, "remove a run that is in the folder already; implies --even-if-hopeless")
	cmd.Flags().BoolVar(&f.evenIfHopeless, "even-if-hopeless", false, "go on though the first steps leave nothing to learn from")
	unsafeFlag(cmd, &f.unsafe)
	deviceFlag(cmd, &f.device)
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
	if cmd.Flags().Changed("device") {
		r.Device = f.device
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
	loop     *grpo.Loop
	watch    *watch
	log      *runlog.Log
	progress *progress
	started  time.Time
	recent   []runlog.Step // the last few, for speed and time to go
}

// train runs a recipe in folder f.out, from its start or from its newest checkpoint.
func train(ctx context.Context, r trainRecipe, name string, f trainFlags, out io.Writer) (s *session, err error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("recipe %s: %w", name, err)
	}
	s = &session{recipe: r, run: f.out, progress: newProgress(out), started: time.Now()}
	if s.tasks, err = r.stream(); err != nil {
		return nil, err
	}
	if s.model, err = r.open(ctx, s.progress); err != nil {
		return nil, fmt.Errorf("recipe %s: %w", name, err)
	}
	sandbox := r.Reward.sandbox(f.unsafe)
	defer sandbox.Close()
	if err := r.readySandbox(sandbox, s.progress); err != nil {
		return nil, fmt.Errorf("recipe %s: %w", name, err)
	}
	rules, done, err := r.rules(sandbox)
	if err != nil {
		return nil, fmt.Errorf("recipe %s: %w", name, err)
	}
	defer done()
	if s.pool, err = r.pool(s.model.tok, rules); err != nil {
		return nil, fmt.Errorf("recipe %s: %w", name, err)
	}
	if err := s.checkLengths(); err != nil {
		return nil, fmt.Errorf("recipe %s: %w", name, err)
	}
	s.loop = &grpo.Loop{
		Config: r.GRPO, Seed: r.Seed, Tasks: s.tasks, Pool: s.pool, Policy: s.model, Milestone: s.milestone, Report: s.report, Skip: s.skip,
		Interrupted: func(ctx context.Context, step int) error { return s.save(ctx, cursor{Step: step, Open: true}) },
	}
	first, met, err := s.openLog(ctx, name, f)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.log.Close()) }()
	peak, err := s.peak(ctx)
	if err != nil {
		return nil, err
	}
	if s.watch, err = newWatch(ctx, s.log, s.progress, f.evenIfHopeless || f.force); err != nil {
		return nil, err
	}
	s.loop.Log, s.loop.PeakFLOPs = s.watch, peak
	if r.GRPO.KL > 0 {
		if s.loop.Reference, err = r.reference(ctx, s.model, s.progress); err != nil {
			return nil, fmt.Errorf("open the reference of grpo.kl: %w", err)
		}
	}
	fmt.Fprintf(s.progress, "run %s: %d steps of %d prompts x %d samples; %s\n", s.run, r.GRPO.Steps, r.GRPO.Prompts, r.Sampling.Group, s.model.engine)
	defer context.AfterFunc(ctx, func() {
		fmt.Fprintln(s.progress, "interrupted: finishing the step and saving; once more quits at once")
	})()
	looking, enough := context.WithCancel(context.WithoutCancel(ctx))
	defer enough()
	go (&stalls{waits: s.pool.Waits, told: map[int]time.Duration{}}).watch(looking, s.progress)
	err = errors.Join(s.loop.Run(ctx, first, met), s.watch.flush())
	return s, errors.Join(err, s.close(ctx, err))
}

// pool samples and judges as the recipe says.
func (r *trainRecipe) pool(tok rollout.Tokenizer, rules verifiers.Rules) (*rollout.Pool, error) {
	formula, err := r.Reward.formula()
	if err != nil {
		return nil, err
	}
	prompt := r.Prompt
	prompt.Stop = r.Sampling.Stop
	template, err := prompt.template(r.Tasks[0].Name)
	return &rollout.Pool{
		Tokenizer: tok, Template: template, Verifier: rules, Reward: formula, Deadline: time.Duration(r.Reward.Deadline * float64(time.Second)),
		Params: r.params(), Patience: time.Duration(r.Sampling.Patience * float64(time.Second)), Waits: &rollout.Waits{},
	}, err
}

// params says how the completions of a task are drawn; seed and stop tokens come later.
func (r *trainRecipe) params() policy.Params {
	return policy.Params{N: r.Sampling.Group, MaxTokens: r.Sampling.MaxTokens, Temperature: float32(r.Sampling.Temperature), Cut: r.Sampling.cut(), Routing: true}
}

// checkLengths makes sure that the longest sequence the run can produce fits a training row, before anything is sampled.
func (s *session) checkLengths() error {
	for _, share := range s.recipe.Tasks {
		tasks, err := share.load()
		if err != nil {
			return err
		}
		_, requests, err := s.pool.Requests(tasks, 0)
		if err != nil {
			return err
		}
		for _, request := range requests {
			// The last token of a sequence is only predicted.
			if need := len(request.Prompt) + s.recipe.Sampling.MaxTokens - 1; need > s.recipe.Shapes.TrainWidth {
				return fmt.Errorf("task %s has a prompt of %d tokens: with max_tokens %d that is more than shapes.train_width %d: lower sampling.max_tokens or raise the width",
					request.Task, len(request.Prompt), s.recipe.Sampling.MaxTokens, s.recipe.Shapes.TrainWidth)
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
	s.progress.redraw("")
	built := s.model.Compilations()
	fmt.Fprintf(s.progress, "run %s %s after %.0f s; %d graphs compiled in %.0f s of it\n", s.run, status, time.Since(s.started).Seconds(), built.Count, built.Time.Seconds())
	if status == runlog.Interrupted {
		fmt.Fprintf(s.progress, "go on with the same command, --out %s and --resume\n", s.run)
	}
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

// milestone evaluates and saves when due.
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
		s.loop.Settle() // one sampler at a time
		if err := s.evaluate(ctx, step, sets); err != nil {
			return err
		}
	}
	if due(r.Checkpoint) {
		return s.save(ctx, cursor{Step: step})
	}
	return nil
}

// save makes a checkpoint, once the log is on disk, at the place in the tasks where the run stands, and removes what the recipe does not keep.
func (s *session) save(ctx context.Context, at cursor) error {
	waiting, err := s.loop.Waiting()
	if err = errors.Join(err, s.watch.flush()); err != nil {
		return err
	}
	at.Tasks = s.tasks.Cursor()
	if stream, ok := s.tasks.(datasets.Adaptive); ok && s.recipe.Curriculum.Floor < 1 {
		state, err := stream.State()
		if err != nil {
			return err
		}
		at.Stream = state
	}
	if err := saveCheckpoint(ctx, s.model, s.run, at, waiting); err != nil {
		return err
	}
	return s.keepCheckpoints(ctx)
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
