package verifiers

import (
	"slices"
	"strings"
)

// refuseEcho turns a right answer of kind math into a wrong one when it is nothing but a formula of the question: to
// "Simplify $\sqrt{242}$" the echo has the gold's value, and no work in it. Numbers, and what is written as the gold is,
// may well stand in the question.
func refuseEcho(v Verdict, question string, golds []string) Verdict {
	if v.Kind != Correct || question == "" {
		return v
	}
	answer := unspaced(v.Answer)
	if _, err := ParseNumber(v.Answer); err == nil || slices.ContainsFunc(golds, func(gold string) bool { return unspaced(finalPart(gold)) == answer }) {
		return v
	}
	for _, formula := range formulasIn(question).list {
		if unspaced(formula.content) == answer {
			v.Kind, v.Reward, v.Reason = Wrong, 0, "the answer repeats a formula of the question"
			return v
		}
	}
	return v
}

// unspaced is a formula without what does not show in print.
func unspaced(s string) string {
	s = strings.NewReplacer(" ", "", "\n", "", "\t", "", "$", "", "{", "", "}", "", `\left`, "", `\right`, "", `\!`, "", `\,`, "", `\;`, "", `\[`, "", `\]`, "",
		`\(`, "", `\)`, "", `\dfrac`, `\frac`, `\tfrac`, `\frac`).Replace(s)
	return strings.TrimRight(s, ".,;:?")
}
