package datasets

import "strconv"

// term is a number or an already combined part of a Countdown attempt.
type term struct {
	value int
	expr  string
}

// enumerator walks all orders of combining terms pair by pair and keeps each sequence of steps
// the first time it is met.
type enumerator struct {
	maxValue int
	seen     map[string]bool
	found    []Attempt
}

func (e *enumerator) reduce(terms []term, steps string) {
	if len(terms) == 1 {
		if !e.seen[steps] {
			e.seen[steps] = true
			e.found = append(e.found, Attempt{Steps: steps, Expr: terms[0].expr, Value: terms[0].value})
		}
		return
	}
	for i := range terms {
		for j := i + 1; j < len(terms); j++ {
			e.combinePair(terms, i, j, steps)
		}
	}
}

// combinePair replaces terms i and j by each allowed result and goes on with the shorter list.
func (e *enumerator) combinePair(terms []term, i, j int, steps string) {
	a, b := terms[i], terms[j]
	if a.value < b.value {
		a, b = b, a
	}
	if steps != "" {
		steps += ","
	}
	next := make([]term, 0, len(terms)-1)
	for _, op := range []byte("+*-/") {
		value, ok := apply(op, a.value, b.value)
		if !ok || value > e.maxValue {
			continue
		}
		expr := a.expr + string(op) + b.expr
		if len(terms) > 2 {
			expr = "(" + expr + ")"
		}
		next = append(next[:0], term{value: value, expr: expr})
		for k, t := range terms {
			if k != i && k != j {
				next = append(next, t)
			}
		}
		e.reduce(next, steps+strconv.Itoa(a.value)+string(op)+strconv.Itoa(b.value)+"="+strconv.Itoa(value))
	}
}

// apply reckons a op b for a >= b >= 1. It refuses results below 1, divisions that do not come out
// even, and divisions by 1, which only repeat a multiplication by 1.
func apply(op byte, a, b int) (value int, ok bool) {
	switch op {
	case '+':
		return a + b, true
	case '*':
		return a * b, true
	case '-':
		return a - b, a > b
	default:
		return a / b, b > 1 && a%b == 0
	}
}
