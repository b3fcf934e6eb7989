package reflect

import (
	"cmp"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers"
)

// maxFind is how much of a chain of thought is searched, in bytes.
const maxFind = 1 << 20

// Find lists the reflections in the chain of thought of a response, in order and without overlap: between <think>
// and </think>, or in all of an untagged response. In each sentence the longest phrase counts.
//
// Before is the answer that the chain held last before the phrase, After the last one between the phrase and the next
// reflection. Effect is judged where the task's gold decides it: for countdown by the attempts, for
// math by the last box or number; for code always none, since a clause has no gold.
func Find(task datasets.Task, response string) []Reflection {
	start, end := verifiers.ThinkSpan(response)
	end = min(end, start+maxFind)
	chain := response[start:end]
	hits := merge(cueHits(chain), languageSwitches(chain))
	if len(hits) == 0 {
		return nil
	}
	held := answersIn(task, response, start, end)
	out := make([]Reflection, len(hits))
	for i, h := range hits {
		next := end
		if i+1 < len(hits) {
			next = start + hits[i+1].start
		}
		before, after := around(held, start+h.start, next)
		out[i] = Reflection{Offset: start + h.start, Category: h.category, Phrase: chain[h.start:h.end],
			Before: before.text, After: after.text, Effect: effect(before, after)}
	}
	return out
}

// merge puts both lists in order; where two overlap the longer stays.
func merge(a, b []hit) []hit {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(x, y hit) int { return cmp.Compare(x.start, y.start) })
	var out []hit
	for _, h := range all {
		if n := len(out); n > 0 && h.start < out[n-1].end {
			if h.end-h.start > out[n-1].end-out[n-1].start {
				out[n-1] = h
			}
			continue
		}
		out = append(out, h)
	}
	return out
}

// held is an answer that a chain holds from byte end on.
type held struct {
	start, end int
	text       string
	decided    bool // whether right says anything
	right      bool
}

// around picks the last answer before at and the last one from there to next. The list is in order.
func around(list []held, at, next int) (before, after held) {
	i := sort.Search(len(list), func(i int) bool { return list[i].end > at })
	j := sort.Search(len(list), func(j int) bool { return list[j].end > next })
	if i > 0 {
		before = list[i-1]
	}
	if j > i && list[j-1].start >= at {
		after = list[j-1]
	}
	return before, after
}

func effect(before, after held) Effect {
	switch {
	case !before.decided || !after.decided || before.right == after.right:
		return NoneOther
	case after.right:
		return Good
	}
	return Bad
}

// clause is a statement of the code-mini corpus.
var (
	clause = regexp.MustCompile(`(?:keep|map|result): ?[^.\n<]{1,80}`)
	number = regexp.MustCompile(`-?\d{1,18}(?:\.\d{1,18})?`)
	boxes  = regexp.MustCompile(`\\boxed\s*\{([^{}]{1,200})\}`)
)

// answersIn lists the answers that a chain holds, in order.
func answersIn(task datasets.Task, response string, start, end int) []held {
	chain := response[start:end]
	switch task.Kind {
	case "countdown":
		var out []held
		for _, a := range attemptsIn(task, response, start, end) {
			out = append(out, held{a.Start, a.End, a.Value, true, a.Hit})
		}
		return out
	case "code":
		return located(clause.FindAllStringIndex(chain, -1), chain, start, nil)
	}
	judge := func(text string) bool { return verifiers.SameMath(task.Answer, text) }
	if task.Answer == "" {
		judge = nil
	}
	if hits := boxes.FindAllStringSubmatchIndex(chain, -1); hits != nil {
		inner := make([][]int, len(hits))
		for i, h := range hits {
			inner[i] = h[2:4]
		}
		return located(inner, chain, start, judge)
	}
	return located(number.FindAllStringIndex(chain, -1), chain, start, judge)
}

func located(at [][]int, chain string, start int, judge func(string) bool) []held {
	out := make([]held, len(at))
	verdicts := map[string]bool{} // numbers recur
	for i, a := range at {
		text := strings.TrimSpace(chain[a[0]:a[1]])
		out[i] = held{start: start + a[0], end: start + a[1], text: text}
		if judge == nil {
			continue
		}
		right, known := verdicts[text]
		if !known {
			right = judge(text)
			verdicts[text] = right
		}
		out[i].decided, out[i].right = true, right
	}
	return out
}
