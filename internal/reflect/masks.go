package reflect

import (
	"strings"
	"unicode/utf8"
)

// span is a range of bytes that is not the writer's own thought; before is what it looks like to the words around it.
type span struct {
	start, end int
	before     boundary
}

// maxQuote is how long a quotation may be, in bytes; a mark without a partner opens none.
const maxQuote = 400

// maxComment is how far before a comment the code is looked for that it belongs to.
const maxComment = 80

// masks lists the quotations, fenced code, inline code and comments of a text, in order and without overlap.
func masks(text string) []span {
	var out []span
	fenced, at := -1, 0
	for at < len(text) {
		end := at + strings.IndexByte(text[at:], '\n') + 1
		if end == at {
			end = len(text)
		}
		line := text[at:end]
		switch fence := strings.HasPrefix(strings.TrimLeft(line, " \t"), "```"); {
		case fence && fenced < 0:
			fenced = at
		case fence:
			out = append(out, span{fenced, end, sentence})
			fenced = -1
		case fenced < 0:
			out = lineMasks(out, text, at, end)
		}
		at = end
	}
	if fenced >= 0 {
		out = append(out, span{fenced, len(text), sentence})
	}
	return out
}

// lineMasks adds the quotations and the comment of the line from start to end.
func lineMasks(out []span, text string, start, end int) []span {
	for i := start; i < end; {
		r, size := utf8.DecodeRuneInString(text[i:end])
		stop := 0
		switch r {
		case '"':
			stop = plainQuote(text, start, i, end)
		case '“', '「', '『', '《':
			stop = closing(text, i+size, end, partner(r))
		case '`':
			stop = closing(text, i+size, end, "`")
		case '#', '/':
			if commentAt(text, start, i, end) {
				return append(out, span{i, end, sentence})
			}
		}
		if stop > 0 {
			out = append(out, span{i, stop, joined})
			i = stop
			continue
		}
		i += size
	}
	return out
}

func partner(r rune) string {
	switch r {
	case '“':
		return "”"
	case '「':
		return "」"
	case '『':
		return "』"
	}
	return "》"
}

// closing is the end of the first mark from at on, or 0.
func closing(text string, at, end int, mark string) int {
	if i := strings.Index(text[at:min(end, at+maxQuote)], mark); i >= 0 {
		return at + i + len(mark)
	}
	return 0
}

// plainQuote is the end of a quotation in straight marks that opens at i, or 0. Inches (5") open none.
func plainQuote(text string, start, i, end int) int {
	if i > start && strings.IndexByte(" \t(:,", text[i-1]) < 0 && text[i-1] < 0x80 {
		return 0
	}
	if i+1 >= end || text[i+1] == ' ' {
		return 0
	}
	return closing(text, i+1, end, `"`)
}

// commentAt tells whether a comment starts at i: # or // with space after it, at the start of the line or after code. A
// heading is "## …" or "# …" with a capital.
func commentAt(text string, start, i, end int) bool {
	rest := text[i:end]
	before := strings.TrimRight(text[max(start, i-maxComment):i], " \t")
	switch {
	case strings.HasPrefix(rest, "// "):
		return before == "" || text[i-1] == ' ' && !isDigit(before[len(before)-1])
	case strings.HasPrefix(rest, "# "):
		if before == "" {
			return len(rest) > 2 && rest[2] >= 'a' && rest[2] <= 'z'
		}
		return strings.ContainsAny(before, "=():[]")
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
