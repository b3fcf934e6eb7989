package datasets

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// CountdownRules say which Countdown problems exist and which ways of reckoning are allowed.
// Every value on the way is a positive integer of at most MaxValue, and a division must come
// out even. The larger operand always stands first, so `2+8` is only written `8+2`.
type CountdownRules struct {
	Count                int // how many numbers a problem gives
	Lo, Hi               int // bounds of each number, both included
	MinTarget, MaxTarget int // bounds of the target, both included
	MaxValue             int // bound of every intermediate value and of the result
}

// DefaultCountdownRules are the rules of the sets countdown/*: three numbers in 1..25, target in 10..150.
func DefaultCountdownRules() CountdownRules {
	return CountdownRules{Count: 3, Lo: 1, Hi: 25, MinTarget: 10, MaxTarget: 150, MaxValue: 200}
}

// Attempt is one complete way to combine all numbers of a problem.
type Attempt struct {
	Steps string // one equation per operation, such as 8+2=10,22+10=32
	Expr  string // the same as one expression, such as 22+(8+2)
	Value int    // what it comes to
}

// Attempts lists every different sequence of steps that uses each number once. The result depends
// on the multiset only, not on the order of numbers. Sequences that read the same are listed once.
func (r CountdownRules) Attempts(numbers []int) []Attempt {
	terms := make([]term, len(numbers))
	for i, n := range sorted(numbers) {
		terms[i] = term{value: n, expr: strconv.Itoa(n)}
	}
	e := enumerator{maxValue: r.MaxValue, seen: map[string]bool{}}
	e.reduce(terms, "")
	return e.found
}

// Targets lists in rising order what the numbers can be asked to make: the values within the
// bounds that some attempt reaches and that are not among the numbers themselves.
func (r CountdownRules) Targets(numbers []int) []int {
	return r.targetsOf(numbers, r.Attempts(numbers))
}

func (r CountdownRules) targetsOf(numbers []int, attempts []Attempt) []int {
	var targets []int
	for _, a := range attempts {
		if a.Value >= r.MinTarget && a.Value <= r.MaxTarget && !slices.Contains(numbers, a.Value) {
			targets = append(targets, a.Value)
		}
	}
	slices.Sort(targets)
	return slices.Compact(targets)
}

// multisets lists all sorted choices of Count numbers in Lo..Hi, repetition allowed.
func (r CountdownRules) multisets() [][]int {
	var all [][]int
	var extend func(prefix []int, lo int)
	extend = func(prefix []int, lo int) {
		if len(prefix) == r.Count {
			all = append(all, slices.Clone(prefix))
			return
		}
		for n := lo; n <= r.Hi; n++ {
			extend(append(prefix, n), n)
		}
	}
	extend(make([]int, 0, r.Count), r.Lo)
	return all
}

// CountdownSplit tells the split of a multiset of numbers. The target plays no part: all targets
// of one multiset lie in the same split, so a policy never meets test numbers in training.
func CountdownSplit(numbers []int) Split {
	return splitOf("countdown " + joinInts(sorted(numbers), "_"))
}

// CountdownTask makes the task for a multiset of numbers and a target. Its id names both; the order
// in which the question shows the numbers follows from the id, so a task has one fixed question.
func CountdownTask(numbers []int, target int) Task {
	id := fmt.Sprintf("countdown-%s-%d", joinInts(sorted(numbers), "_"), target)
	shown := sorted(numbers)
	shuffle(rand.New(rand.NewPCG(hash64(id), 0)), shown)
	return Task{
		ID:       id,
		Kind:     "countdown",
		Question: CountdownQuestion(shown, target),
		Numbers:  shown,
		Target:   target,
	}
}

// CountdownQuestion words a problem, numbers in the order given: make 36 from 2 8 22.
func CountdownQuestion(numbers []int, target int) string {
	return "make " + strconv.Itoa(target) + " from " + joinInts(numbers, " ")
}

// countdownTasks lists every problem of a split under the default rules.
func countdownTasks(split Split) []Task {
	rules := DefaultCountdownRules()
	var tasks []Task
	for _, numbers := range rules.multisets() {
		if CountdownSplit(numbers) != split {
			continue
		}
		for _, target := range rules.Targets(numbers) {
			tasks = append(tasks, CountdownTask(numbers, target))
		}
	}
	return tasks
}

// sampledCountdown draws n solvable problems with n different multisets: random numbers first,
// then one of their targets. The draw depends on the rules and the seed only.
func sampledCountdown(rules CountdownRules, n int, seed uint64) []Task {
	rng := rand.New(rand.NewPCG(seed, 0))
	seen := map[string]bool{}
	var tasks []Task
	for len(tasks) < n {
		numbers := make([]int, rules.Count)
		for i := range numbers {
			numbers[i] = rules.Lo + rng.IntN(rules.Hi-rules.Lo+1)
		}
		key := joinInts(sorted(numbers), "_")
		targets := rules.Targets(numbers)
		if seen[key] || len(targets) == 0 {
			continue
		}
		seen[key] = true
		tasks = append(tasks, CountdownTask(numbers, targets[rng.IntN(len(targets))]))
	}
	return tasks
}

func sorted(numbers []int) []int {
	s := slices.Clone(numbers)
	slices.Sort(s)
	return s
}

func shuffle[T any](rng *rand.Rand, s []T) {
	rng.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}

func joinInts(numbers []int, sep string) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, sep)
}
