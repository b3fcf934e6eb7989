//go:build linux

package python

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// held is what the oracle writes to standard error, whose end is kept, when all assertions have held.
const held = "rltrain: all assertions held"

// oracle is a program with its assertions in one process, as plain Python runs them. What the program prints does not matter.
func oracle(program string, asserts []string) Script {
	text := program + "\n" + strings.Join(asserts, "\n") + fmt.Sprintf("\nimport os\nos.write(2, %q.encode())\n", held)
	return Script{Program: text, Cases: []Case{{}}}
}

// squares are the tests that every fuzzed program has to pass.
func squares() []string {
	return []string{"assert f(3) == 9", "assert f(5) == 25", "assert f(10) == 100"}
}

// varied changes a program by a number: 0 not at all, then in one place as mutants does, then by lines of hostile ones.
func varied(program string, at uint16, hostile []string) string {
	changed := mutants(program)
	if at == 0 {
		return program
	}
	if int(at) <= len(changed) {
		return changed[at-1]
	}
	random := rand.New(rand.NewPCG(uint64(at), 0))
	lines := strings.Split(program, "\n")
	for range 1 + random.IntN(3) {
		place, block := random.IntN(len(lines)+1), hostile[random.IntN(len(hostile))]
		lines = append(lines[:place:place], append(strings.Split(block, "\n"), lines[place:]...)...)
	}
	return strings.Join(lines, "\n")
}

// hostileLines are the attacks whose lines go into other programs. Not those with a timer: whether it goes off before the last test differs
// between here and plain Python, and answers given before are right.
func hostileLines(t testing.TB) (programs []string) {
	for _, a := range attacks(t) {
		if !strings.Contains(a.program, "setitimer") {
			programs = append(programs, strings.TrimSpace(a.program))
		}
	}
	return programs
}

// unpaid tells what is wrong with a program's verdict: paid here, and its assertions do not hold in plain Python, which runs
// in the sandbox too, for what is tried here is not to be trusted.
func unpaid(p *Pool, program string) string {
	r, err := p.Test(context.Background(), Tests{Program: program, EntryPoint: "f", Tests: squares()})
	if err != nil {
		return fmt.Sprintf("an error, which is ours: %v\n%s", err, program)
	}
	if r.Outcome != Passed {
		return ""
	}
	plainly, err := p.Run(context.Background(), oracle(program, squares()))
	if err != nil {
		return fmt.Sprintf("an error, which is ours: %v\n%s", err, program)
	}
	if !strings.Contains(plainly.Stderr, held) {
		return fmt.Sprintf("paid here, and %s in plain Python: %s\n%s", plainly.Outcome, plainly.Reason, program)
	}
	return ""
}

// FuzzPrograms: no program is paid whose assertions do not hold in plain Python. The fuzzing engine takes an input of 10 s for a
// hang, and on a busy machine a program of 0.3 s may wait longer for a processor, as the target itself may. So it waits 2 s and
// leaves the rest to the next input, which is answered for both.
func FuzzPrograms(f *testing.F) {
	const patience = 2 * time.Second
	p := newPool(f, Options{Workers: 2, Time: 300 * time.Millisecond})
	hostile := hostileLines(f)
	for _, a := range attacks(f) {
		if flag.Lookup("test.fuzz").Value.String() != "" { // else TestAttacks has run them
			f.Add(a.program, uint16(0))
		}
	}
	for _, program := range []string{
		"def f(x): return x * x", "def f(x):\n    return sum(x for _ in range(x))", "f = lambda x: x ** 2", "class f(int): pass", "from operator import pow\ndef f(x): return pow(x, 2)",
		"def f(x):\n    r = 0\n    for i in range(x):\n        r += 2 * i + 1\n    return r", "def f(x): return {3: 9, 5: 25, 10: 100}.get(x)", "def f(x): return float(x * x)", "def f(x):\n    yield x * x",
	} {
		for at := range uint16(8) {
			f.Add(program, at)
		}
	}
	var late chan string // the verdict on an earlier input, still awaited
	wait := func(t *testing.T, verdict chan string) bool {
		select {
		case fault := <-verdict:
			if fault != "" {
				t.Error(fault)
			}
			return true
		case <-time.After(patience):
			return false
		}
	}
	f.Fuzz(func(t *testing.T, program string, at uint16) {
		if len(program) > 1<<14 {
			return
		}
		if late != nil {
			if wait(t, late) {
				late = nil
			}
			return // this input's time is used up
		}
		verdict := make(chan string, 1)
		go func() { verdict <- unpaid(p, varied(program, at, hostile)) }()
		if !wait(t, verdict) {
			late = verdict
		}
	})
	if late != nil {
		if fault := <-late; fault != "" {
			f.Error(fault)
		}
	}
}
