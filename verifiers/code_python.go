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

// judgePython runs a complete program; prompt is its trusted start, if it has one.
func (c Code) judgePython(ctx context.Context, task datasets.Task, prompt, program string, limit time.Duration) (Verdict, error) {
	if c.Python == nil {
		return Verdict{}, fmt.Errorf("task %q is in Python, whose sandbox was not started", task.ID)
	}
	tests := python.Tests{Program: program, Prompt: prompt, EntryPoint: task.EntryPoint, Tests: slices.Clone(task.Tests), Time: limit}
	if len(task.Cases) > 0 {
		tests.Setup = []string{sameSource}
	}
	for _, one := range task.Cases {
		text, err := caseSource(task.EntryPoint, one)
		if err != nil {
			return Verdict{}, fmt.Errorf("task %q: %w", task.ID, err)
		}
		tests.Tests = append(tests.Tests, text)
	}
	r, err := c.Python.Test(ctx, tests)
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
