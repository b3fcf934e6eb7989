package xla

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func write(t *testing.T, path, text string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func TestLocateOrder(t *testing.T) {
	r, s := serve(t)
	s.library = []string{t.TempDir(), t.TempDir()}
	find := func() string {
		path, err := locate(t.Context(), s, &bytes.Buffer{})
		require.NoError(t, err)
		return path
	}
	// From the last place to the first: each new file wins over those before.
	require.Equal(t, write(t, filepath.Join(s.library[1], s.pluginFile()), plugin), find())
	require.Equal(t, write(t, filepath.Join(s.library[0], "pjrt_c_api_cpu_v0.113.0_plugin.so"), plugin), find())
	require.Equal(t, write(t, filepath.Join(s.library[0], "pjrt_c_api_cpu_v0.114.0_plugin.so"), plugin), find())
	require.Equal(t, write(t, filepath.Join(s.library[0], s.pluginFile()), plugin), find())
	require.Equal(t, write(t, s.upstreamTarget(), plugin), find())
	require.Equal(t, write(t, s.target(), plugin), find())
	s.plugin = write(t, filepath.Join(t.TempDir(), "mine.so"), plugin)
	require.Equal(t, s.plugin, find())
	require.Zero(t, r.asked.Load())
}

func TestLocateErrors(t *testing.T) {
	_, s := serve(t)
	write(t, s.target(), "half of a plug-i")
	_, err := locate(t.Context(), s, &bytes.Buffer{})
	require.ErrorContains(t, err, "has 16 bytes instead of 20: delete it")

	for value, want := range map[string]string{"mine.so": "absolute", "/no/such/file.so": "no such file", t.TempDir(): "no regular file"} {
		s.plugin = value
		_, err := locate(t.Context(), s, &bytes.Buffer{})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "RLTRAIN_PJRT")
	}
}

func TestUnwritableCache(t *testing.T) {
	_, s := serve(t)
	s.cache = filepath.Join(write(t, filepath.Join(t.TempDir(), "file"), ""), "pjrt")
	_, err := open(t.Context(), s, Options{Progress: &bytes.Buffer{}})
	require.ErrorContains(t, err, "RLTRAIN_CACHE")
}

func TestOpenRejectsPlugins(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]string{
		"a,b/pjrt_c_api_cpu_plugin.so":    "comma",
		"nvidia/pjrt_c_api_cpu_plugin.so": "GPU plug-in",
		"pjrt_c_api_cuda_plugin.so":       "--device cuda",
		"pjrt_c_api_cpu_plugin.so":        "open XLA plug-in",
	} {
		path := write(t, filepath.Join(dir, name), plugin)
		_, err := openPlugin(path, true, Options{})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, path)
	}
}

func TestSetFlags(t *testing.T) {
	known := write(t, filepath.Join(t.TempDir(), "known"), strings.Repeat("x", 100)+strings.TrimPrefix(regionAnalysis, "--"))
	unknown := write(t, filepath.Join(t.TempDir(), "unknown"), "x")
	tests := []struct {
		flags, path string
		foreign     bool
		want        string
	}{
		{"", unknown, false, regionAnalysis + "=true"},
		{"--a=b", unknown, false, "--a=b " + regionAnalysis + "=true"},
		{"", known, true, regionAnalysis + "=true"},
		{"--a=b", unknown, true, "--a=b"},
		{regionAnalysis + "=false", unknown, false, regionAnalysis + "=false"},
	}
	for _, test := range tests {
		t.Setenv("XLA_FLAGS", test.flags)
		require.NoError(t, setFlags(test.path, test.foreign))
		require.Equal(t, test.want, os.Getenv("XLA_FLAGS"))
	}
}

func TestFileContains(t *testing.T) {
	const text = "needle in it"
	path := filepath.Join(t.TempDir(), "file")
	for _, at := range []int{0, 1, 1<<20 - len(text), 1<<20 - 5, 1<<20 - 1, 1 << 20, 2<<20 - 3} {
		b := bytes.Repeat([]byte{'n'}, at+len(text)+at%7)
		copy(b[at:], text)
		require.NoError(t, os.WriteFile(path, b, 0o644))
		found, err := fileContains(path, text)
		require.NoError(t, err)
		require.True(t, found, at)
		found, err = fileContains(path, text+"!")
		require.NoError(t, err)
		require.False(t, found, at)
	}
}
