// Package verifiers judges responses to verifiable tasks. A verifier never runs untrusted code
// outside its budget, never panics on hostile input, and keeps "wrong" apart from "no answer",
// "unparseable", "timeout" and "we could not judge".
package verifiers

import (
	"context"

	"github.com/rltrain/rltrain/datasets"
)

// Kind is the class of a verdict.
type Kind string

// The six verdicts.
const (
	Correct     Kind = "correct"
	Wrong       Kind = "wrong"
	NoAnswer    Kind = "no_answer"   // nothing that could be an answer was found
	Unparseable Kind = "unparseable" // an answer was found but cannot be read
	Timeout     Kind = "timeout"     // the response used up its own budget: reward 0
	Error       Kind = "error"       // we could not judge: left out of the baseline, never paid
)

// Verdict is the outcome of judging one response.
type Verdict struct {
	Kind          Kind
	Reward        float64 // what the recipe pays, format part included
	Format        bool    // the response has the asked-for form, see Rules.RequireFormat
	Answer        string  // as extracted
	Reason        string  // one line for a person
	Passed, Total int     // code: unit tests
	Stderr        string  // code: the end of what the program wrote there
}

// accuracy is what the answer alone earns: 1 if it is correct, or the part of it that its verifier grants.
func (v Verdict) accuracy() float64 {
	switch {
	case v.Kind != Correct:
		return 0
	case v.Reward > 0 && v.Reward < 1:
		return v.Reward
	}
	return 1
}

// Verifier judges a response to a task. An error means that we could not judge; wrong answers are Verdicts.
type Verifier interface {
	Verify(ctx context.Context, task datasets.Task, response string) (Verdict, error)
}
