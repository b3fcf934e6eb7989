package reflect

import (
	"cmp"
	"slices"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers"
)

// maxFind is how much of a chain of thought is searched, in bytes.
const maxFind = 1 << 20

// Find lists the reflections in the chain of thought of a response, in order and without overlap: between <think>
// and </think>, or in all of an untagged response. Phrases with nothing but a few words between are one moment. An
// attempt that is left and replaced without a phrase is one too, see Silent.
//
// Before is the answer that the chain held last before the reflection, After the last one from there to the next
// reflection. Effect is judged where the task's gold decides it: for countdown by the attempts, for
// math where both are the task's answer (boxed or stated) or values of the same thing; for code always none,
// since a clause has no gold.
func Find(task datasets.Task, response string) []Reflection {
	start, end := verifiers.ThinkSpan(response)
	end = min(end, start+maxFind)
	chain := response[start:end]
	moments, answers := find(task, chain)
	if len(moments) == 0 {
		return nil
	}
	out := make([]Reflection, len(moments))
	ledger := newLedger(answers)
	for i, m := range moments {
		next := len(chain)
		if i+1 < len(moments) {
			next = moments[i+1].start
		}
		before, after := ledger.across(m.start, next)
		out[i] = Reflection{Offset: start + m.start, Category: m.category, Before: before.text, After: after.text, Effect: effect(before, after)}
		if !m.silent {
			out[i].Phrase = chain[m.start:m.end]
		}
	}
	return out
}

// find lists the moments of reflection in a chain, and the answers in it.
func find(task datasets.Task, chain string) ([]hit, []held) {
	answers := answersIn(task, chain)
	spoken := moments(chain, unquoted(task.Question, chain, cues.phrases(chain)), answers)
	silent := replacements(task, chain, answers, spoken)
	return merge(merge(spoken, languageSwitches(task.Question, chain)), silent), answers
}

// merge puts both lists in order; where two overlap the first list's stays.
func merge(a, b []hit) []hit {
	if len(b) == 0 {
		return a
	}
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(x, y hit) int { return cmp.Compare(x.start, y.start) })
	out := all[:0]
	for _, h := range all {
		if n := len(out); n > 0 && h.start < out[n-1].end {
			if out[n-1].silent && !h.silent {
				out[n-1] = h
			}
			continue
		}
		out = append(out, h)
	}
	return out
}

// ledger reads a list of answers along a chain.
type ledger struct {
	list []held
	at   int
	last held
	keys map[string]held // the last answer of each key
}

func newLedger(list []held) *ledger { return &ledger{list: list, keys: map[string]held{}} }

// across is the answer held before byte at, and the one that the chain comes to from there to next. Calls go forward.
// After is the task's answer where one is stated, else a value that was given before and is given anew, else the last
// value; before is the earlier value of the same thing, if there is one.
func (l *ledger) across(at, next int) (before, after held) {
	l.until(at, nil)
	before = l.last
	rank, known := -1, map[string]held{}
	l.until(next, func(h held) {
		old, again := l.keys[h.key]
		if first, seen := known[h.key]; seen {
			old, again = first, true
		} else if again {
			known[h.key] = old
		}
		r := 0
		switch {
		case h.key == "":
			r = 2
		case again:
			r = 1
		}
		if r < rank {
			return
		}
		rank, after = r, h
		if again {
			before = old
		}
	})
	if rank >= 0 {
		l.last = after
	}
	return before, after
}

// until moves on to the answers that end after byte stop.
func (l *ledger) until(stop int, visit func(held)) {
	for ; l.at < len(l.list) && l.list[l.at].end <= stop; l.at++ {
		h := l.list[l.at]
		if visit != nil {
			visit(h)
		} else if h.key == "" || l.last.key != "" || l.last.end == 0 {
			l.last = h
		}
		l.keys[h.key] = h
	}
}

// effect compares two answers to the same thing.
func effect(before, after held) Effect {
	switch {
	case !before.decided || !after.decided || before.key != after.key || before.right == after.right:
		return NoneOther
	case after.right:
		return Good
	}
	return Bad
}
