package reflect

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rltrain/rltrain/internal/script"
)

// boundary is what stands before a token.
type boundary uint8

const (
	joined   boundary = iota // nothing, a space, a hyphen
	comma                    // a phrase may go across
	clause                   // ; : ( a dash: a phrase may not
	sentence                 // . ! ? and line ends
)

// token is one word, one Chinese sign or one number, as byte range.
type token struct {
	start, end int32
	symbol     symbol
	before     boundary
	opens      bool // a clause starts here
	sentence   int32
}

// tokens is a text cut into words, without its quotations and code.
type tokens struct {
	text     string
	list     []token
	question []bool // by sentence: ends with a question mark
	after    boundary
}

// tokenize is linear in the text.
func (l *lexicon) tokenize(text string) tokens {
	t := &scanner{lexicon: l, tokens: tokens{text: text, question: make([]bool, 1)}, before: sentence}
	skip := masks(text)
	for i := 0; i < len(text); {
		for len(skip) > 0 && skip[0].end <= i {
			skip = skip[1:]
		}
		if len(skip) > 0 && i >= skip[0].start {
			i = skip[0].end
			t.raise(skip[0].before)
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case isWordRune(r):
			i = t.word(i)
		case r >= '0' && r <= '9':
			i = t.number(i)
		case script.Of(r) == script.EastAsian:
			t.emit(i, i+size, l.words[text[i:i+size]])
			i += size
		default:
			t.punctuation(r, i, size)
			i += size
		}
	}
	t.after = max(t.before, clause)
	return t.tokens
}

func isWordRune(r rune) bool {
	return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' ||
		r >= 0x80 && unicode.IsLetter(r) && script.Of(r) != script.EastAsian
}

type scanner struct {
	tokens
	lexicon *lexicon
	before  boundary
}

func (t *scanner) raise(b boundary) { t.before = max(t.before, b) }

// word reads letters, and cuts "let's" into let and 's, but leaves "don't" whole.
func (t *scanner) word(start int) int {
	end := start
	for end < len(t.text) {
		r, size := utf8.DecodeRuneInString(t.text[end:])
		if !isWordRune(r) && !(r >= '0' && r <= '9') {
			break
		}
		end += size
	}
	stop := end
	mark := apostrophe(t.text[end:])
	if mark > 0 {
		for stop = end + mark; stop < len(t.text) && isWordRune(rune(t.text[stop])); stop++ {
		}
	}
	tail := t.text[min(end+mark, stop):stop]
	switch {
	case mark == 0 || tail == "":
		t.emit(start, end, t.lookup(start, end))
		return end
	case tail == "t" || tail == "T":
		t.emit(start, stop, t.lexicon.words[fold(t.text[start:end])+"'t"])
	default:
		t.emit(start, end, t.lookup(start, end))
		t.emit(end, stop, t.lexicon.words["'"+fold(tail)])
	}
	return stop
}

func apostrophe(s string) int {
	switch {
	case strings.HasPrefix(s, "'"):
		return 1
	case strings.HasPrefix(s, "’"):
		return len("’")
	}
	return 0
}

// lookup is the symbol of a word; of a call like check() and of a method like list.check it is none.
func (t *scanner) lookup(start, end int) symbol {
	if end < len(t.text) && t.text[end] == '(' || start > 1 && t.text[start-1] == '.' && isWordRune(rune(t.text[start-2])) {
		return other
	}
	if end-start > 24 {
		return other
	}
	w := fold(t.text[start:end])
	if w[0] == 'h' && strings.Trim(w[1:], "m") == "" {
		w = "hmm" // hm, hmmmm
	}
	return t.lexicon.words[w]
}

// fold is s in lower case, without a copy where it is already.
func fold(s string) string { return strings.ToLower(s) }

func (t *scanner) number(start int) int {
	end := start
	for end < len(t.text) && (t.text[end] >= '0' && t.text[end] <= '9' ||
		end+1 < len(t.text) && (t.text[end] == '.' || t.text[end] == ',') && t.text[end+1] >= '0' && t.text[end+1] <= '9') {
		end++
	}
	t.emit(start, end, numeral)
	return end
}

func (t *scanner) emit(start, end int, s symbol) {
	n := len(t.list)
	opens := t.before > joined || n == 0
	if !opens {
		last := t.list[n-1]
		opens = last.opens && t.lexicon.leads[last.symbol]
	}
	if t.before == sentence && n > 0 {
		t.question = append(t.question, false)
	}
	t.list = append(t.list, token{int32(start), int32(end), s, t.before, opens, int32(len(t.question) - 1)})
	t.before = joined
}

func (t *scanner) punctuation(r rune, at, size int) {
	switch r {
	case '?', '？':
		t.question[len(t.question)-1] = true
		t.raise(sentence)
	case '\n', '。', '!', '！', '<', '>':
		t.raise(sentence)
	case '.':
		t.stop(at, at+size)
	case '…', ',', '，', '、', '—', '–':
		t.raise(comma)
	case ';', '；', ':', '：', '(', '（', ')', '）', '*', '#', '|', '"', '“', '”', '「', '」', '✓', '✗', '→':
		t.raise(clause)
	case '-':
		if at > 0 && t.text[at-1] == ' ' {
			t.raise(comma)
		}
	}
}

// stop is a full stop: the end of a sentence where white space follows, but not in "No. 5" and in a list's "1. ", after
// which a clause starts.
func (t *scanner) stop(at, end int) {
	switch {
	case strings.HasPrefix(t.text[end:], "."), at > 0 && t.text[at-1] == '.':
		t.raise(comma) // an ellipsis
	case t.listMark(at):
		t.raise(clause)
	case end == len(t.text) || strings.IndexByte(" \n\t\"*)", t.text[end]) >= 0 || t.text[end] >= 0x80:
		t.raise(sentence)
	case t.text[end] >= 'a' && t.text[end] <= 'z' || t.text[end] >= 'A' && t.text[end] <= 'Z':
		t.raise(comma)
	}
}

// listMark tells whether the last token is a number that starts its line.
func (t *scanner) listMark(at int) bool {
	n := len(t.list)
	return n > 0 && t.list[n-1].symbol == numeral && int(t.list[n-1].end) == at && t.list[n-1].before >= sentence
}

// pieces cuts a word of a template into the tokens that a text with it has.
func pieces(word string) []string {
	var out []string
	for word != "" {
		r, size := utf8.DecodeRuneInString(word)
		i := strings.IndexByte(word, '\'')
		switch {
		case script.Of(r) == script.EastAsian:
			out, word = append(out, word[:size]), word[size:]
		case i > 0 && !strings.HasSuffix(word, "'t"):
			out, word = append(out, word[:i]), word[i:]
		default:
			return append(out, word)
		}
	}
	return out
}
