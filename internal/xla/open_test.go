package xla

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/stretchr/testify/require"
)

// add runs the smallest graph: 1+2, 3+4.
func add(t *testing.T, b compute.Backend) {
	t.Helper()
	shape := shapes.Make(dtypes.Float32, 2)
	builder := b.Builder("add")
	main := builder.Main()
	x, err := main.Parameter("x", shape, nil)
	require.NoError(t, err)
	y, err := main.Parameter("y", shape, nil)
	require.NoError(t, err)
	sum, err := main.Add(x, y)
	require.NoError(t, err)
	require.NoError(t, main.Return([]compute.Value{sum}, nil))
	exec, err := builder.Compile()
	require.NoError(t, err)
	defer exec.Finalize()
	var in []compute.Buffer
	for _, v := range [][]float32{{1, 3}, {2, 4}} {
		buf, err := b.BufferFromFlatData(0, v, shape)
		require.NoError(t, err)
		in = append(in, buf)
	}
	out, err := exec.Execute(in, nil, 0)
	require.NoError(t, err)
	got := make([]float32, 2)
	require.NoError(t, out[0].ToFlatData(got))
	require.Equal(t, []float32{3, 7}, got)
}

// TestOpenPlugin opens the real component, fetching it if it is not here yet, and checks that what
// Open put into the environment reached the library: it reads XLA_FLAGS through C's getenv.
func TestOpenPlugin(t *testing.T) {
	dump := t.TempDir()
	t.Setenv("XLA_FLAGS", "--xla_dump_to="+dump)
	e, err := Open(t.Context(), Options{})
	require.NoError(t, err)
	defer e.Finalize()
	if e.PureGo {
		t.Skipf("no plug-in here: %s", e.Reason)
	}
	t.Log(e)
	require.Equal(t, 1, e.NumDevices())
	require.True(t, e.DynamicSlice)
	require.Contains(t, e.Flags, regionAnalysis+"=true")
	add(t, e)
	files, err := filepath.Glob(filepath.Join(dump, "*add*"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "the plug-in did not see XLA_FLAGS")
	options, err := filepath.Glob(filepath.Join(dump, "*debug_options"))
	require.NoError(t, err)
	require.NotEmpty(t, options)
	text, err := os.ReadFile(options[0])
	require.NoError(t, err)
	require.True(t, strings.Contains(string(text), "xla_cpu_copy_insertion_use_region_analysis: true"))
}

func TestOpenPureGo(t *testing.T) {
	t.Setenv("RLTRAIN_BACKEND", "go")
	var progress bytes.Buffer
	e, err := Open(t.Context(), Options{Progress: &progress})
	require.NoError(t, err)
	defer e.Finalize()
	require.True(t, e.PureGo)
	require.Empty(t, e.Reason)
	require.Empty(t, progress.String(), "what was asked for needs no warning")
	add(t, e)
}
