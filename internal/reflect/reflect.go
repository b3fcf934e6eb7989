// Package reflect finds reflections in a chain of thought: where the writer checks, goes back,
// reconsiders, what phrase says so, and whether the answer got better or worse by it.
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
	Offset   int // byte offset of the phrase in the response
	Category Category
	Phrase   string
	Before   string // the answer that the chain held before, "" if none can be read
	After    string // and after, up to the next reflection or the end
	Effect   Effect
}
