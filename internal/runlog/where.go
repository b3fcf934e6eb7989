package runlog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// maxWhere bounds a condition, in bytes: one that a person writes is far shorter.
const maxWhere = 4096

// UnknownColumn is the error of a condition that names what is no column of RolloutColumns.
type UnknownColumn struct{ Name string }

// Error names the columns that there are.
func (e *UnknownColumn) Error() string {
	return fmt.Sprintf("unknown variable %q: the columns are %s", e.Name, strings.Join(RolloutColumns(), ", "))
}

// CompileWhere makes a test of rollouts from a condition in the expr language; "" lets all pass. A number that is not
// defined is NaN there. The test belongs to one goroutine.
func CompileWhere(where string) (func(Rollout) (bool, error), error) {
	if where == "" {
		return func(Rollout) (bool, error) { return true, nil }, nil
	}
	if len(where) > maxWhere {
		return nil, fmt.Errorf("a condition of %d bytes: write one of at most %d", len(where), maxWhere)
	}
	program, err := expr.Compile(where, expr.Env(Rollout{}.Env()), expr.AsBool())
	if err != nil {
		return nil, explainWhere(err)
	}
	machine := vm.VM{}
	return func(r Rollout) (bool, error) {
		result, err := machine.Run(program, r.Env())
		if err != nil {
			return false, fmt.Errorf("on rollout %s: %w", strconv.QuoteToGraphic(r.ID), err)
		}
		return result.(bool), nil // AsBool checked it
	}, nil
}

func explainWhere(err error) error {
	var at *file.Error
	if errors.As(err, &at) {
		if name, unknown := strings.CutPrefix(at.Message, "unknown name "); unknown {
			return &UnknownColumn{Name: name}
		}
		return fmt.Errorf("%s at column %d: write a condition such as verdict == \"correct\" && tokens > 100", at.Message, at.Column+1)
	}
	return fmt.Errorf("%w: write a condition such as verdict == \"correct\" && tokens > 100", err)
}

// Env is the rollout under the names of its columns.
func (r Rollout) Env() map[string]any {
	return map[string]any{"id": r.ID, "run": r.Run, "step": r.Step, "phase": r.Phase, "task_id": r.TaskID, "kind": r.Kind,
		"sample": r.Sample, "prompt": r.Prompt, "response": r.Response, "tokens": r.Tokens, "stop_reason": r.StopReason,
		"verdict": r.Verdict, "reward": r.Reward, "advantage": r.Advantage, "policy_version": r.PolicyVersion,
		"reflections": r.Reflections, "language_mix": r.LanguageMix, "mean_logp": r.MeanLogp, "ms": r.MS, "format": r.Format,
		"answer": r.Answer, "reason": r.Reason, "passed": r.Passed, "total": r.Total}
}
