package runlog_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
)

// asNobody takes root's rights to files from this thread, for root can write everywhere.
func asNobody(t *testing.T) {
	if os.Geteuid() != 0 {
		return
	}
	runtime.LockOSThread()
	require.NoError(t, syscall.Setfsuid(65534))
	t.Cleanup(func() {
		syscall.Setfsuid(0)
		runtime.UnlockOSThread()
	})
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	log := mustCreate(t)
	mustRecord(t, log, 0, 1, 2)
	require.NoError(t, log.Close())
	dir := log.Dir()
	early, err := runlog.OpenReadOnly(dir) // a reader leaves its own files behind
	require.NoError(t, err)
	require.Len(t, collect(t, early, runlog.Filter{}), 2)
	require.NoError(t, early.Close())
	require.NoError(t, os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o755))
	require.NoError(t, os.Chmod(dir, 0o555))
	t.Cleanup(func() { os.Chmod(dir, 0o755) })
	empty := filepath.Join(filepath.Dir(dir), "empty")
	require.NoError(t, os.Mkdir(empty, 0o555))
	asNobody(t)

	_, err = runlog.Create(empty, meta())
	require.ErrorContains(t, err, empty)
	require.ErrorContains(t, err, "cannot be written")
	_, err = runlog.Create(filepath.Join(empty, "deeper"), meta())
	require.ErrorContains(t, err, "--out")

	reader, err := runlog.OpenReadOnly(dir)
	require.NoError(t, err, "a finished run can be read where nothing can be written")
	defer reader.Close()
	require.Len(t, collect(t, reader, runlog.Filter{}), 2)
}
