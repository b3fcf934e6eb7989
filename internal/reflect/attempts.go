package reflect

import (
	"math/big"
	"regexp"
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

// Steps of an attempt: number, operator, number, equals, number; commas between.
const step = `\d{1,9}\s*(?:[-+*/]|×|÷|−|·)\s*\d{1,9}\s*=\s*\d{1,9}(?:/\d{1,9})?`

var (
	attempt = regexp.MustCompile(step + `(?:\s*[,;]\s*` + step + `)*`)
	stepRE  = regexp.MustCompile(`(\d{1,9})\s*([-+*/]|×|÷|−|·)\s*(\d{1,9})\s*=\s*(\d{1,9}(?:/\d{1,9})?)`)
)

// Attempts finds the finished tries in the chain of thought of a countdown task; of other tasks there are none.
func Attempts(task datasets.Task, response string) []Attempt {
	if task.Kind != "countdown" {
		return nil
	}
	start, end := verifiers.ThinkSpan(response)
	return attemptsIn(task, response, start, end)
}

func attemptsIn(task datasets.Task, response string, start, end int) []Attempt {
	var out []Attempt
	seen := map[string]bool{}
	for _, at := range attempt.FindAllStringIndex(response[start:end], -1) {
		a := Attempt{Start: start + at[0], End: start + at[1], Text: response[start+at[0] : start+at[1]]}
		key := a.judge(task)
		a.Repeat, seen[key] = seen[key], true
		out = append(out, a)
	}
	return out
}

// judge fills what the steps say and returns them in one spelling.
func (a *Attempt) judge(task datasets.Task) string {
	var key strings.Builder
	available := map[string]int{}
	for _, n := range task.Numbers {
		available[strconv.Itoa(n)]++
	}
	a.Arithmetic, a.UsesAll = true, true
	for _, m := range stepRE.FindAllStringSubmatch(a.Text, -1) {
		x, op, y, z := trimZeros(m[1]), operator(m[2]), trimZeros(m[3]), trimZeros(m[4])
		key.WriteString(x + op + y + "=" + z + ",")
		available[x]--
		available[y]--
		if available[x] < 0 || available[y] < 0 {
			a.UsesAll = false
		}
		available[z]++
		e, err := verifiers.ParseExpression(x + op + y)
		value, ok := new(big.Rat).SetString(z)
		if err != nil || !ok || e.Value.Cmp(value) != 0 {
			a.Arithmetic = false
		}
		a.Value = z
	}
	left := 0
	for _, n := range available {
		left += max(n, 0)
	}
	a.UsesAll = a.UsesAll && left == 1 // the last result
	a.Hit = a.Arithmetic && a.UsesAll && a.Value == strconv.Itoa(task.Target)
	return key.String()
}

func operator(s string) string {
	switch s {
	case "×", "·":
		return "*"
	case "÷":
		return "/"
	case "−":
		return "-"
	}
	return s
}

func trimZeros(s string) string {
	if t := strings.TrimLeft(s, "0"); t != "" && t[0] != '/' {
		return t
	}
	return "0"
}
