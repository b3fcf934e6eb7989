package tokenizer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// preTokenizer cuts a text into the pieces that the model sees one at a time.
type preTokenizer interface {
	// cut appends the pieces of text; first tells that it begins the whole text.
	cut(dst []string, text string, first bool) []string
}

// Patterns that the Python library has built in.
const (
	gpt2Pattern        = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	digitPattern       = `\p{N}`
	digitsPattern      = `\p{N}+`
	spacePattern       = `\s+`
	punctuationPattern = "[\\p{P}!-/:-@\\[-`{-~]"
)

// cutter compiles the pattern.
func (p *textPattern) cutter() (*cutter, error) {
	switch {
	case p != nil && p.Regex != "":
		return newCutter(p.Regex)
	case p != nil && p.String != "":
		return newCutter(regexp.QuoteMeta(p.String))
	}
	return nil, errors.New("one of its patterns is empty (save it again)")
}

// split cuts at the matches of a pattern.
type split struct {
	find     cutter
	behavior string
	invert   bool
}

func newSplit(pattern *textPattern, behavior string, invert bool) (preTokenizer, error) {
	if !slices.Contains([]string{"Isolated", "Removed", "Contiguous", "MergedWithPrevious", "MergedWithNext"}, behavior) {
		return nil, fmt.Errorf("its pre_tokenizer has the behavior %q, which is not supported: take another model", behavior)
	}
	find, err := pattern.cutter()
	if err != nil {
		return nil, err
	}
	return split{*find, behavior, invert}, nil
}

func (s split) cut(dst []string, text string, _ bool) []string {
	if s.behavior == "Isolated" {
		for len(text) > 0 {
			n := s.find.next(text)
			dst = append(dst, text[:n])
			text = text[n:]
		}
		return dst
	}
	return s.join(dst, text)
}

// join cuts at the matches and joins pieces as the behavior says. Merging takes only the first of
// several matches in a row, as the Python library does.
func (s split) join(dst []string, text string) []string {
	begin, begun, before := 0, false, false // where the open piece begins, if there is one, and whether a match was last
	for at := 0; at < len(text); {
		n, match := s.find.cut(text[at:])
		match = match != s.invert
		var cut bool // before this one
		switch s.behavior {
		case "Removed":
			if cut = match; !match {
				dst = append(dst, text[at:at+n])
			}
		case "Contiguous":
			cut = match != before
		case "MergedWithPrevious":
			cut = !match || before
		case "MergedWithNext": // a match opens a piece; what follows closes it, unless it is a match too
			cut = match || !before
		}
		if cut && begun && s.behavior != "Removed" {
			dst = append(dst, text[begin:at])
			begin = at
		}
		begun, before = true, match
		at += n
	}
	if begun && s.behavior != "Removed" {
		dst = append(dst, text[begin:])
	}
	return dst
}

// byteLevel cuts as GPT-2 does; that its pieces are spelled in bytes is the model's business.
type byteLevel struct {
	addPrefixSpace bool
	find           *cutter // nil: no cutting
}

func (b byteLevel) cut(dst []string, text string, first bool) []string {
	if b.addPrefixSpace && !strings.HasPrefix(text, " ") {
		text = " " + text
	}
	if b.find == nil {
		return append(dst, text)
	}
	return split{find: *b.find, behavior: "Isolated"}.cut(dst, text, first)
}

// metaspace spells blanks as a sign, as SentencePiece does.
type metaspace struct {
	sign, scheme string
	split        preTokenizer // nil: no cutting
}

func (m metaspace) cut(dst []string, text string, first bool) []string {
	text = strings.ReplaceAll(text, " ", m.sign)
	if (m.scheme == "always" || m.scheme == "first" && first) && !strings.HasPrefix(text, m.sign) {
		text = m.sign + text
	}
	if m.split == nil {
		return append(dst, text)
	}
	return m.split.cut(dst, text, first)
}

// newPreTokenizers appends what a pre-tokenizer of the file does, one after the other.
func newPreTokenizers(list []preTokenizer, s *step) ([]preTokenizer, error) {
	if s == nil {
		return list, nil
	}
	var next preTokenizer
	var err error
	switch s.Type {
	case "Sequence":
		for _, inner := range s.Pretokenizers {
			if list, err = newPreTokenizers(list, inner); err != nil {
				return nil, err
			}
		}
		return list, nil
	case "Split":
		next, err = newSplit(s.Pattern, s.Behavior, set(s.Invert, false))
	case "ByteLevel":
		next, err = newByteLevel(s)
	case "Metaspace":
		next, err = newMetaspace(s)
	case "Digits":
		pattern := digitsPattern
		if s.IndividualDigits {
			pattern = digitPattern
		}
		next, err = newSplit(&textPattern{Regex: pattern}, "Isolated", false)
	case "Punctuation":
		if s.Behavior == "" {
			s.Behavior = "Isolated"
		}
		next, err = newSplit(&textPattern{Regex: punctuationPattern}, s.Behavior, false)
	case "WhitespaceSplit":
		next, err = newSplit(&textPattern{Regex: spacePattern}, "Removed", false)
	default:
		err = fmt.Errorf("its pre_tokenizer %q is not supported, only Split, ByteLevel, Digits, Punctuation, WhitespaceSplit, Metaspace and Sequence: take another model", s.Type)
	}
	if err != nil {
		return nil, err
	}
	return append(list, next), nil
}

func newByteLevel(s *step) (preTokenizer, error) {
	b := byteLevel{addPrefixSpace: set(s.AddPrefixSpace, true)}
	var err error
	if set(s.UseRegex, true) {
		b.find, err = newCutter(gpt2Pattern)
	}
	return b, err
}

func newMetaspace(s *step) (preTokenizer, error) {
	m := metaspace{sign: s.Replacement, scheme: s.PrependScheme}
	if m.sign == "" {
		return nil, errors.New("its Metaspace has no replacement (save it again)")
	}
	if m.scheme == "" && set(s.AddPrefixSpace, true) {
		m.scheme = "always"
	}
	var err error
	if set(s.Split, true) {
		m.split, err = newSplit(&textPattern{String: m.sign}, "MergedWithNext", false)
	}
	return m, err
}
