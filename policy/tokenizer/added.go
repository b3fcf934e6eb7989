package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedSet finds the added tokens of a kind in a text: the leftmost, and of those the longest.
type addedSet struct {
	byText  map[string]addedToken
	lengths map[byte][]int // of the tokens that begin with a byte, longest first
}

func newAddedSet(list []addedToken) addedSet {
	s := addedSet{map[string]addedToken{}, map[byte][]int{}}
	for _, a := range list {
		if _, known := s.byText[a.Content]; known || a.Content == "" {
			continue
		}
		s.byText[a.Content] = a
		s.lengths[a.Content[0]] = append(s.lengths[a.Content[0]], len(a.Content))
	}
	for c, lengths := range s.lengths {
		slices.SortFunc(lengths, func(a, b int) int { return b - a })
		s.lengths[c] = slices.Compact(lengths)
	}
	return s
}

// next finds the first added token in text[from:]. It takes the blanks beside it that its flags ask for.
func (s *addedSet) next(text string, from int) (begin, end int, a addedToken, ok bool) {
	if len(s.byText) == 0 {
		return 0, 0, a, false
	}
	for i := from; i < len(text); i++ {
		if a, ok = s.at(text[i:]); !ok {
			continue
		}
		begin, end = i, i+len(a.Content)
		if a.SingleWord && (wordEnds(text[:begin]) || wordBegins(text[end:])) {
			i = end - 1
			continue
		}
		if a.LStrip {
			begin = max(from, len(strings.TrimRightFunc(text[:begin], unicode.IsSpace)))
		}
		if a.RStrip {
			end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
		}
		return begin, end, a, true
	}
	return 0, 0, a, false
}

// at returns the longest token that text begins with.
func (s *addedSet) at(text string) (addedToken, bool) {
	for _, n := range s.lengths[text[0]] {
		if n <= len(text) {
			if a, ok := s.byText[text[:n]]; ok {
				return a, true
			}
		}
	}
	return addedToken{}, false
}

func wordEnds(text string) bool {
	r, n := utf8.DecodeLastRuneInString(text)
	return n > 0 && isWordRune(r)
}

func wordBegins(text string) bool {
	r, n := utf8.DecodeRuneInString(text)
	return n > 0 && isWordRune(r)
}

// isWordRune is \w as Unicode defines it, which the Python library asks of a single word.
func isWordRune(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control)
}

// vocabularyIDs joins the model's vocabulary and the added tokens: every piece by its id.
// Ids that no piece has are "", as some published files leave gaps.
func vocabularyIDs(doc *document) (ids map[string]int32, pieces []string, err error) {
	ids = make(map[string]int32, len(doc.Model.Vocab)+len(doc.AddedTokens))
	for piece, id := range doc.Model.Vocab {
		ids[piece] = id
	}
	for _, a := range doc.AddedTokens {
		if id, inside := ids[a.Content]; inside && id != a.ID {
			return nil, nil, fmt.Errorf("its added token %q has id %d, but %d in the vocabulary (save it again)", a.Content, a.ID, id)
		}
		if a.Content != "" {
			ids[a.Content] = a.ID
		}
	}
	top := int32(-1)
	for piece, id := range ids {
		if id < 0 || id >= maxIDs {
			return nil, nil, fmt.Errorf("its ids are not between 0 and %d: %q has %d (save it again)", maxIDs-1, piece, id)
		}
		top = max(top, id)
	}
	pieces = make([]string, top+1)
	for piece, id := range ids {
		if other := pieces[id]; other != "" {
			return nil, nil, fmt.Errorf("its pieces %q and %q have the same id %d (save it again)", min(other, piece), max(other, piece), id)
		}
		pieces[id] = piece
	}
	return ids, pieces, nil
}

// maxIDs bounds the tables that a damaged file can ask for.
const maxIDs = 1 << 22
