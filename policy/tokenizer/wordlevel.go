package tokenizer

import (
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// The special tokens of a tokenizer made by NewWordLevel, with ids 0, 1 and 2.
const (
	padToken = "<pad>"
	bosToken = "<bos>"
	eosToken = "<eos>"
)

// wordLevel gives each piece an id of its own.
type wordLevel struct {
	ids map[string]int32
	unk int32
}

func newWordLevel(m *model, byBytes bool) wordLevel {
	w := wordLevel{m.Vocab, lookUp(m.Vocab, m.UnkToken)}
	if byBytes {
		letters := newAlphabet()
		w.ids = make(map[string]int32, len(m.Vocab))
		for piece, id := range m.Vocab {
			if text, ok := letters.decode(piece); ok {
				w.ids[text] = id
			}
		}
	}
	return w
}

func (w wordLevel) encode(ids []int32, piece string) ([]int32, bool) {
	id, ok := w.ids[piece]
	if !ok {
		id = w.unk
	}
	return append(ids, id), id != None
}

// NewWordLevel makes a tokenizer of <pad>, <bos>, <eos> and pieces, in this order, filled up to a
// multiple of 16 with <unused0>, <unused1>, … Each piece must be what pattern cuts it to.
func NewWordLevel(pieces []string, pattern string) (*Tokenizer, error) {
	all := slices.Concat([]string{padToken, bosToken, eosToken}, pieces)
	for i := 0; len(all)%16 != 0; i++ {
		all = append(all, fmt.Sprintf("<unused%d>", i))
	}
	isolated := false
	doc := document{
		Version:      "1.0",
		PreTokenizer: &step{Type: "Split", Pattern: &textPattern{Regex: pattern}, Behavior: "Isolated", Invert: &isolated},
		Decoder:      &step{Type: "Fuse"},
		Model:        &model{Type: "WordLevel", Vocab: vocabulary{}, UnkToken: "<unk>"},
	}
	for id, special := range all[:3] {
		doc.AddedTokens = append(doc.AddedTokens, addedToken{ID: int32(id), Content: special, Special: true})
	}
	for id, piece := range all {
		if _, taken := doc.Model.Vocab[piece]; taken || piece == "" || !utf8.ValidString(piece) {
			return nil, fmt.Errorf("make a tokenizer: piece %q, id %d, is empty, not UTF-8 or there twice", piece, id)
		}
		doc.Model.Vocab[piece] = int32(id)
	}
	t, err := fromDocument(&doc)
	if err != nil {
		return nil, fmt.Errorf("make a tokenizer: %w", err)
	}
	for i, piece := range pieces {
		ids, err := t.Encode(piece)
		if err != nil || len(ids) != 1 || ids[0] != int32(3+i) {
			return nil, fmt.Errorf("make a tokenizer: piece %q is not what the pattern cuts, so it would never be used: leave it out or change the pattern %s", piece, pattern)
		}
	}
	return t, nil
}

// fromDocument writes a document and reads it, so that a tokenizer that was made and one that was
// loaded cannot differ.
func fromDocument(doc *document) (*Tokenizer, error) {
	text, err := plainJSON(doc)
	if err != nil {
		return nil, err
	}
	settings, err := plainJSON(settings())
	if err != nil {
		return nil, err
	}
	return Parse([]byte(text), []byte(settings+"\n"))
}

// settings is tokenizer_config.json: which class of transformers reads tokenizer.json, and which
// token has which role.
func settings() map[string]any {
	c := map[string]any{
		"tokenizer_class":              "PreTrainedTokenizerFast",
		"clean_up_tokenization_spaces": false, // or decode would take blanks out
	}
	maps.Copy(c, map[string]any{"bos_token": bosToken, "eos_token": eosToken, "pad_token": padToken})
	return c
}
