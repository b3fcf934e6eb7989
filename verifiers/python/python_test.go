//go:build linux

package python

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newPool makes a pool of few workers.
func newPool(t testing.TB, o Options) *Pool {
	set(&o.Workers, 2)
	p, err := New(o)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

// tierPool makes a pool of a tier that is not the best one here.
func tierPool(t testing.TB, o Options, wanted tier) *Pool {
	set(&o.Workers, 2)
	o = o.withDefaults(1)
	found, err := discover("")
	require.NoError(t, err)
	s := newSettings(found, o, wanted, newGroups(o.group))
	require.NoError(t, s.fault)
	s.missing = []string{"left out by a test", "left out by a test"}
	p := poolOf(o, s, nil)
	t.Cleanup(p.Close)
	return p
}

func TestVerdicts(t *testing.T) {
	p := newPool(t, Options{Time: time.Second})
	three := []string{"assert f(1) == 2", "assert f(2) == 3", "assert f(3) == 4"}
	for _, test := range []struct {
		name    string
		tests   Tests
		outcome Outcome
		passed  int
		total   int
		reason  string
	}{
		{"all pass", Tests{Program: "def f(x): return x + 1", Tests: three}, Passed, 3, 3, ""},
		{"one fails", Tests{Program: "def f(x): return 3", Tests: three}, Failed, 1, 3, "test 1: AssertionError"},
		{"raises", Tests{Program: "def f(x): return [][x]", Tests: three}, Failed, 0, 3, "IndexError: list index out of range"},
		{"no Python", Tests{Program: "def f(x) return", Tests: three}, Unparseable, 0, 3, "SyntaxError"},
		{"null character", Tests{Program: "def f(x): return 1\x00", Tests: three}, Unparseable, 0, 3, "null"},
		{"no UTF-8", Tests{Program: "def f(x): return x + 1 # \xff", Tests: three}, Unparseable, 0, 3, "no UTF-8"},
		{"fails to load", Tests{Program: "import nothing_like_it", Tests: three}, Failed, 0, 3, "ModuleNotFoundError"},
		{"dies in the second", Tests{Program: "import os\ndef f(x): return x + 1 if x < 2 else os._exit(0)", Tests: three}, Failed, 1, 3, "ended"},
		{"loops in the third", Tests{Program: "def f(x):\n  while x > 2: pass\n  return x + 1", Tests: three}, TimedOut, 2, 3, "processor time"},
		{"one text, asserts counted", Tests{Program: "def f(x): return x + 1", Tests: []string{strings.Join(three, "\n")}}, Passed, 3, 3, ""},
		{"check", Tests{Program: "def f(x): return x", EntryPoint: "f", Tests: []string{"def check(c):\n assert c(1) == 1\n assert c(2) == 3\n assert c(3) == 3"}}, Failed, 2, 3, "test 2"},
		{"check calls itself", Tests{Program: "def f(x): return x", Tests: []string{"def check(c):\n assert c(1) == 1\ncheck(f)"}}, Passed, 1, 1, ""},
		{"check with a loop", Tests{Program: "def f(x): return x", EntryPoint: "f", Tests: []string{"def check(c):\n for i in range(5):\n  assert c(i) == i"}}, Passed, 1, 1, ""},
		{"check with a loop fails", Tests{Program: "def f(x): return 0", EntryPoint: "f", Tests: []string{"def check(c):\n assert c(0) == 0\n for i in range(5):\n  assert c(i) == i"}}, Failed, 0, 1, "AssertionError"},
		{"entry point from the prompt", Tests{Program: "def g(x): return 0\ndef f(x): return x\ndef h(x): return 0", Prompt: "def f(x):\n", Tests: []string{"def check(c):\n assert c(1) == 1"}}, Passed, 1, 1, ""},
		{"last function", Tests{Program: "def g(x): return 0\ndef f(x): return x", Tests: []string{"def check(c):\n assert c(1) == 1"}}, Passed, 1, 1, ""},
		{"helper from the prompt", Tests{Program: "def h(x): return 5\ndef f(x): return 5", Prompt: "def h(x):\n    return x\n\ndef f(x):\n", EntryPoint: "f", Tests: []string{"def check(c):\n assert c(1) == h(1)"}}, Failed, 0, 1, "AssertionError"},
		{"named like a built-in function", Tests{Program: "def sum(a, b): return a + b", Tests: []string{"assert sum(10, 15) == 25"}}, Passed, 1, 1, ""},
		{"built-in functions are ours", Tests{Program: "def abs(x): return 0\ndef f(x): return 9", Tests: []string{"assert abs(f(1) - 1) < 1e-6"}}, Failed, 0, 1, "AssertionError"},
		{"library names are ours", Tests{Program: "isclose = lambda *a: True\ndef f(x): return 9", Tests: []string{"assert isclose(f(1), 1)"}}, Failed, 0, 1, "AssertionError"},
		{"named like a library's", Tests{Program: "def gcd(a, b): return 7", EntryPoint: "gcd", Tests: []string{"assert gcd(14, 21) == 7"}}, Passed, 1, 1, ""},
		{"arguments changed in place", Tests{Program: "def f(x): x.sort()", Tests: []string{"a = [3, 1, 2]\nf(a)\nassert a == [1, 2, 3]"}}, Passed, 1, 1, ""},
		{"exceptions of the program's", Tests{Program: "def f(x): raise ValueError('no')", Tests: []string{"try:\n f(1)\n assert False\nexcept ValueError as e:\n assert str(e) == 'no'"}}, Passed, 1, 1, ""},
		{"classes of the program's", Tests{Program: "class Stack:\n def __init__(self): self.l = []\n def push(self, x): self.l.append(x)\n def pop(self): return self.l.pop()", Tests: []string{"s = Stack()\ns.push(3)\nassert s.pop() == 3 and s.l == []"}}, Passed, 1, 1, ""},
		{"kinds of values", Tests{Program: "def f(x): return x", Tests: []string{"for v in (None, True, 7, -2**70, 1.5, 2j, 'ä\\ud800', b'b', [1], (1, 'a'), {1: {2}}, {3}, frozenset([4]), range(3), int, bytearray(b'x')):\n assert f(v) == v and type(f(v)) is type(v), v"}}, Passed, 1, 1, ""},
		{"generators", Tests{Program: "def f(n):\n for i in range(n): yield i", Tests: []string{"assert list(f(3)) == [0, 1, 2]"}}, Passed, 1, 1, ""},
		{"main guard", Tests{Program: "def f(x): return x\nif __name__ == '__main__':\n print(f(int(input())))", Tests: []string{"assert f(1) == 1"}}, Passed, 1, 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := p.Test(t.Context(), test.tests)
			require.NoError(t, err)
			require.Equal(t, []any{test.outcome, test.passed, test.total}, []any{r.Outcome, r.Passed, r.Total}, "%+v", r)
			require.Contains(t, r.Reason, test.reason)
		})
	}
}

// Faults of the tests are ours: such a verdict is left out, and never wrong.
func TestFaults(t *testing.T) {
	p := newPool(t, Options{Time: time.Second})
	for name, test := range map[string]Tests{
		"no tests":           {Program: "x = 1"},
		"no Python":          {Program: "def f(): return 1", Tests: []string{"assert f( == 1"}},
		"nothing called":     {Program: "def f(): return 1", Tests: []string{"assert 1 == 1"}},
		"unsendable":         {Program: "def f(x): return 1", Tests: []string{"assert f(lambda: 1) == 1"}},
		"not UTF-8":          {Program: "def f(x): return 1", Tests: []string{"assert f('\xff') == 1"}},
		"check never called": {Program: "def f(x): return 1", Tests: []string{"def test():\n assert f(1) == 2"}},
	} {
		r, err := p.Test(t.Context(), test)
		require.Error(t, err, "%s: %+v", name, r)
	}
}

func TestScripts(t *testing.T) {
	p := newPool(t, Options{Time: time.Second})
	cases := []Case{{"3 4\n", "7\n"}, {"10 -2\n", "8"}}
	for _, test := range []struct {
		name, program string
		outcome       Outcome
		passed        int
		reason        string
	}{
		{"right", "a, b = map(int, input().split())\nprint(a + b)", Passed, 2, ""},
		{"main guard", "import sys\ndef main():\n  print(sum(map(int, sys.stdin.read().split())))\nif __name__ == '__main__':\n  main()", Passed, 2, ""},
		{"descriptor 0", "import os\nprint(sum(map(int, open(0).read().split())), '  ')\nexit(0)", Passed, 2, ""},
		{"one wrong", "print(7)", Failed, 1, `test 2: line 1 of the output is "7", want "8"`},
		{"nothing printed", "pass", Failed, 0, "test 1"},
		{"too much", "print(7)\nprint(8)", Failed, 0, "the output goes on after line 1"},
		{"fails after printing", "a, b = map(int, input().split())\nprint(a + b)\n1 / 0", Failed, 0, "ZeroDivisionError"},
		{"not flushed", "import os\na, b = map(int, input().split())\nprint(a + b)\nos._exit(0)", Failed, 0, "test 1"},
		{"no Python", "print(", Unparseable, 0, "SyntaxError"},
		{"loops", "while True: pass", TimedOut, 0, "processor time"},
		{"sleeps", "import time\ntime.sleep(100)", TimedOut, 0, "asleep"},
		{"flood", "while True: print('x' * 10000)", Failed, 0, "test 1"},
		{"forks", "import os\nos.fork()\nprint(7)", Failed, 0, "PermissionError"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := p.Run(t.Context(), Script{Program: test.program, Cases: cases})
			require.NoError(t, err)
			require.Equal(t, []any{test.outcome, test.passed, 2}, []any{r.Outcome, r.Passed, r.Total}, "%+v", r)
			require.Contains(t, r.Reason, test.reason)
		})
	}
}

func TestStderrKeepsTheEnd(t *testing.T) {
	p := newPool(t, Options{})
	r, err := p.Test(t.Context(), Tests{Program: "import sys\nsys.stderr.write('x' * 10000 + 'the end')\ndef f(x): return 1", Tests: []string{"assert f(1) == 1"}})
	require.NoError(t, err)
	require.Len(t, r.Stderr, tailSize)
	require.True(t, strings.HasSuffix(r.Stderr, "the end"))
}

// A group of endless programs came first and holds all workers. In the order of arrival the quick ones of another group would be
// the last; in fair shares they pass all but those that had begun.
func TestGroupsShareTheWorkers(t *testing.T) {
	p := newPool(t, Options{Workers: 2})
	var lock sync.Mutex
	var ended []string
	var wait sync.WaitGroup
	enter := func(group, program string, outcome Outcome) {
		wait.Go(func() {
			r, err := p.Test(t.Context(), Tests{Program: program, Tests: []string{"assert f(1) == 2"}, Time: 300 * time.Millisecond, Group: group})
			lock.Lock()
			defer lock.Unlock()
			if ended = append(ended, group); err != nil || r.Outcome != outcome {
				t.Errorf("%s: %+v, %v", group, r, err)
			}
		})
	}
	const loops, quick = 8, 10
	for range loops {
		enter("loops", "def f(x):\n while True: pass", TimedOut)
	}
	time.Sleep(50 * time.Millisecond) // they are there now; if they are not, the test is only easier
	for range quick {
		enter("quick", "def f(x): return x + 1", Passed)
	}
	wait.Wait()
	last := 0
	for i, group := range ended {
		if group == "quick" {
			last = i
		}
	}
	require.Less(t, last-(quick-1), loops/2, "endless programs that ended before the last quick one: %v", ended)
}

// A job is cut short by its context, and the pool works on.
func TestCancel(t *testing.T) {
	p := newPool(t, Options{Workers: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := p.Test(ctx, Tests{Program: "while True: pass", Tests: []string{"assert f(1) == 1"}})
	require.Error(t, err)
	good(t, p)
}

func good(t *testing.T, p *Pool) {
	r, err := p.Test(t.Context(), Tests{Program: "def f(x): return x + 1", Tests: []string{"assert f(1) == 2"}})
	require.NoError(t, err)
	require.Equal(t, Passed, r.Outcome, "%+v", r)
}

// Workers that are killed lose no verdict.
func TestKilledWorkers(t *testing.T) {
	p := newPool(t, Options{Workers: 2})
	stop := make(chan struct{})
	var wait sync.WaitGroup
	defer wait.Wait()
	defer close(stop)
	wait.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(700 * time.Millisecond):
				if pids := childPids(t); len(pids) > 0 {
					_ = syscall.Kill(pids[0], syscall.SIGKILL)
				}
			}
		}
	})
	for range 200 {
		good(t, p)
	}
}

// Without namespaces there is no pool, unless it is asked for; then files are open to the program, and Layers tells.
func TestUnsafe(t *testing.T) {
	p := tierPool(t, Options{Workers: 1}, tierBare)
	good(t, p)
	folder, err := os.MkdirTemp("", "unsafe") // a folder of t's is for our user alone, and workers of root have users of their own
	require.NoError(t, err)
	defer os.RemoveAll(folder)
	require.NoError(t, os.Chmod(folder, 0o755))
	secret := folder + "/secret"
	require.NoError(t, os.WriteFile(secret, []byte("open"), 0o644))
	r, err := p.Test(t.Context(), Tests{Program: "import sys\nsys.stderr.write(open('" + secret + "').read())\ndef f(x): return 1", Tests: []string{"assert f(1) == 1"}})
	require.NoError(t, err)
	require.Equal(t, "open", r.Stderr, "the attack that isolation stops")
	for i, name := range []string{"namespaces", "root", "landlock"} {
		layer := p.Layers()[i]
		require.Equal(t, []any{name, false, true}, []any{layer.Name, layer.On, layer.Wanted})
		require.Contains(t, layer.Detail, "left out by a test")
	}
	_, err = New(Options{Interpreter: "/nothing/like/python"})
	require.True(t, errors.Is(err, ErrUnavailable))
	layers, err := Probe(Options{})
	require.NoError(t, err)
	require.True(t, layers[0].On, "%+v", layers)
}
