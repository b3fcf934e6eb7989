package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const verifyInput = `{"id":1,"gold":"\\frac12","response":"\\boxed{0.5}"}
{"id":2,"gold":"2","response":"\\boxed{3}"}
broken
`

func runVerify(t *testing.T, in string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := verifyCommand()
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(in))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.Execute()
	return out.String(), errs.String(), err
}

func TestVerifyStdin(t *testing.T) {
	out, errs, err := runVerify(t, verifyInput, "math", "--jobs", "2")
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(out, "\n"))
	require.Contains(t, out, `"verdict":"correct"`)
	require.Contains(t, errs, "3 lines in")
	require.Contains(t, errs, "correct 1, wrong 1, error 1")
}

func TestVerifyFiles(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "out.jsonl")
	require.NoError(t, os.WriteFile(in, []byte(verifyInput), 0o600))
	stdout, _, err := runVerify(t, "", "math", "--in", in, "--out", out)
	require.NoError(t, err)
	require.Empty(t, stdout)
	data, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, 3, bytes.Count(data, []byte("\n")))
	_, _, err = runVerify(t, "", "math", "--in", in, "--out", in)
	require.ErrorContains(t, err, "is the input file")
	kept, err := os.ReadFile(in)
	require.NoError(t, err)
	require.Equal(t, verifyInput, string(kept))
}

func TestVerifyErrors(t *testing.T) {
	for want, args := range map[string][]string{
		"code, countdown, math": {"poetry"},
		"open --in":             {"math", "--in", filepath.Join(t.TempDir(), "none.jsonl")},
		"create --out":          {"math", "--out", filepath.Join(t.TempDir(), "no", "such", "folder")},
		"accepts 1 arg":         {},
	} {
		_, _, err := runVerify(t, verifyInput, args...)
		require.ErrorContains(t, err, want)
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		_, _, err := runVerify(t, verifyInput, "math", "--out", "/dev/full")
		require.ErrorContains(t, err, "no space left")
	}
}
