package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Run compiles source and calls its function entryPoint once per element of calls. Each call has its own globals,
// so no call can influence another. After a call that used up a limit the rest is not run and gets the
// same failure. The error tells that we could not run it: ctx is done, or an argument cannot be passed.
func Run(ctx context.Context, source, entryPoint string, calls [][]any, limits Limits) (results []Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("starlark interpreter panicked: %.200v", p)
		}
	}()
	limits = limits.withDefaults()
	m := &meter{limits: limits}
	env := m.predeclared()
	program, err := compile(source, env, limits)
	if err != nil {
		return same(len(calls), Result{Failure: FailSyntax, Message: oneLine(err.Error())}), nil
	}
	deadline, cancel := context.WithTimeout(ctx, limits.Time)
	defer cancel()
	for i, args := range calls {
		r, err := m.call(deadline, program, env, entryPoint, args)
		if err != nil {
			return nil, fmt.Errorf("call %d: %w", i+1, err)
		}
		if ctx.Err() != nil { // the caller's deadline, not the program's
			return nil, fmt.Errorf("starlark stopped from outside: %w", ctx.Err())
		}
		results = append(results, r)
		if r.Failure.Budget() {
			return append(results, same(len(calls)-i-1, r)...), nil
		}
	}
	return results, nil
}

func same(n int, r Result) []Result { return slices.Repeat([]Result{r}, n) }

// Check tells whether source can be compiled, and names its top-level functions in order.
func Check(source string, limits Limits) (functions []string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("starlark compiler panicked: %.200v", p)
		}
	}()
	limits = limits.withDefaults()
	file, err := parse(source, limits)
	if err != nil {
		return nil, err
	}
	for _, s := range file.Stmts {
		if def, ok := s.(*syntax.DefStmt); ok {
			functions = append(functions, def.Name.Name)
		}
	}
	return functions, nil
}

func parse(source string, limits Limits) (*syntax.File, error) {
	if len(source) > limits.Source {
		return nil, fmt.Errorf("program of %d bytes, more than %d", len(source), limits.Source)
	}
	options := syntax.FileOptions{Set: true}
	return options.Parse("program", source, 0)
}

func compile(source string, env starlark.StringDict, limits Limits) (*starlark.Program, error) {
	file, err := parse(source, limits)
	if err != nil {
		return nil, err
	}
	if err := rewrite(file); err != nil {
		return nil, err
	}
	return starlark.FileProgram(file, env.Has)
}

// call runs the program anew and then its entry point, in a thread of its own.
func (m *meter) call(ctx context.Context, program *starlark.Program, env starlark.StringDict, entryPoint string, args []any) (Result, error) {
	values, err := itemsToStarlark(args, 0)
	if err != nil {
		return Result{}, err
	}
	thread := &starlark.Thread{Name: entryPoint, Print: func(*starlark.Thread, string) {}}
	thread.SetMaxExecutionSteps(m.limits.Steps)
	m.reset(thread)
	stop := context.AfterFunc(ctx, func() { thread.Cancel("time") })
	defer stop()
	v, failure, err := m.invoke(program, env, entryPoint, values)
	if err != nil {
		return m.failed(ctx, failure, err), nil
	}
	out := reader{left: maxNodes}
	plain, err := out.value(v, 0)
	if err != nil {
		return m.failed(ctx, FailUnsupported, err), nil
	}
	return Result{Value: plain, Steps: thread.Steps}, nil
}

func (m *meter) invoke(program *starlark.Program, env starlark.StringDict, entryPoint string, args []starlark.Value) (starlark.Value, Failure, error) {
	globals, err := program.Init(m.thread, env)
	if err != nil {
		return nil, FailError, err
	}
	f, ok := globals[entryPoint].(*starlark.Function)
	if !ok {
		names := slices.Sorted(maps.Keys(globals))
		return nil, FailMissing, fmt.Errorf("no function %s: the program defines %s", entryPoint, strings.Join(names, ", "))
	}
	v, err := starlark.Call(m.thread, f, args, nil)
	return v, FailError, err
}

// failed classifies a failure: a limit that was passed comes before what the program made of it.
func (m *meter) failed(ctx context.Context, f Failure, err error) Result {
	switch {
	case m.failure != "":
		f = m.failure
	case m.thread.Steps >= m.limits.Steps:
		f = FailSteps
	case ctx.Err() != nil:
		f = FailTime
	}
	var eval *starlark.EvalError
	message := err.Error()
	if errors.As(err, &eval) {
		message = eval.Msg
	}
	return Result{Failure: f, Message: oneLine(message), Steps: m.thread.Steps}
}

// oneLine cuts a message to what fits a log.
func oneLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	if len(s) > 200 {
		s = s[:200] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
