package datasets

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Pattern cuts a text of this package into pieces: the four tags, words and signs with the blank
// before them, single digits, comparison signs as units, blanks and newlines. It matches every
// character of every text, and means the same in Go (RE2) and in the regex engines of Hugging
// Face's tokenizers.
const Pattern = `<think>|</think>|<answer>|</answer>|\n| ?[A-Za-z_]+|[0-9]| ?(?:==|>=|<=)| ?[^ \nA-Za-z0-9_]| `

// Vocabulary lists in sorted order all pieces that Pattern finds in the prompts of every split and
// the documents of every style. It holds no special tokens.
func Vocabulary() []string {
	pattern := regexp.MustCompile(Pattern)
	pieces := map[string]bool{}
	texts := language()
	slices.Sort(texts)
	for _, text := range slices.Compact(texts) { // statements repeat from spec to spec
		for _, piece := range pattern.FindAllString(text, -1) {
			pieces[piece] = true
		}
	}
	return slices.Sorted(maps.Keys(pieces))
}

// language returns texts that together hold every piece: each sentence of the corpus in each
// place where it can stand. Attempts and numbers are made of digits and signs only.
func language() []string {
	texts := []string{
		frame("", "", false, 0),
		Prompt(CountdownQuestion([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 10)),
		"8+2=10,22*10=220,(9-6)/3",
		verdict(1, 2) + verdict(2, 1) + verdict(1, 1),
		" " + strings.Join(phrases[:], " "),
	}
	for _, s := range CodeSpecs() {
		p := s.problem()
		texts = append(texts, p.prompt, s.Program(), s.Misread().Program())
		for _, keep := range clauseTexts(p.keep) {
			texts = append(texts, keep, " "+keep) // first in a document, and restated
		}
		for _, later := range append(clauseTexts(p.mapped), clauseTexts(p.gather)...) {
			texts = append(texts, " "+later)
		}
	}
	return texts
}

// clauseTexts states a clause in each reading.
func clauseTexts[T comparable](c clause[T]) []string {
	texts := []string{c.statement(c.right)}
	for _, reading := range c.wrong {
		texts = append(texts, c.statement(reading))
	}
	return texts
}
