package reflect

import "unicode"

// script is a coarse group of alphabets; Chinese and Japanese share signs, so they are one.
type script int

const (
	noScript script = iota
	latin
	eastAsian
	hangul
	cyrillic
	arabic
	hebrew
	devanagari
	thai
	otherScript
	scripts // their number
)

// scriptOf is the script of a letter. Greek letters stand for variables in any language and have none.
func scriptOf(r rune) script {
	switch {
	case r < 0x80:
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return latin
		}
		return noScript
	case !unicode.IsLetter(r) || unicode.Is(unicode.Greek, r):
		return noScript
	case unicode.Is(unicode.Latin, r):
		return latin
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return eastAsian
	case unicode.Is(unicode.Hangul, r):
		return hangul
	case unicode.Is(unicode.Cyrillic, r):
		return cyrillic
	case unicode.Is(unicode.Arabic, r):
		return arabic
	case unicode.Is(unicode.Hebrew, r):
		return hebrew
	case unicode.Is(unicode.Devanagari, r):
		return devanagari
	case unicode.Is(unicode.Thai, r):
		return thai
	}
	return otherScript
}

// LanguageMix is the share of the letters of text outside its majority script: 0 for one language.
func LanguageMix(text string) float64 {
	var counts [scripts]int
	for _, r := range text {
		counts[scriptOf(r)]++
	}
	all, most := 0, 0
	for _, n := range counts[noScript+1:] {
		all += n
		most = max(most, n)
	}
	if all == 0 {
		return 0
	}
	return float64(all-most) / float64(all)
}

// minRun is how many letters in a row make a change of script, by script: one sign of Chinese is a word, one Latin
// letter between Chinese signs is a variable.
func minRun(s script) int {
	if s == eastAsian || s == hangul {
		return 2
	}
	return 5
}

// languageSwitches finds where the script changes for at least a word. The phrase is the first run of the new script.
func languageSwitches(text string) []hit {
	var hits []hit
	current := noScript
	run, start, letters := noScript, 0, 0
	finish := func(end int) {
		if run == noScript || run == current || letters < minRun(run) {
			return
		}
		if current != noScript {
			hits = append(hits, hit{start, end, LanguageSwitch})
		}
		current = run
	}
	for i, r := range text {
		s := scriptOf(r)
		if s == run && s != noScript {
			letters++
			continue
		}
		finish(i)
		run, start, letters = s, i, 1
	}
	finish(len(text))
	return hits
}
