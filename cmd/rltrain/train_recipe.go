package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/grpo"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/xla"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/moe"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
	"github.com/rltrain/rltrain/verifiers/process"
	"github.com/rltrain/rltrain/verifiers/python"
)

// formatReward is what the form is paid where the recipe does not say.
const formatReward = 0.1

// The forms that a response may be asked for in.
const (
	formThink  = "think"  // <think>…</think><answer>…</answer>
	formAnswer = "answer" // any in which the verifier finds an answer
)

// trainRecipe is the content of a file such as recipes/r1zero-mini.yaml.
type trainRecipe struct {
	Seed            uint64              `yaml:"seed"`
	Model           string              `yaml:"model"`  // folder, RUN or RUN@STEP
	Device          string              `yaml:"device"` // cpu or cuda
	Tasks           []taskShare         `yaml:"tasks"`
	LoRA            *moe.LoRA           `yaml:"lora,omitempty"`
	Curriculum      datasets.Curriculum `yaml:"curriculum"` // which of the tasks
	Prompt          prompting           `yaml:"prompt"`
	Sampling        sampling            `yaml:"sampling"`
	Reward          reward              `yaml:"reward"`
	GRPO            grpo.Config         `yaml:"grpo"`
	Validate        validation          `yaml:"validate"`
	Final           []eval.Set          `yaml:"final"`      // on the first and the last weights
	Checkpoint      int                 `yaml:"checkpoint"` // steps between checkpoints
	Keep            keep                `yaml:"keep"`       // which checkpoints
	Shapes          moe.Shapes          `yaml:"shapes"`
	Price           float64             `yaml:"price_per_hour"`    // of the machine, in dollars; 0 is not told
	PricePrompt     float64             `yaml:"price_prompt"`      // of a million tokens of prompts
	PriceCompletion float64             `yaml:"price_completion"`  // of a million sampled tokens
	Derived         derived             `yaml:"derived,omitempty"` // written, never read
}

// taskShare is one part of the training mixture.
type taskShare struct {
	Name   string  `yaml:"name"` // data set or JSONL file
	Weight float64 `yaml:"weight"`
	Filter string  `yaml:"filter,omitempty"` // a condition on tasks, see datasets.Filter
}

// load reads the tasks of a part, and leaves out what its filter does not let pass.
func (s taskShare) load() ([]datasets.Task, error) {
	tasks, err := datasets.Load(s.Name)
	if err != nil || s.Filter == "" {
		return tasks, err
	}
	filter, err := datasets.CompileFilter(s.Filter)
	if err == nil {
		tasks, err = filter.Keep(tasks)
	}
	if err != nil {
		return nil, fmt.Errorf("tasks %s: %w", s.Name, err)
	}
	return tasks, nil
}

type sampling struct {
	Group       int     `yaml:"group"` // samples a task
	MaxTokens   int     `yaml:"max_tokens"`
	Temperature float64 `yaml:"temperature"`
	TopK        int     `yaml:"top_k"` // 0 keeps all
	TopP        float64 `yaml:"top_p"` // 0 and 1 keep all
	MinP        float64 `yaml:"min_p"`

	Stop     []string `yaml:"stop,omitempty"` // a completion ends before any of these
	Patience float64  `yaml:"patience"`       // seconds that a sampler that streams has for a step, see rollout.Pool; 0: no limit
}

// cut keeps the likelier tokens only.
func (s sampling) cut() policy.Cut {
	return policy.Cut{TopK: s.TopK, TopP: float32(s.TopP), MinP: float32(s.MinP)}
}

type reward struct {
	Mode   string  `yaml:"mode"`   // correct; for controls random or format_only
	Form   string  `yaml:"form"`   // think or answer
	Format float64 `yaml:"format"` // paid for the form, on top of 1 for a right answer

	Language   float64 `yaml:"language"`   // taken off for a thought in another language than the question's
	Repetition float64 `yaml:"repetition"` // taken off for a thought that repeats itself
	Command    string  `yaml:"command"`    // judges the tasks of kind process

	Answer     []verifiers.Place `yaml:"answer"`      // kind math: where answers stand, in this order; none: verifiers.Places
	AfterThink bool              `yaml:"after_think"` // kind math: a response without </think> has no answer
	Deadline   float64           `yaml:"deadline"`    // seconds until a verifier counts as hung
	Timeout    float64           `yaml:"timeout_s"`   // kind code in Python: seconds of processor time that a program has

	Formula string `yaml:"formula"` // instead of the three numbers, see rollout.Formula
}

// formula is the compiled formula; nil if there is none.
func (r reward) formula() (*rollout.Formula, error) {
	if r.Formula == "" {
		return nil, nil
	}
	f, err := rollout.CompileFormula(r.Formula)
	if err != nil {
		return nil, fmt.Errorf("reward.formula: %w", err)
	}
	return f, nil
}

// extraction is where the math verifier looks for answers.
func (r reward) extraction() verifiers.Extraction {
	return verifiers.Extraction{Order: r.Answer, RequireThink: r.AfterThink}
}

// sandbox runs programs in Python.
func (r reward) sandbox(unsafe bool) *python.Lazy {
	return &python.Lazy{Options: python.Options{Unsafe: unsafe, Time: time.Duration(r.Timeout * float64(time.Second))}}
}

// check names the first value that cannot be paid by.
func (r *reward) check() error {
	if err := r.extraction().Check(); err != nil {
		return fmt.Errorf("reward.answer: %w", err)
	}
	if r.Deadline < 0 {
		return fmt.Errorf("reward.deadline is %g: want seconds, or 0 for the default", r.Deadline)
	}
	if !(r.Timeout >= 0 && r.Timeout <= 600) {
		return fmt.Errorf("reward.timeout_s is %g: want seconds of processor time, at most 600, or 0 for the default", r.Timeout)
	}
	if r.Form != formThink && r.Form != formAnswer {
		return fmt.Errorf("reward.form is %q: want %s, for <think>…</think><answer>…</answer>, or %s, for whatever holds an answer", r.Form, formThink, formAnswer)
	}
	switch m := r.Mode; {
	case m != verifiers.ModeCorrect && m != verifiers.ModeRandom && m != verifiers.ModeFormatOnly:
		return fmt.Errorf("reward.mode is %q: want %s, %s or %s", m, verifiers.ModeCorrect, verifiers.ModeRandom, verifiers.ModeFormatOnly)
	case r.Language < 0 || r.Repetition < 0:
		return fmt.Errorf("reward: language %g, repetition %g: want 0 or more, which is taken off", r.Language, r.Repetition)
	case r.Formula == "":
		return nil
	case m != verifiers.ModeCorrect:
		return fmt.Errorf("reward.formula with reward.mode %s: a formula pays for what is right; leave one of the two out", m)
	case r.Format != 0 && r.Format != formatReward || r.Language != 0 || r.Repetition != 0:
		return errors.New("reward.formula with reward.format, language or repetition: write them into the formula, such as correct + 0.1*format - 0.2*language_mix")
	}
	r.Format = 0
	_, err := r.formula()
	return err
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
		Seed: 1, Model: "models/base", Device: xla.CPU, Prompt: prompting{Template: rollout.Plain},
		Curriculum: datasets.NoCurriculum(), Sampling: sampling{Group: 8, MaxTokens: 224, Temperature: 1},
		Reward: reward{
			Mode: verifiers.ModeCorrect, Form: formThink, Format: formatReward,
			Deadline: rollout.DefaultDeadline.Seconds(), Timeout: python.DefaultTime.Seconds(),
		},
		GRPO: grpo.Default(), Checkpoint: 10, Shapes: moe.DefaultShapes(),
	}
}

// check names the first value that cannot be trained with, and fills in Derived.
func (r *trainRecipe) check() error {
	if err := xla.CheckDevice(r.Device); err != nil {
		return err
	}
	if err := r.GRPO.Validate(); err != nil {
		return err
	}
	if r.LoRA != nil {
		if err := r.LoRA.Validate(); err != nil {
			return err
		}
	}
	if len(r.Tasks) == 0 {
		return fmt.Errorf("recipe without tasks: add for example `tasks: [{name: countdown/rl, weight: 1}]` (data sets: %v)", datasets.Names())
	}
	if err := r.Curriculum.Validate(); err != nil {
		return err
	}
	if s := r.Sampling; s.Group < 2 || s.MaxTokens < 1 || s.Temperature <= 0 {
		return fmt.Errorf("sampling: group %d, max_tokens %d, temperature %g: want a group of at least 2 and positive numbers", s.Group, s.MaxTokens, s.Temperature)
	}
	if s := r.Sampling; s.TopK < 0 || !(s.TopP >= 0 && s.TopP <= 1) || !(s.MinP >= 0 && s.MinP <= 1) {
		return fmt.Errorf("sampling: top_k %d, top_p %g, min_p %g: want top_k of at least 0, the others from 0 to 1", s.TopK, s.TopP, s.MinP)
	}
	if slices.Contains(r.Sampling.Stop, "") || !(r.Sampling.Patience >= 0) {
		return fmt.Errorf("sampling: stop %q, patience %g: want strings that are not empty, and seconds of at least 0", r.Sampling.Stop, r.Sampling.Patience)
	}
	if o := r.GRPO.Overlong; o.Buffer > r.Sampling.MaxTokens {
		return fmt.Errorf("grpo.overlong.buffer is %d, more than the %d tokens of sampling.max_tokens: the penalty would hit every completion", o.Buffer, r.Sampling.MaxTokens)
	}
	if !(r.Price >= 0) {
		return fmt.Errorf("price_per_hour is %g: want dollars an hour, or 0", r.Price)
	}
	if !(r.PricePrompt >= 0 && r.PriceCompletion >= 0) {
		return fmt.Errorf("price_prompt is %g, price_completion %g: want dollars a million tokens, or 0", r.PricePrompt, r.PriceCompletion)
	}
	if err := r.Reward.check(); err != nil {
		return err
	}
	if err := r.Keep.check(r.Validate); err != nil {
		return err
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

// prices are what an evaluation of the run's weights reckons with.
func (r *trainRecipe) prices() eval.Prices {
	return eval.Prices{Prompt: r.PricePrompt, Completion: r.PriceCompletion, Hour: r.Price}
}

// stream mixes the recipe's tasks.
func (r *trainRecipe) stream() (datasets.Stream, error) {
	var parts []datasets.Part
	for _, share := range r.Tasks {
		tasks, err := share.load()
		if err != nil {
			return nil, err
		}
		if err := verifiers.CheckTasks(tasks); err != nil {
			return nil, fmt.Errorf("tasks %s: %w", share.Name, err)
		}
		isProcess := func(t datasets.Task) bool { return t.Kind == "process" }
		if r.Reward.Command == "" && slices.ContainsFunc(tasks, isProcess) {
			return nil, fmt.Errorf("tasks %s are of kind process: name the program that judges in reward.command", share.Name)
		}
		parts = append(parts, datasets.Part{Tasks: tasks, Weight: share.Weight, Curriculum: &r.Curriculum})
	}
	return datasets.Mix(parts, r.Seed)
}

// rules is the recipe's reward. Call done when it is no longer needed.
func (r *trainRecipe) rules(sandbox *python.Lazy) (rules verifiers.Rules, done func(), err error) {
	rules = verifiers.DefaultRules()
	rules.FormatWeight, rules.Mode, rules.Seed = r.Reward.Format, r.Reward.Mode, r.Seed
	rules.RequireFormat = r.Reward.Form == formThink
	rules.LanguageWeight, rules.RepetitionWeight = r.Reward.Language, r.Reward.Repetition // all 0 with a formula
	rules.ByKind["code"] = verifiers.Code{Python: sandbox}
	rules.ByKind["math"] = verifiers.Math{Extraction: r.Reward.extraction()}
	if r.Reward.Command == "" {
		return rules, func() {}, nil
	}
	pool, err := process.New(process.Options{Command: r.Reward.Command})
	if err != nil {
		return rules, nil, fmt.Errorf("reward.command: %w", err)
	}
	rules.ByKind["process"] = pool
	return rules, pool.Close, nil
}
