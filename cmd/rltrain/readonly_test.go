package main

import (
	"crypto/sha256"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/internal/web"
)

// What only reads changes no byte of a log that an older rltrain wrote, and shows what is in it.
func TestReadersLeaveAnOlderLogAlone(t *testing.T) {
	study := t.TempDir()
	dir := filepath.Join(study, "runs", "grpo")
	mustMakeStudyRun(t, filepath.Join(dir, "first"), runlog.Finished, 3)
	file := filepath.Join(dir, "first", runlog.DBFile)
	db, err := sql.Open("sqlite3", file)
	require.NoError(t, err)
	for _, statement := range []string{ // schema 6
		"DROP INDEX reflections_flips", "DROP VIEW v_steps", "ALTER TABLE steps DROP COLUMN kl_reference", "CREATE VIEW v_steps AS SELECT step FROM steps",
		"PRAGMA user_version = 6", "PRAGMA wal_checkpoint(TRUNCATE)",
	} {
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, db.Close())
	before := sha256.Sum256(mustRead(t, file))

	for _, test := range []struct {
		command *cobra.Command
		args    []string
		want    string
	}{
		{runsCommand(), []string{"--runs", dir}, "first"},
		{runsCommand(), []string{"show", "first", "--runs", dir}, "accuracy"},
		{runsCommand(), []string{"diff", "first", "first", "--runs", dir}, "accuracy"},
		{runsCommand(), []string{"export", "first", "--runs", dir, "--format", "jsonl", "--table", "rollouts"}, "task-1"},
		{rolloutsCommand(), []string{"first", "--runs", dir, "--search", "no idea"}, "task-1"},
		{resultsCommand(), []string{study}, "grpo"},
	} {
		out, stderr, err := runCommand(t, test.command, test.args...)
		require.NoError(t, err, "%v: %s", test.args, stderr)
		require.Contains(t, out, test.want, test.args)
	}
	server, err := web.New(web.Options{Runs: dir})
	require.NoError(t, err)
	for _, path := range []string{"/", "/runs/first", "/runs/first/rollouts?effect=good", "/runs/first/emergence", "/runs/first/evals", "/runs/first/experts", "/runs/first/rollout?id=1:task-1:0"} {
		answer := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodGet, path, nil)
		request.Host = "localhost"
		server.Handler().ServeHTTP(answer, request)
		require.Equal(t, http.StatusOK, answer.Code, path)
		require.NotContains(t, answer.Body.String(), "no such column", path)
		require.Contains(t, answer.Body.String(), "first", path)
	}
	require.Equal(t, before, sha256.Sum256(mustRead(t, file)))
}
