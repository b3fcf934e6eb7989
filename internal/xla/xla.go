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

// Options says how to open a backend. The zero value is the usual choice.
type Options struct {
	Threads  int       // worker threads of XLA; 0 takes one a core
	Progress io.Writer // gets the lines about fetching and falling back; nil is standard error
}

// Engine is an open backend and what a run log should say about it: the same bits come out only
// for the same plug-in, thread count and flags.
type Engine struct {
	compute.Backend
	Plugin  string // path of the plug-in; empty for the pure-Go backend
	Threads int    // worker threads asked for or, where 0 was asked for, the cores
	Flags   string // XLA_FLAGS as the plug-in saw them
	PureGo  bool   // the pure-Go backend
	Reason  string // why it is the pure-Go backend; empty if it was asked for

	// DynamicSlice tells whether graphs may use that operation, as incremental decoding does; the
	// pure-Go backend lacks it. (While runs on both; go-xla's own table of capabilities omits it.)
	DynamicSlice bool
}

// Open returns a backend that is ready to use. It falls back to the pure-Go backend, with one line
// on opts.Progress, when no plug-in is there and none can be fetched; a damaged or foreign download
// or a plug-in that does not load is an error.
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

// Install makes sure that a plug-in is on this machine, fetching it if need be, and returns its path.
func Install(ctx context.Context, progress io.Writer) (string, error) {
	s, err := environment(os.Getenv)
	if err != nil {
		return "", err
	}
	if progress == nil {
		progress = os.Stderr
	}
	return locate(ctx, s, progress)
}

// Find is Install that fetches nothing.
func Find(ctx context.Context) (string, error) {
	s, err := environment(os.Getenv)
	if err != nil {
		return "", err
	}
	s.offline = true
	return locate(ctx, s, io.Discard)
}

func open(ctx context.Context, s settings, opts Options) (*Engine, error) {
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
	return openPlugin(path, path != s.target(), opts.Threads)
}

// String describes the engine in a line.
func (e *Engine) String() string {
	if e.PureGo {
		return "go: GoMLX's pure-Go backend, operations in sequence"
	}
	return fmt.Sprintf("xla: %d device, %d threads, plug-in %s, XLA_FLAGS %q", e.NumDevices(), e.Threads, e.Plugin, e.Flags)
}
