package datasets

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// oodTasks is the size of each out-of-distribution set.
const oodTasks = 500

// namedSet is a built-in task set and how to build it.
type namedSet struct {
	name  string
	build func() []Task
}

// namedSets lists the sets in the order in which people look for them.
func namedSets() []namedSet {
	ofSplits := func(prefix string, build func(Split) []Task) (sets []namedSet) {
		for _, split := range []Split{Pretrain, RL, Validation, Test} {
			sets = append(sets, namedSet{prefix + string(split), func() []Task { return build(split) }})
		}
		return sets
	}
	sampled := func(name string, rules CountdownRules) namedSet {
		return namedSet{name, func() []Task { return sampledCountdown(rules, oodTasks, hash64(name)) }}
	}
	sets := ofSplits("countdown/", countdownTasks)
	sets = append(sets, sampled("countdown-4/test", fourNumbers()), sampled("countdown-large/test", largeNumbers()))
	sets = append(sets, ofSplits("code-mini/", codeTasks)...)
	sets = append(sets, ofSplits("arith/", arithTasks)...)
	return append(sets, ofSplits("arith-stories/", storyTasks)...)
}

// fourNumbers are the rules of countdown-4: one number more than any problem of the corpus.
func fourNumbers() CountdownRules {
	rules := DefaultCountdownRules()
	rules.Count = 4
	return rules
}

// largeNumbers are the rules of countdown-large: numbers, targets and values beyond the corpus.
func largeNumbers() CountdownRules {
	return CountdownRules{Count: 3, Lo: 26, Hi: 50, MinTarget: 10, MaxTarget: 300, MaxValue: 400}
}

// Names lists the built-in task sets.
func Names() []string {
	var names []string
	for _, set := range namedSets() {
		names = append(names, set.name)
	}
	return names
}

// Named builds a built-in task set, always the same tasks in the same shuffled order, so that the
// first n are a fair sample. An unknown name fails with the nearest one and the whole list.
func Named(name string) ([]Task, error) {
	for _, set := range namedSets() {
		if set.name != name {
			continue
		}
		tasks := set.build()
		shuffle(rand.New(rand.NewPCG(hash64(name), 1)), tasks)
		for i := range tasks {
			tasks[i].Source = name
		}
		return tasks, nil
	}
	all := append(Names(), PublicNames()...)
	return nil, fmt.Errorf("find task set %q: did you mean %q? there are %s", name, Nearest(name, all), strings.Join(all, ", "))
}

// Nearest returns the first candidate that name is the beginning of, else that with the smallest
// edit distance.
func Nearest(name string, candidates []string) string {
	best, bestDistance := "", -1
	for _, c := range candidates {
		if name != "" && strings.HasPrefix(c, name) {
			return c
		}
		if d := editDistance(name, c); bestDistance < 0 || d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// editDistance counts the bytes to insert, delete or replace to turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
