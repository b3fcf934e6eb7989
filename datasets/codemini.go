package datasets

import "strings"

// CodeSpec is one function of the code-mini language: take the numbers of a list that meet a
// condition, map each, and gather the results. It stands for a task as well as for a reading of it:
// a wrong reading is the spec of the program that it leads to.
type CodeSpec struct {
	gather gather
	mapped mapping
	keep   condition
}

// thresholds of the conditions that compare with a number.
const minThreshold, maxThreshold = 2, 9

// CodeSpecs lists all 2205 specs in a fixed order.
func CodeSpecs() []CodeSpec {
	var specs []CodeSpec
	for g := range numGathers {
		for m := range numMappings {
			for _, c := range conditions() {
				specs = append(specs, CodeSpec{gather: g, mapped: m, keep: c})
			}
		}
	}
	return specs
}

// ID names the spec, such as code-mini-largest-absolute-gt4.
func (s CodeSpec) ID() string {
	return "code-mini-" + s.gather.slug() + "-" + s.mapped.slug() + "-" + s.keep.slug()
}

// Split tells the split of the spec, by a hash of its id.
func (s CodeSpec) Split() Split { return splitOf(s.ID()) }

// Question words the spec in English.
func (s CodeSpec) Question() string {
	return "write f(xs): the " + s.gather.words() + " of the " + s.mapped.words() + s.keep.words() + " in xs"
}

// Program is the canonical solution in one line, in the common subset of Python and Starlark where
// sum exists and max and min take default.
func (s CodeSpec) Program() string {
	list := "[" + s.mapped.code() + " for x in xs"
	if s.keep.kind != keepAll {
		list += " if " + s.keep.code()
	}
	return "def f(xs): return " + strings.Replace(s.gather.code(), "…", list+"]", 1)
}

// Task makes the task of the spec. Answer holds the canonical program, for people and for
// fine-tuning; what decides is Cases.
func (s CodeSpec) Task() Task {
	return Task{
		ID:         s.ID(),
		Kind:       "code",
		Question:   s.Question(),
		Answer:     s.Program(),
		Language:   "starlark",
		EntryPoint: "f",
		Cases:      s.cases(),
	}
}

func codeTasks(split Split) []Task {
	var tasks []Task
	for _, s := range CodeSpecs() {
		if s.Split() == split {
			tasks = append(tasks, s.Task())
		}
	}
	return tasks
}
