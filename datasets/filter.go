package datasets

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Filter chooses tasks by a condition in the expr language over their fields: level <= 3.
type Filter struct {
	text    string
	program *vm.Program
}

// maxFilterNodes bounds a condition: one that a person writes is far smaller.
const maxFilterNodes = 200

// firstNumber finds the 5 in "Level 5".
var firstNumber = regexp.MustCompile(`-?\d+(\.\d+)?`)

// FilterVariables lists what a condition may name.
func FilterVariables() []string {
	return []string{"id", "kind", "question", "answer", "numbers", "target", "language", "entry_point", "cases", "tests", "choices",
		"level", "level_name", "source"}
}

// CompileFilter checks names and types.
func CompileFilter(text string) (*Filter, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("the filter is empty: write a condition such as level <= 3, or leave it out")
	}
	program, err := expr.Compile(text, expr.Env(filterEnv(Task{})), expr.AsBool(), expr.MaxNodes(maxFilterNodes))
	if err != nil {
		return nil, explainFilter(text, err)
	}
	return &Filter{text, program}, nil
}

func explainFilter(text string, err error) error {
	var at *file.Error
	if !errors.As(err, &at) {
		return fmt.Errorf("filter %q: %w", text, err)
	}
	if name, unknown := strings.CutPrefix(at.Message, "unknown name "); unknown {
		return fmt.Errorf("filter %q: unknown variable %q: did you mean %q? There are %s", text, name,
			Nearest(name, FilterVariables()), strings.Join(FilterVariables(), ", "))
	}
	return fmt.Errorf("filter %q: %s at column %d: write a condition such as level <= 3", text, at.Message, at.Column+1)
}

// Keep returns the tasks for which the condition is true. It fails where the condition fails on a task, or leaves none.
func (f *Filter) Keep(tasks []Task) ([]Task, error) {
	var kept []Task
	for _, task := range tasks {
		result, err := expr.Run(f.program, filterEnv(task))
		if err != nil {
			return nil, fmt.Errorf("filter %q on task %s: %s", f.text, task.ID, strings.SplitN(err.Error(), "\n", 2)[0])
		}
		if result.(bool) { // AsBool checked it
			kept = append(kept, task)
		}
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("filter %q leaves none of %d tasks: widen it", f.text, len(tasks))
	}
	return kept, nil
}

// filterEnv holds the fields. level is the first number in Task.Level, NaN where there is none, so that comparisons
// with it are false.
func filterEnv(t Task) map[string]any {
	level, err := strconv.ParseFloat(firstNumber.FindString(t.Level), 64)
	if err != nil {
		level = math.NaN()
	}
	return map[string]any{"id": t.ID, "kind": t.Kind, "question": t.Question, "answer": t.Answer, "numbers": t.Numbers, "target": t.Target,
		"language": t.Language, "entry_point": t.EntryPoint, "cases": t.Cases, "tests": t.Tests, "choices": t.Choices,
		"level": level, "level_name": t.Level, "source": t.Source}
}
