package reflect

import "strings"

// A template is a family of phrases in one line, as they stand in the table of docs/emergence.md:
//
//	^        only where a clause starts (after so, but, well, wait, … too)
//	a/b      one of these words
//	(a b|c)  one of these groups; [a b|c] the same, or nothing
//	<name>   a list of the table macros
//	#        a number
//	…        up to gapWords other words of the same sentence
//	$        the clause ends here
//	?        the sentence is a question
//	:        a colon follows
//	!a|b     at the end: none of these words follows
//
// Chinese is written without spaces; each sign is a word.
type template struct {
	category Category
	flags    flag
	not      map[symbol]bool // words that must not follow
}

type flag uint8

const (
	clauseStart flag = 1 << iota
	clauseEnd
	question
	colon
)

// symbol is a word that some template names; 0 is any other word.
type symbol int32

// Symbols with a meaning of their own; words come after them.
const (
	other symbol = iota
	numeral
	gap
	firstWord
)

const gapWords = 8

// node is a state of the matcher: which words may come next, and what is complete here.
type node struct {
	next   map[symbol]*node
	macros map[string]*node
	ends   []template
	final  bool // of a macro
}

func newNode() *node { return &node{next: map[symbol]*node{}, macros: map[string]*node{}} }

// lexicon is the compiled phrase table. It does not change after compile.
type lexicon struct {
	words  map[string]symbol
	leads  map[symbol]bool // words that may stand before the first word of a clause
	root   *node
	macros map[string]*node
	first  map[symbol]bool // words that a phrase may start with
}

// compile panics on a malformed template: the table is part of the program.
func compile(families []family, macros map[string]string, leads string) *lexicon {
	l := &lexicon{words: map[string]symbol{}, leads: map[symbol]bool{}, root: newNode(), macros: map[string]*node{}}
	for name, body := range macros {
		l.macros[name] = newNode()
		for _, end := range l.sequence([]*node{l.macros[name]}, body) {
			end.final = true
		}
	}
	for _, w := range strings.Fields(leads) {
		l.leads[l.symbol(w)] = true
	}
	for _, f := range families {
		for _, text := range f.templates {
			l.add(f.category, text)
		}
	}
	l.first = map[symbol]bool{}
	l.starts(l.root, l.first)
	return l
}

// starts adds the words that may come first from a state on.
func (l *lexicon) starts(n *node, into map[symbol]bool) {
	for s := range n.next {
		into[s] = true
	}
	for name := range n.macros {
		l.starts(l.macros[name], into)
	}
}

func (l *lexicon) add(category Category, text string) {
	t := template{category: category, not: map[symbol]bool{}}
	body, not, _ := strings.Cut(text, "!")
	for _, w := range strings.FieldsFunc(not, func(r rune) bool { return r == '|' || r == ' ' }) {
		t.not[l.symbol(w)] = true
	}
	body = strings.TrimSpace(body)
	if b, ok := strings.CutPrefix(body, "^"); ok {
		body, t.flags = b, t.flags|clauseStart
	}
	for mark, f := range map[string]flag{"$": clauseEnd, "?": question, ":": colon} {
		if b, ok := strings.CutSuffix(body, mark); ok {
			body, t.flags = strings.TrimSpace(b), t.flags|f
		}
	}
	for _, end := range l.sequence([]*node{l.root}, body) {
		end.ends = append(end.ends, t)
	}
}

// sequence adds what s says after each of the nodes, and returns the nodes where it ends.
func (l *lexicon) sequence(from []*node, s string) []*node {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		var item string
		item, s = cutItem(s)
		var to []*node
		switch item[0] {
		case '(', '[':
			for _, part := range splitAlternatives(item[1 : len(item)-1]) {
				to = append(to, l.sequence(from, part)...)
			}
			if item[0] == '[' {
				to = append(to, from...)
			}
		case '<':
			to = step(from, func(n *node) *node { return child(n.macros, item[1:len(item)-1]) })
		default:
			for _, word := range strings.Split(item, "/") {
				to = append(to, l.word(from, word)...)
			}
		}
		from = unique(to)
	}
	return from
}

// word adds one word, which may be several tokens: let's, 检查.
func (l *lexicon) word(from []*node, word string) []*node {
	for _, part := range pieces(word) {
		s := l.symbol(part)
		from = step(from, func(n *node) *node { return child(n.next, s) })
	}
	return from
}

// child is the node under a key, made where it is missing.
func child[K comparable](m map[K]*node, key K) *node {
	n, ok := m[key]
	if !ok {
		n = newNode()
		m[key] = n
	}
	return n
}

func step(from []*node, to func(*node) *node) []*node {
	out := make([]*node, len(from))
	for i, n := range from {
		out[i] = to(n)
	}
	return out
}

func (l *lexicon) symbol(word string) symbol {
	switch word {
	case "#":
		return numeral
	case "…":
		return gap
	}
	s, ok := l.words[word]
	if !ok {
		s = firstWord + symbol(len(l.words))
		l.words[word] = s
	}
	return s
}

// cutItem takes the first item off a template: a group with its brackets, a macro, or a word with its alternatives.
func cutItem(s string) (item, rest string) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(', '[', '<':
			if depth == 0 && i > 0 {
				return s[:i], s[i:]
			}
			depth++
		case ')', ']', '>':
			if depth--; depth == 0 {
				return s[:i+1], s[i+1:]
			}
		case ' ':
			if depth == 0 {
				return s[:i], s[i:]
			}
		}
	}
	return s, ""
}

func splitAlternatives(s string) []string {
	var out []string
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case '|':
			if depth == 0 {
				out = append(out, s[start:i])
				start = i + 1
			}
		}
	}
	return append(out, s[start:])
}

func unique(nodes []*node) []*node {
	seen := map[*node]bool{}
	var out []*node
	for _, n := range nodes {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}
