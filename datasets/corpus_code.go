package datasets

// codeProblem is a spec with what its writers may state for each clause.
type codeProblem struct {
	prompt string
	keep   clause[condition]
	mapped clause[mapping]
	gather clause[gather]
}

// clause is one of the three statements of a code document, such as "keep: x>4.".
type clause[T comparable] struct {
	name    string
	right   T
	misread T   // the majority misreading, or right where there is none
	wrong   []T // all that can be stated instead, misread included
	text    func(T) string
}

const (
	restateRight = 0.85 // chance that a restated clause is right
	maxRestated  = 3    // times that one clause is restated at most
)

func codeProblems() []codeProblem {
	var problems []codeProblem
	for _, s := range CodeSpecs() {
		if s.Split() == Pretrain {
			problems = append(problems, s.problem())
		}
	}
	return problems
}

func (s CodeSpec) problem() codeProblem {
	return codeProblem{
		prompt: Prompt(s.Question()),
		keep:   clause[condition]{"keep", s.keep, s.keep.misread(), s.keep.wrong(), condition.code},
		mapped: clause[mapping]{"map", s.mapped, s.mapped.misread(), s.mapped.wrong(), mapping.code},
		gather: clause[gather]{"result", s.gather, s.gather.misread(), s.gather.wrong(), gather.words},
	}
}

// code writes about a spec and returns the prompt and the program, which follows the last
// statement of each clause, right or wrong.
func (w *writer) code(p codeProblem) (prompt, answer string) {
	read := CodeSpec{
		keep:   stateClause(w, p.keep),
		mapped: stateClause(w, p.mapped),
		gather: stateClause(w, p.gather),
	}
	return p.prompt, read.Program()
}

// stateClause writes how the writer reads a clause. A reflective writer notices a wrong reading,
// that of the majority included, and restates it until it is right or patience ends.
func stateClause[T comparable](w *writer, c clause[T]) T {
	current := firstReading(w, c)
	c.say(w, current)
	if !w.reflective {
		return current
	}
	for range maxRestated {
		if current == c.right || !w.reflect() {
			break
		}
		if w.rng.Float64() < restateRight {
			current = c.right
		} else {
			current = anyOther(w, c.wrong, current)
		}
		c.say(w, current)
	}
	return current
}

func (c clause[T]) say(w *writer, reading T) {
	if len(w.think) > 0 {
		w.say(" ")
	}
	w.say(c.statement(reading))
}

func (c clause[T]) statement(reading T) string { return c.name + ": " + c.text(reading) + "." }

func firstReading[T comparable](w *writer, c clause[T]) T {
	chance := w.rng.Float64()
	switch {
	case c.misread != c.right && chance < majorityShare:
		return c.misread
	case c.misread == c.right && chance < w.cfg.CodeBug:
		return c.wrong[w.rng.IntN(len(c.wrong))]
	default:
		return c.right
	}
}

// anyOther draws a reading that was not just rejected.
func anyOther[T comparable](w *writer, readings []T, rejected T) T {
	for {
		if r := readings[w.rng.IntN(len(readings))]; r != rejected {
			return r
		}
	}
}
