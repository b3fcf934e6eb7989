package xla

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// oldestDriver is the oldest of NVIDIA's drivers that CUDA 13 runs on.
const oldestDriver = 580

// GPU is one NVIDIA device, as nvidia-smi tells it.
type GPU struct {
	Name, Driver, Memory, Capability string
}

// String is the line about a GPU in `rltrain doctor`.
func (g GPU) String() string {
	return fmt.Sprintf("%s, %s, compute capability %s, driver %s", g.Name, g.Memory, g.Capability, g.Driver)
}

// NoGPUError says that there is no NVIDIA device, and where we looked.
type NoGPUError struct{ Looked string }

func (e *NoGPUError) Error() string {
	return fmt.Sprintf("no NVIDIA device on this machine (%s): use a machine that has one and NVIDIA's driver %d or newer, pass the device into the container, or --device cpu",
		e.Looked, oldestDriver)
}

// GPUs lists the NVIDIA devices. A *NoGPUError tells that there is none.
func GPUs(ctx context.Context) ([]GPU, error) { return gpus(ctx, "/dev/nvidia[0-9]*", "nvidia-smi") }

// gpus asks the program smi; where it is missing, as in some containers, a device file is enough.
func gpus(ctx context.Context, devices, smi string) ([]GPU, error) {
	files, err := filepath.Glob(devices)
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", devices, err)
	}
	looked := "looked for " + devices + ": none; "
	if len(files) > 0 {
		looked = "looked for " + devices + ": " + strings.Join(files, " ") + "; "
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, smi, "--query-gpu=name,memory.total,compute_cap,driver_version", "--format=csv,noheader").Output()
	var failed *exec.ExitError
	switch {
	case err == nil:
		if found := parseGPUs(out); len(found) > 0 {
			return found, nil
		}
		return nil, &NoGPUError{looked + smi + " lists none"}
	case errors.Is(err, exec.ErrNotFound) && len(files) > 0:
		unknown := GPU{Name: "NVIDIA device", Memory: "memory unknown", Capability: "unknown", Driver: "unknown (no " + smi + ")"}
		found := make([]GPU, len(files))
		for i := range found {
			found[i] = unknown
		}
		return found, nil
	case errors.As(err, &failed):
		said, _, _ := strings.Cut(strings.TrimSpace(string(append(out, failed.Stderr...))), "\n")
		return nil, &NoGPUError{fmt.Sprintf("%s%s: %v: %s", looked, smi, err, said)}
	}
	return nil, &NoGPUError{fmt.Sprintf("%s%s: %v", looked, smi, err)}
}

// parseGPUs reads nvidia-smi's lines of four values.
func parseGPUs(out []byte) []GPU {
	var found []GPU
	for line := range bytes.Lines(out) {
		v := strings.Split(strings.TrimSpace(string(line)), ", ")
		if len(v) == 4 {
			found = append(found, GPU{Name: v[0], Memory: v[1], Capability: v[2], Driver: v[3]})
		}
	}
	return found
}

// CheckDriver refuses a driver on which the libraries pinned here do not run.
func CheckDriver(found []GPU) error {
	for _, g := range found {
		major, _, _ := strings.Cut(g.Driver, ".")
		if n, err := strconv.Atoi(major); err == nil && n < oldestDriver {
			return fmt.Errorf("%s has NVIDIA's driver %s: CUDA 13 wants %d or newer: update the driver, or --device cpu", g.Name, g.Driver, oldestDriver)
		}
	}
	return nil
}
