// Package tokenizer turns text into token ids and back, by the tokenizer.json of a Hugging Face
// model folder: the file means the same to the Python tokenizers library, down to each id.
//
// Read are byte-pair encodings, byte-level ones (GPT-2, Llama 3, Qwen, SmolLM2, DeepSeek) and those that look
// like SentencePiece (Llama 2, Gemma), and the word-level kind of the built-in tasks. What a file asks
// for and is not done here is refused with an error that says so. A text goes through added tokens, such as <eos>,
// which are recognised first; a normalizer; pre-tokenizers, which cut it into pieces; and the model, which turns each
// piece into ids. A Tokenizer never changes and may be used by several goroutines.
package tokenizer

import (
	"fmt"
	"unicode/utf8"
)

// None is the id of a special token that a tokenizer does not have.
const None int32 = -1

// Tokenizer maps between text and ids.
type Tokenizer struct {
	files map[string][]byte // what Save writes: the files as they were read
	roles map[string]string // bos_token and the like, as the files spell them

	pieces  []string // by id, as the file spells them; "" where an id has none
	ids     map[string]int32
	special []bool // by id: left out by Decode

	added       addedSet // recognised in the text as it is
	later       addedSet // recognised in the normalized text
	normalizers []normalizer
	cuts        []preTokenizer
	model       wordModel
	frame       frame
	decoders    []decoder
	spelled     []string // by id: what it adds to the text, nil if that depends on its neighbours

	bos, eos, pad int32
}

// Encode returns the ids of text, and no special tokens but those that the text spells. A piece that
// a word-level vocabulary lacks is an error, unless it has a token for the unknown.
func (t *Tokenizer) Encode(text string) ([]int32, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("encode: the text is no valid UTF-8: %.40q (replace what is not, as strings.ToValidUTF8 does)", text)
	}
	e := encoding{t: t, ids: make([]int32, 0, len(text)/3+4)}
	for from := 0; from < len(text); {
		begin, end, a, ok := t.added.next(text, from)
		if !ok {
			begin, end = len(text), len(text)
		}
		if err := e.segment(text[from:begin], from); err != nil {
			return nil, err
		}
		if ok {
			e.ids = append(e.ids, a.ID)
		}
		from = end
	}
	return e.ids, nil
}

// encoding is the work of one Encode.
type encoding struct {
	t           *Tokenizer
	ids         []int32
	pieces, cut []string // space for two lists
}

// segment encodes a text between added tokens, which begins at a byte of the whole.
func (e *encoding) segment(text string, at int) error {
	for _, n := range e.t.normalizers {
		text = n.normalize(text)
	}
	for from := 0; from < len(text); {
		begin, end, a, ok := e.t.later.next(text, from)
		if !ok {
			begin, end = len(text), len(text)
		}
		if begin > from {
			if err := e.plain(text[from:begin], at+from); err != nil {
				return err
			}
		}
		if ok {
			e.ids = append(e.ids, a.ID)
		}
		from = end
	}
	return nil
}

// plain encodes a text without added tokens.
func (e *encoding) plain(text string, at int) error {
	e.pieces = append(e.pieces[:0], text)
	for _, c := range e.t.cuts {
		e.cut = e.cut[:0]
		for i, p := range e.pieces {
			e.cut = c.cut(e.cut, p, at == 0 && i == 0)
		}
		e.pieces, e.cut = e.cut, e.pieces
	}
	for _, p := range e.pieces {
		var ok bool
		if e.ids, ok = e.t.model.encode(e.ids, p); !ok {
			return fmt.Errorf("encode: piece %q at byte %d is not in the vocabulary of %d tokens: "+
				"keep to the words that this tokenizer was made for, or load one with an unknown token", p, at, len(e.t.pieces))
		}
		at += len(p)
	}
	return nil
}

// Token returns the id of a piece or added token, as the file spells it.
func (t *Tokenizer) Token(piece string) (int32, bool) {
	id, ok := t.ids[piece]
	return id, ok
}

// Piece returns an id as the file spells it, which for a byte-level vocabulary is not its text: that
// is what Decode is for.
func (t *Tokenizer) Piece(id int32) (string, bool) {
	if id < 0 || int(id) >= len(t.pieces) || t.pieces[id] == "" {
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
