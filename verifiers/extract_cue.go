package verifiers

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxTail is how much of the end of a response is searched for words.
const maxTail = 8_000

// Patterns of cue words. What follows the match is the answer.
var (
	englishCue = regexp.MustCompile(`(?i)\b(?:answers?|final results?|solution set|correct (?:option|choice))(?:\s*\([^()\n]{1,40}\))?` +
		`(?:\s+(?:to|for|of|in)\s[^.:=\n$\\]{1,80}?|,[^.,:=\n$\\]{1,40},)?\s*(?:\*\*|__)?\s*` +
		`(?:\b(?:is|are|was|equals?|(?:would|will|must|should|can only) be|comes? (?:out )?to)\b|:|=)[ \t]*:?`)
	chineseCue = regexp.MustCompile(`(?:(?:答案|结果|选项)(?:应该|应当|应|就|只能)?(?:是|为|选|选择|等于)|【答案】|(?:^|\n)答\s*[:：]|(?:答案|结果)\s*(?:\*\*)?\s*[:：=]|故选|应选|(?:所以|因此|因而|本题)选择?|故答案)` +
		`\s*[:：]?`)
	// conclusion is the start of a last line that may state the answer without naming it.
	conclusion = regexp.MustCompile(`(?i)(?:^|[.!?] )\W*(?:therefore|thus|hence|so|finally|consequently|in conclusion|in total|altogether)\b|(?:因此|所以|综上|故|于是)`)
	states     = regexp.MustCompile(`(?i)\b(?:is|are|equals?|(?:would|will|must) be|has|have|gives?|get|obtain|(?:in|de)creases by|(?:grows|rises|falls|drops) by)\b|=|等于|是|为|有`)
	// remark is what people say about an answer after having given it.
	// named says after a value that it is the answer.
	named = regexp.MustCompile(`(?i)\s+(?:is|are) (?:the|our|my) (?:(?:final|correct|only|desired|required) )?(?:answers?|solutions?|result)\s*[.!]?\s*$`)
	// closing is what a response may end in after its answer: a formula of a known prompt, tokens of a chat format.
	closing = regexp.MustCompile(`(?:\s*(?:I hope (?:it|this) is correct\.?|<\|[a-z_]{1,20}\|>(?:user|assistant)?|</s>))+\s*$`)
	remark  = regexp.MustCompile(`(?i)^(?:correct|right|clear|consistent|reasonable|verified|confirmed|valid|found|obtained|given (?:above|below)|as follows|in the box|above)\b`)
)

// cueAnswer is what follows the last cue word; without one, what a last line "Therefore, … is …" states.
func cueAnswer(text string) (string, bool) {
	text = tailOf(text)
	last := -1
	for _, cue := range []*regexp.Regexp{englishCue, chineseCue} {
		for _, hit := range cue.FindAllStringIndex(text, -1) {
			if hit[1] > last && !remark.MatchString(strings.TrimLeft(text[hit[1]:], " *")) {
				last = hit[1]
			}
		}
	}
	if last >= 0 {
		return cueTail(text[last:]), true
	}
	line := lastLineOf(text)
	if answer, ok := beforeName(line); ok {
		return answer, true
	}
	return concluded(line)
}

// beforeName is the value in "Thus $x \le 2$ is our answer": the formula at its end, or the last words, if they are one.
func beforeName(line string) (string, bool) {
	end := named.FindStringIndex(line)
	if end == nil {
		return "", false
	}
	line = line[:end[0]]
	if spans := formulasIn(line); len(spans.list) > 0 && spans.list[len(spans.list)-1].end == len(line) {
		return value(spans.list[len(spans.list)-1].content), true
	}
	answer := line[strings.LastIndexByte(line, ' ')+1:]
	return answer, valueLike(answer)
}

// tailOf is the end of the text that words are looked for in.
func tailOf(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > maxTail {
		text = text[len(text)-maxTail:]
		for len(text) > 0 && !utf8.RuneStart(text[0]) {
			text = text[1:]
		}
	}
	return strings.TrimSpace(closing.ReplaceAllString(text, ""))
}

// cueTail is the answer at the start of s: to the end of its sentence, or the formula on the next lines.
func cueTail(s string) string {
	s = strings.TrimLeft(s, " \t\r\n*_:：")
	for _, pair := range [][2]string{{`\[`, `\]`}, {"$$", "$$"}} {
		if rest, ok := strings.CutPrefix(s, pair[0]); ok {
			if inner, _, closed := strings.Cut(rest, pair[1]); closed {
				return value(inner)
			}
		}
	}
	line, _, _ := strings.Cut(s, "\n")
	line = sentence(line)
	answer := value(line)
	if startsInWords(answer) { // Final answer: the largest n is 34
		if verbs := states.FindAllStringIndex(outsideMaths(line), -1); len(verbs) > 0 {
			if stated := value(line[verbs[len(verbs)-1][1]:]); valueLike(stated) {
				return stated
			}
		}
	}
	return answer
}

// concluded is the value that a line such as "Therefore, the area is 5." ends in. It must look like a value:
// nobody has said that it is the answer.
func concluded(line string) (string, bool) {
	starts := conclusion.FindAllStringIndex(line, -1)
	if len(starts) == 0 {
		return "", false
	}
	line = sentence(strings.TrimSpace(line[starts[len(starts)-1][1]:]))
	verbs := states.FindAllStringIndex(outsideMaths(line), -1)
	if len(verbs) == 0 {
		return "", false
	}
	answer := value(line[verbs[len(verbs)-1][1]:])
	return answer, valueLike(answer)
}
