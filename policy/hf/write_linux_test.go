package hf

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestFailedWrite lets a write fail half-way, by a limit on file sizes in a child process: the old
// file stays as it was and nothing else is left.
func TestFailedWrite(t *testing.T) {
	big := []Tensor{NewFloat32s("a", []int{1 << 18}, make([]float32, 1<<18))}
	if path := os.Getenv("HF_TEST_LIMITED"); path != "" {
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1 << 16, Max: 1 << 16}))
		require.ErrorContains(t, Write(path, big, nil), "file too large")
		return
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "x.safetensors")
	require.NoError(t, Write(path, big[:0], nil))
	child := exec.Command(os.Args[0], "-test.run=^TestFailedWrite$")
	child.Env = append(os.Environ(), "HF_TEST_LIMITED="+path)
	out, err := child.CombinedOutput()
	require.NoError(t, err, string(out))
	empty(t, dir, "x.safetensors")
	f, err := Read(path)
	require.NoError(t, err)
	require.Empty(t, f.Names())
	require.NoError(t, f.Close())
}

// TestNoSpace checks what a full disk is called.
func TestNoSpace(t *testing.T) {
	err := explain("/d/x", 5_000_000, fmt.Errorf("write: %w", syscall.ENOSPC))
	require.ErrorContains(t, err, "write /d/x: no space for its 5.0 MB")
	require.ErrorIs(t, err, syscall.ENOSPC)
}
