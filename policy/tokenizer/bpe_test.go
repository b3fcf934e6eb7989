package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// families are the tokenizers of testdata/bpe: one of each kind that published models have.
func families() []string {
	return []string{"gpt2", "smol", "llama3", "qwen", "deepseek", "o200k", "gemma", "llama2", "meta", "odd"}
}

// bpeCases is what testdata/bpe.py wrote with the Python library.
type bpeCases struct {
	IDs     [][]int32
	Framed  [][]int32
	Decoded []*string // nil where it is the text
	Blind   [][]int32 // ids drawn blindly, and what they decode to
	Seen    []string
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

func loadFamily(t testing.TB, name string) (*Tokenizer, bpeCases) {
	t.Helper()
	dir := filepath.Join("testdata", "bpe", name)
	tok, err := Load(dir)
	require.NoError(t, err)
	var c bpeCases
	readJSON(t, filepath.Join(dir, "cases.json"), &c)
	return tok, c
}

func familyTexts(t testing.TB) (texts []string) {
	t.Helper()
	readJSON(t, filepath.Join("testdata", "bpe", "texts.json"), &texts)
	require.Greater(t, len(texts), 300)
	return texts
}

// TestBPEGolden has no difference from the Python library.
func TestBPEGolden(t *testing.T) {
	texts := familyTexts(t)
	for _, name := range families() {
		t.Run(name, func(t *testing.T) {
			tok, c := loadFamily(t, name)
			for i, text := range texts {
				ids, err := tok.Encode(text)
				require.NoError(t, err)
				require.Equal(t, c.IDs[i], ids, "%q", text)
				want := text
				if c.Decoded[i] != nil {
					want = *c.Decoded[i]
				}
				require.Equal(t, want, tok.Decode(ids), "%q", text)
				again, err := tok.Encode(text)
				require.NoError(t, err)
				require.Equal(t, ids, again, "from the cache: %q", text)
			}
			for i, want := range c.Framed {
				ids, err := tok.EncodeFramed(texts[i])
				require.NoError(t, err)
				require.Equal(t, want, append([]int32{}, ids...), "%q", texts[i])
			}
			for i, ids := range c.Blind {
				require.Equal(t, c.Seen[i], tok.Decode(ids), "%v", ids)
			}
		})
	}
}

// TestStream decodes token by token what Decode does at once.
func TestStream(t *testing.T) {
	for _, name := range families() {
		t.Run(name, func(t *testing.T) {
			tok, c := loadFamily(t, name)
			lists := c.IDs
			if name != "gemma" && name != "llama2" { // byte tokens that make no character: see Stream
				lists = append(lists, c.Blind...)
			}
			for _, ids := range lists {
				s := tok.Stream()
				var b strings.Builder
				for _, id := range ids {
					b.WriteString(s.Next(id))
				}
				b.WriteString(s.Rest())
				require.Equal(t, tok.Decode(ids), b.String(), "%v", ids)
			}
		})
	}
}

// TestStreamHolds keeps back a character until its last byte.
func TestStreamHolds(t *testing.T) {
	tok, _ := loadFamily(t, "smol")
	letters := newAlphabet()
	s := tok.Stream()
	var parts []string
	for _, c := range []byte("a😀\xf0\x9fb") {
		id, ok := tok.Token(string(letters.runes[c]))
		require.True(t, ok)
		parts = append(parts, s.Next(id))
	}
	require.Equal(t, []string{"a", "", "", "", "😀", "", "", "\ufffdb"}, parts)
	require.Empty(t, s.Rest())
	half, _ := tok.Token(string(letters.runes[0xe2]))
	require.Empty(t, s.Next(half))
	require.Equal(t, "\ufffd", s.Rest())
}

// TestMergeLong compares the heap with the search of all pairs.
func TestMergeLong(t *testing.T) {
	tok, _ := loadFamily(t, "smol")
	b := tok.model.(*bpe)
	for _, text := range familyTexts(t) {
		for len(text) > 0 {
			n := min(len(text), shortWord)
			short := b.merge(b.spell(nil, text[:n]))
			require.Equal(t, short, b.mergeLong(b.spell(nil, text[:n])), "%q", text[:n])
			text = text[n:]
		}
	}
}
