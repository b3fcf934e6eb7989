package tokenizer

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// normalizer changes a text before it is cut.
type normalizer interface{ normalize(text string) string }

type (
	unicodeForm norm.Form
	lowercase   struct{}
	prepend     struct{ text string }
	strip       struct{ left, right bool }
	replacement struct {
		find cutter
		with string
	}
)

func (f unicodeForm) normalize(text string) string { return norm.Form(f).String(text) }

// normalize knows the one capital that becomes two characters, which Go's ToLower does not.
func (lowercase) normalize(text string) string {
	return strings.ToLower(strings.ReplaceAll(text, "İ", "i\u0307"))
}

func (p prepend) normalize(text string) string {
	if text == "" {
		return ""
	}
	return p.text + text
}

func (s strip) normalize(text string) string {
	if s.left {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
	}
	if s.right {
		text = strings.TrimRightFunc(text, unicode.IsSpace)
	}
	return text
}

func (r replacement) normalize(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		n, match := r.find.cut(text)
		if match {
			b.WriteString(r.with)
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}

// newNormalizers appends what a normalizer of the file does.
func newNormalizers(list []normalizer, s *step) ([]normalizer, error) {
	if s == nil {
		return list, nil
	}
	switch s.Type {
	case "Sequence":
		var err error
		for _, inner := range s.Normalizers {
			if list, err = newNormalizers(list, inner); err != nil {
				return nil, err
			}
		}
		return list, nil
	case "NFC":
		return append(list, unicodeForm(norm.NFC)), nil
	case "NFD":
		return append(list, unicodeForm(norm.NFD)), nil
	case "NFKC":
		return append(list, unicodeForm(norm.NFKC)), nil
	case "NFKD":
		return append(list, unicodeForm(norm.NFKD)), nil
	case "Lowercase":
		return append(list, lowercase{}), nil
	case "Prepend":
		return append(list, prepend{s.Prepend}), nil
	case "Strip":
		return append(list, strip{s.Left, s.Right}), nil
	case "Replace":
		cut, err := s.Pattern.cutter()
		if err != nil {
			return nil, err
		}
		return append(list, replacement{*cut, s.Content}), nil
	}
	return nil, fmt.Errorf("its normalizer %q is not supported, only NFC, NFD, NFKC, NFKD, Lowercase, Strip, Prepend, Replace and Sequence: take another model", s.Type)
}
