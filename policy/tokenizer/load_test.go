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
	made, err := NewWordLevel(record(t, "words").Pieces, record(t, "words").Pattern)
	require.NoError(t, err)
	require.NoError(t, made.Save(dir))
	require.NoError(t, made.Save(dir), "over the old one")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "a tokenizer that was made comes with its settings")
	for _, path := range []string{dir, filepath.Join(dir, tokenizerFile)} {
		got, err := Load(path)
		require.NoError(t, err)
		require.Equal(t, made.pieces, got.pieces)
		require.Equal(t, made.files, got.files)
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
		"bad id":         {`"\n": 3`, `"\n": "3"`, "no valid tokenizer"},
		"added id":       {`"id": 1,`, `"id": 7,`, `"<bos>" has id 7, but 1 in the vocabulary`},
		"hole":           {`"\n": 3`, `"\n": 3000000000`, "no valid tokenizer"},
		"unigram":        {`"WordLevel"`, `"Unigram"`, `type "Unigram" are not supported`},
		"no model type":  {`"type": "WordLevel"`, `"kind": "WordLevel"`, `type "" are not supported`},
		"no split":       {`"Split"`, `"Whitespace"`, `pre_tokenizer "Whitespace" is not supported`},
		"behavior":       {`"Isolated"`, `"isolated"`, `behavior "isolated"`},
		"no pattern":     {`"Regex"`, `"Rex"`, "patterns is empty"},
		"look-behind":    {`[0-9]|`, `[0-9](?<!x)|`, "look-behind"},
		"normalizer":     {`"normalizer": null`, `"normalizer": {"type":"Nmt"}`, `normalizer "Nmt" is not supported`},
		"no replacement": {`"normalizer": null`, `"normalizer": {"type":"Replace"}`, "patterns is empty"},
		"post-processor": {`"post_processor": null`, `"post_processor": {"type":"X"}`, `post_processor "X" is not supported`},
		"template":       {`"post_processor": null`, `"post_processor": {"type":"TemplateProcessing","single":[],"special_tokens":{}}`, "takes the text 0 times"},
		"template token": {`"post_processor": null`, `"post_processor": {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}],"special_tokens":{}}`, "does not define"},
		"roberta":        {`"post_processor": null`, `"post_processor": {"type":"RobertaProcessing"}`, "cls and sep"},
		"decoder":        {`"Fuse"`, `"CTC"`, `decoder "CTC" is not supported`},
		"strip":          {`"Fuse"`, `"Strip"`, "Strip decoder"},
		"byte level":     {`"pre_tokenizer": {`, `"pre_tokenizer": {"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"Digits"}]}, "x": {`, "after ByteLevel"},
		"byte level 2":   {`"pre_tokenizer": {`, `"pre_tokenizer": {"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"ByteLevel"}]}, "x": {`, "ByteLevel twice"},
		"far id":         {`"\n": 3`, `"\n": 2000000000`, "ids are not between 0 and"},
		"negative id":    {`"\n": 3`, `"\n": -3`, "ids are not between 0 and"},
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

// FuzzParse: any text is an error or a tokenizer that takes texts and ids without harm.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/*/*/" + tokenizerFile)
	require.NoError(f, err)
	for _, path := range append(paths, "testdata/words/"+tokenizerFile, "testdata/unicode/"+tokenizerFile) {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tok, err := parse(text)
		if err != nil {
			return
		}
		for _, s := range []string{"", "Hello  wörld 123\n", "<eos>a\u00a0日本<pad>", strings.Repeat("ab", 60)} {
			ids, err := tok.Encode(s)
			if err != nil {
				continue
			}
			tok.Decode(ids)
			for _, id := range ids {
				require.Less(t, int(id), tok.Size())
			}
		}
		tok.Decode([]int32{-1, 0, 1, 2, 3, 1 << 30})
	})
}
