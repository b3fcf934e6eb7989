package reflect

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers"
)

// held is an answer that a chain holds from byte end on.
type held struct {
	start, end int
	text       string
	key        string // what it is the value of: answers with the same key replace each other. "" is the task's answer
	decided    bool   // whether right says anything
	right      bool
	restated   bool // it goes on with the one before, or says it again
}

// Patterns of answers. All are bounded, so that a search is linear.
var (
	// corpusClause is a statement of the code-mini corpus.
	corpusClause = regexp.MustCompile(`(keep|map|result): ?([^.\n<]{1,80})`)
	definition   = regexp.MustCompile(`(?m)^[ \t]{0,8}def (\w{1,40})\(`)
	stated       = regexp.MustCompile(`(?i)(?:\banswer|答案)(?: (?:to|of|for) [\w ]{1,30})? ?(?:is|should be|must be|would be|=|:|是|为|应该是|等于|：)[ :]{0,2}\$?(-?\d[\d,]{0,15}(?:\.\d{1,12})?(?:/\d{1,9})?)`)
	valued       = regexp.MustCompile(`([A-Za-z]{1,20}|[\p{Han}]{1,4}?) ?(?:=|is|are|equals|是|为|等于) ?\$?(-?\d[\d,]{0,15}(?:\.\d{1,12})?(?:/\d{1,9})?)`)
)

// answersIn lists the answers that a chain holds, in order.
func answersIn(task datasets.Task, chain string) []held {
	switch task.Kind {
	case "countdown":
		return countdownAnswers(task, chain)
	case "code":
		return codeAnswers(chain)
	}
	return mathAnswers(task, chain)
}

// countdownAnswers are the tries. One that uses only what is left of the numbers goes on with the one before.
func countdownAnswers(task datasets.Task, chain string) []held {
	var out []held
	var numbers pool
	said := map[string]bool{} // steps of the attempt that is being made
	for _, t := range triesIn(chain) {
		a := t.judge(task)
		h := held{start: t.start, end: t.end, text: a.Value, decided: true, right: a.Hit}
		again, fits := true, numbers != nil
		for _, e := range t.steps {
			again = again && said[e.canonical()]
		}
		if !again {
			next := pool{}
			for n, count := range numbers {
				next[n] = count
			}
			for _, e := range t.steps {
				fits = next.take(e) && fits
			}
			if !fits {
				next, said = newPool(task.Numbers), map[string]bool{}
				for _, e := range t.steps {
					next.take(e)
				}
			}
			numbers = next
		}
		if h.restated = again || fits; fits && !again { // the last step of a sum of parts
			h.right = t.steps[len(t.steps)-1].right && numbers.left() == 1 && a.Value == target(task)
		}
		for _, e := range t.steps {
			said[e.canonical()] = true
		}
		out = append(out, h)
	}
	return out
}

// codeAnswers are the clauses of the code-mini corpus and the functions defined, by name.
func codeAnswers(chain string) []held {
	var out []held
	for _, at := range corpusClause.FindAllStringSubmatchIndex(chain, -1) {
		out = append(out, held{start: at[0], end: at[1], text: strings.TrimSpace(chain[at[0]:at[1]]), key: chain[at[2]:at[3]]})
	}
	defs := definition.FindAllStringSubmatchIndex(chain, -1)
	for i, at := range defs {
		end := len(chain)
		if i+1 < len(defs) {
			end = defs[i+1][0]
		}
		if j := strings.Index(chain[at[0]:end], "```"); j >= 0 {
			end = at[0] + j
		} else if j := strings.Index(chain[at[0]:end], "\n\n"); j >= 0 {
			end = at[0] + j
		}
		out = append(out, held{start: at[0], end: end, text: strings.TrimSpace(chain[at[0]:end]), key: "def " + chain[at[2]:at[3]]})
	}
	return inOrder(out)
}

// mathAnswers are boxes and stated answers, calculations, and "name = value".
func mathAnswers(task datasets.Task, chain string) []held {
	var out []held
	add := func(at []int, key string) {
		out = append(out, held{start: at[0], end: at[1], text: strings.TrimRight(strings.TrimSpace(chain[at[2]:at[3]]), ","), key: key})
	}
	for _, at := range boxes(chain) {
		add(at, "")
	}
	for _, at := range stated.FindAllStringSubmatchIndex(chain, -1) {
		add(at, "")
	}
	for _, e := range equations(chain) {
		out = append(out, held{start: e.start, end: e.end, text: e.value, key: e.left})
	}
	for _, at := range valued.FindAllStringSubmatchIndex(chain, -1) {
		if name := strings.ToLower(chain[at[2]:at[3]]); name != "answer" && name != "答案" {
			add([]int{at[0], at[1], at[4], at[5]}, name+"=")
		}
	}
	out = inOrder(out)
	decide(task, out)
	return out
}

// boxes lists the \boxed{…} of a text: where they start and end, and where what is in them does.
func boxes(text string) [][]int {
	const command, longest = `\boxed{`, 200
	var out [][]int
	for at := 0; ; {
		i := strings.Index(text[at:], command)
		if i < 0 {
			return out
		}
		start := at + i
		at = start + len(command)
		for j, depth := at, 1; j < min(len(text), at+longest); j++ {
			switch text[j] {
			case '{':
				depth++
			case '}':
				depth--
			}
			if depth == 0 {
				out = append(out, []int{start, j + 1, at, j})
				break
			}
		}
	}
}

// inOrder sorts by place, and drops what lies inside the answer before it.
func inOrder(list []held) []held {
	slices.SortStableFunc(list, func(a, b held) int { return a.start - b.start })
	out := list[:0]
	for _, h := range list {
		if n := len(out); n > 0 && h.end <= out[n-1].end {
			continue
		}
		out = append(out, h)
	}
	return out
}

// decide compares the answers with the gold, where there is one.
func decide(task datasets.Task, list []held) {
	if task.Answer == "" {
		return
	}
	verdicts := map[string]bool{} // numbers recur
	for i := range list {
		right, known := verdicts[list[i].text]
		if !known {
			right = verifiers.SameMath(task.Answer, list[i].text)
			verdicts[list[i].text] = right
		}
		list[i].decided, list[i].right = true, right
	}
}
