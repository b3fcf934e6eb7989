package reflect

import "strings"

// hit is one phrase in a text, as byte range.
type hit struct {
	start, end int
	category   Category
	silent     bool // no phrase: the attempt that replaces another
}

// matcher walks the phrase table along a text.
type matcher struct {
	*lexicon
	tokens
}

// phrases finds the phrases of a text. Those that overlap are one, of the weightier category.
func (l *lexicon) phrases(text string) []hit {
	m := matcher{l, l.tokenize(text)}
	var hits []hit
	for i := range m.list {
		if !m.first[m.list[i].symbol] {
			continue
		}
		stop, category := m.longest(i)
		if stop == 0 {
			continue
		}
		h := hit{start: int(m.list[i].start), end: int(m.list[stop-1].end), category: category}
		if n := len(hits); n > 0 && h.start < hits[n-1].end {
			hits[n-1].join(h)
			continue
		}
		hits = append(hits, h)
	}
	return hits
}

// join takes the other hit in.
func (h *hit) join(with hit) {
	h.end = max(h.end, with.end)
	if weight(with.category) > weight(h.category) {
		h.category = with.category
	}
}

// longest is the token after the longest phrase from token i on; where lengths are equal the weightier category.
func (m *matcher) longest(i int) (end int, category Category) {
	m.walk(m.root, i, i, func(stop int, ends []template) {
		for _, t := range ends {
			if stop < end || stop == end && weight(t.category) <= weight(category) || !m.holds(t, i, stop) {
				continue
			}
			end, category = stop, t.category
		}
	})
	return end, category
}

// walk calls found for each state with complete phrases that the words from i on lead to. first is where the phrase starts.
func (m *matcher) walk(n *node, first, i int, found func(stop int, ends []template)) {
	if len(n.ends) > 0 {
		found(i, n.ends)
	}
	if i >= len(m.list) || i > first && m.list[i].before > comma {
		return
	}
	if next := n.next[m.list[i].symbol]; next != nil && m.list[i].symbol != other {
		m.walk(next, first, i+1, found)
	}
	for name, next := range n.macros {
		m.ends(m.lexicon.macros[name], first, i, func(stop int) { m.walk(next, first, stop, found) })
	}
	if next := n.next[gap]; next != nil {
		m.across(next, first, i, found)
	}
}

// ends calls found for each end of a macro.
func (m *matcher) ends(n *node, first, i int, found func(stop int)) {
	if n.final {
		found(i)
	}
	if i >= len(m.list) || i > first && m.list[i].before > comma {
		return
	}
	if next := n.next[m.list[i].symbol]; next != nil && m.list[i].symbol != other {
		m.ends(next, first, i+1, found)
	}
	for name, next := range n.macros {
		m.ends(m.lexicon.macros[name], first, i, func(stop int) { m.ends(next, first, stop, found) })
	}
}

// across leaves out up to gapWords words of the sentence.
func (m *matcher) across(n *node, first, i int, found func(stop int, ends []template)) {
	for j := i; j < len(m.list) && j <= i+gapWords && m.list[j].before < sentence; j++ {
		if n.next[m.list[j].symbol] == nil && len(n.macros) == 0 {
			continue
		}
		before := m.list[j].before
		m.list[j].before = joined // what was left out may end with a comma
		m.walk(n, first, j, found)
		m.list[j].before = before
	}
}

// holds checks the conditions of a template on the phrase from token i up to stop.
func (m *matcher) holds(t template, i, stop int) bool {
	after, next := m.after, other
	if stop < len(m.list) {
		after, next = m.list[stop].before, m.list[stop].symbol
	}
	end := int(m.list[stop-1].end)
	rest := m.text[end:]
	switch {
	case t.flags&clauseStart != 0 && !m.list[i].opens,
		t.flags&clauseEnd != 0 && after == joined,
		t.flags&question != 0 && !m.question[m.list[stop-1].sentence],
		t.flags&colon != 0 && !strings.HasPrefix(strings.TrimLeft(rest, " *"), ":") && !strings.HasPrefix(rest, "："),
		after < comma && t.not[next],
		len(rest) > 1 && rest[0] == '-' && isWordRune(rune(rest[1])): // check-in
		return false
	}
	return true
}

// weight ranks categories where two claim the same words: to say that something is wrong weighs more than to check it,
// and that more than to stop and think.
func weight(c Category) int {
	switch c {
	case Backtracking:
		return 5
	case Verification:
		return 4
	case BackwardChaining:
		return 3
	case Subgoal:
		return 2
	case Reconsideration:
		return 1
	}
	return 0
}
