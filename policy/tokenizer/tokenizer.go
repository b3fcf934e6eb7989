// Package tokenizer turns text into token ids and back, by the tokenizer.json of a Hugging Face
// model folder: the file means the same to the Python tokenizers library, down to each id.
//
// Supported is the word-level kind: a regular expression cuts a text into pieces, each piece has
// an id, and added tokens such as <eos> are recognised before the cutting. Other kinds (BPE) are refused
// with an error that says so. A Tokenizer never changes and may be used by several goroutines.
package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The special tokens of a tokenizer made by NewWordLevel, with ids 0, 1 and 2.
const (
	padToken = "<pad>"
	bosToken = "<bos>"
	eosToken = "<eos>"
)

// None is the id of a special token that a tokenizer does not have.
const None int32 = -1

// Tokenizer maps between text and ids.
type Tokenizer struct {
	pattern string // as tokenizer.json spells it
	cut     *cutter
	pieces  []string // by id
	ids     map[string]int32
	added   []added // by id
	starts  [256]bool
	special []bool // by id: left out by Decode
	unk     int32  // for pieces not in the vocabulary; None makes them an error
	unkName string

	bos, eos, pad int32
}

// added is a token that is recognised in the text before it is cut.
type added struct {
	content string
	id      int32
	special bool // left out by Decode
	outside bool // not in the model's vocabulary as well
}

// NewWordLevel makes a tokenizer of <pad>, <bos>, <eos> and pieces, in this order, filled up to a
// multiple of 16 with <unused0>, <unused1>, … Each piece must be what pattern cuts it to.
func NewWordLevel(pieces []string, pattern string) (*Tokenizer, error) {
	all := append([]string{padToken, bosToken, eosToken}, pieces...)
	for i := 0; len(all)%16 != 0; i++ {
		all = append(all, fmt.Sprintf("<unused%d>", i))
	}
	specials := []added{{padToken, 0, true, false}, {bosToken, 1, true, false}, {eosToken, 2, true, false}}
	t, err := build(pattern, all, specials, "<unk>")
	if err != nil {
		return nil, fmt.Errorf("make a tokenizer: %w", err)
	}
	t.pad, t.bos, t.eos = 0, 1, 2
	for i, piece := range pieces {
		ids, err := t.Encode(piece)
		if err != nil || len(ids) != 1 || ids[0] != int32(3+i) {
			return nil, fmt.Errorf("make a tokenizer: piece %q is not what the pattern cuts, so it would never be used: leave it out or change the pattern %s", piece, pattern)
		}
	}
	return t, nil
}

// build makes the tables; the ids of pieces are their indices.
func build(pattern string, pieces []string, specials []added, unk string) (*Tokenizer, error) {
	cut, err := newCutter(pattern)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{
		pattern: pattern, cut: cut, pieces: pieces, ids: make(map[string]int32, len(pieces)),
		added: specials, special: make([]bool, len(pieces)), unk: None, unkName: unk,
		bos: None, eos: None, pad: None,
	}
	for i, piece := range pieces {
		if _, taken := t.ids[piece]; taken || piece == "" || !utf8.ValidString(piece) {
			return nil, fmt.Errorf("piece %q, id %d, is empty, not UTF-8 or there twice", piece, i)
		}
		t.ids[piece] = int32(i)
	}
	for _, a := range specials {
		t.starts[a.content[0]] = true
		t.special[a.id] = a.special
	}
	if id, ok := t.ids[unk]; ok {
		t.unk = id
	}
	return t, nil
}

// Encode returns the ids of text. A piece that is not in the vocabulary is an error, unless the
// tokenizer has a token for the unknown.
func (t *Tokenizer) Encode(text string) ([]int32, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("encode: the text is no valid UTF-8: %.40q", text)
	}
	ids := make([]int32, 0, len(text)/3+4)
	from := 0 // where the text after the last added token begins
	for i := 0; i < len(text); i++ {
		if !t.starts[text[i]] {
			continue
		}
		a := t.addedAt(text[i:])
		if a == nil {
			continue
		}
		var err error
		if ids, err = t.encodePlain(ids, text, from, i); err != nil {
			return nil, err
		}
		ids = append(ids, a.id)
		from = i + len(a.content)
		i = from - 1
	}
	return t.encodePlain(ids, text, from, len(text))
}

// addedAt returns the longest added token that text begins with.
func (t *Tokenizer) addedAt(text string) *added {
	var best *added
	for i := range t.added {
		a := &t.added[i]
		if strings.HasPrefix(text, a.content) && (best == nil || len(a.content) > len(best.content)) {
			best = a
		}
	}
	return best
}

// encodePlain appends the ids of text[from:to], which holds no added token.
func (t *Tokenizer) encodePlain(ids []int32, text string, from, to int) ([]int32, error) {
	for from < to {
		end := from + t.cut.next(text[from:to])
		piece := text[from:end]
		id, ok := t.ids[piece]
		if !ok {
			id = t.unk
		}
		if id == None {
			return nil, fmt.Errorf("encode: piece %q at byte %d is not in the vocabulary of %d tokens: "+
				"keep to the words that this tokenizer was made for, or load one with an unknown token", piece, from, len(t.pieces))
		}
		ids = append(ids, id)
		from = end
	}
	return ids, nil
}

// Decode returns the text of ids. Special tokens, and ids outside the vocabulary, are left out.
func (t *Tokenizer) Decode(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		if id >= 0 && int(id) < len(t.pieces) && !t.special[id] {
			b.WriteString(t.pieces[id])
		}
	}
	return b.String()
}

// Token returns the id of a piece or added token.
func (t *Tokenizer) Token(piece string) (int32, bool) {
	id, ok := t.ids[piece]
	return id, ok
}

// Piece returns the text of an id, special tokens spelled out.
func (t *Tokenizer) Piece(id int32) (string, bool) {
	if id < 0 || int(id) >= len(t.pieces) {
		return "", false
	}
	return t.pieces[id], true
}

// Size is the number of ids, unused ones included.
func (t *Tokenizer) Size() int { return len(t.pieces) }

// BOS is the id of the token that begins a sequence, or None.
func (t *Tokenizer) BOS() int32 { return t.bos }

// EOS is the id of the token that ends a sequence, or None.
func (t *Tokenizer) EOS() int32 { return t.eos }

// PAD is the id of the token that fills up a batch, or None.
func (t *Tokenizer) PAD() int32 { return t.pad }
