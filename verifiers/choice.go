package verifiers

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rltrain/rltrain/datasets"
)

// Choice judges multiple choice by the letter, in any usual dress: B, (b), B., \text{(B)}, "B) 42", "the answer is B",
// 选B. With Task.Choices the text of one choice alone counts as its letter. An answer that names two choices is
// wrong, whichever come first. Without <answer> and box the last line is the answer.
type Choice struct{}

// Verify implements Verifier with the letter in Task.Answer.
func (Choice) Verify(_ context.Context, task datasets.Task, response string) (Verdict, error) {
	return judgeChoice(response, []string{task.Answer}, task.Choices)
}

func judgeChoice(response string, golds, choices []string) (Verdict, error) {
	if len(choices) > 26 {
		return Verdict{}, fmt.Errorf("%d choices: give at most 26, one a letter", len(choices))
	}
	var letters []byte
	for _, gold := range golds {
		letter, f := readChoice(gold, choices)
		if !f.ok() {
			return Verdict{}, fmt.Errorf("gold %.80q is no choice: %s: give a letter such as \"B\"", gold, f.reason)
		}
		letters = append(letters, letter)
	}
	if len(letters) == 0 {
		return Verdict{}, fmt.Errorf("no gold: give a letter such as \"B\"")
	}
	lines := untaggedLines(response)
	return judgeText(response, lastLine, func(answer string) found {
		letter, f := readChoice(answer, choices)
		switch {
		case lines > 1 && !loneLetter.MatchString(undress(answer)):
			return found{Unparseable, "without <answer> or box the last line must be the letter alone"} // an echoed question ends in "D) 42"
		case !f.ok():
			return f
		case slices.Contains(letters, letter):
			return found{kind: Correct}
		}
		return found{Wrong, fmt.Sprintf("%c is not %c", letter, letters[0])}
	}), nil
}

// untaggedLines counts the lines after the thought of a response without <answer> and box, 0 for others.
func untaggedLines(response string) int {
	text := strings.TrimSpace(afterThink(response))
	if strings.Contains(text, answerOpen) || strings.Contains(text, boxed) {
		return 0
	}
	return strings.Count(text, "\n") + 1
}

var (
	styled      = regexp.MustCompile(`\\(?:text|textbf|textit|textrm|textsf|mathrm|mathbf|mathsf|mathit|boxed)\s*\{([^{}]*)\}`)
	spaces      = regexp.MustCompile(`(?:\\[ ,;:!~]|\\q?quad\b|[~\s\x{3000}])+`)
	choiceCue   = regexp.MustCompile(`(?i)^(?:(?:so|thus|hence|therefore),?\s+)?(?:the\s+)?(?:(?:correct|final|right|best)\s+)?(?:answer|option|choice)\s*(?:is|:|：|=)?\s*[:：]?\s*(?:(?:option|choice)\s+)?`)
	choiceCueZh = regexp.MustCompile(`^(?:因此|所以|故)?[,，]?\s*(?:(?:正确)?(?:答案|选项)(?:是|为|选)?|选择?)\s*[:：]?\s*`)
	loneLetter  = regexp.MustCompile(`^[(\[（【{]*\s*([A-Za-z])\s*[)\]）】}.:：、,。]*$`)
	headLetter  = regexp.MustCompile(`^(?:[(\[（【]\s*([A-Za-z])\s*[)\]）】]|([A-Za-z])\s*[)\]）】.:：、])[.:：]?\s*(.+)$`)
	otherSmall  = regexp.MustCompile(`(?:[(\s]([a-z])\)|\b(?:or|and)\s+\(?([a-z])\b)`)
)

// readChoice reads the one letter that an answer names, in upper case.
func readChoice(answer string, choices []string) (byte, found) {
	s := undress(answer)
	if m := loneLetter.FindStringSubmatch(s); m != nil {
		return within(m[1], choices)
	}
	if i := choiceText(s, choices); i >= 0 {
		return byte('A' + i), found{}
	}
	m := headLetter.FindStringSubmatch(s)
	if m == nil {
		return 0, found{Unparseable, fmt.Sprintf("%q is not the letter of a choice", clip(answer, 80))}
	}
	letter, f := within(m[1]+m[2], choices)
	if !f.ok() {
		return 0, f
	}
	switch i := choiceText(undress(m[3]), choices); {
	case i == int(letter-'A'):
		return letter, found{}
	case i >= 0:
		return 0, found{Wrong, fmt.Sprintf("names two choices: letter %c, text of %c", letter, 'A'+i)}
	}
	if other := otherLetter(m[3], letter, choices); other != 0 {
		return 0, found{Wrong, fmt.Sprintf("names two choices: %c and %c", letter, other)}
	}
	return letter, found{}
}

// undress takes off what is around a choice: LaTeX styles, dollar signs, stars and the words that announce an answer.
func undress(s string) string {
	for range 4 {
		s = styled.ReplaceAllString(s, "$1")
	}
	s = strings.NewReplacer("$", "", "**", "", "__", "", `\(`, "", `\)`, "").Replace(s)
	s = strings.TrimSpace(spaces.ReplaceAllString(s, " "))
	s = choiceCue.ReplaceAllString(s, "")
	return choiceCueZh.ReplaceAllString(s, "")
}

// within checks that a letter stands for a choice.
func within(letter string, choices []string) (byte, found) {
	c := strings.ToUpper(letter)[0]
	if len(choices) > 0 && int(c-'A') >= len(choices) {
		return 0, found{Wrong, fmt.Sprintf("%c is none of the %d choices", c, len(choices))}
	}
	return c, found{}
}

// choiceText is the index of the only choice with this text, -1 if there is none.
func choiceText(s string, choices []string) int {
	at := -1
	for i, choice := range choices {
		if strings.EqualFold(undress(choice), strings.TrimSuffix(s, ".")) {
			if at >= 0 {
				return -1
			}
			at = i
		}
	}
	return at
}

// otherLetter finds a second choice in the text after the first: a capital letter by itself up to the last choice (up
// to J where the choices are not known), or a small one in brackets or after "or". A stray letter is
// taken for a choice: better a right answer unpaid than a hedge paid.
func otherLetter(rest string, letter byte, choices []string) byte {
	last := byte('J')
	if len(choices) > 0 {
		last = byte('A' + len(choices) - 1)
	}
	isLetter := func(i int) bool {
		return i >= 0 && i < len(rest) && (rest[i]|0x20 >= 'a' && rest[i]|0x20 <= 'z')
	}
	for i := range len(rest) {
		if c := rest[i]; c >= 'A' && c <= last && c != letter && !isLetter(i-1) && !isLetter(i+1) {
			return c
		}
	}
	for _, m := range otherSmall.FindAllStringSubmatch(" "+rest, -1) {
		if c := strings.ToUpper(m[1] + m[2])[0]; c != letter && c <= last {
			return c
		}
	}
	return 0
}
