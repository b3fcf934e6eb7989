package datasets

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// record is a task as written in a file: it tells an absent field from an empty one and takes the
// looser forms that people write.
type record struct {
	Task
	Answer any          `json:"answer"` // a string or a number; of kind json any value
	Target *int         `json:"target"`
	Tests  any          `json:"tests"` // one source text or a list of them
	Cases  []caseRecord `json:"cases"`
}

type caseRecord struct {
	Args []any           `json:"args"`
	Want json.RawMessage `json:"want"` // null is a value, absence is a fault
}

// Kinds lists the kinds of task that a file may hold.
func Kinds() []string {
	return []string{"countdown", "code", "math", "choice", "exact", "numeric", "json", "regex", "rule", "process"}
}

// parseTask reads one line. Numbers in answers and cases keep their text as json.Number.
func parseTask(line string) (Task, error) {
	if !utf8.ValidString(line) {
		return Task{}, fmt.Errorf("text %q is not UTF-8: convert the file", clip(line))
	}
	var r record
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.UseNumber()
	if err := decoder.Decode(&r); err != nil {
		return Task{}, fmt.Errorf("parse %q: %w: write one complete JSON object per line", clip(line), err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Task{}, fmt.Errorf("parse %q: text after the object: write one JSON object per line", clip(line))
	}
	return r.task()
}

// task checks the fields that every kind needs, then those of its kind.
func (r record) task() (Task, error) {
	if err := r.missing("id", r.ID == "", "kind", r.Kind == "", "question", r.Question == ""); err != nil {
		return Task{}, err
	}
	t := r.Task
	var err error
	if t.Answer, err = r.answer(); err != nil {
		return Task{}, err
	}
	switch r.Kind {
	case "math", "choice", "exact", "numeric", "json":
		return t, r.missing("answer", t.Answer == "")
	case "regex":
		return t, r.missing("pattern", t.Pattern == "")
	case "rule":
		return t, r.missing("rule", t.Rule == "")
	case "process": // its program knows which fields it needs
		return t, nil
	case "countdown":
		return r.countdown(t)
	case "code":
		return r.code(t)
	default:
		kinds := Kinds()
		return Task{}, fmt.Errorf("task %q: kind %q is unknown: did you mean %q? the kinds are %s",
			r.ID, r.Kind, Nearest(clip(r.Kind), kinds), strings.Join(kinds, ", "))
	}
}

func (r record) answer() (string, error) {
	switch a := r.Answer.(type) {
	case nil:
		return "", nil
	case string:
		return a, nil
	case json.Number:
		return a.String(), nil
	default:
		if text, err := json.Marshal(a); r.Kind == "json" && err == nil {
			return string(text), nil
		}
		return "", fmt.Errorf("task %q: answer is %s: write a string or a number", r.ID, clip(fmt.Sprint(a)))
	}
}

func (r record) countdown(t Task) (Task, error) {
	if err := r.missing("numbers", len(r.Numbers) == 0, "target", r.Target == nil); err != nil {
		return Task{}, err
	}
	t.Target = *r.Target
	if smallest := min(slices.Min(r.Numbers), t.Target); smallest < 1 {
		return Task{}, fmt.Errorf("task %q: value %d: countdown numbers and target are positive integers", r.ID, smallest)
	}
	return t, nil
}

func (r record) code(t Task) (Task, error) {
	if r.Language != "python" && r.Language != "starlark" {
		return Task{}, fmt.Errorf("task %q: language %q: set it to \"python\" or \"starlark\"", r.ID, r.Language)
	}
	var err error
	if t.Tests, err = r.tests(); err != nil {
		return Task{}, err
	}
	if len(t.IO) > 0 && (r.Language != "python" || len(r.Cases)+len(t.Tests) > 0) {
		return Task{}, fmt.Errorf("task %q: io tests a whole program in python: leave out cases and tests, or io", r.ID)
	}
	if err := r.missing("cases, tests or io", len(r.Cases)+len(t.Tests)+len(t.IO) == 0,
		"entry_point", len(r.Cases) > 0 && r.EntryPoint == ""); err != nil {
		return Task{}, err
	}
	for i, c := range r.Cases {
		if c.Args == nil || c.Want == nil {
			return Task{}, fmt.Errorf("task %q: case %d: write {\"args\":[…],\"want\":…}, both are needed", r.ID, i+1)
		}
		want, err := decodeValue(c.Want)
		if err != nil {
			return Task{}, fmt.Errorf("task %q: case %d: want %s: %w", r.ID, i+1, clip(string(c.Want)), err)
		}
		t.Cases = append(t.Cases, Case{Args: c.Args, Want: want})
	}
	return t, nil
}

func (r record) tests() ([]string, error) {
	switch tests := r.Tests.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{tests}, nil
	case []any:
		texts := make([]string, len(tests))
		for i, test := range tests {
			text, ok := test.(string)
			if !ok {
				return nil, fmt.Errorf("task %q: test %d is %s: write source text in a string", r.ID, i+1, clip(fmt.Sprint(test)))
			}
			texts[i] = text
		}
		return texts, nil
	default:
		return nil, fmt.Errorf("task %q: tests is %s: write source text or a list of it", r.ID, clip(fmt.Sprint(tests)))
	}
}

// missing takes pairs of a field's name and whether it is absent, and names all absent ones.
func (r record) missing(pairs ...any) error {
	var absent []string
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1].(bool) {
			absent = append(absent, pairs[i].(string))
		}
	}
	if absent == nil {
		return nil
	}
	return fmt.Errorf("task %q of kind %q: missing or empty: %s: add it", r.ID, r.Kind, strings.Join(absent, ", "))
}

func decodeValue(raw json.RawMessage) (value any, err error) {
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

// clip shortens a value for an error message.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
