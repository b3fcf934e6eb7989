package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// recorded is a file of cases that testdata/gen.py wrote with the Python library.
type recorded struct {
	Pattern string
	Pieces  []string
	Cases   [][4]any // text, ids or nil, decoded, pieces
}

func record(t testing.TB, name string) recorded {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name, "cases.json"))
	require.NoError(t, err)
	var r recorded
	require.NoError(t, json.Unmarshal(text, &r))
	return r
}

// cuts lists what a pattern makes of a text.
func cuts(text string, next func(string) int) []any {
	pieces := []any{}
	for len(text) > 0 {
		n := next(text)
		pieces = append(pieces, text[:n])
		text = text[n:]
	}
	return pieces
}

func TestGolden(t *testing.T) {
	for _, name := range []string{"words", "unicode"} {
		t.Run(name, func(t *testing.T) {
			r := record(t, name)
			tok, err := Load(filepath.Join("testdata", name))
			require.NoError(t, err)
			require.Greater(t, len(r.Cases), 300)
			cut := tok.cuts[0].(split).find
			for _, c := range r.Cases {
				text := c[0].(string)
				require.Equal(t, c[3], cuts(text, cut.next), "%q", text)
				ids, err := tok.Encode(text)
				if c[1] == nil {
					require.Error(t, err, "%q", text)
					continue
				}
				require.NoError(t, err)
				got := []any{}
				for _, id := range ids {
					got = append(got, float64(id))
				}
				require.Equal(t, c[1], got, "%q", text)
				require.Equal(t, c[2], tok.Decode(ids), "%q", text)
			}
		})
	}
}

// TestGoldenFile makes the tokenizer that the Python library saved, and saves the same bytes.
func TestGoldenFile(t *testing.T) {
	r := record(t, "words")
	made, err := NewWordLevel(r.Pieces, r.Pattern)
	require.NoError(t, err)
	loaded, err := Load("testdata/unicode")
	require.NoError(t, err)
	for name, tok := range map[string]*Tokenizer{"words": made, "unicode": loaded} {
		dir := t.TempDir()
		require.NoError(t, tok.Save(dir))
		want, err := os.ReadFile(filepath.Join("testdata", name, tokenizerFile))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, tokenizerFile))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}
