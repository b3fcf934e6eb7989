// Package script tells the alphabets of a text apart, which is how a change of language is seen: English
// against Chinese, but not English against French.
package script

import "unicode"

// Script is a coarse group of alphabets; Chinese and Japanese share signs, so they are one.
type Script int

// The scripts. Languages that share one are not told apart.
const (
	None Script = iota // digits, signs, Greek
	Latin
	EastAsian
	Hangul
	Cyrillic
	Arabic
	Hebrew
	Devanagari
	Thai
	Other
	Count // their number
)

// Of is the script of a letter. Greek letters stand for variables in any language and have none.
func Of(r rune) Script {
	switch {
	case r < 0x80:
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return Latin
		}
		return None
	case !unicode.IsLetter(r) || unicode.Is(unicode.Greek, r):
		return None
	case unicode.Is(unicode.Latin, r):
		return Latin
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return EastAsian
	case unicode.Is(unicode.Hangul, r):
		return Hangul
	case unicode.Is(unicode.Cyrillic, r):
		return Cyrillic
	case unicode.Is(unicode.Arabic, r):
		return Arabic
	case unicode.Is(unicode.Hebrew, r):
		return Hebrew
	case unicode.Is(unicode.Devanagari, r):
		return Devanagari
	case unicode.Is(unicode.Thai, r):
		return Thai
	}
	return Other
}
