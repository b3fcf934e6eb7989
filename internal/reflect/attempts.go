package reflect

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers"
)

// Attempt is one try at a Countdown target in a chain of thought, like `13*7=91,91-7=84`.
type Attempt struct {
	Start, End int    // bytes in the response
	Text       string // the steps as written
	Value      string // what the last step is said to come to
	Arithmetic bool   // every step is right
	UsesAll    bool   // the steps use the task's numbers and their own results, each exactly once
	Hit        bool   // right and complete, and the value is the target
	Repeat     bool   // the same steps were tried before
}

// Attempts finds the finished tries in the chain of thought of a countdown task; of other tasks there are none.
func Attempts(task datasets.Task, response string) []Attempt {
	if task.Kind != "countdown" {
		return nil
	}
	start, end := verifiers.ThinkSpan(response)
	tries := triesIn(response[start:end])
	out := make([]Attempt, len(tries))
	seen := map[string]bool{}
	for i, t := range tries {
		a := t.judge(task)
		a.Start, a.End, a.Text = start+t.start, start+t.end, response[start+t.start:start+t.end]
		a.Repeat, seen[t.key] = seen[t.key], true
		out[i] = a
	}
	return out
}

// try is a row of steps with nothing but commas and spaces between.
type try struct {
	start, end int
	steps      []equation
	key        string // the steps in one spelling
}

func triesIn(chain string) []try {
	var out []try
	for _, e := range equations(chain) {
		n := len(out)
		if n > 0 && (e.start <= out[n-1].end || strings.Trim(chain[out[n-1].end:e.start], ",;，； \t\r\n") == "") {
			out[n-1].end = e.end
			out[n-1].steps = append(out[n-1].steps, e)
			continue
		}
		out = append(out, try{start: e.start, end: e.end, steps: []equation{e}})
	}
	for i := range out {
		var key strings.Builder
		for _, e := range out[i].steps {
			key.WriteString(e.left + "=" + e.value + ",")
		}
		out[i].key = key.String()
	}
	return out
}

// judge tells what the steps of a try come to.
func (t try) judge(task datasets.Task) Attempt {
	numbers := newPool(task.Numbers)
	a := Attempt{Arithmetic: true, UsesAll: true, Value: t.steps[len(t.steps)-1].value}
	for _, e := range t.steps {
		a.UsesAll = numbers.take(e) && a.UsesAll
		a.Arithmetic = a.Arithmetic && e.right
	}
	a.UsesAll = a.UsesAll && numbers.left() == 1 // the last result
	a.Hit = a.Arithmetic && a.UsesAll && a.Value == strconv.Itoa(task.Target)
	return a
}

// pool counts the numbers that a try may still use, its own results among them.
type pool map[string]int

func newPool(numbers []int) pool {
	p := pool{}
	for _, n := range numbers {
		p[strconv.Itoa(n)]++
	}
	return p
}

// take uses up what a step uses and adds its result; false when a number was not there.
func (p pool) take(e equation) bool {
	ok := true
	for _, n := range e.used {
		p[n]--
		ok = ok && p[n] >= 0
	}
	p[e.value]++
	return ok
}

func (p pool) left() int {
	n := 0
	for _, count := range p {
		n += max(count, 0)
	}
	return n
}

func rational(s string) (*big.Rat, bool) { return new(big.Rat).SetString(s) }
