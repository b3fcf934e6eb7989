package verifiers

import (
	"context"
	"fmt"
	"regexp"

	"github.com/rltrain/rltrain/datasets"
)

// maxPattern bounds the source of a pattern, in bytes: matching takes time in proportion to pattern times answer.
const maxPattern = 1000

// Regex judges by a regular expression (RE2 syntax, as Go's regexp) that must match the whole answer. The
// answer is in <answer> or in a box.
type Regex struct{}

// Verify implements Verifier with Task.Pattern.
func (Regex) Verify(_ context.Context, task datasets.Task, response string) (Verdict, error) {
	pattern, err := compilePattern(task.Pattern)
	if err != nil {
		return Verdict{}, err
	}
	return judgeText(response, taggedOnly, func(answer string) found {
		if pattern.MatchString(answer) {
			return found{kind: Correct}
		}
		return found{Wrong, fmt.Sprintf("%q does not match", clip(answer, 80))}
	}), nil
}

// compilePattern anchors a pattern at both ends. It has to compile by itself first, so that no unbalanced bracket
// such as a)|(b gets out of the group and round the anchors.
func compilePattern(pattern string) (*regexp.Regexp, error) {
	if pattern == "" || len(pattern) > maxPattern {
		return nil, fmt.Errorf("field \"pattern\" has %d bytes: give 1 to %d", len(pattern), maxPattern)
	}
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, fmt.Errorf("field \"pattern\": %q: %w: write RE2 syntax, which has no look-around and no back-references", clip(pattern, 80), err)
	}
	whole, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("field \"pattern\": %q: %w: write fewer repetitions", clip(pattern, 80), err)
	}
	return whole, nil
}
