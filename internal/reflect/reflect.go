// Package reflect finds reflections in a chain of thought: where the writer checks, goes back,
// reconsiders, sets a subgoal, works backwards or changes language, what words say so, and whether the answer got
// better or worse by it. docs/emergence.md tells what counts and what cannot be seen.
//
// Phrases are matched word by word against a table (phrases.go, phrases_zh.go); quotations, code and the question's
// own words are left out. An attempt at an answer that is left and replaced counts without any phrase.
package reflect

// Category is the kind of a reflection (after "Cognitive Behaviors that Enable Self-Improving
// Reasoners", arXiv:2503.01307, and the R1 report's examples).
type Category string

// The categories.
const (
	Verification     Category = "verification"
	Backtracking     Category = "backtracking"
	Reconsideration  Category = "reconsideration"
	Subgoal          Category = "subgoal"
	BackwardChaining Category = "backward_chaining"
	LanguageSwitch   Category = "language_switch"
)

// Effect tells what happened to the answer across a reflection.
type Effect string

// The effects: good turned a wrong answer into a right one, bad the other way round.
const (
	Good      Effect = "good"
	Bad       Effect = "bad"
	NoneOther Effect = "none"
)

// Reflection is one occurrence in a response.
type Reflection struct {
	Offset   int // byte offset in the response: of the phrase, or of the attempt that replaces another without one
	Category Category
	Phrase   string // as written; "" where no words say it, see Silent
	Before   string // the answer that the chain held before, "" if none can be read
	After    string // and after, up to the next reflection or the end
	Effect   Effect
}

// Silent tells that no phrase announces the reflection: an attempt at an answer is left and replaced by another.
func (r Reflection) Silent() bool { return r.Category == Backtracking && r.Phrase == "" }

// Spoken is how many of the reflections a phrase announces: those that shares and counts of reflection speak of.
func Spoken(list []Reflection) (n int) {
	for _, r := range list {
		if !r.Silent() {
			n++
		}
	}
	return n
}
