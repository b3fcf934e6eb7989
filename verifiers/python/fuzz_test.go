//go:build linux

package python

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"
)

// oracle is a program with its assertions in one process, as plain Python runs them. Its last line shows that all held.
func oracle(program string, asserts []string) Script {
	const held = "rltrain: all assertions held"
	text := program + "\n" + strings.Join(asserts, "\n") + fmt.Sprintf("\nimport os\nos.write(1, %q.encode())\n", held)
	return Script{Program: text, Cases: []Case{{Output: held}}}
}

// FuzzPrograms: no program is paid whose assertions do not hold in plain Python. That, too, runs in the sandbox: what is tried
// here is not to be trusted.
func FuzzPrograms(f *testing.F) {
	p := newPool(f, Options{Workers: 2, Time: 300 * time.Millisecond})
	squares := []string{"assert f(3) == 9", "assert f(5) == 25", "assert f(10) == 100"}
	if flag.Lookup("test.fuzz").Value.String() != "" { // else TestAttacks has run them
		for _, a := range attacks(f) {
			f.Add(a.program, uint16(0))
		}
	}
	for _, program := range []string{
		"def f(x): return x * x", "def f(x):\n    return sum(x for _ in range(x))", "f = lambda x: x ** 2", "class f(int): pass", "from operator import pow\ndef f(x): return pow(x, 2)",
		"def f(x):\n    r = 0\n    for i in range(x):\n        r += 2 * i + 1\n    return r", "def f(x): return {3: 9, 5: 25, 10: 100}.get(x)", "def f(x): return float(x * x)", "def f(x):\n    yield x * x",
	} {
		for at := range uint16(4) {
			f.Add(program, at)
		}
	}
	f.Fuzz(func(t *testing.T, program string, at uint16) {
		if len(program) > 1<<14 {
			return
		}
		if changed := mutants(program); at > 0 && len(changed) > 0 {
			program = changed[int(at)%len(changed)]
		}
		r, err := p.Test(t.Context(), Tests{Program: program, EntryPoint: "f", Tests: squares})
		if err != nil {
			t.Fatalf("%q: an error, which is ours: %v", program, err)
		}
		if r.Outcome != Passed {
			return
		}
		plainly, err := p.Run(t.Context(), oracle(program, squares))
		if err != nil {
			t.Fatalf("%q: an error, which is ours: %v", program, err)
		}
		if plainly.Outcome != Passed {
			t.Errorf("paid here, and %s in plain Python: %s\n%s", plainly.Outcome, plainly.Reason, program)
		}
	})
}
