package tokenizer

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPublished compares with the Python library on 10,000 texts, for tokenizers of published models.
// Their files are not ours to ship: testdata/real.sh fetches them, and makes the golden files, into the folder that RLTRAIN_E2E_TOKENIZERS names.
func TestPublished(t *testing.T) {
	dir := os.Getenv("RLTRAIN_E2E_TOKENIZERS")
	if dir == "" {
		t.Skip("set RLTRAIN_E2E_TOKENIZERS to a folder that testdata/real.sh has filled to compare with published tokenizers")
	}
	models, err := filepath.Glob(filepath.Join(dir, "*", tokenizerFile))
	require.NoError(t, err)
	require.NotEmpty(t, models, "%s holds no model folders: fill it with testdata/real.sh", dir)
	for _, path := range models {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) { comparePublished(t, filepath.Dir(path)) })
	}
}

func comparePublished(t *testing.T, dir string) {
	begin := time.Now()
	tok, err := Load(dir)
	require.NoError(t, err)
	loaded := time.Since(begin)
	var c struct {
		bpeCases
		Texts []string
	}
	readJSON(t, filepath.Join(dir, "cases.json"), &c)
	require.Len(t, c.Texts, len(c.IDs))
	begin = time.Now()
	tokens, size := 0, 0
	var got [][]int32
	for _, text := range c.Texts {
		ids, err := tok.Encode(text)
		require.NoError(t, err)
		got, tokens, size = append(got, ids), tokens+len(ids), size+len(text)
	}
	took := time.Since(begin).Seconds()
	different := 0
	report := func(format string, args ...any) {
		if different++; different <= 5 {
			t.Errorf(format, args...)
		}
	}
	for i, text := range c.Texts {
		if !slices.Equal(c.IDs[i], got[i]) {
			report("%q is %v, want %v", text, got[i], c.IDs[i])
		}
		want := text
		if c.Decoded[i] != nil {
			want = *c.Decoded[i]
		}
		if have := tok.Decode(got[i]); have != want {
			report("%v decodes to %q, want %q", got[i], have, want)
		}
	}
	for i, want := range c.Framed {
		ids, err := tok.EncodeFramed(c.Texts[i])
		require.NoError(t, err)
		require.Equal(t, want, append([]int32{}, ids...))
	}
	for i, ids := range c.Blind {
		if have := tok.Decode(ids); have != c.Seen[i] {
			report("%v decodes to %q, want %q", ids, have, c.Seen[i])
		}
	}
	t.Logf("%d texts, %d tokens, %d differences; loaded in %v, %.2f million tokens/s, %.1f MB/s", len(c.Texts), tokens, different, loaded.Round(time.Millisecond), float64(tokens)/took/1e6, float64(size)/took/1e6)
}
