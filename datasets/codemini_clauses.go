package datasets

import "strconv"

// A spec has three clauses: which numbers to keep, how to map them, and how to gather the result.
// Each knows its English words, its short name in ids, and its code.

type gather int

const (
	gatherSum gather = iota
	gatherCount
	gatherLargest
	gatherSmallest
	gatherList
	gatherSorted
	gatherReversed
	numGathers
)

// words is also what a writer of the corpus states after "result:".
func (g gather) words() string {
	return [numGathers]string{"sum", "count", "largest", "smallest", "list", "sorted list", "reversed list"}[g]
}

func (g gather) slug() string {
	return [numGathers]string{"sum", "count", "largest", "smallest", "list", "sorted", "reversed"}[g]
}

// code has … where the comprehension goes.
func (g gather) code() string {
	return [numGathers]string{"sum(…)", "len(…)", "max(…,default=0)", "min(…,default=0)", "…", "sorted(…)", "…[::-1]"}[g]
}

type mapping int

const (
	mapPlain mapping = iota
	mapSquares
	mapCubes
	mapDoubles
	mapAbsolute
	mapNegations
	mapHalves
	numMappings

	// mapFloatHalves occurs only as a misreading of mapHalves: its numbers have the wrong type.
	mapFloatHalves = numMappings
)

func (m mapping) words() string {
	return [numMappings + 1]string{"", "squares of the ", "cubes of the ", "doubles of the ",
		"absolute values of the ", "negations of the ", "halves of the ", "float halves of the "}[m]
}

func (m mapping) slug() string {
	return [numMappings + 1]string{"plain", "squares", "cubes", "doubles", "absolute", "negations", "halves", "floathalves"}[m]
}

func (m mapping) code() string {
	return [numMappings + 1]string{"x", "x*x", "x*x*x", "2*x", "abs(x)", "-x", "x//2", "x/2"}[m]
}

type keepKind int

const (
	keepAll keepKind = iota
	keepEven
	keepOdd
	keepPositive
	keepNegative
	keepGreater // this and what follows compare with condition.k
	keepLess
	keepAtLeast
	keepAtMost
	keepMultiple
	numKeeps
)

type condition struct {
	kind keepKind
	k    int // threshold or divisor; 0 where the kind needs none
}

// conditions lists the 45 conditions that specs are made of.
func conditions() []condition {
	var all []condition
	for kind := range numKeeps {
		if kind < keepGreater {
			all = append(all, condition{kind: kind})
			continue
		}
		for k := minThreshold; k <= maxThreshold; k++ {
			all = append(all, condition{kind: kind, k: k})
		}
	}
	return all
}

func (c condition) words() string {
	return [numKeeps]string{"numbers", "even numbers", "odd numbers", "positive numbers", "negative numbers",
		"numbers greater than ", "numbers less than ", "numbers of at least ", "numbers of at most ", "multiples of "}[c.kind] + c.number()
}

func (c condition) slug() string {
	return [numKeeps]string{"all", "even", "odd", "positive", "negative", "gt", "lt", "ge", "le", "mul"}[c.kind] + c.number()
}

// code is the condition in Python, or "all", which a writer states for "no condition".
func (c condition) code() string {
	if c.kind == keepMultiple {
		return "x%" + c.number() + "==0"
	}
	return [numKeeps]string{"all", "x%2==0", "x%2==1", "x>0", "x<0", "x>", "x<", "x>=", "x<="}[c.kind] + c.number()
}

func (c condition) number() string {
	if c.kind < keepGreater {
		return ""
	}
	return strconv.Itoa(c.k)
}
