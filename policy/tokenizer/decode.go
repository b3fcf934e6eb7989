package tokenizer

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decoder turns the pieces of ids into text, or into fewer or other pieces that are then joined.
type decoder interface {
	decode(pieces []string) []string
}

type (
	byteDecoder     struct{ letters *alphabet }
	fallbackDecoder struct{}
	fuseDecoder     struct{}
	blankDecoder    struct{} // no decoder in the file: a blank between pieces
	replaceDecoder  struct{ replacement }
	stripDecoder    struct {
		char        string
		start, stop int
	}
	signDecoder struct {
		sign  string
		first bool // the first piece's sign was put there by the pre-tokenizer
	}
)

// decode takes pieces as bytes; those that spell none, such as added tokens, stand for themselves.
func (d byteDecoder) decode(pieces []string) []string {
	var b strings.Builder
	for _, p := range pieces {
		if text, ok := d.letters.decode(p); ok {
			p = text
		}
		b.WriteString(p)
	}
	return []string{lossy(b.String())}
}

// decode joins runs of byte tokens; a run that is no UTF-8 becomes one U+FFFD a byte.
func (fallbackDecoder) decode(pieces []string) []string {
	out := make([]string, 0, len(pieces))
	var run []byte
	flush := func() {
		if utf8.Valid(run) {
			out = append(out, string(run))
		} else {
			out = append(out, strings.Repeat("\ufffd", len(run)))
		}
		run = run[:0]
	}
	for _, p := range pieces {
		if c, ok := byteToken(p); ok {
			run = append(run, c)
			continue
		}
		if len(run) > 0 {
			flush()
		}
		out = append(out, p)
	}
	if len(run) > 0 {
		flush()
	}
	return out
}

// byteToken reads <0xE3>.
func byteToken(piece string) (byte, bool) {
	if len(piece) != 6 || !strings.HasPrefix(piece, "<0x") || piece[5] != '>' {
		return 0, false
	}
	c, err := strconv.ParseUint(piece[3:5], 16, 8)
	return byte(c), err == nil
}

func (fuseDecoder) decode(pieces []string) []string { return []string{strings.Join(pieces, "")} }

func (blankDecoder) decode(pieces []string) []string { return []string{strings.Join(pieces, " ")} }

func (d replaceDecoder) decode(pieces []string) []string {
	out := make([]string, len(pieces))
	for i, p := range pieces {
		out[i] = d.normalize(p)
	}
	return out
}

func (d stripDecoder) decode(pieces []string) []string {
	out := make([]string, len(pieces))
	for i, p := range pieces {
		for range d.start {
			p = strings.TrimPrefix(p, d.char)
		}
		for range d.stop {
			p = strings.TrimSuffix(p, d.char)
		}
		out[i] = p
	}
	return out
}

func (d signDecoder) decode(pieces []string) []string {
	out := make([]string, len(pieces))
	for i, p := range pieces {
		blank := " "
		if i == 0 && d.first {
			blank = "" // all of them, as the Python library does
		}
		out[i] = strings.ReplaceAll(p, d.sign, blank)
	}
	return out
}

// newDecoders appends what a decoder of the file does.
func newDecoders(list []decoder, s *step) ([]decoder, error) {
	switch s.Type {
	case "Sequence":
		var err error
		for _, inner := range s.Decoders {
			if list, err = newDecoders(list, inner); err != nil {
				return nil, err
			}
		}
		return list, nil
	case "ByteLevel":
		return append(list, byteDecoder{newAlphabet()}), nil
	case "ByteFallback":
		return append(list, fallbackDecoder{}), nil
	case "Fuse":
		return append(list, fuseDecoder{}), nil
	case "Replace":
		cut, err := s.Pattern.cutter()
		if err != nil {
			return nil, err
		}
		return append(list, replaceDecoder{replacement{*cut, s.Content}}), nil
	case "Strip":
		if s.Start < 0 || s.Stop < 0 || s.Start+s.Stop > 1000 || utf8.RuneCountInString(s.Content) != 1 {
			return nil, fmt.Errorf("its Strip decoder takes %d and %d of %q (save it again)", s.Start, s.Stop, s.Content)
		}
		return append(list, stripDecoder{s.Content, s.Start, s.Stop}), nil
	case "Metaspace":
		return append(list, signDecoder{s.Replacement, s.PrependScheme != "never" && set(s.AddPrefixSpace, true)}), nil
	}
	return nil, fmt.Errorf("its decoder %q is not supported, only ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace and Sequence: take another model", s.Type)
}

// Decode returns the text of ids. Special tokens, and ids outside the vocabulary, are left out.
func (t *Tokenizer) Decode(ids []int32) string {
	if t.spelled != nil { // the usual case, without a slice of pieces
		var b strings.Builder
		for _, id := range ids {
			if t.readable(id) {
				b.WriteString(t.spelled[id])
			}
		}
		return lossy(b.String())
	}
	pieces := make([]string, 0, len(ids))
	for _, id := range ids {
		if t.readable(id) {
			pieces = append(pieces, t.pieces[id])
		}
	}
	for _, d := range t.decoders {
		pieces = d.decode(pieces)
	}
	return strings.Join(pieces, "")
}

// readable tells whether an id takes part in decoding.
func (t *Tokenizer) readable(id int32) bool {
	return id >= 0 && int(id) < len(t.pieces) && !t.special[id] && t.pieces[id] != ""
}

// spell fills spelled: what each id adds to the text, where that depends on nothing else.
func (t *Tokenizer) spell() {
	if len(t.decoders) != 1 {
		return
	}
	switch d := t.decoders[0].(type) {
	case fuseDecoder:
		t.spelled = t.pieces
	case byteDecoder:
		t.spelled = make([]string, len(t.pieces))
		for id, p := range t.pieces {
			if text, ok := d.letters.decode(p); ok {
				p = text
			}
			t.spelled[id] = p
		}
	}
}
