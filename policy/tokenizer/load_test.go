package tokenizer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
}

func TestSaveLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	made := words(t)
	require.NoError(t, made.Save(dir))
	require.NoError(t, made.Save(dir), "over the old one")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	for _, path := range []string{dir, filepath.Join(dir, tokenizerFile)} {
		got, err := Load(path)
		require.NoError(t, err)
		require.Equal(t, made, got)
	}
	text, err := os.ReadFile(filepath.Join(dir, configFile))
	require.NoError(t, err)
	require.JSONEq(t, `{"tokenizer_class":"PreTrainedTokenizerFast","clean_up_tokenization_spaces":false,"bos_token":"<bos>","eos_token":"<eos>","pad_token":"<pad>"}`, string(text))

	put(t, filepath.Dir(dir), "file", "")
	require.ErrorContains(t, made.Save(filepath.Join(dir, "..", "file")), "choose another folder")
}

func TestRoles(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, words(t).Save(dir))
	put(t, dir, configFile, `{"eos_token":{"content":"<bos>","special":true},"pad_token":"<none>","bos_token":null}`)
	tok, err := Load(dir)
	require.NoError(t, err)
	require.Equal(t, []int32{None, 1, None}, []int32{tok.BOS(), tok.EOS(), tok.PAD()})
	for _, bad := range []string{`{`, `{"eos_token":3}`} {
		put(t, dir, configFile, bad)
		_, err = Load(dir)
		require.ErrorContains(t, err, filepath.Join(dir, configFile))
	}
}

// TestLoadErrors changes one thing of a good file at a time.
func TestLoadErrors(t *testing.T) {
	good, err := os.ReadFile("testdata/words/" + tokenizerFile)
	require.NoError(t, err)
	tests := map[string]struct{ old, new, want string }{
		"cut short":      {"  \"model\"", "", "no valid JSON"},
		"no model":       {`"model"`, `"muddle"`, "no model"},
		"bpe":            {`"WordLevel"`, `"BPE"`, `type "BPE" are not supported yet`},
		"bad id":         {`"\n": 3`, `"\n": "3"`, "no valid tokenizer"},
		"no split":       {`"Split"`, `"Whitespace"`, "pre_tokenizer is not supported yet"},
		"removed":        {`"Isolated"`, `"Removed"`, "pre_tokenizer is not supported yet"},
		"inverted":       {`"invert": false`, `"invert": true`, "pre_tokenizer is not supported yet"},
		"string":         {`"Regex"`, `"String"`, "pre_tokenizer is not supported yet"},
		"look-ahead":     {`[0-9]|`, `[0-9](?!x)|`, "look-ahead"},
		"normalizer":     {`"normalizer": null`, `"normalizer": {"type":"NFC"}`, "normalizer is not supported yet"},
		"post-processor": {`"post_processor": null`, `"post_processor": {"type":"ByteLevel"}`, "post_processor is not supported yet"},
		"decoder":        {`"Fuse"`, `"ByteLevel"`, "decoder is not supported yet"},
		"flag":           {`"lstrip": false`, `"lstrip": true`, `added token "<pad>"`},
		"added id":       {`"id": 1,`, `"id": 7,`, `"<bos>" has id 7, but 1 in the vocabulary`},
		"hole":           {`"\n": 3`, `"\n": 3000000000`, "no valid tokenizer"},
		"far id":         {`"\n": 3`, `"\n": 1000`, "ids are not 0 to 95"},
		"negative id":    {`"\n": 3`, `"\n": -3`, "ids are not 0 to 95"},
		"same id":        {`"\n": 3`, `"\n": 4`, "have the same id 4"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, string(good), test.old)
			dir := t.TempDir()
			text := strings.Replace(string(good), test.old, test.new, 1)
			if test.new == "" {
				text, _, _ = strings.Cut(string(good), test.old)
			}
			put(t, dir, tokenizerFile, text)
			_, err := Load(dir)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, dir)
		})
	}
	_, err = Load(t.TempDir())
	require.ErrorContains(t, err, "no such file")
}

// FuzzParse: any text is an error or a tokenizer that saves and loads as the same.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"words", "unicode"} {
		text, err := os.ReadFile(filepath.Join("testdata", name, tokenizerFile))
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tok, err := parse(text)
		if err != nil {
			return
		}
		saved, err := plainJSON(tok.document())
		require.NoError(t, err)
		again, err := parse([]byte(saved))
		require.NoError(t, err)
		require.Equal(t, tok, again)
	})
}
