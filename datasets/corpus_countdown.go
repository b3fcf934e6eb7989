package datasets

import (
	"math"
	"math/rand/v2"
	"slices"
)

// countdownProblem is a problem with all attempts that one can write about it.
type countdownProblem struct {
	numbers  []int
	target   int
	attempts []Attempt // shared by all targets of the multiset
}

func countdownProblems(rules CountdownRules) []countdownProblem {
	var problems []countdownProblem
	for _, numbers := range rules.multisets() {
		if CountdownSplit(numbers) != Pretrain {
			continue
		}
		attempts := rules.Attempts(numbers)
		for _, target := range rules.targetsOf(numbers, attempts) {
			problems = append(problems, countdownProblem{numbers, target, attempts})
		}
	}
	return problems
}

// nearWeights tabulates the weight of a wrong attempt by |value-target|. The constant keeps
// attempts far from the target possible.
func nearWeights(width float64, maxValue int) []float64 {
	weights := make([]float64, maxValue+1)
	for distance := range weights {
		weights[distance] = math.Exp(-float64(distance)/width) + 0.02
	}
	return weights
}

// countdown writes about a problem and returns the prompt and the final expression.
func (w *writer) countdown(p countdownProblem, near []float64) (prompt, answer string) {
	shown := slices.Clone(p.numbers)
	shuffle(w.rng, shown)
	used := make([]bool, len(p.attempts))
	for attempt := 1; ; attempt++ {
		a := p.attempts[w.choose(p, near, used)]
		w.say(a.Steps)
		w.say(verdict(a.Value, p.target))
		answer = a.Expr
		if a.Value == p.target || !w.goesOn(attempt) || !w.reflect() {
			break
		}
		w.say(" ")
	}
	return Prompt(CountdownQuestion(shown, p.target)), answer
}

// goesOn tells whether a writer whose attempt failed acts on it: a reflective one always makes
// a second attempt and may tire later.
func (w *writer) goesOn(attempt int) bool {
	if !w.reflective || attempt >= w.cfg.MaxAttempts {
		return false
	}
	return attempt == 1 || w.rng.Float64() < w.cfg.ContinueProb
}

func verdict(value, target int) string {
	switch {
	case value < target:
		return " too small."
	case value > target:
		return " too big."
	default:
		return " that works."
	}
}

// choose picks an attempt not used before and marks it: a right one by chance or where nothing wrong
// is left, all equally likely, else a wrong one, the nearer to the target the likelier.
func (w *writer) choose(p countdownProblem, near []float64, used []bool) int {
	hit := w.rng.Float64() < w.cfg.HitRate
	pick := draw(w.rng, p.attempts, func(i int) float64 {
		switch distance := abs(p.attempts[i].Value - p.target); {
		case used[i] || (distance == 0) != hit:
			return 0
		case hit:
			return 1
		default:
			return near[distance]
		}
	})
	if pick < 0 { // all wrong attempts are used up; a right one exists and ends the document
		return slices.IndexFunc(p.attempts, func(a Attempt) bool { return a.Value == p.target })
	}
	used[pick] = true
	return pick
}

// draw picks an index with probability proportional to its weight, or -1 if all weights are 0.
func draw[T any](rng *rand.Rand, items []T, weight func(i int) float64) int {
	total := 0.0
	for i := range items {
		total += weight(i)
	}
	point, last := rng.Float64()*total, -1
	for i := range items {
		if w := weight(i); w > 0 {
			if last = i; point < w {
				return i
			}
			point -= w
		}
	}
	return last // rounding may leave the point just past the end
}

func abs(x int) int { return max(x, -x) }
