package reflect

import (
	"regexp"
	"strings"
)

// cue is a family of phrases of one category.
type cue struct {
	category Category
	pattern  *regexp.Regexp
	english  bool
}

// The cues, weightiest category first: of two hits of equal length in a sentence the earlier category counts.
// "Wait, that is wrong" is backtracking, "Wait, let me check" verification, a bare "Wait" reconsideration.
var cues = []cue{
	english(Verification,
		`let(?:'s| me| us) (?:just |quickly |now )?(?:double[- ]?check|re[- ]?check|check|verify|confirm|make sure)`,
		`(?:double|re)[- ]?check(?:ing)?`, `to (?:verify|confirm|be sure)`, `i (?:should|need to|will|can) (?:check|verify|confirm)`,
		`(?:verification|sanity check)`, `checking`, `does this work`, `is (?:this|that) (?:right|correct)`),
	english(Backtracking,
		`(?:wait[, ]+|no[, ]+|hmm[, ]+|oh[, ]+)*(?:that|this|it)(?:'s| is| was| must be) (?:wrong|incorrect|not (?:right|correct)|a mistake|an error)`,
		`(?:that|this) (?:might|may|could) be (?:wrong|a mistake|an error)`, `(?:i|we) (?:made|have made) (?:a|an) (?:mistake|error)`,
		`go(?:ing)? back`, `back ?track(?:ing)?`, `start(?:ing)? over`, `(?:from|back to) scratch`, `try (?:it )?again`,
		`(?:no[, ]+)?(?:let me |let's |i'?ll |we can )?try(?:ing)? (?:another|a different|some other|something else|something different)(?: way| approach| method| combination)?`,
		`(?:that|this) (?:does not|doesn't|did not|didn't|won't|will not) work`),
	english(Reconsideration,
		`(?:wait|hmm+|hold on|actually|no)[,. ]+(?:let me |let's |let us )?(?:re-?consider|re-?think|re-?evaluate|re-?examine|think again|think about (?:this|it) again|see)`,
		`wait(?:[, ]+(?:a (?:minute|second|moment)|no))?`, `hmm+`, `hold on(?:[, ]+let me think again)?`, `aha`,
		`(?:let me |let's |let us |i should |i need to )?(?:re-?consider|re-?think|re-?evaluate|re-?examine|think again)`,
		`on second thought`, `looking at (?:this|it) again`, `actually`),
	english(BackwardChaining,
		`work(?:ing)? backwards?`, `(?:to (?:get|reach|make|obtain)|for) \d+,? (?:we|i|you)(?:'d| would)? (?:need|want|must|have to)`,
		`start(?:ing)? (?:from|with) the (?:target|goal|answer|end|result)`, `in reverse`),
	english(Subgoal,
		`first(?:ly)?,? (?:i|we|let me|let us|let's)(?:'ll| will)? (?:need(?: to)?|want to|must|should|find|compute|calculate|get|try|have to)`,
		`step (?:\d+|one|two|three)`, `(?:the )?(?:next|first|second|third|last|final) step(?: is)?`, `(?:my|our|the|a) (?:sub-?goal|plan) is`,
		`next,? (?:i|we|let me|let us|let's)(?:'ll| will)? (?:need(?: to)?|want to|must|should|find|compute|calculate|get)`,
		`break (?:this|it|the problem) (?:down|into)`),
	chinese(Verification, `让我(?:再)?(?:检查|验证|核对|确认)(?:一下|一遍)?`, `(?:检查|验证|验算|核对)(?:一下|一遍)?`, `我(?:来)?(?:再)?(?:检查|验证|核对)`),
	chinese(Backtracking, `这(?:样)?(?:是)?(?:不对|错了|不行|有误)`, `不对`, `重新开始`, `回到(?:前面|开头|上一步)`, `换(?:一种|一个|个)(?:方法|思路|办法)`, `再试(?:一次|试)?`),
	chinese(Reconsideration, `等等`, `等一下`, `(?:让我)?(?:重新|再)(?:考虑|思考|想想|想一想|想)(?:一下)?`, `嗯`, `稍等`),
	chinese(BackwardChaining, `倒推`, `反推`, `从(?:目标|结果|答案)(?:出发|倒推|开始)`, `要(?:得到|凑出)\s*\d+`),
	chinese(Subgoal, `首先`, `第[一二三四五\d]+步`, `接下来`),
}

// english makes a pattern of phrases that stand as whole words in any case; of several the longest is taken.
func english(category Category, phrases ...string) cue {
	r := regexp.MustCompile(`(?i)\b(?:` + strings.Join(phrases, "|") + `)\b`)
	r.Longest()
	return cue{category, r, true}
}

func chinese(category Category, phrases ...string) cue {
	r := regexp.MustCompile(`(?:` + strings.Join(phrases, "|") + `)`)
	r.Longest()
	return cue{category, r, false}
}

// hit is one phrase in a text, as byte range.
type hit struct {
	start, end int
	category   Category
}

// cueHits finds the phrases of text: in each sentence the longest one, and where lengths are equal the first in cues.
func cueHits(text string) []hit {
	var hits []hit
	for _, s := range sentences(text) {
		var best hit
		plain := isASCII(text[s.start:s.end])
		for _, c := range cues {
			if plain && !c.english {
				continue
			}
			for _, at := range c.pattern.FindAllStringIndex(text[s.start:s.end], -1) {
				if at[1]-at[0] > best.end-best.start {
					best = hit{s.start + at[0], s.start + at[1], c.category}
				}
			}
		}
		if best.end > 0 {
			hits = append(hits, best)
		}
	}
	return hits
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// maxSentence cuts sentences that never end, in bytes.
const maxSentence = 2000

// sentences cuts text at sentence ends and line ends. "3.5" does not end a sentence, "35. " does.
func sentences(text string) []hit {
	var out []hit
	start := 0
	cut := func(end int) {
		if strings.TrimSpace(text[start:end]) != "" {
			out = append(out, hit{start: start, end: end})
		}
		start = end
	}
	for i, r := range text {
		switch r {
		case '\n', '。', '!', '?', '！', '？':
			cut(i + len(string(r)))
		case '.':
			if i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '\n' {
				cut(i + 1)
			}
		default:
			if i-start >= maxSentence {
				cut(i)
			}
		}
	}
	cut(len(text))
	return out
}
