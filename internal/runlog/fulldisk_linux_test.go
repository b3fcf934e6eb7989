package runlog_test

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
)

// A disk that fills up while a step is written: the error says so, the steps before are whole, and with room again the run
// goes on where it was.
func TestFullDisk(t *testing.T) {
	ctx := context.Background()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("cannot mount a small disk: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(disk, 0)) })
	dir := filepath.Join(disk, "run")
	log, err := runlog.Create(dir, meta())
	require.NoError(t, err)
	recorded := 0
	for ; err == nil && recorded < 1000; recorded++ {
		groups, advantages := makeGroups(16, 8)
		err = log.RecordStep(ctx, makeStep(recorded), groups, advantages, nil)
	}
	recorded-- // the last one failed
	require.Positive(t, recorded)
	require.ErrorContains(t, err, "full")
	require.ErrorContains(t, err, "--resume")
	require.NoError(t, log.Close())

	require.NoError(t, syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=16m"))
	log, err = runlog.Open(dir)
	require.NoError(t, err)
	defer log.Close()
	steps, err := log.Steps(ctx)
	require.NoError(t, err)
	require.Len(t, steps, recorded)
	require.Len(t, collect(t, log, runlog.Filter{}), recorded*16*8, "whole steps only")
	mustRecord(t, log, recorded, 16, 8)
	checkIndex(t, log)
}
