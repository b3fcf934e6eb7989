package xla

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// missingError says that no plug-in is here and none could be fetched: the one case in which the
// pure-Go backend steps in.
type missingError struct {
	why error
	s   settings
}

func (e *missingError) Error() string {
	return fmt.Sprintf("no XLA plug-in on this machine: %v (to have one: %s)", e.why, e.remedy())
}

func (e *missingError) Unwrap() error { return e.why }

func (e *missingError) remedy() string {
	if e.s.platform != "linux_amd64" {
		return fmt.Sprintf("run once with network access, or put %s of github.com/gomlx/pjrt-cpu-binaries %s at %s, or name such a file in RLTRAIN_PJRT",
			e.s.pluginFile(), upstreamVersion, e.s.upstreamTarget())
	}
	return fmt.Sprintf("run once with network access, or put %s of the PyPI package %s %s at %s, or name such a file in RLTRAIN_PJRT",
		e.s.pluginFile(), e.s.wheel.project, e.s.wheel.version, e.s.target())
}

// line is what a user reads when the pure-Go backend takes over.
func (e *missingError) line() string {
	cost := "it trains at 0.28 to 0.5 of XLA's rate"
	if !simd {
		cost = "built without GOEXPERIMENT=simd, its matrix products are 15 or more times slower than with it, which trains at 0.28 to 0.5 of XLA's rate"
	}
	return fmt.Sprintf("rltrain: no XLA plug-in (%v); using GoMLX's pure-Go backend: %s, on one core. For XLA, %s", e.why, cost, e.remedy())
}

// locate returns the path of a plug-in: the user's, a cached, an installed or a newly fetched one.
func locate(ctx context.Context, s settings, progress io.Writer) (string, error) {
	if s.plugin != "" {
		return named(s.plugin)
	}
	for _, path := range append([]string{s.target(), s.upstreamTarget()}, installed(s)...) {
		switch info, err := os.Stat(path); {
		case err == nil && !info.Mode().IsRegular():
			return "", fmt.Errorf("plug-in %s is no regular file: remove it", path)
		case err == nil && path == s.target() && info.Size() != s.wheel.memberSize:
			return "", fmt.Errorf("plug-in %s has %d bytes instead of %d: delete it so that it is fetched anew", path, info.Size(), s.wheel.memberSize)
		case err == nil:
			return path, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("look for a plug-in: %w (try another RLTRAIN_CACHE)", err)
		}
	}
	if s.offline {
		return "", &missingError{why: errors.New("RLTRAIN_OFFLINE forbids fetching one"), s: s}
	}
	return fetch(ctx, s, progress)
}

func named(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("RLTRAIN_PJRT is %q: it must be an absolute path", path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("RLTRAIN_PJRT: %w (name a PJRT plug-in, or leave it unset)", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("RLTRAIN_PJRT is %q, which is no regular file: name the plug-in itself", path)
	}
	return path, nil
}

// installed lists the CPU plug-ins in go-xla's usual places, the newest version of a folder first.
func installed(s settings) []string {
	var found []string
	for _, dir := range s.library {
		plain := filepath.Join(dir, s.pluginFile())
		if _, err := os.Stat(plain); err == nil {
			found = append(found, plain)
		}
		// A folder name that is no valid pattern has no plug-in for us.
		versioned, _ := filepath.Glob(filepath.Join(dir, "pjrt_c_api_cpu_*_plugin"+filepath.Ext(plain)))
		slices.Sort(versioned)
		slices.Reverse(versioned)
		found = append(found, versioned...)
	}
	return found
}

// fetch brings a plug-in into the cache, under a lock so that a second process waits for the first.
func fetch(ctx context.Context, s settings, progress io.Writer) (string, error) {
	if err := os.MkdirAll(s.cache, 0o755); err != nil {
		return "", fmt.Errorf("make the plug-in cache: %w (try another RLTRAIN_CACHE)", err)
	}
	unlock, err := lock(ctx, filepath.Join(s.cache, ".lock"), progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	for _, path := range []string{s.target(), s.upstreamTarget()} {
		if _, err := os.Stat(path); err == nil {
			return path, nil // another process fetched it meanwhile
		}
	}
	var failed error
	if s.platform == "linux_amd64" {
		if failed = fetchWheel(ctx, s, progress); failed == nil {
			return s.target(), nil
		}
	} else {
		failed = unreachable(fmt.Errorf("no wheel for %s", s.platform))
	}
	if !isUnreachable(failed) || ctx.Err() != nil {
		return "", failed
	}
	err = fetchRelease(ctx, s, progress)
	switch {
	case err == nil:
		return s.upstreamTarget(), nil
	case !isUnreachable(err) || ctx.Err() != nil:
		return "", err
	}
	return "", &missingError{why: fmt.Errorf("%w; %w", failed, err), s: s}
}
