package verifiers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers/python"
)

// PythonJudge judges Python programs by tests: *python.Pool, of which a command has one.
type PythonJudge interface {
	Test(ctx context.Context, t python.Tests) (python.Result, error)
	Run(ctx context.Context, s python.Script) (python.Result, error)
}

// sameSource compares as SameValue does: by type and value.
const sameSource = `def same_value(a, b):
    if type(a) is not type(b):
        return False
    if type(a) in (list, tuple):
        return len(a) == len(b) and all(map(same_value, a, b))
    if type(a) is dict:
        return a.keys() == b.keys() and all(same_value(a[k], b[k]) for k in a)
    return a == b
`

// judgePython runs a complete program, whose trusted start is the task's prompt, if it has one.
func (c Code) judgePython(ctx context.Context, task datasets.Task, program string, limit time.Duration) (Verdict, error) {
	if c.Python == nil {
		return Verdict{}, fmt.Errorf("task %q is in Python, whose sandbox was not started", task.ID)
	}
	r, err := c.runPython(ctx, task, program, limit)
	if err != nil {
		return Verdict{}, fmt.Errorf("task %q: %w", task.ID, err)
	}
	v := Verdict{Answer: clip(program, 2000), Reason: r.Reason, Passed: r.Passed, Total: r.Total, Stderr: r.Stderr}
	switch r.Outcome {
	case python.Passed:
		v.Kind, v.Reward = Correct, 1
	case python.TimedOut:
		v.Kind = Timeout
	case python.Unparseable:
		v.Kind = Unparseable
	default:
		v.Kind = Wrong
	}
	return v, nil
}

// runPython runs a whole program on the task's inputs, or its tests and cases against the program's functions.
func (c Code) runPython(ctx context.Context, task datasets.Task, program string, limit time.Duration) (python.Result, error) {
	if len(task.IO) > 0 {
		script := python.Script{Program: program, Time: limit, Group: task.ID}
		for _, io := range task.IO {
			script.Cases = append(script.Cases, python.Case{Input: io.Input, Output: io.Output})
		}
		return c.Python.Run(ctx, script)
	}
	tests := python.Tests{
		Program: program, Prompt: task.Prompt, EntryPoint: task.EntryPoint, Time: limit, Group: task.ID,
		Setup: slices.Clone(task.Setup), Tests: slices.Clone(task.Tests),
	}
	if len(task.Cases) > 0 {
		tests.Setup = append(tests.Setup, sameSource)
	}
	for _, one := range task.Cases {
		text, err := caseSource(task.EntryPoint, one)
		if err != nil {
			return python.Result{}, err
		}
		tests.Tests = append(tests.Tests, text)
	}
	return c.Python.Test(ctx, tests)
}

// caseSource writes a case as an assertion.
func caseSource(entry string, c datasets.Case) (string, error) {
	if entry == "" {
		return "", fmt.Errorf("cases in Python need an entry_point")
	}
	args := make([]string, len(c.Args))
	for i := range c.Args {
		text, err := pythonSource(c.Args[i])
		if err != nil {
			return "", err
		}
		args[i] = text
	}
	want, err := pythonSource(c.Want)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("assert same_value(%s(%s), %s)", entry, strings.Join(args, ", "), want), nil
}

// pythonSource writes what encoding/json yields as Python.
func pythonSource(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "None", nil
	case bool:
		return map[bool]string{true: "True", false: "False"}[v], nil
	case []any:
		items := make([]string, len(v))
		for i := range v {
			text, err := pythonSource(v[i])
			if err != nil {
				return "", err
			}
			items[i] = text
		}
		return "[" + strings.Join(items, ", ") + "]", nil
	case map[string]any:
		var items []string
		for key, item := range v {
			text, err := pythonSource(item)
			if err != nil {
				return "", err
			}
			name, err := pythonSource(key)
			if err != nil {
				return "", err
			}
			items = append(items, name+": "+text)
		}
		slices.Sort(items)
		return "{" + strings.Join(items, ", ") + "}", nil
	}
	var text bytes.Buffer // numbers, and texts, whose escapes mean the same in Python
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "", fmt.Errorf("a value of Go type %T: %w", v, err)
	}
	return strings.TrimSpace(text.String()), nil
}
