package verifiers

import (
	"fmt"
	"strings"
)

// Kinds lists the kinds of task that can be judged.
func Kinds() []string { return []string{"code", "countdown", "math"} }

// ForKind is the verifier of a kind of task.
func ForKind(kind string) (Verifier, error) {
	switch kind {
	case "code":
		return Code{}, nil
	case "countdown":
		return Countdown{}, nil
	case "math":
		return Math{}, nil
	}
	return nil, fmt.Errorf("unknown kind %q: use one of %s", kind, strings.Join(Kinds(), ", "))
}
