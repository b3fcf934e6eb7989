package datasets

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// reckoning is one step of arithmetic, a op b. Of + and * the smaller number is a, of - the larger.
type reckoning struct {
	op   byte // + - *
	a, b int
}

// key names the sum for the split and for ids: the same for 3 + 4 and for 4 + 3.
func (r reckoning) key() string {
	name := map[byte]string{'+': "add", '-': "subtract", '*': "multiply"}[r.op]
	return fmt.Sprintf("arith %s %d %d", name, r.a, r.b)
}

func (r reckoning) result() int {
	switch r.op {
	case '+':
		return r.a + r.b
	case '-':
		return r.a - r.b
	default:
		return r.a * r.b
	}
}

// Bounds of the numbers.
const (
	leastNumber = 2
	mostAddend  = 30  // of + and -
	mostFactor  = 12  // of the smaller factor
	mostProduct = 100 // of both
)

// reckonings lists all.
func reckonings() []reckoning {
	var all []reckoning
	for a := leastNumber; a <= mostAddend; a++ {
		for b := a; b <= mostAddend; b++ {
			all = append(all, reckoning{'+', a, b})
		}
		for b := leastNumber; b < a; b++ {
			all = append(all, reckoning{'-', a, b})
		}
	}
	for a := leastNumber; a <= mostFactor; a++ {
		for b := a; a*b <= mostProduct; b++ {
			all = append(all, reckoning{'*', a, b})
		}
	}
	return all
}

// arithTasks lists the tasks of a split of arith: each of its reckonings in every plain wording. Splits share no reckoning.
func arithTasks(split Split) []Task { return ofReckonings(split, len(plainTexts()), reckoning.plain) }

// storyTasks lists the tasks of a split of arith-stories: each reckoning of the same split of arith in two stories.
func storyTasks(split Split) []Task { return ofReckonings(split, 2, reckoning.story) }

func ofReckonings(split Split, texts int, word func(reckoning, int) Task) []Task {
	var tasks []Task
	for _, r := range reckonings() {
		if splitOf(r.key()) != split {
			continue
		}
		for i := range texts {
			tasks = append(tasks, word(r, i))
		}
	}
	return tasks
}

// task is one whose words follow from its id.
func (r reckoning) task(level string, number int, words func(rng *rand.Rand) string) Task {
	id := fmt.Sprintf("%s-%s-%d", strings.ReplaceAll(r.key(), " ", "-"), level, number+1)
	return Task{ID: id, Kind: "math", Question: words(rand.New(rand.NewPCG(hash64(id), 0))), Answer: strconv.Itoa(r.result()), Level: level}
}

// shown are the numbers in the order in which a text shows them.
func (r reckoning) shown(rng *rand.Rand) (first, second int) {
	if r.op != '-' && rng.IntN(2) == 1 {
		return r.b, r.a
	}
	return r.a, r.b
}

// plainTexts word a reckoning: %d and %d the numbers, %c the operation.
func plainTexts() []string {
	return []string{"What is %d %c %d?", "Calculate %d %c %d.", "How much is %d %c %d?"}
}

func (r reckoning) plain(i int) Task {
	return r.task("plain", i, func(rng *rand.Rand) string {
		first, second := r.shown(rng)
		return fmt.Sprintf(plainTexts()[i], first, r.op, second)
	})
}

// stories are one-step word problems: %[1]s a name, %[2]s things, %[3]d and %[4]d the numbers.
func stories(op byte) []string {
	switch op {
	case '+':
		return []string{
			"%[1]s has %[3]d %[2]s and buys %[4]d more. How many %[2]s does %[1]s have now?",
			"%[1]s picked %[3]d %[2]s in the morning and %[4]d %[2]s in the afternoon. How many %[2]s did %[1]s pick in all?",
			"There are %[3]d %[2]s on the table. %[1]s puts %[4]d more %[2]s on it. How many %[2]s are on the table now?",
			"%[1]s counted %[3]d red %[2]s and %[4]d blue %[2]s. How many %[2]s did %[1]s count altogether?",
		}
	case '-':
		return []string{
			"%[1]s had %[3]d %[2]s and gave %[4]d of them away. How many %[2]s does %[1]s have left?",
			"There were %[3]d %[2]s in the box. %[1]s took out %[4]d. How many %[2]s are still in the box?",
			"%[1]s needs %[3]d %[2]s and already has %[4]d. How many more %[2]s does %[1]s need?",
			"%[1]s has %[3]d %[2]s. A friend has %[4]d fewer. How many %[2]s does the friend have?",
		}
	default:
		return []string{
			"%[1]s has %[3]d boxes with %[4]d %[2]s in each box. How many %[2]s does %[1]s have in all?",
			"%[1]s puts %[4]d %[2]s into each of %[3]d bags. How many %[2]s are that altogether?",
			"There are %[3]d rows of %[4]d %[2]s. How many %[2]s are there?",
			"%[1]s buys %[4]d %[2]s every day for %[3]d days. How many %[2]s does %[1]s buy in all?",
		}
	}
}

func (r reckoning) story(i int) Task {
	names := []string{"Anna", "Ben", "Clara", "David", "Emma", "Frank", "Grace", "Henry", "Lucy", "Max", "Nora", "Tom"}
	things := []string{"apples", "books", "candles", "cards", "coins", "cups", "eggs", "flowers", "marbles", "pencils", "shells", "stamps"}
	return r.task("story", i, func(rng *rand.Rand) string {
		texts := stories(r.op)
		first, second := r.shown(rng)
		return fmt.Sprintf(texts[rng.IntN(len(texts))], names[rng.IntN(len(names))], things[rng.IntN(len(things))], first, second)
	})
}
