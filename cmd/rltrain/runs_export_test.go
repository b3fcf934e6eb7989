package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRunsExportToFiles(t *testing.T) {
	dir := t.TempDir()
	mustMakeRun(t, dir, "demo")
	piped, _, err := runCommand(t, runsCommand(), "export", "demo", "--runs", dir, "--table", "rollouts", "--format", "jsonl")
	require.NoError(t, err)
	file := filepath.Join(dir, "out", "rollouts.jsonl")
	_, _, err = runCommand(t, runsCommand(), "export", "demo", "--runs", dir, "--table", "rollouts", "--format", "jsonl", "--out", file)
	require.ErrorContains(t, err, "--out "+file)
	require.NoError(t, os.Mkdir(filepath.Dir(file), 0o755))
	stdout, _, err := runCommand(t, runsCommand(), "export", "demo", "--runs", dir, "--table", "rollouts", "--format", "jsonl", "--out", file)
	require.NoError(t, err)
	require.Empty(t, stdout)
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, piped, string(written))

	for range 2 { // the second replaces the first
		_, _, err = runCommand(t, runsCommand(), "export", "demo", "--runs", dir, "--format", "tensorboard", "--out", filepath.Join(dir, "tb", "demo"))
		require.NoError(t, err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "tb", "demo", "*"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "tb", "demo", "events.out.tfevents.1795435200.rltrain")}, found)
	left, err := filepath.Glob(filepath.Join(dir, "*", ".*"))
	require.NoError(t, err)
	require.Empty(t, left, "no half file stays")
}

func TestExportChecks(t *testing.T) {
	for _, c := range []struct {
		o               exportOptions
		table, terminal bool
		want            string
	}{
		{exportOptions{"xml", "steps", ""}, false, false, `unknown format "xml"`},
		{exportOptions{"csv", "tokens", ""}, true, false, `unknown table "tokens"`},
		{exportOptions{"tensorboard", "steps", ""}, false, false, "name the folder with --out"},
		{exportOptions{"tensorboard", "evals", "tb"}, true, false, "leave it out"},
		{exportOptions{"parquet", "steps", ""}, false, true, "name a file with --out"},
		{exportOptions{"csv", "rollouts", ""}, true, true, "may steer a terminal"},
		{exportOptions{"csv", "rollouts", ""}, true, false, ""},
		{exportOptions{"csv", "steps", ""}, false, true, ""},
		{exportOptions{"parquet", "rollouts", "x"}, true, true, ""},
	} {
		err := c.o.check(c.table, c.terminal)
		if c.want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, c.want)
		}
	}
}
