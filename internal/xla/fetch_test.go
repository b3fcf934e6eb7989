package xla

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const plugin = "not really a plug-in"

// registry is a package index with one wheel, and the release server of upstream.
type registry struct {
	*httptest.Server
	html   bool   // the index answers in HTML only
	wheel  []byte // what it serves
	cut    bool   // the transfer breaks off
	delay  time.Duration
	wheels atomic.Int32 // wheels asked for
	asked  atomic.Int32 // requests of any kind
}

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.asked.Add(1)
	switch req.URL.Path {
	case "/simple/plug/":
		if r.html {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, `<html><body><a class="x" href="../../files/plug-0.whl#sha256=1">plug-0.whl</a><a href="../../files/plug-1.whl#sha256=1&amp;x">plug-1.whl</a>`)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
		fmt.Fprint(w, `{"files":[{"filename":"plug-0.whl","url":"/no"},{"filename":"plug-1.whl","url":"/files/plug-1.whl"}]}`)
	case "/files/plug-1.whl":
		r.wheels.Add(1)
		time.Sleep(r.delay)
		if r.cut {
			w.Header().Set("Content-Length", fmt.Sprint(len(r.wheel)+1000))
		}
		w.Write(r.wheel)
	case "/release/pjrt_cpu_plan9_mips.tar.gz":
		w.Write(release())
	default:
		http.NotFound(w, req)
	}
}

func release() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	t.WriteHeader(&tar.Header{Name: "pjrt_c_api_cpu_" + upstreamVersion + "_plugin.so", Mode: 0o644, Size: int64(len(plugin)), Typeflag: tar.TypeReg})
	t.Write([]byte(plugin))
	t.Close()
	z.Close()
	return b.Bytes()
}

func serve(t *testing.T) (*registry, settings) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"plug/plugin.so", "plug/__init__.py", "plug-1.dist-info/licenses/LICENSE"} {
		f, err := z.Create(name)
		require.NoError(t, err)
		_, err = f.Write([]byte(plugin))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	r := &registry{wheel: b.Bytes()}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	sum := sha256.Sum256(r.wheel)
	return r, settings{
		cache: filepath.Join(t.TempDir(), "pjrt"), index: r.URL + "/simple", platform: "linux_amd64",
		wheel: wheel{project: "plug", version: "1", file: "plug-1.whl", sha256: hex.EncodeToString(sum[:]),
			member: "plug/plugin.so", memberSize: int64(len(plugin))},
		upstream: func(string) (string, error) { return "", errors.New("github is far away") },
	}
}

// clean checks that nothing but the listed entries is left in the cache.
func clean(t *testing.T, s settings, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(s.cache)
	require.NoError(t, err)
	names := []string{}
	for _, e := range entries {
		if e.Name() != ".lock" {
			names = append(names, e.Name())
		}
	}
	require.ElementsMatch(t, want, names)
}

func TestFetchWheel(t *testing.T) {
	for _, html := range []bool{false, true} {
		t.Run(fmt.Sprintf("html=%v", html), func(t *testing.T) {
			r, s := serve(t)
			r.html = html
			var progress bytes.Buffer
			path, err := locate(t.Context(), s, &progress)
			require.NoError(t, err)
			require.Equal(t, s.target(), path)
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, plugin, string(got))
			require.FileExists(t, filepath.Join(filepath.Dir(path), "LICENSE"))
			require.Contains(t, progress.String(), "/files/plug-1.whl (0.0 MB) to "+path)
			clean(t, s, "1")

			asked := r.asked.Load()
			again, err := locate(t.Context(), s, &progress)
			require.NoError(t, err)
			require.Equal(t, path, again)
			require.Equal(t, asked, r.asked.Load(), "a cached plug-in needs no network")
		})
	}
}

func TestChecksumMismatch(t *testing.T) {
	r, s := serve(t)
	r.wheel = append(r.wheel, 0)
	s.upstream = func(string) (string, error) {
		t.Error("a mismatch must not lead to another source")
		return "", nil
	}
	sum := sha256.Sum256(r.wheel)
	var progress bytes.Buffer
	_, err := open(t.Context(), s, Options{Progress: &progress})
	var mismatch *ChecksumError
	require.ErrorAs(t, err, &mismatch)
	require.ErrorContains(t, err, s.wheel.sha256)
	require.ErrorContains(t, err, hex.EncodeToString(sum[:]))
	require.NotContains(t, progress.String(), "pure-Go")
	clean(t, s)
}

func TestFallback(t *testing.T) {
	tests := map[string]struct {
		change func(*registry, *settings)
		why    string
	}{
		"offline":     {func(_ *registry, s *settings) { s.offline = true }, "RLTRAIN_OFFLINE"},
		"no server":   {func(r *registry, _ *settings) { r.Close() }, "refused"},
		"no project":  {func(_ *registry, s *settings) { s.wheel.project = "other" }, "404"},
		"no file":     {func(_ *registry, s *settings) { s.wheel.file = "other.whl" }, "does not list other.whl"},
		"broken off":  {func(r *registry, _ *settings) { r.cut = true }, "unexpected EOF"},
		"other cores": {func(_ *registry, s *settings) { s.platform = "plan9_mips" }, "no wheel for plan9_mips"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, s := serve(t)
			test.change(r, &s)
			var progress bytes.Buffer
			e, err := open(t.Context(), s, Options{Progress: &progress})
			require.NoError(t, err)
			defer e.Finalize()
			require.True(t, e.PureGo)
			require.False(t, e.DynamicSlice)
			require.Contains(t, e.Reason, test.why)
			for _, part := range []string{test.why, "pure-Go", "0.28 to 0.5", "RLTRAIN_PJRT", s.cache} {
				require.Contains(t, progress.String(), part)
			}
			if s.offline {
				require.Zero(t, r.asked.Load())
			} else {
				clean(t, s)
			}
		})
	}
}

func TestUpstream(t *testing.T) {
	r, s := serve(t)
	s.platform = "plan9_mips"
	s.upstream = func(platform string) (string, error) { return r.URL + "/release/pjrt_cpu_" + platform + ".tar.gz", nil }
	var progress bytes.Buffer
	path, err := locate(t.Context(), s, &progress)
	require.NoError(t, err)
	require.Equal(t, s.upstreamTarget(), path)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, plugin, string(got))
	require.Contains(t, progress.String(), "without a pinned checksum")
	clean(t, s, upstreamVersion)
}

func TestConcurrentFetches(t *testing.T) {
	r, s := serve(t)
	r.delay = 200 * time.Millisecond
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var progress bytes.Buffer
			path, err := locate(t.Context(), s, &progress)
			if err != nil || path != s.target() {
				t.Errorf("got %q, %v", path, err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, r.wheels.Load())
	clean(t, s, "1")
}

func TestLockEndsWithContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path, os.Stderr)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var progress bytes.Buffer
	_, err = lock(ctx, path, &progress)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Contains(t, progress.String(), "another process")
	unlock()
	unlock, err = lock(t.Context(), path, os.Stderr)
	require.NoError(t, err)
	unlock()
}

func TestCancelledFetch(t *testing.T) {
	r, s := serve(t)
	r.delay = 300 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := open(ctx, s, Options{Progress: &bytes.Buffer{}})
	require.ErrorIs(t, err, context.DeadlineExceeded, "a cancelled fetch is no reason for a slower backend")
	clean(t, s)
}
