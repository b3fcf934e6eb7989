package verifiers

import (
	"context"
	"fmt"
	"strings"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers/sandbox"
)

// Code judges programs by calling their entry point with the arguments of each case. What they return is
// compared here, outside the program's reach, by exact type and value: 2 is neither 2.0 nor True, and a
// tuple is no list. All cases must pass. Starlark runs in our process, Python in processes of its own.
type Code struct {
	Limits sandbox.Limits // of Starlark; zero fields: sandbox.DefaultLimits
	Python PythonJudge    // nil: tasks in Python cannot be judged
}

// Verify implements Verifier.
func (c Code) Verify(ctx context.Context, task datasets.Task, response string) (Verdict, error) {
	if err := runnable(task); err != nil {
		return Verdict{}, err
	}
	code, ok := ExtractCode(response)
	if task.Prompt != "" {
		code, ok = complete(task.Prompt, response), true
	}
	if !ok {
		return Verdict{Kind: NoAnswer, Reason: "no <answer>, no fenced block and no def", Total: len(task.Cases) + len(task.Tests) + len(task.IO)}, nil
	}
	return c.judge(ctx, task, code)
}

// runnable tells why a task cannot be judged.
func runnable(task datasets.Task) error {
	switch {
	case task.Language == "python" && len(task.Cases)+len(task.Tests)+len(task.IO) > 0:
		return nil
	case task.Language != "starlark" && task.Language != "python" && task.Language != "":
		return fmt.Errorf("unknown language %q: use python or starlark", task.Language)
	case len(task.Cases) == 0 && len(task.Tests)+len(task.IO) > 0:
		return fmt.Errorf("tests as source text, and io, need the language python: give cases")
	case len(task.Cases) == 0:
		return fmt.Errorf("code task %q has no cases", task.ID)
	}
	return nil
}

// judge runs a program that is known to be complete.
func (c Code) judge(ctx context.Context, task datasets.Task, code string) (Verdict, error) {
	if task.Language == "python" {
		return c.judgePython(ctx, task, code, c.Limits.Time)
	}
	v := Verdict{Answer: clip(code, 2000), Total: len(task.Cases)}
	entry := task.EntryPoint
	if entry == "" {
		names, err := sandbox.Check(code, c.Limits)
		if err != nil {
			v.Kind, v.Reason = Unparseable, clip(err.Error(), 200)
			return v, nil
		}
		if len(names) == 0 {
			v.Kind, v.Reason = Wrong, "the program defines no function"
			return v, nil
		}
		entry = names[len(names)-1]
	}
	calls := make([][]any, len(task.Cases))
	for i := range task.Cases {
		calls[i] = task.Cases[i].Args
	}
	results, err := sandbox.Run(ctx, code, entry, calls, c.Limits)
	if err != nil {
		return Verdict{}, err
	}
	return v.withResults(entry, task.Cases, results)
}

func (v Verdict) withResults(entry string, cases []datasets.Case, results []sandbox.Result) (Verdict, error) {
	v.Kind = Correct
	for i, r := range results {
		pass := false
		if r.Failure == "" {
			var err error
			if pass, err = SameValue(r.Value, cases[i].Want); err != nil {
				return Verdict{}, fmt.Errorf("case %d: %w", i+1, err)
			}
		}
		if pass {
			v.Passed++
			continue
		}
		kind := failureKind(r.Failure)
		if v.Kind == Correct || v.Kind == Wrong && kind == Timeout {
			v.Kind, v.Reason = kind, caseReason(entry, i, cases[i], r)
		}
	}
	if v.Kind == Correct {
		v.Reward = 1
	}
	return v, nil
}

func failureKind(f sandbox.Failure) Kind {
	switch {
	case f == sandbox.FailSyntax:
		return Unparseable
	case f.Budget():
		return Timeout
	}
	return Wrong
}

func caseReason(entry string, i int, c datasets.Case, r sandbox.Result) string {
	switch r.Failure {
	case sandbox.FailSyntax, sandbox.FailMissing:
		return r.Message
	case "":
		return fmt.Sprintf("case %d: %s(%s) gives %s, want %s", i+1, entry, showArgs(c.Args), show(r.Value), show(c.Want))
	}
	return fmt.Sprintf("case %d: %s(%s): %s: %s", i+1, entry, showArgs(c.Args), r.Failure, r.Message)
}

func showArgs(args []any) string {
	out := make([]string, len(args))
	for i := range args {
		out[i] = show(args[i])
	}
	return clip(strings.Join(out, ", "), 100)
}
