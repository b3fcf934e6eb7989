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
)

// evalFlags are the flags of eval.
type evalFlags struct {
	model, ks, json string
	set             eval.Set
	seed            uint64
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
	m, err := openModel(ctx, f.model, moe.DefaultShapes(), progress)
	if err != nil {
		return runlog.Eval{}, err
	}
	sampler, err := m.Snapshot(ctx)
	if err != nil {
		return runlog.Eval{}, err
	}
	pool := rollout.Pool{Tokenizer: m.tok, Verifier: verifiers.DefaultRules(), Params: policy.Params{MaxTokens: f.set.MaxTokens}}
	result, _, err := eval.Run(ctx, sampler, pool, f.set, f.seed)
	return result, err
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

// writeEval writes a result as one JSON object; what is not defined is null.
func writeEval(e runlog.Eval, path string, stdout io.Writer) error {
	number := func(x float64) any {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
		return x
	}
	metrics := map[string]any{}
	for _, m := range e.Metrics {
		metrics[m.Name] = map[string]any{"value": number(m.Value), "ci_low": number(m.Low), "ci_high": number(m.High)}
	}
	data, err := json.MarshalIndent(map[string]any{
		"tasks": e.Tasks, "n_tasks": e.NTasks, "n_samples": e.NSamples, "temperature": e.Temperature, "metrics": metrics,
	}, "", "  ")
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
