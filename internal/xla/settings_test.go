package xla

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

func TestEnvironment(t *testing.T) {
	s, err := environment(env())
	require.NoError(t, err)
	require.Equal(t, "https://pypi.org/simple", s.index)
	require.False(t, s.offline || s.pureGo)
	require.True(t, filepath.IsAbs(s.target()))

	s, err = environment(env("PIP_INDEX_URL", "https://b.example/simple", "RLTRAIN_OFFLINE", "1", "RLTRAIN_BACKEND", "go",
		"RLTRAIN_CACHE", "/some/where", "PJRT_PLUGIN_LIBRARY_PATH", "/p:/q"))
	require.NoError(t, err)
	require.Equal(t, "https://b.example/simple", s.index)
	require.True(t, s.offline && s.pureGo)
	require.Equal(t, "/some/where/pjrt/0.11.2/pjrt_c_api_cpu_plugin.so", s.target())
	require.Equal(t, []string{"/p", "/q"}, s.library[:2])

	s, err = environment(env("PIP_INDEX_URL", "https://b.example/simple", "RLTRAIN_PYPI", "https://a.example/simple", "RLTRAIN_OFFLINE", "0"))
	require.NoError(t, err)
	require.Equal(t, "https://a.example/simple", s.index)
	require.False(t, s.offline)

	_, err = environment(env("RLTRAIN_BACKEND", "tpu"))
	require.ErrorContains(t, err, `RLTRAIN_BACKEND is "tpu"`)
}
