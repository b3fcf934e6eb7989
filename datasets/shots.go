package datasets

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Shot is a worked example for a prompt.
type Shot struct{ Question, Solution string }

// ShotsOf makes worked examples of the first n tasks of a set, for n = 0 of the first four: each task's question and answer.
func ShotsOf(set string, n int) ([]Shot, error) {
	tasks, err := Load(set)
	if err != nil {
		return nil, fmt.Errorf("worked examples: %w", err)
	}
	if n == 0 {
		n = 4
	}
	if n < 0 || n > len(tasks) {
		return nil, fmt.Errorf("worked examples: %d asked for, and %s has %d tasks", n, set, len(tasks))
	}
	shots := make([]Shot, n)
	for i, task := range tasks[:n] {
		if task.Answer == "" {
			return nil, fmt.Errorf("worked examples: task %s of %s has no answer to show: name another set", task.ID, set)
		}
		shots[i] = Shot{task.Question, task.Answer}
	}
	return shots, nil
}

// shotSource is where the worked examples of a benchmark come from: records that are not part of it.
type shotSource struct {
	set                string // public set
	question, solution string // fields
	count              int    // as is the custom
	except             string // public set whose questions are left out
}

// shotSources lists them by public set. GSM8K and the sets of word problems like it take GSM8K's training records, eight by
// custom since chain-of-thought prompting (arXiv:2201.11903); MATH takes four (Minerva, arXiv:2206.14858). The training set of MATH
// that is published most widely has no solutions, so that MATH-500 takes those of the test set's other problems.
func shotSources() map[string]shotSource {
	words := shotSource{set: "gsm8k/train", question: "question", solution: "answer", count: 8}
	return map[string]shotSource{
		"gsm8k/test": words, "svamp": words, "asdiv": words, "mawps": words,
		"math500": {set: "math/test", question: "problem", solution: "solution", count: 4, except: "math500"},
	}
}

// HasShots tells whether worked examples are the custom for a task set.
func HasShots(set string) bool {
	_, ok := shotSources()[Canonical(set)]
	return ok
}

// Shots returns the first n worked examples for a task set, for n = 0 as many as is the custom. It fails for a set that has none.
func Shots(set string, n int) ([]Shot, error) {
	source, ok := shotSources()[Canonical(set)]
	if !ok {
		names := slices.Sorted(maps.Keys(shotSources()))
		return nil, fmt.Errorf("task set %s has no worked examples outside itself: use another prompt template; few-shot is for %s", set, strings.Join(names, ", "))
	}
	if n == 0 {
		n = source.count
	}
	shots, err := source.read(n)
	if err != nil {
		return nil, fmt.Errorf("worked examples for %s: %w", set, err)
	}
	return shots, nil
}

var calculator = regexp.MustCompile(`<<[^<>]*>>`) // GSM8K's annotations

func (s shotSource) read(n int) ([]Shot, error) {
	path, err := findPublic(s.set)
	if err != nil {
		return nil, err
	}
	left, err := s.leftOut()
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader, err := decompress(file, path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer reader.Close()
	var shots []Shot
	err = eachRecord(reader, func(r publicRecord) error {
		question, err1 := r.text(s.question)
		solution, err2 := r.text(s.solution)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if !left[strings.TrimSpace(question)] {
			shots = append(shots, Shot{strings.TrimSpace(question), strings.TrimSpace(calculator.ReplaceAllString(solution, ""))})
		}
		if len(shots) == n {
			return io.EOF
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s: %w", path, err)
	case len(shots) < n:
		return nil, fmt.Errorf("%s has %d, %d were asked for", path, len(shots), n)
	}
	return shots, nil
}

// leftOut are the questions that must not be shown.
func (s shotSource) leftOut() (map[string]bool, error) {
	if s.except == "" {
		return nil, nil
	}
	tasks, err := Load(s.except)
	if err != nil {
		return nil, err
	}
	left := map[string]bool{}
	for _, t := range tasks {
		left[t.Question] = true
	}
	return left, nil
}
