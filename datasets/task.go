// Package datasets makes and reads verifiable tasks: seeded generators for Countdown and
// code-mini with disjoint splits, the pretraining corpus that the shipped base is made from,
// and a reader of JSONL task files. A Stream serves tasks endlessly in a seeded order and can
// be resumed at a cursor.
//
// Everything generated is a pure function of a name or a seed: Named("countdown/test") is the same
// list on every machine, and Corpus.Document(i) the same text. Countdown problems are split by
// the SHA-256 of "countdown 2_8_22" (the sorted numbers, whatever the target), code-mini specs by that
// of their id.
package datasets

import "encoding/json"

// Task is one verifiable question. Which of the answer fields count depends on Kind.
type Task struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"` // one of Kinds
	Question string `json:"question"`

	Answer string `json:"answer,omitempty"` // the gold answer; json: its text; code-mini: the canonical program, not used for judging

	Numbers []int `json:"numbers,omitempty"` // countdown: each to be used exactly once
	Target  int   `json:"target,omitempty"`

	Language   string   `json:"language,omitempty"`    // code: "starlark" or "python"
	EntryPoint string   `json:"entry_point,omitempty"` // code: function to call
	Cases      []Case   `json:"cases,omitempty"`       // code: tests as plain data
	Tests      []string `json:"tests,omitempty"`       // code: tests as source text
	IO         []IO     `json:"io,omitempty"`          // code: tests of a whole program
	Prompt     string   `json:"prompt,omitempty"`      // code: the trusted start of the program, which the response may go on with
	Setup      []string `json:"setup,omitempty"`       // code: run before the tests, beside them

	Choices   []string    `json:"choices,omitempty"`   // choice: the text of A, B, …
	Tolerance json.Number `json:"tolerance,omitempty"` // numeric: greatest distance from the answer
	Relative  json.Number `json:"relative,omitempty"`  // numeric: the same as a part of the answer's size
	Fields    []string    `json:"fields,omitempty"`    // json: the fields that count; none: the whole value
	Pattern   string      `json:"pattern,omitempty"`   // regex: what the whole answer must match
	Rule      string      `json:"rule,omitempty"`      // rule: the condition

	Level  string `json:"level,omitempty"`
	Source string `json:"source,omitempty"`
}

// Case is one unit test as plain data: call the entry point with Args, expect exactly Want.
// Values are what encoding/json yields with UseNumber, or int, bool, string, nil, []any, map[string]any.
type Case struct {
	Args []any `json:"args"`
	Want any   `json:"want"`
}

// IO is one unit test of a whole program: what it reads from standard input, and what it must write.
type IO struct {
	Input  string `json:"input"`
	Output string `json:"output"`
}

// Stream serves tasks in an endless seeded order. Its cursor is saved with the weights.
type Stream interface {
	Next(n int) ([]Task, error)
	Cursor() uint64
	Seek(cursor uint64) error
}
