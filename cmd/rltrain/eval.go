package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/openai"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
	"github.com/rltrain/rltrain/verifiers/python"
)

// evalFlags are the flags of eval.
type evalFlags struct {
	model, ks, json  string
	control, device  string
	samplesOut       string
	promptsOut       string
	prompt           prompting
	reward           reward   // of which an evaluation has the form, where answers stand, and a program's time
	answer           []string // places
	regrade, compare string
	set              eval.Set
	seed             uint64
	unsafe           bool // Python without full isolation
	prices           eval.Prices
	server           openai.Options // without address and key
	keyEnv           string
	alternatives     int    // likeliest tokens to keep for each drawn one
	record           string // RUN@STEP
}

func evalCommand() *cobra.Command {
	f := evalFlags{server: openai.DefaultOptions(), reward: defaultTrainRecipe().Reward}
	cmd := &cobra.Command{
		Use:   "eval --model M --tasks NAME|FILE.jsonl",
		Short: "unbiased pass@k with confidence intervals, and how the chains behave",
		Args: func(_ *cobra.Command, args []string) error {
			if f.compare != "" && len(args) != 1 {
				return errors.New("--compare wants two files: eval --compare A B")
			}
			if f.compare == "" && len(args) > 0 {
				return fmt.Errorf("unknown argument %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.compare != "":
				return compareEvals(f.compare, args[0], f.seed, f.json, cmd.OutOrStdout())
			case f.regrade != "":
				return f.runRegrade(cmd.Context(), cmd.OutOrStdout(), newProgress(cmd.ErrOrStderr()))
			}
			return f.run(cmd.Context(), cmd.OutOrStdout(), newProgress(cmd.ErrOrStderr()))
		},
	}
	f.addFlags(cmd)
	return cmd
}

func (f *evalFlags) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.model, "model", "models/base", "folder, RUN, RUN@STEP, or openai+http://HOST:PORT/v1/NAME")
	flags.StringVar(&f.set.Tasks, "tasks", "countdown/test", "data set ("+strings.Join(datasets.Benchmarks(), ", ")+", "+strings.Join(datasets.Names(), ", ")+", …) or JSONL file")
	flags.IntVar(&f.set.Problems, "problems", 0, "take the first `N` tasks (0: all)")
	flags.IntVar(&f.set.Samples, "samples", 1, "samples a task")
	flags.StringVar(&f.ks, "k", "", "which k of pass@k and the like, comma-separated (default 1,2,4,… and all samples)")
	flags.Float64Var(&f.set.Temperature, "temperature", 1, "0 is greedy")
	flags.IntVar(&f.set.MaxTokens, "max-tokens", 224, "limit on a completion")
	f.prompt.flags(cmd)
	flags.StringVar(&f.prompt.Template, "template", autoTemplate, "the same as --prompt; auto is the one of the run, else by the kind of model")
	flags.Lookup("prompt").DefValue = autoTemplate
	flags.StringVar(&f.reward.Form, "form", "", "asked-for form of a response: think, or answer for whatever holds an answer (default answer for chat and few-shot, else think)")
	flags.StringSliceVar(&f.answer, "answer", nil, "kind math: `PLACES` where an answer may stand, such as box,line (default all)")
	flags.Float64Var(&f.reward.Timeout, "timeout", f.reward.Timeout, "programs in Python: `SECONDS` of processor time that each has, or each case where it reads standard input")
	flags.Uint64Var(&f.seed, "seed", evalSeed, "of the draws")
	flags.StringVar(&f.samplesOut, "samples-out", "", "keep the samples in `FILE`, and go on with those in it (default a file in evals/)")
	flags.StringVar(&f.promptsOut, "prompts-out", "", "write the prompts to `FILE` for an engine elsewhere, and draw nothing")
	flags.StringVar(&f.regrade, "regrade", "", "judge the samples in `FILE` again, and draw none")
	flags.StringVar(&f.compare, "compare", "", "compare two results or files of samples: --compare `A` B")
	flags.Float64Var(&f.prices.Prompt, "price-prompt", 0, "price of a million prompt tokens, for cost_per_solved")
	flags.Float64Var(&f.prices.Completion, "price-completion", 0, "price of a million tokens of completions")
	flags.Float64Var(&f.prices.Hour, "price-per-hour", 0, "price of an hour of the machine, of a model in a folder (a run's checkpoint: default of all three is its recipe's)")
	flags.IntVar(&f.server.Concurrency, "concurrency", f.server.Concurrency, "server: requests at a time")
	flags.IntVar(&f.server.Retries, "retries", f.server.Retries, "server: of a request that met a lost connection or a busy server")
	flags.DurationVar(&f.server.Deadline, "deadline", 10*time.Minute, "server: for one request")
	flags.StringVar(&f.keyEnv, "api-key-env", "RLTRAIN_API_KEY", "server: environment `VARIABLE` with the key, which is sent if it is set")
	flags.StringVar(&f.control, "control", "", "retry: a chain that does not claim to be right is made to go on; own-verdict: of a task's samples the first that claims to be right counts")
	flags.IntVar(&f.alternatives, "top-logprobs", 0, "server: keep the `N` likeliest tokens at each place, at most 20")
	flags.StringVar(&f.record, "record", "", "server: write the result into the log of a run, as that of its checkpoint `RUN@STEP`, which the server has loaded")
	unsafeFlag(cmd, &f.unsafe)
	deviceFlag(cmd, &f.device)
	flags.StringVar(&f.json, "json", "", "write the result as JSON to `FILE` (- is standard output)")
}

// chosen are the ks of the flag, or those of a curve up to n samples.
func (f *evalFlags) chosen(n int) ([]int, error) {
	if f.ks == "" {
		return eval.CurveKs(n), nil
	}
	var ks []int
	for _, text := range strings.Split(f.ks, ",") {
		k, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return nil, usageError{fmt.Errorf("--k %q: want numbers such as 1,8,64", f.ks)}
		}
		ks = append(ks, k)
	}
	return ks, nil
}

// run evaluates a model, prints what it found, and records it in the model's run.
func (f *evalFlags) run(ctx context.Context, out io.Writer, progress *progress) error {
	var err error
	if f.set.K, err = f.chosen(f.set.Samples); err != nil {
		return err
	}
	if err := f.set.Validate(); err != nil {
		return err
	}
	tasks, err := f.set.Load()
	if err != nil {
		return err
	}
	m, err := f.open(ctx, progress)
	if err != nil {
		return err
	}
	if f.promptsOut != "" {
		return writePrompts(f.promptsOut, &m.pool, tasks, f.seed)
	}
	rules, sandbox, err := f.judges(tasks, progress)
	if err != nil {
		return err
	}
	defer sandbox.Close()
	m.pool.Verifier = rules
	groups, err := f.draw(ctx, m, tasks, progress)
	if err != nil {
		return err
	}
	r := f.report(groups, m.header.Model, m.pool.Template.Name)
	if err := r.print(f.json, out); err != nil {
		return err
	}
	return m.record(ctx, r.Eval, groups, progress)
}

// rules judge responses of the asked-for form.
func (f *evalFlags) rules() (verifiers.Rules, error) {
	r := f.reward
	for _, place := range f.answer {
		r.Answer = append(r.Answer, verifiers.Place(place))
	}
	rules := verifiers.DefaultRules()
	rules.RequireFormat = r.Form == formThink
	rules.ByKind["math"] = verifiers.Math{Extraction: r.extraction()}
	return rules, r.check()
}

// judges makes the verifiers ready, and the sandbox if there are programs in Python among the tasks.
func (f *evalFlags) judges(tasks []datasets.Task, progress io.Writer) (verifiers.Verifier, *python.Lazy, error) {
	rules, err := f.rules()
	if err != nil {
		return nil, nil, usageError{err}
	}
	sandbox := f.reward.sandbox(f.unsafe)
	if err := readySandbox(sandbox, [][]datasets.Task{tasks}, progress); err != nil {
		sandbox.Close()
		return nil, nil, err
	}
	rules.ByKind["code"] = verifiers.Code{Python: &verifiers.JudgedOnce{Judge: sandbox}}
	return rules, sandbox, nil
}

// draw samples the tasks, plainly or as the control that goes on with its own chains.
func (f *evalFlags) draw(ctx context.Context, m *evalModel, tasks []datasets.Task, progress *progress) ([]rollout.Group, error) {
	m.pool.Params = policy.Params{N: f.set.Samples, MaxTokens: f.set.MaxTokens, Temperature: float32(f.set.Temperature), Alternatives: f.alternatives}
	switch f.control {
	case "", "own-verdict":
	case "retry":
		f.set.Samples, f.set.K = 1, []int{1}
		return eval.ForcedRetry(ctx, m.sampler, m.pool, tasks, f.seed)
	default:
		return nil, usageError{fmt.Errorf("--control %q: want retry or own-verdict", f.control)}
	}
	path := f.samplesOut
	if path == "" {
		path = defaultSamples(m.header)
	}
	store, err := eval.OpenStore(path, m.header)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	d := eval.Drawing{
		Sampler: m.sampler, Pool: m.pool, Tasks: tasks, Seed: f.seed, Store: store,
		Begin: func(have, all int) {
			fmt.Fprintf(progress, "%d of %d completions are in %s\n", have, all, path)
		},
		Kept: func(kept, want int) { progress.redraw(fmt.Sprintf("%d of %d drawn and judged", kept, want)) },
	}
	groups, err := d.Run(ctx)
	progress.redraw("")
	return groups, err
}

// runRegrade judges stored samples again.
func (f *evalFlags) runRegrade(ctx context.Context, out io.Writer, progress *progress) error {
	header, lines, err := eval.ReadSamples(f.regrade)
	if err != nil {
		return err
	}
	tasks, err := eval.Set{Tasks: header.Tasks}.Load()
	if err != nil {
		return err
	}
	if f.reward.Form == "" {
		f.reward.Form = header.Form
	}
	if len(f.answer) == 0 && header.Answer != "" {
		f.answer = strings.Split(header.Answer, ",")
	}
	rules, sandbox, err := f.judges(tasks, progress)
	if err != nil {
		return err
	}
	defer sandbox.Close()
	if header.Weights == "" {
		if err := f.pricedByTokens(header.Model); err != nil {
			return err
		}
	}
	start := time.Now()
	changed, err := eval.Regrade(ctx, rules, tasks, lines)
	if err != nil {
		return fmt.Errorf("%s: %w", f.regrade, err)
	}
	fmt.Fprintf(progress, "judged %d samples again in %.1f s: %d verdicts changed\n", len(lines), time.Since(start).Seconds(), changed)
	groups := eval.GroupsOf(tasks, lines)
	f.set = eval.Set{Tasks: header.Tasks, Samples: eval.MostSamples(groups), Temperature: header.Temperature}
	if f.set.K, err = f.chosen(f.set.Samples); err != nil {
		return err
	}
	if f.samplesOut != "" {
		if err := eval.WriteSamples(f.samplesOut, header, lines); err != nil {
			return err
		}
	}
	return f.report(groups, header.Model, header.Template).print(f.json, out)
}

// report does the arithmetic.
func (f *evalFlags) report(groups []rollout.Group, model, template string) evalReport {
	r := evalReport{
		Eval:  runlog.Eval{Tasks: f.set.Tasks, NTasks: len(groups), NSamples: f.set.Samples, Temperature: f.set.Temperature},
		model: model, template: template, rows: eval.Rows(groups, f.set.K, f.seed), curve: eval.TestTime(groups, f.set.K, f.seed),
	}
	r.Metrics = append(eval.Summarize(groups, f.set.K, f.seed), eval.Spent(groups, f.prices, f.seed)...)
	if f.control == "own-verdict" {
		r.Metrics = append(r.Metrics, eval.BestByOwnVerdict(groups, f.seed))
	}
	return r
}
