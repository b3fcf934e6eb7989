//go:build linux

package python

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mutants changes a solution in one place each time.
func mutants(code string) []string {
	var all []string
	for _, swap := range [][2]string{
		{" + ", " - "}, {" < ", " >= "}, {" == ", " != "}, {"True", "False"}, {" 1", " 2"}, {"[0]", "[-1]"}, {" and ", " or "}, {"range(", "range(1, "}, {"return ", "return not "},
	} {
		if strings.Contains(code, swap[0]) {
			at := strings.LastIndex(code, swap[0])
			all = append(all, code[:at]+swap[1]+code[at+len(swap[0]):])
		}
	}
	return all
}

// plain tells whether a program with its tests ends well in a fresh interpreter of its own.
func plain(t *testing.T, text string) bool {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	python, err := choose("")
	require.NoError(t, err)
	command := exec.CommandContext(ctx, "/bin/sh", "-c", "ulimit -t 3; exec "+python+" -I -")
	command.Stdin = strings.NewReader(text)
	return command.Run() == nil
}

// Solutions with a change in one place pass here if and only if they pass in plain Python.
func TestMutants(t *testing.T) {
	type mutant struct {
		tests Tests
		text  string
	}
	var all []mutant
	for _, r := range corpus[humanEval](t, "humaneval/HumanEval.jsonl") {
		for _, body := range mutants(r.Solution) {
			all = append(all, mutant{r.tests(body), r.Prompt + body + "\n" + r.Test + "\ncheck(" + r.EntryPoint + ")\n"})
		}
	}
	for _, r := range corpus[mbpp](t, "mbpp/mbpp.jsonl") {
		for _, code := range mutants(r.Code) {
			all = append(all, mutant{r.tests(code), strings.Join(append([]string{code, r.Setup}, r.Tests...), "\n")})
		}
	}
	every := 20 // a sample: each needs a fresh interpreter as well
	if testing.Verbose() {
		every = 4
	}
	p := newPool(t, Options{Time: 2 * time.Second})
	tried, pass := 0, 0
	each(t, p, len(all)/every, func(i int) Tests { return all[i*every].tests }, func(i int, r Result, err error) {
		m := all[i*every]
		require.NoError(t, err, m.text)
		tried++
		ours, theirs := r.Outcome == Passed, plain(t, m.text)
		if ours {
			pass++
		}
		if ours != theirs {
			t.Errorf("here %v, plain Python %v: %+v\n%s", ours, theirs, r, m.text)
		}
	})
	t.Logf("%d of %d mutants tried, %d of them still pass, as in plain Python", tried, len(all), pass)
}
