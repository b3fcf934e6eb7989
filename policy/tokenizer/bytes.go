package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// alphabet is how byte-level vocabularies spell bytes: the printable ones as the character of the
// same number, the 68 others as the characters from 256 on, in their order.
type alphabet struct {
	runes [256]rune
	bytes map[rune]byte
}

func newAlphabet() *alphabet {
	a := &alphabet{bytes: map[rune]byte{}}
	others := rune(256)
	for b := range rune(256) {
		a.runes[b] = b
		if b < '!' || '~' < b && b < 0xa1 || b == 0xad {
			a.runes[b] = others
			others++
		}
		a.bytes[a.runes[b]] = byte(b)
	}
	return a
}

// decode returns the bytes that a piece spells; false if a character spells none.
func (a *alphabet) decode(piece string) (string, bool) {
	var b strings.Builder
	for _, r := range piece {
		c, ok := a.bytes[r]
		if !ok {
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// lossy makes UTF-8 of bytes: what cannot be a character becomes U+FFFD, one for as many bytes as
// might have begun one, as Rust and Python do it. Go's own conversions count bytes or runs.
func lossy(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			n, _ = broken(text)
		}
		b.WriteRune(r)
		text = text[n:]
	}
	return b.String()
}

// broken returns how many bytes at the beginning of text, which is no character, belong to the same
// one, and whether more of text might have completed it.
func broken(text string) (n int, cutShort bool) {
	c := text[0]
	need, low, high := 0, byte(0x80), byte(0xbf) // bytes to follow, and what the first of them may be
	switch {
	case 0xc2 <= c && c <= 0xdf:
		need = 1
	case 0xe0 <= c && c <= 0xef:
		need = 2
	case 0xf0 <= c && c <= 0xf4:
		need = 3
	default:
		return 1, false
	}
	switch c {
	case 0xe0:
		low = 0xa0
	case 0xed:
		high = 0x9f
	case 0xf0:
		low = 0x90
	case 0xf4:
		high = 0x8f
	}
	for n = 1; n <= need; n++ {
		if n == len(text) {
			return n, true
		}
		if text[n] < low || high < text[n] {
			break
		}
		low, high = 0x80, 0xbf
	}
	return n, false
}
