package runlog_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
)

func TestCreateRefusesAFolderWithARun(t *testing.T) {
	log := mustCreate(t)
	require.NoError(t, log.Close())
	_, err := runlog.Create(log.Dir(), meta())
	require.ErrorIs(t, err, runlog.ErrExists)
	require.ErrorContains(t, err, log.Dir())
	require.ErrorContains(t, err, "--resume")
	require.ErrorContains(t, err, "--force")
}

func TestCreateRefusesASeedThatDoesNotFit(t *testing.T) {
	m := meta()
	m.Seed = 1 << 63
	_, err := runlog.Create(t.TempDir(), m)
	require.ErrorContains(t, err, "9223372036854775808")
}

func TestOnlyOneWriter(t *testing.T) {
	log := mustCreate(t)
	require.True(t, runlog.Writing(log.Dir()))
	_, err := runlog.Open(log.Dir())
	require.ErrorContains(t, err, "another process")
	require.NoError(t, log.Close())
	require.False(t, runlog.Writing(log.Dir()))
	again, err := runlog.Open(log.Dir())
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestReaderSeesTheRunWhileItIsWritten(t *testing.T) {
	ctx := context.Background()
	log := mustCreate(t)
	reader, err := runlog.OpenReadOnly(log.Dir())
	require.NoError(t, err)
	defer reader.Close()
	mustRecord(t, log, 0, 1, 2)
	steps, err := reader.Steps(ctx)
	require.NoError(t, err)
	require.Len(t, steps, 1)
	info, err := reader.Info(ctx)
	require.NoError(t, err)
	require.Equal(t, runlog.Running, info.Status)
	require.Equal(t, meta().StartedAt, info.StartedAt)
	require.Equal(t, uint64(7), info.Seed)
	require.Error(t, reader.SetStatus(ctx, runlog.Finished), "a reader cannot write")

	require.NoError(t, log.SetStatus(ctx, runlog.Finished))
	info, err = reader.Info(ctx)
	require.NoError(t, err)
	require.Equal(t, runlog.Finished, info.Status)
	require.ErrorContains(t, log.SetStatus(ctx, "done"), `unknown status "done"`)
}

func TestOpenNamesAFolderWithoutARun(t *testing.T) {
	dir := t.TempDir()
	_, err := runlog.OpenReadOnly(dir)
	require.ErrorContains(t, err, dir)
	_, err = runlog.Open(filepath.Join(dir, "none"))
	require.ErrorContains(t, err, "holds no run")
	require.NoError(t, os.WriteFile(filepath.Join(dir, runlog.DBFile), []byte("this is not a database, it only has the name"), 0o600))
	_, err = runlog.OpenReadOnly(dir)
	require.ErrorContains(t, err, "no SQLite file")
}

func TestOddFolderNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "100% ? #1 & é")
	log, err := runlog.Create(dir, meta())
	require.NoError(t, err)
	require.NoError(t, log.Close())
	require.FileExists(t, filepath.Join(dir, runlog.DBFile))
}

func TestOpenRefusesANewerSchema(t *testing.T) {
	log := mustCreate(t)
	_, err := rawDB(t, log).Exec("PRAGMA user_version = 99")
	require.NoError(t, err)
	require.NoError(t, log.Close())
	_, err = runlog.Open(log.Dir())
	require.ErrorContains(t, err, "schema 99")
	_, err = runlog.OpenReadOnly(log.Dir())
	require.ErrorContains(t, err, "newer rltrain")
}

func TestOpenRepairsTheMetricsFile(t *testing.T) {
	log := mustCreate(t)
	mustRecord(t, log, 0, 1, 2)
	mustRecord(t, log, 1, 1, 2)
	require.NoError(t, log.Close())
	path := filepath.Join(log.Dir(), runlog.MetricsFile)
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, int64(len(want)-10)))
	log, err = runlog.Open(log.Dir())
	require.NoError(t, err)
	defer log.Close()
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func TestFullDiskKeepsTheStepsBefore(t *testing.T) {
	ctx := context.Background()
	log := mustCreate(t)
	mustRecord(t, log, 0, 2, 4)
	require.NoError(t, log.LimitPages(ctx, 60))
	groups, advantages := makeGroups(32, 8)
	err := log.RecordStep(ctx, makeStep(1), groups, advantages, nil)
	require.ErrorContains(t, err, "record step 1")
	require.ErrorContains(t, err, "disk is full")
	last, _, err := log.LastStep(ctx)
	require.NoError(t, err)
	require.Equal(t, 0, last)
	require.Len(t, collect(t, log, runlog.Filter{}), 8)
}

func TestShapesMustAgree(t *testing.T) {
	log := mustCreate(t)
	groups, advantages := makeGroups(2, 2)
	advantages[1] = advantages[1][:1]
	err := log.RecordStep(context.Background(), makeStep(0), groups, advantages, nil)
	require.ErrorContains(t, err, "countdown-1 has 2 rollouts and 1 advantages")
}

func TestSameStepTwiceIsRefused(t *testing.T) {
	log := mustCreate(t)
	mustRecord(t, log, 4, 1, 2)
	err := log.RecordStep(context.Background(), makeStep(4), nil, nil, nil)
	require.ErrorContains(t, err, "record step 4")
}

func TestCancelledStepLeavesNothing(t *testing.T) {
	log := mustCreate(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	groups, advantages := makeGroups(2, 2)
	require.ErrorIs(t, log.RecordStep(ctx, makeStep(0), groups, advantages, nil), context.Canceled)
	require.Empty(t, collect(t, log, runlog.Filter{}))
}

// A program that reads never keeps a run from writing; one that locks the file to write does, and is told of.
func TestLockedByAnotherProgram(t *testing.T) {
	ctx := context.Background()
	log := mustCreate(t)
	mustRecord(t, log, 0, 1, 2)
	require.NoError(t, log.Impatient(ctx))
	other, err := rawDB(t, log).Conn(ctx)
	require.NoError(t, err)
	defer other.Close()
	_, err = other.ExecContext(ctx, "BEGIN")
	require.NoError(t, err)
	var n int
	require.NoError(t, other.QueryRowContext(ctx, "SELECT count(*) FROM steps").Scan(&n)) // its snapshot is held from here
	mustRecord(t, log, 1, 1, 2)
	require.NoError(t, other.QueryRowContext(ctx, "SELECT count(*) FROM steps").Scan(&n))
	require.Equal(t, 1, n, "the reader still sees what it began with")
	_, err = other.ExecContext(ctx, "COMMIT")
	require.NoError(t, err)

	_, err = other.ExecContext(ctx, "BEGIN IMMEDIATE")
	require.NoError(t, err)
	groups, advantages := makeGroups(1, 2)
	err = log.RecordStep(ctx, makeStep(2), groups, advantages, nil)
	require.ErrorContains(t, err, "another program holds a lock on log.db: close it")
	_, err = other.ExecContext(ctx, "ROLLBACK")
	require.NoError(t, err)
	mustRecord(t, log, 2, 1, 2)
	steps, err := log.Steps(ctx)
	require.NoError(t, err)
	require.Len(t, steps, 3, "nothing is damaged, nothing is there twice")
}
