package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// Stream decodes ids as they come. A character that several tokens make together is held back until
// it is whole, so that what Next returns is always text to show. The parts and the Rest together are Decode's
// text of all ids; only where byte tokens of a SentencePiece-like vocabulary make no UTF-8 can they differ.
type Stream struct {
	t    *Tokenizer
	held string // bytes that may begin a character
	// For decoders that look at neighbours: ids that are shown, kept for their effect on those that follow.
	ids   []int32
	shown int // how many of ids
}

// Stream begins the decoding of a sequence.
func (t *Tokenizer) Stream() *Stream { return &Stream{t: t} }

// Next takes an id and returns the text that it completes, often "".
func (s *Stream) Next(id int32) string {
	if !s.t.readable(id) {
		return ""
	}
	if s.t.spelled == nil {
		s.ids = append(s.ids, id)
		return s.advance(false)
	}
	text := s.held + s.t.spelled[id]
	s.held = ""
	if n := unfinished(text); n > 0 {
		text, s.held = text[:len(text)-n], text[len(text)-n:]
	}
	return lossy(text)
}

// Rest ends the sequence and returns what was held back.
func (s *Stream) Rest() string {
	if s.t.spelled == nil {
		return s.advance(true)
	}
	text := lossy(s.held)
	s.held = ""
	return text
}

// advance returns what the ids not shown yet add to the text of those shown.
func (s *Stream) advance(all bool) string {
	before, text := s.t.Decode(s.ids[:s.shown]), s.t.Decode(s.ids)
	if !all && strings.HasSuffix(text, "\ufffd") || !strings.HasPrefix(text, before) {
		return ""
	}
	s.ids = s.ids[s.shown:]
	s.shown = len(s.ids)
	return text[len(before):]
}

// unfinished returns how many bytes at the end of text may be the beginning of a character.
func unfinished(text string) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		tail := text[len(text)-n:]
		if utf8.RuneStart(tail[0]) {
			if _, cutShort := broken(tail); cutShort && !utf8.FullRuneInString(tail) {
				return n
			}
			return 0
		}
	}
	return 0
}
