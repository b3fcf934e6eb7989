package main

import (
	"errors"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/xla"
)

// TestCUDAWithoutGPU asks each command for a device that is not there: an error that says where it was looked for, and no CPU instead.
func TestCUDAWithoutGPU(t *testing.T) {
	if _, err := xla.GPUs(t.Context()); err == nil {
		t.Skip("this machine has an NVIDIA GPU")
	}
	for _, args := range [][]string{
		{"eval", "--model", "../../models/base"},
		{"sample", "--model", "../../models/base", "make 36 from 2 8 22"},
		{"train", "../../recipes/r1zero-mini.yaml", "--model", "../../models/base", "--out", t.TempDir()},
		{"pretrain", "../../recipes/base.yaml", "--out", t.TempDir()},
		{"demo", "--out", t.TempDir()},
	} {
		out, err := command(t, append(args, "--device", "cuda")...).CombinedOutput()
		var exit *exec.ExitError
		require.True(t, errors.As(err, &exit), "%v: %s", args, out)
		require.Equal(t, exitFailed, exit.ExitCode(), "%v: %s", args, out)
		for _, part := range []string{"/dev/nvidia", "nvidia-smi", "--device cpu"} {
			require.Contains(t, string(out), part, args)
		}
	}
}
