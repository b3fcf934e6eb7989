package hf

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadFolder(t *testing.T) {
	f, err := ReadFolder("testdata/shards")
	require.NoError(t, err)
	defer f.Close()
	require.Equal(t, []string{"a", "b", "c"}, f.Names())
	require.Equal(t, map[string]string{"format": "pt"}, f.Metadata)
	c, err := f.Tensor("c")
	require.NoError(t, err)
	values, err := c.Float32s()
	require.NoError(t, err)
	require.Equal(t, []float32{'c', 'c', 'c', 'c'}, values)

	dir := t.TempDir()
	require.NoError(t, Write(filepath.Join(dir, modelFile), []Tensor{c}, nil))
	single, err := ReadFolder(dir)
	require.NoError(t, err)
	defer single.Close()
	require.Equal(t, []string{"c"}, single.Names())
}

func TestReadFolderErrors(t *testing.T) {
	index := func(text string) map[string]string { return map[string]string{indexFile: text} }
	tests := map[string]struct {
		files map[string]string
		want  string
	}{
		"empty folder":  {nil, "neither model.safetensors nor"},
		"bad index":     {index(`{"weight_map":`), "unexpected end"},
		"no map":        {index(`{}`), "no weight_map"},
		"escaping name": {index(`{"weight_map":{"a":"../x"}}`), "no plain file name"},
		"dots":          {index(`{"weight_map":{"a":".."}}`), "no plain file name"},
		"missing shard": {index(`{"weight_map":{"a":"x.safetensors"}}`), "x.safetensors: no such file"},
		"missing tensor": {map[string]string{indexFile: `{"weight_map":{"a":"x"}}`, "x": file(`{}`, "")},
			`lacks tensor "a"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range test.files {
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644))
			}
			_, err := ReadFolder(dir)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, dir)
		})
	}
}
