package moe

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFullDiskKeepsOldCheckpoint saves over a checkpoint on a disk that has room for a part of the new one
// only: the old one must stay whole, weights and optimizer state of one step.
func TestFullDiskKeepsOldCheckpoint(t *testing.T) {
	ctx := context.Background()
	trainer := newSmall(t, 1)
	train(t, trainer, 1, adam())
	probe := t.TempDir()
	require.NoError(t, trainer.Save(ctx, probe))
	size := func(name string) int {
		info, err := os.Stat(filepath.Join(probe, name))
		require.NoError(t, err)
		return int(info.Size()+4095) / 4096
	}
	config, model, optimizer := size("config.json"), size(weightsFile), size(optimizerFile)
	later := newSmall(t, 1)
	train(t, later, 2, adam())
	for _, spare := range []int{0, config, config + model/2, config + model + 1, config + model + optimizer/2} {
		t.Run(fmt.Sprintf("%d of %d pages to spare", spare, config+model+optimizer), func(t *testing.T) {
			disk := t.TempDir()
			pages := config + model + optimizer + 1 + spare
			if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%d", pages*4096)); err != nil {
				t.Skipf("cannot mount a small disk: %v", err)
			}
			t.Cleanup(func() { require.NoError(t, syscall.Unmount(disk, 0)) })
			dir := filepath.Join(disk, "checkpoint")
			require.NoError(t, trainer.Save(ctx, dir))
			require.ErrorIs(t, later.Save(ctx, dir), syscall.ENOSPC)
			loaded := newSmall(t, 2)
			require.NoError(t, loaded.Load(ctx, dir))
			sameState(t, stateOf(t, trainer), stateOf(t, loaded))
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Len(t, entries, 3)
		})
	}
}
