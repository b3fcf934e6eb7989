package verifiers

import (
	"hash/fnv"
	"unicode"
	"unicode/utf8"

	"github.com/rltrain/rltrain/internal/script"
)

// RepetitionGram is how many tokens in a row Rules takes for a phrase: long enough that calculations which begin alike
// are not repetition.
const RepetitionGram = 12

// LanguageConsistency is the share, 0 to 1, of the words of a thought that are in the question's language, as far as the
// alphabet tells: Chinese from English, not French from English. A sign of Chinese is a word; single letters and
// LaTeX commands are not. A thought without words is consistent; where the question has no words the thought's own
// main language is the measure.
func LanguageConsistency(question, thought string) float64 {
	words, all := countWords(thought)
	if all == 0 {
		return 1
	}
	asked, n := countWords(question)
	if n == 0 {
		asked = words
	}
	language := script.Latin
	for s := range script.Count {
		if asked[s] > asked[language] {
			language = s
		}
	}
	return float64(words[language]) / float64(all)
}

// countWords counts the words of each script.
func countWords(text string) (words [script.Count]int, all int) {
	run, letters := script.None, 0
	finish := func() {
		if run != script.None && letters > 1 {
			words[run]++
			all++
		}
	}
	var before rune
	command := false // these letters follow a backslash
	for _, r := range text {
		s := script.Of(r)
		if s != run || s == script.None || s == script.EastAsian {
			if !command {
				finish()
			}
			run, letters, command = s, 0, before == '\\'
		}
		letters++
		if s == script.EastAsian {
			letters = 2 // a sign is a word
		}
		before = r
	}
	if !command {
		finish()
	}
	return words, all
}

// Repetition is the share, 0 to 1, of the n-grams of a text that occurred before in it: near 0 for prose, near 1 for
// a loop. Tokens are runs of letters or digits, cut after 16 bytes, and single other signs; white space does not count.
func Repetition(text string, n int) float64 {
	tokens := tokenHashes(text)
	total := len(tokens) - n + 1
	if n < 1 || total < 2 {
		return 0
	}
	seen := make(map[uint64]struct{}, total)
	for i := range total {
		gram := uint64(14695981039346656037) // FNV-1a over the tokens' hashes
		for _, token := range tokens[i : i+n] {
			gram = (gram ^ token) * 1099511628211
		}
		seen[gram] = struct{}{}
	}
	return 1 - float64(len(seen))/float64(total)
}

func tokenHashes(text string) []uint64 {
	const longest = 16
	var hashes []uint64
	add := func(token string) {
		if token != "" {
			h := fnv.New64a()
			_, _ = h.Write([]byte(token)) // never fails
			hashes = append(hashes, h.Sum64())
		}
	}
	start := 0
	for i, r := range text {
		wordy := (unicode.IsLetter(r) || unicode.IsDigit(r)) && script.Of(r) != script.EastAsian
		if wordy && i-start < longest {
			continue
		}
		add(text[start:i])
		if start = i; wordy {
			continue
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		if start = i + size; !unicode.IsSpace(r) {
			add(text[i:start])
		}
	}
	add(text[start:])
	return hashes
}
