package mathexpr

import "errors"

// ErrBudget tells that reading or comparing would take more work than the budget allows.
var ErrBudget = errors.New("too much work")

// ErrSyntax tells that a text is no answer at all: empty, not UTF-8, or with control characters.
var ErrSyntax = errors.New("cannot be read as an answer")

// Defaults of Limits.
const (
	DefaultWork  = 500_000
	DefaultBytes = 16_384
	DefaultDepth = 100
	DefaultBits  = 65_536
)

// Limits bound the work on one pair of answers. The zero value of a field stands for its default.
type Limits struct {
	Work  int // steps of about 20 ns each, of parsing and comparing together
	Bytes int // longest text that is read as mathematics; longer ones are equal to themselves only
	Depth int // deepest nesting of brackets and commands
	Bits  int // longest exact number, numerator and denominator together
}

// Budget counts down the work that is left. It serves one pair of answers, or one answer, and one goroutine.
type Budget struct {
	limits Limits
	work   int
	spent  bool // something was refused: results since then mean nothing
}

// NewBudget returns a full budget.
func NewBudget(limits Limits) *Budget {
	defaults := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	defaults(&limits.Work, DefaultWork)
	defaults(&limits.Bytes, DefaultBytes)
	defaults(&limits.Depth, DefaultDepth)
	defaults(&limits.Bits, DefaultBits)
	return &Budget{limits: limits, work: limits.Work}
}

// Used is the number of work units spent so far.
func (b *Budget) Used() int { return b.limits.Work - max(b.work, 0) }

// Refill makes the budget full again, for the next pair.
func (b *Budget) Refill() { b.work, b.spent = b.limits.Work, false }

// spend takes n units off and tells whether they were there. Once refused, always refused: callers return anything
// they like, and the entry points discard it.
func (b *Budget) spend(n int) bool {
	if b.work -= n; b.work < 0 {
		b.work, b.spent = 0, true
	}
	return !b.spent
}

// refuse ends the work, for what is known beforehand to be too much.
func (b *Budget) refuse() { b.spent = true }
