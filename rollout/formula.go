package rollout

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/verifiers"
)

// Formula computes a rollout's reward from its verdict and its text, in the expr language:
// "correct + 0.1*format - 0.2*language_mix". Nothing of it depends on the clock, so that a resumed run pays the same.
type Formula struct {
	text    string
	program *vm.Program
}

// maxFormulaNodes bounds a formula: one that a person writes is far smaller.
const maxFormulaNodes = 200

// FormulaVariables lists what a formula may name. There is nothing about reflection among them: a policy that is
// paid for the words learns the words.
func FormulaVariables() []string {
	return []string{"correct", "format", "language_mix", "repetition", "length", "max_length", "truncated", "kind", "tests"}
}

// FormulaFunctions lists what a formula may call.
func FormulaFunctions() []string { return []string{"min", "max", "abs", "ceil", "floor", "round"} }

// CompileFormula checks names and types.
func CompileFormula(text string) (*Formula, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("the formula is empty: write for example correct + 0.1*format")
	}
	options := []expr.Option{expr.Env(formulaEnv(datasets.Task{}, Rollout{}, 1)), expr.AsFloat64(), expr.MaxNodes(maxFormulaNodes), expr.DisableAllBuiltins()}
	for _, name := range FormulaFunctions() {
		options = append(options, expr.EnableBuiltin(name))
	}
	program, err := expr.Compile(text, options...)
	if err != nil {
		return nil, explainFormula(text, err)
	}
	return &Formula{text, program}, nil
}

func explainFormula(text string, err error) error {
	var at *file.Error
	if !errors.As(err, &at) {
		return fmt.Errorf("formula %q: %w", text, err)
	}
	name, unknown := strings.CutPrefix(at.Message, "unknown name ")
	switch {
	case unknown && strings.HasPrefix(name, "reflect"):
		return fmt.Errorf("formula %q: %q is not offered: nothing is paid for reflection, which has to pay by itself; there are %s", text, name, strings.Join(FormulaVariables(), ", "))
	case unknown:
		return fmt.Errorf("formula %q: unknown variable %q: did you mean %q? There are %s, and the functions %s", text, name,
			datasets.Nearest(name, append(FormulaVariables(), FormulaFunctions()...)), strings.Join(FormulaVariables(), ", "), strings.Join(FormulaFunctions(), ", "))
	}
	return fmt.Errorf("formula %q: %s at column %d: write a number such as correct + 0.1*format", text, at.Message, at.Column+1)
}

// reward is what the formula pays for a judged rollout. It fails where that is not a finite number.
func (f *Formula) reward(task datasets.Task, r Rollout, maxLength int) (float64, error) {
	machine := vm.VM{} // rollouts are judged side by side
	result, err := machine.Run(f.program, formulaEnv(task, r, maxLength))
	if err != nil {
		return 0, fmt.Errorf("reward formula %q fails: %s", f.text, strings.SplitN(err.Error(), "\n", 2)[0])
	}
	value := result.(float64) // AsFloat64 checked it
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, fmt.Errorf("reward formula %q gives %v, which is no finite number", f.text, value)
	}
	return value, nil
}

// formulaEnv holds the variables. Verdict.Reward is still the verifier's.
func formulaEnv(task datasets.Task, r Rollout, maxLength int) map[string]any {
	start, end := verifiers.ThinkSpan(r.Text)
	return map[string]any{
		"correct":      r.Verdict.Reward,
		"format":       oneIf(r.Verdict.Format),
		"language_mix": reflect.LanguageMix(task.Question, r.Text),
		"repetition":   verifiers.Repetition(r.Text[start:end], verifiers.RepetitionGram),
		"length":       r.Length(),
		"max_length":   maxLength,
		"truncated":    oneIf(r.truncated()),
		"kind":         task.Kind,
		"tests":        testsPassed(r.Verdict),
	}
}

// testsPassed is the share of a program's tests that it passes; without tests, what the verifier grants.
func testsPassed(v verifiers.Verdict) float64 {
	if v.Total == 0 {
		return v.Reward
	}
	return float64(v.Passed) / float64(v.Total)
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
