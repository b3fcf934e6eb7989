package gguf

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPublished opens a published file, whose tokenizer the tests of policy/tokenizer then compare. It is
// not ours to ship: policy/tokenizer/testdata/real.sh fetches it into the folder that RLTRAIN_E2E_TOKENIZERS names.
func TestPublished(t *testing.T) {
	dir := os.Getenv("RLTRAIN_E2E_TOKENIZERS")
	if dir == "" {
		t.Skip("set RLTRAIN_E2E_TOKENIZERS to a folder that policy/tokenizer/testdata/real.sh has filled to read a published file")
	}
	f, err := Open(filepath.Join(dir, "smollm2.gguf"))
	require.NoError(t, err)
	defer f.Close()
	m, err := f.Convert("float32")
	require.NoError(t, err)
	require.Len(t, m.Parts, 272)
	for _, p := range m.Parts {
		values, err := m.Floats(p)
		require.NoError(t, err)
		n := 1
		for _, d := range p.Shape {
			n *= d
		}
		require.Len(t, values, n)
	}
	text, settings, err := f.Tokenizer()
	require.NoError(t, err)
	into := filepath.Join(dir, "smollm2")
	require.NoError(t, os.MkdirAll(into, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(into, "tokenizer.json"), text, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(into, "tokenizer_config.json"), settings, 0o644))
}
