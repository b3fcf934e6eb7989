// Package sandbox runs untrusted Starlark programs inside this process, under limits that do not
// depend on the speed of the machine.
//
// go.starlark.net bounds the number of steps, not what one step may cost: `"a"*10**9`, comparing
// two deeply shared tuples or squaring an integer thirty times all take few steps. So a program
// is rewritten before it is compiled (rewrite.go): every operator, method call and dictionary key
// goes through a function of ours that first charges a meter (meter.go) for what the operation
// can allocate or visit, and every built-in is one of ours. Equal programs meet equal limits
// everywhere; the wall clock is only a backstop.
//
// What a program can reach: its arguments, the built-ins of Builtins, and nothing else. There is no
// load, no file, no clock, no randomness, no network and no output.
//
// What this does not stop: the charge is an estimate, so the Go heap may grow to a small multiple of
// Limits.Memory; and a bug in go.starlark.net itself would run in our process (panics are caught,
// a crash of the Go runtime is not).
package sandbox

import "time"

// Limits bound one Run. Steps and Memory hold for each call, Time for the whole Run.
type Limits struct {
	Steps   uint64        // abstract steps of the interpreter and the meter
	Memory  int64         // bytes allocated in all by the operations of one call
	Source  int           // bytes of program text
	IntBits int           // length of the longest integer
	Time    time.Duration // wall clock: a backstop for what the meter underrates
}

// DefaultLimits suit unit tests of small functions: about 30 ms for a program that uses up all steps.
func DefaultLimits() Limits {
	return Limits{Steps: 1_000_000, Memory: 32 << 20, Source: 64 << 10, IntBits: 16_384, Time: 2 * time.Second}
}

// withDefaults fills the fields that are not set.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	if l.Steps == 0 {
		l.Steps = d.Steps
	}
	if l.Memory <= 0 {
		l.Memory = d.Memory
	}
	if l.Source <= 0 {
		l.Source = d.Source
	}
	if l.IntBits <= 0 {
		l.IntBits = d.IntBits
	}
	if l.Time <= 0 {
		l.Time = d.Time
	}
	return l
}

// Failure is the class of what went wrong in a call; "" means that it returned a value.
type Failure string

// The failures. All of them are the program's own doing; ours come back as errors of Run.
const (
	FailSyntax      Failure = "syntax"              // the program cannot be read, or uses what is not allowed
	FailError       Failure = "error"               // the program stopped with an error
	FailSteps       Failure = "steps"               // Limits.Steps used up
	FailMemory      Failure = "memory"              // Limits.Memory or Limits.IntBits used up
	FailTime        Failure = "time"                // Limits.Time used up
	FailMissing     Failure = "missing entry point" // no such function
	FailUnsupported Failure = "unsupported value"   // it returned what is no plain value
)

// Budget tells whether the program used up a limit.
func (f Failure) Budget() bool { return f == FailSteps || f == FailMemory || f == FailTime }

// Tuple is a tuple as a plain Go value, to tell it from a list, which is []any.
type Tuple []any

// Result is what one call came to. Value is nil (None), bool, int, *big.Int (beyond int), float64,
// string, []any (list), Tuple or map[string]any.
type Result struct {
	Value   any
	Failure Failure
	Message string // why it failed, one line
	Steps   uint64
}
