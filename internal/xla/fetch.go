package xla

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// ChecksumError says that a download is not the file this program pins. Nothing of it was kept.
type ChecksumError struct {
	Address, Want, Got string
}

func (e *ChecksumError) Error() string {
	return fmt.Sprintf("checksum of %s: want sha256 %s, got %s: nothing was installed; a proxy or mirror altered or cut the file, so try again, "+
		"another RLTRAIN_PYPI, or RLTRAIN_PJRT with a plug-in you trust", e.Address, e.Want, e.Got)
}

// fetchWheel brings the pinned plug-in from the package index to s.target().
func fetchWheel(ctx context.Context, s settings, progress io.Writer) error {
	address, err := wheelURL(ctx, s.index, s.wheel)
	if err != nil {
		return err
	}
	return inTemp(s.cache, func(dir string) error {
		archive := filepath.Join(dir, "wheel")
		sum, err := download(ctx, address, archive, s.target(), progress)
		if err != nil {
			return err
		}
		if sum != s.wheel.sha256 {
			return &ChecksumError{Address: redact(address), Want: s.wheel.sha256, Got: sum}
		}
		unpacked := filepath.Join(dir, "unpacked")
		if err := unpackWheel(archive, s.wheel.member, unpacked, s.pluginFile()); err != nil {
			return err
		}
		return publish(unpacked, filepath.Dir(s.target()))
	})
}

// inTemp runs do with a folder that is gone afterwards. It lies in the cache, so that a rename out
// of it stays in one file system.
func inTemp(cache string, do func(dir string) error) error {
	dir, err := os.MkdirTemp(cache, ".fetch-")
	if err != nil {
		return fmt.Errorf("make a folder for the download: %w (try another RLTRAIN_CACHE)", err)
	}
	defer os.RemoveAll(dir)
	return do(dir)
}

// download copies address to the file at path and returns the SHA-256 of what came. It stops at
// what no plug-in reaches, so that a foreign server cannot fill the disk.
func download(ctx context.Context, address, path, target string, progress io.Writer) (string, error) {
	const limit = 1 << 30
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	resp, err := get(ctx, address, "")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	size := "unknown size"
	if resp.ContentLength >= 0 {
		size = megabytes(resp.ContentLength)
	}
	fmt.Fprintf(progress, "rltrain: fetching the XLA plug-in, once: %s (%s) to %s\n", redact(address), size, target)
	start := time.Now()
	f, err := os.Create(path)
	if err != nil {
		return "", fmt.Errorf("keep the download: %w (try another RLTRAIN_CACHE)", err)
	}
	defer f.Close()
	hash := sha256.New()
	body := watch(ctx, stop, io.LimitReader(resp.Body, limit))
	defer body.timer.Stop()
	n, err := io.Copy(io.MultiWriter(f, hash), body)
	if body.err != nil {
		return "", unreachable(fmt.Errorf("get %s: %w after %s", redact(address), body.err, megabytes(n)))
	}
	if err != nil {
		return "", fmt.Errorf("keep the download: %w (free %s, or try another RLTRAIN_CACHE)", err, size)
	}
	if err := f.Close(); err != nil {
		return "", fmt.Errorf("keep the download: %w", err)
	}
	fmt.Fprintf(progress, "rltrain: fetched %s in %.1f s\n", megabytes(n), time.Since(start).Seconds())
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// watched is a body that gives up when nothing comes for a while, and remembers its error, to tell
// a broken transfer from a full disk.
type watched struct {
	ctx   context.Context // of the request behind r
	r     io.Reader
	timer *time.Timer
	err   error
}

const stall = time.Minute // without a byte

func watch(ctx context.Context, stop context.CancelCauseFunc, r io.Reader) *watched {
	return &watched{ctx: ctx, r: r, timer: time.AfterFunc(stall, func() {
		stop(fmt.Errorf("nothing came for %v", stall))
	})}
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.timer.Reset(stall)
	if err != nil && !errors.Is(err, io.EOF) {
		if cause := context.Cause(w.ctx); cause != nil {
			err = cause
		}
		w.err = err
	}
	return n, err
}

// unpackWheel writes the wheel's plug-in, and the licences that come with it, to the folder dir.
func unpackWheel(archive, member, dir, pluginFile string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("open the wheel: %w", err)
	}
	defer z.Close()
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("unpack the wheel: %w", err)
	}
	found := false
	for _, f := range z.File {
		name := ""
		switch {
		case f.Name == member:
			name, found = pluginFile, true
		case strings.Contains(f.Name, "/licenses/"):
			name = path.Base(f.Name)
		default:
			continue
		}
		if err := unpackFile(f, filepath.Join(dir, filepath.Base(name))); err != nil {
			return fmt.Errorf("unpack %s of the wheel: %w (free some space, or try another RLTRAIN_CACHE)", f.Name, err)
		}
	}
	if !found {
		return fmt.Errorf("unpack the wheel: it has no file %s", member)
	}
	return nil
}

func unpackFile(f *zip.File, to string) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer w.Close()
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	if err := w.Sync(); err != nil { // a half-written plug-in after a power cut would crash at load
		return err
	}
	return w.Close()
}

// publish moves the folder from to its place. A folder without a plug-in may be in the way: a user's
// try to place one by hand.
func publish(from, to string) error {
	err := os.Rename(from, to)
	if err == nil {
		return nil
	}
	entries, readErr := os.ReadDir(from)
	if readErr != nil {
		return fmt.Errorf("install the plug-in: %w", err)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("install the plug-in: %w (try another RLTRAIN_CACHE)", err)
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return fmt.Errorf("install the plug-in: %w (try another RLTRAIN_CACHE)", err)
		}
	}
	return nil
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// redact hides the password of an address.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the given address"
	}
	return u.Redacted()
}
