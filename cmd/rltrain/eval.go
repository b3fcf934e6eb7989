package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/moe"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
	"github.com/rltrain/rltrain/verifiers/python"
)

// evalFlags are the flags of eval.
type evalFlags struct {
	model, ks, json string
	control, device string
	set             eval.Set
	prompt          prompting
	form            string
	answer          []string // places
	seed            uint64
	unsafe          bool // Python without full isolation
}

func evalCommand() *cobra.Command {
	f := evalFlags{}
	cmd := &cobra.Command{
		Use:   "eval --model M --tasks NAME|FILE.jsonl",
		Short: "unbiased pass@k with confidence intervals, and how the chains behave",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			result, err := evaluate(cmd.Context(), f, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if f.json != "" {
				return writeEval(result, f.json, cmd.OutOrStdout())
			}
			return printEval(result, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.model, "model", "models/base", "folder, RUN or RUN@STEP")
	flags.StringVar(&f.set.Tasks, "tasks", "countdown/test", "data set ("+strings.Join(datasets.Names(), ", ")+") or JSONL file")
	flags.IntVar(&f.set.Problems, "problems", 0, "take the first `N` tasks (0: all)")
	flags.IntVar(&f.set.Samples, "samples", 1, "samples a task")
	flags.StringVar(&f.ks, "k", "1", "which pass@k, comma-separated")
	flags.Float64Var(&f.set.Temperature, "temperature", 1, "0 is greedy")
	flags.IntVar(&f.set.MaxTokens, "max-tokens", 224, "limit on a completion")
	flags.Uint64Var(&f.seed, "seed", evalSeed, "of the draws")
	flags.StringVar(&f.control, "control", "", "retry: a chain that does not claim to be right is made to go on; own-verdict: of a task's samples the first that claims to be right counts")
	f.prompt.flags(cmd)
	flags.StringVar(&f.form, "form", formThink, "asked-for form of a response: think, or answer for whatever holds an answer")
	flags.StringSliceVar(&f.answer, "answer", nil, "kind math: `PLACES` where an answer may stand, such as box,line (default all)")
	unsafeFlag(cmd, &f.unsafe)
	deviceFlag(cmd, &f.device)
	flags.StringVar(&f.json, "json", "", "write the result as JSON to `FILE` (- is standard output)")
	return cmd
}

func evaluate(ctx context.Context, f evalFlags, progress io.Writer) (runlog.Eval, error) {
	for _, k := range strings.Split(f.ks, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(k))
		if err != nil {
			return runlog.Eval{}, usageError{fmt.Errorf("--k %q: want numbers such as 1,8,64", f.ks)}
		}
		f.set.K = append(f.set.K, n)
	}
	if err := f.set.Validate(); err != nil {
		return runlog.Eval{}, err
	}
	template, err := f.prompt.template(f.set.Tasks)
	if err != nil {
		return runlog.Eval{}, usageError{err}
	}
	m, err := openModel(ctx, f.model, f.device, moe.DefaultShapes(), progress)
	if err != nil {
		return runlog.Eval{}, err
	}
	sampler, err := m.Snapshot(ctx)
	if err != nil {
		return runlog.Eval{}, err
	}
	rules, err := f.rules()
	if err != nil {
		return runlog.Eval{}, usageError{err}
	}
	sandbox := &python.Lazy{Options: python.Options{Unsafe: f.unsafe}}
	defer sandbox.Close()
	tasks, err := datasets.Load(f.set.Tasks)
	if err != nil {
		return runlog.Eval{}, err
	}
	if err := readySandbox(sandbox, [][]datasets.Task{tasks}, progress); err != nil {
		return runlog.Eval{}, err
	}
	rules.ByKind["code"] = verifiers.Code{Python: sandbox}
	pool := rollout.Pool{Tokenizer: m.tok, Template: template, Verifier: rules, Params: policy.Params{MaxTokens: f.set.MaxTokens}}
	return f.measure(ctx, sampler, pool)
}

// rules judge responses of the asked-for form.
func (f evalFlags) rules() (verifiers.Rules, error) {
	r := defaultTrainRecipe().Reward
	r.Form = f.form
	for _, place := range f.answer {
		r.Answer = append(r.Answer, verifiers.Place(place))
	}
	rules := verifiers.DefaultRules()
	rules.RequireFormat = r.Form == formThink
	rules.ByKind["math"] = verifiers.Math{Extraction: r.extraction()}
	return rules, r.check()
}

// measure evaluates the set, plainly or as one of the controls that need no training.
func (f evalFlags) measure(ctx context.Context, sampler policy.Sampler, pool rollout.Pool) (runlog.Eval, error) {
	switch f.control {
	case "":
		result, _, err := eval.Run(ctx, sampler, pool, f.set, f.seed)
		return result, err
	case "own-verdict":
		result, groups, err := eval.Run(ctx, sampler, pool, f.set, f.seed)
		result.Metrics = append(result.Metrics, eval.BestByOwnVerdict(groups, f.seed))
		return result, err
	case "retry":
		tasks, err := datasets.Load(f.set.Tasks)
		if err != nil {
			return runlog.Eval{}, err
		}
		if f.set.Problems > 0 {
			tasks = tasks[:min(len(tasks), f.set.Problems)]
		}
		pool.Params.Temperature = float32(f.set.Temperature)
		groups, err := eval.ForcedRetry(ctx, sampler, pool, tasks, f.seed)
		return runlog.Eval{Tasks: f.set.Tasks, NTasks: len(tasks), NSamples: 1, Temperature: f.set.Temperature, Metrics: eval.Summarize(groups, []int{1}, f.seed)}, err
	default:
		return runlog.Eval{}, usageError{fmt.Errorf("--control %q: want retry or own-verdict", f.control)}
	}
}

func printEval(e runlog.Eval, out io.Writer) error {
	fmt.Fprintf(out, "%s: %d tasks x %d samples at temperature %g\n", e.Tasks, e.NTasks, e.NSamples, e.Temperature)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "metric\tvalue\t95 % interval")
	for _, m := range e.Metrics {
		fmt.Fprintf(w, "%s\t%.4g\t%.4g to %.4g\n", m.Name, m.Value, m.Low, m.High)
	}
	return w.Flush()
}

// evalFile is an evaluation as JSON; what is not defined is null.
type evalFile struct {
	Tasks       string                `json:"tasks"`
	NTasks      int                   `json:"n_tasks"`
	NSamples    int                   `json:"n_samples"`
	Temperature float64               `json:"temperature"`
	Metrics     map[string]metricFile `json:"metrics"`
}

type metricFile struct {
	Value *float64 `json:"value"`
	Low   *float64 `json:"ci_low"`
	High  *float64 `json:"ci_high"`
}

// writeEval writes a result as one JSON object.
func writeEval(e runlog.Eval, path string, stdout io.Writer) error {
	number := func(x float64) *float64 {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
		return &x
	}
	file := evalFile{Tasks: e.Tasks, NTasks: e.NTasks, NSamples: e.NSamples, Temperature: e.Temperature, Metrics: map[string]metricFile{}}
	for _, m := range e.Metrics {
		file.Metrics[m.Name] = metricFile{number(m.Value), number(m.Low), number(m.High)}
	}
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if path == "-" {
		_, err = stdout.Write(data)
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
