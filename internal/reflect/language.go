package reflect

import (
	"strings"

	"github.com/rltrain/rltrain/internal/script"
	"github.com/rltrain/rltrain/verifiers"
)

// LanguageMix is the share, 0 to 1, of the letters of the thought that are outside the question's language, as far as
// the alphabet tells: Chinese from English, not French from English. Where the question has no letters the
// thought's own main alphabet is the measure.
func LanguageMix(question, response string) float64 {
	start, end := verifiers.ThinkSpan(response)
	thought := response[start:end]
	main := mainScript(question, thought)
	all, outside := 0, 0
	for _, r := range thought {
		switch script.Of(r) {
		case script.None:
		case main:
			all++
		default:
			all++
			outside++
		}
	}
	if all == 0 {
		return 0
	}
	return float64(outside) / float64(all)
}

// mainScript is the alphabet of the question, or of the text where the question has no letters.
func mainScript(question, text string) script.Script {
	for _, s := range []string{question, text} {
		var counts [script.Count]int
		best := script.None
		for _, r := range s {
			k := script.Of(r)
			if k == script.None {
				continue
			}
			if counts[k]++; k == script.EastAsian {
				counts[k]++ // a sign says more than a letter
			}
			if counts[k] > counts[best] {
				best = k
			}
		}
		if best != script.None {
			return best
		}
	}
	return script.None
}

// foreign is a run of words in another alphabet than the text's.
type foreign struct {
	script               script.Script
	start                int
	letters, words, last int  // last is where the last letter ends
	grammar              bool // has a word that belongs to a sentence, not to a name
}

// says tells whether a run is more than a name or a term: three signs of Chinese or Korean, a few words elsewhere.
func (f foreign) says() bool {
	switch f.script {
	case script.EastAsian, script.Hangul:
		return f.letters >= 3
	}
	return f.letters >= 8 && (f.words >= 3 || f.grammar && f.words >= 2)
}

// grammarWords are English words that names and terms rarely have.
const grammarWords = " the a is are was of and so we to it this that then let i you not but "

// languageSwitches finds where a text leaves its language for more than a term, code aside. Coming back is none.
func languageSwitches(question, text string) []hit {
	main := mainScript(question, text)
	if main == script.None {
		return nil
	}
	var hits []hit
	var run foreign
	word := -1 // where the current word starts
	endWord := func(end int) {
		if word >= 0 {
			run.words++
			run.grammar = run.grammar || end-word < 8 && strings.Contains(grammarWords, " "+strings.ToLower(text[word:end])+" ")
			run.last = end
		}
		word = -1
	}
	finish := func() {
		if run.says() {
			hits = append(hits, hit{start: run.start, end: run.last, category: LanguageSwitch})
		}
		run = foreign{}
	}
	skip, command := masks(text), false // command: these letters follow a backslash
	for i, r := range text {
		for len(skip) > 0 && skip[0].end <= i {
			skip = skip[1:]
		}
		s := script.Of(r)
		if len(skip) > 0 && i >= skip[0].start {
			s = script.None
		}
		if s != run.script || command {
			endWord(i)
		}
		if command = r == '\\' || command && s != script.None; command || s == script.None {
			continue
		}
		if s == main || run.script != script.None && s != run.script {
			finish()
		}
		if s == main {
			continue
		}
		if run.script == script.None {
			run = foreign{script: s, start: i}
		}
		if word < 0 {
			word = i
		}
		run.letters++
	}
	endWord(len(text))
	finish()
	return hits
}
