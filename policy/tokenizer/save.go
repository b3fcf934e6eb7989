package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// vocabulary is the map from pieces to ids; it is written in the order of the ids, as the Python
// library writes it.
type vocabulary map[string]int32

// MarshalJSON implements json.Marshaler.
func (v vocabulary) MarshalJSON() ([]byte, error) {
	pieces := make([]string, 0, len(v))
	for piece := range v {
		pieces = append(pieces, piece)
	}
	slices.SortFunc(pieces, func(a, b string) int { return int(v[a] - v[b]) })
	var b bytes.Buffer
	b.WriteByte('{')
	for i, piece := range pieces {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := plainJSON(piece)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s:%d", key, v[piece])
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// plainJSON encodes v without escaping <, > and &, which tags are full of.
func plainJSON(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// Save writes tokenizer.json and tokenizer_config.json into the folder dir, which is made if need be.
func (t *Tokenizer) Save(dir string) error {
	text, err := plainJSON(t.document())
	if err != nil {
		return fmt.Errorf("save tokenizer: %w", err)
	}
	settings, err := plainJSON(t.config())
	if err != nil {
		return fmt.Errorf("save tokenizer: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save tokenizer: %w (choose another folder)", err)
	}
	for name, content := range map[string]string{tokenizerFile: text, configFile: settings + "\n"} {
		if err := replace(filepath.Join(dir, name), content); err != nil {
			return fmt.Errorf("save tokenizer: %w (free some space, or choose another folder)", err)
		}
	}
	return nil
}

// replace writes a file beside path and renames it, so that nobody reads half of it.
func replace(path, content string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, as it should
	defer f.Close()
	if _, err := f.WriteString(content); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// document is what Save writes and parse reads.
func (t *Tokenizer) document() document {
	doc := document{
		Version:      "1.0",
		AddedTokens:  []addedToken{},
		PreTokenizer: &preTokenizer{Type: "Split", Behavior: "Isolated"},
		Decoder:      &typed{Type: "Fuse"},
		Model:        model{Type: "WordLevel", Vocab: maps.Clone(t.ids), UnkToken: t.unkName},
	}
	doc.PreTokenizer.Pattern.Regex = t.pattern
	for _, a := range t.added {
		doc.AddedTokens = append(doc.AddedTokens, addedToken{ID: a.id, Content: a.content, Special: a.special})
		if a.outside {
			delete(doc.Model.Vocab, a.content)
		}
	}
	return doc
}

// config tells transformers which class reads tokenizer.json and which token has which role.
func (t *Tokenizer) config() map[string]any {
	c := map[string]any{
		"tokenizer_class":              "PreTrainedTokenizerFast",
		"clean_up_tokenization_spaces": false, // or decode would take blanks out
	}
	for name, id := range map[string]int32{"bos_token": t.bos, "eos_token": t.eos, "pad_token": t.pad} {
		if piece, ok := t.Piece(id); ok {
			c[name] = piece
		}
	}
	return c
}
