package verifiers

import (
	"context"
	"fmt"
	"strings"

	"github.com/rltrain/rltrain/datasets"
)

// Kinds lists the kinds of task that can be judged here. The kind "process" is not among them: it takes a program of
// the user's (package verifiers/process).
func Kinds() []string {
	return []string{"code", "countdown", "math", "choice", "exact", "numeric", "json", "regex", "rule"}
}

// ForKind is the verifier of a kind of task.
func ForKind(kind string) (Verifier, error) {
	switch kind {
	case "code":
		return Code{}, nil
	case "countdown":
		return Countdown{}, nil
	case "math":
		return Math{}, nil
	case "choice":
		return Choice{}, nil
	case "exact":
		return Exact{}, nil
	case "numeric":
		return Numeric{}, nil
	case "json":
		return JSON{}, nil
	case "regex":
		return Regex{}, nil
	case "rule":
		return NewRule(), nil
	case "process":
		return nil, fmt.Errorf("kind %q needs the command of a program that judges (see docs/verifiers.md)", kind)
	}
	return nil, fmt.Errorf("unknown kind %q: use one of %s", kind, strings.Join(Kinds(), ", "))
}

// CheckTasks finds what an author can get wrong in the tasks of the kinds choice, exact, numeric, json, regex and rule (a rule
// that does not compile, a gold that is no number), before anything is sampled for them.
func CheckTasks(tasks []datasets.Task) error {
	rule := NewRule() // often one for all tasks
	for _, task := range tasks {
		var verifier Verifier
		switch task.Kind {
		case "rule":
			verifier = rule
		case "choice", "exact", "numeric", "json", "regex":
			verifier, _ = ForKind(task.Kind) // known
		default:
			continue
		}
		if _, err := verifier.Verify(context.Background(), task, ""); err != nil { // the task is read before the response
			return fmt.Errorf("task %q of kind %s: %w", task.ID, task.Kind, err)
		}
	}
	return nil
}
