//go:build unix

package process

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers"
)

// loop is a verifier for the shell: for each line read it takes the id and does what body says.
func loop(body string) string {
	return `while IFS= read -r line; do id=${line#*\"id\":}; id=${id%%,*}; ` + body + `; done`
}

const good = `echo "{\"id\":$id,\"verdict\":\"correct\"}"`

func newPool(t *testing.T, o Options) *Pool {
	t.Helper()
	p, err := New(o)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return p
}

func ask(p *Pool, response string) (verifiers.Verdict, error) {
	return p.Verify(context.Background(), datasets.Task{ID: "t", Kind: "process", Question: "q"}, response)
}

func TestVerdicts(t *testing.T) {
	for _, test := range []struct {
		reply, fault string
		kind         verifiers.Kind
		reward       float64
	}{
		{`"verdict":"correct"`, "", verifiers.Correct, 1},
		{`"verdict":"correct","reward":0.25,"reason":"half","extracted":"x"`, "", verifiers.Correct, 0.25},
		{`"verdict":"wrong"`, "", verifiers.Wrong, 0}, {`"verdict":"wrong","reward":0`, "", verifiers.Wrong, 0},
		{`"verdict":"no_answer"`, "", verifiers.NoAnswer, 0}, {`"verdict":"unparseable"`, "", verifiers.Unparseable, 0},
		{`"verdict":"timeout"`, "", verifiers.Timeout, 0}, {`"verdict":"error","reason":"no model"`, "", verifiers.Error, 0},
		{`"verdict":"correct","reward":2`, "reward 2", "", 0}, {`"verdict":"correct","reward":0`, "reward 0", "", 0},
		{`"verdict":"correct","reward":-1`, "reward -1", "", 0}, {`"verdict":"correct","reward":1e999`, "1e999", "", 0},
		{`"verdict":"correct","reward":NaN`, "write one JSON object", "", 0}, {`"verdict":"correct","reward":"1"`, "reward", "", 0},
		{`"verdict":"wrong","reward":1`, "only correct is paid", "", 0}, {`"verdict":"CORRECT"`, `verdict "CORRECT"`, "", 0},
		{`"verdict":true`, "verdict", "", 0}, {`"reward":1`, `verdict ""`, "", 0},
	} {
		v, _, err := readReply("7", []byte(`{"id":7,`+test.reply+`}`))
		if test.fault != "" {
			require.ErrorContains(t, err, test.fault, test.reply)
			require.Zero(t, v, test.reply)
			continue
		}
		require.NoError(t, err, test.reply)
		require.Equal(t, test.kind, v.Kind)
		require.Equal(t, test.reward, v.Reward)
	}
}

func TestKeptAlive(t *testing.T) {
	starts := filepath.Join(t.TempDir(), "starts")
	p := newPool(t, Options{Command: fmt.Sprintf("echo >>%s; ", starts) + loop(good), Workers: 2})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				v, err := ask(p, "x")
				if err != nil || v.Kind != verifiers.Correct {
					t.Errorf("%v %v", v, err)
				}
			}
		})
	}
	all.Wait()
	text, err := os.ReadFile(starts)
	require.NoError(t, err)
	require.LessOrEqual(t, bytes.Count(text, []byte("\n")), 2, "each copy starts once")
}

func TestRequestFields(t *testing.T) {
	seen := filepath.Join(t.TempDir(), "seen")
	p := newPool(t, Options{Command: loop(`printf '%s\n' "$line" >>` + seen + "; " + good), Workers: 1})
	_, err := p.Verify(context.Background(), datasets.Task{ID: "t7", Kind: "process", Question: "1+1?", Answer: "2", Level: "easy"}, "two\nlines \xff")
	require.NoError(t, err)
	_, err = p.Judge(context.Background(), map[string]json.RawMessage{"id": json.RawMessage(`"x"`), "response": json.RawMessage(`"r"`), "mine": json.RawMessage(`{"a": 1}`)})
	require.NoError(t, err)
	text, err := os.ReadFile(seen)
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	require.JSONEq(t, `{"id":1,"task_id":"t7","kind":"process","question":"1+1?","answer":"2","gold":"2","level":"easy","response":"two\nlines \ufffd"}`, lines[0])
	require.JSONEq(t, `{"id":2,"task_id":"x","response":"r","mine":{"a":1}}`, lines[1])
	_, err = p.Judge(context.Background(), nil)
	require.ErrorContains(t, err, `"response" is missing`)
}

// What goes wrong in the program is an error with its reason, and the next request is judged again.
func TestFaults(t *testing.T) {
	once := func(fault string) string {
		return loop(`case "$line" in *BAD*) ` + fault + `;; *) ` + good + `;; esac`)
	}
	for name, test := range map[string]struct{ command, want string }{
		"dies":          {once("echo trouble >&2; exit 3"), "died: exit status 3; its standard error ends: trouble"},
		"leaves":        {once("exit 0"), "ended without a verdict"},
		"no JSON":       {once("echo debug output"), `wrote "debug output"`},
		"empty line":    {once("echo"), `wrote ""`},
		"wrong id":      {once(`echo '{"id":99,"verdict":"correct"}'`), `answered id "99"`},
		"id as text":    {once(`echo '{"id":"1","verdict":"correct"}'`), "answered id"},
		"hangs":         {once("sleep 60"), "no verdict within 2s"},
		"closes output": {once("exec >&-; sleep 60"), "closed its standard output"},
		"floods":        {once("yes x | tr -d '\\n'"), "a line of more than"},
		"kills itself":  {once("kill -9 $$"), "signal: killed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := 30 * time.Second
			if name == "hangs" {
				timeout = 2 * time.Second
			}
			p := newPool(t, Options{Command: test.command, Workers: 1, Timeout: timeout})
			for range 2 {
				v, err := ask(p, "BAD")
				require.ErrorContains(t, err, test.want)
				require.Zero(t, v.Reward)
				v, err = ask(p, "fine")
				require.NoError(t, err)
				require.Equal(t, verifiers.Correct, v.Kind)
			}
		})
	}
}

// A line too many must not pay the next response.
func TestStaleLine(t *testing.T) {
	p := newPool(t, Options{Command: loop(good + "; " + good), Workers: 1})
	v, err := ask(p, "first")
	require.NoError(t, err)
	require.Equal(t, verifiers.Correct, v.Kind)
	_, err = ask(p, "second")
	require.ErrorContains(t, err, "write one line for each line read")
}

func TestChildrenAreKilled(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	p := newPool(t, Options{Command: loop(`sleep 60 & echo $! >` + pid + `; wait`), Workers: 1, Timeout: 2 * time.Second})
	start := time.Now()
	_, err := ask(p, "x")
	require.ErrorContains(t, err, "no verdict within")
	require.Less(t, time.Since(start), 20*time.Second)
	text, err := os.ReadFile(pid)
	require.NoError(t, err)
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return ended(n) }, 10*time.Second, 10*time.Millisecond)
}

// ended tells whether a process is gone, or dead and not yet collected by its new parent.
func ended(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestRestartsAreBounded(t *testing.T) {
	starts := filepath.Join(t.TempDir(), "starts")
	p := newPool(t, Options{Command: fmt.Sprintf("echo >>%s; nosuchprogram", starts), Workers: 1, Restarts: 3})
	for range 8 {
		_, err := ask(p, "x")
		require.ErrorContains(t, err, "nosuchprogram")
	}
	_, err := ask(p, "x")
	require.ErrorContains(t, err, "given up after 3 restarts in a row")
	text, err := os.ReadFile(starts)
	require.NoError(t, err)
	require.Equal(t, 4, bytes.Count(text, []byte("\n")))
}

func TestCancelAndClose(t *testing.T) {
	p := newPool(t, Options{Command: loop("sleep 30"), Workers: 1})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := p.Verify(ctx, datasets.Task{}, "x")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	p.Close()
	_, err = ask(p, "x")
	require.ErrorContains(t, err, "closed")
	for want, o := range map[string]Options{"no command": {Command: " "}, "none below 0": {Command: "x", Workers: -1}} {
		_, err := New(o)
		require.ErrorContains(t, err, want)
	}
}

// A program that does not read its input must not block us on a long request.
func TestProgramThatDoesNotRead(t *testing.T) {
	p := newPool(t, Options{Command: "sleep 30", Workers: 1, Timeout: 200 * time.Millisecond})
	_, err := ask(p, strings.Repeat("x", 1<<20))
	require.ErrorContains(t, err, "no verdict within")
}

// TestDocumentedExample runs the Python program of docs/verifiers.md.
func TestDocumentedExample(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "verifiers.md"))
	require.NoError(t, err)
	_, program, ok := strings.Cut(string(text), "```python\n")
	require.True(t, ok, "docs/verifiers.md has a Python example")
	program, _, _ = strings.Cut(program, "```")
	require.LessOrEqual(t, strings.Count(program, "\n"), 15)
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3 in PATH: the example of docs/verifiers.md was not run")
	}
	path := filepath.Join(t.TempDir(), "my_verifier.py")
	require.NoError(t, os.WriteFile(path, []byte(program), 0o600))
	p := newPool(t, Options{Command: "python3 " + path, Workers: 1, Timeout: 30 * time.Second})
	for response, want := range map[string]verifiers.Kind{
		"<think>x</think><answer>Level</answer>": verifiers.Correct, "<answer>lever</answer>": verifiers.Wrong, "no": verifiers.NoAnswer,
	} {
		v, err := p.Verify(context.Background(), datasets.Task{ID: "p", Kind: "process", Question: "A palindrome?", Answer: "level"}, response)
		require.NoError(t, err)
		require.Equal(t, want, v.Kind, response)
	}
}

func FuzzReadReply(f *testing.F) {
	f.Add(`{"id":7,"verdict":"correct","reward":0.5}`)
	f.Add(`{"id":7,"verdict":"wrong","reward":1}`)
	f.Fuzz(func(t *testing.T, line string) {
		v, inStep, err := readReply("7", []byte(line))
		require.True(t, err == nil || v.Reward == 0)
		require.True(t, inStep || err != nil)
		require.True(t, v.Reward >= 0 && v.Reward <= 1)
		require.True(t, v.Reward == 0 || v.Kind == verifiers.Correct)
	})
}
