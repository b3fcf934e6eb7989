package verifiers

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/rltrain/rltrain/datasets"
)

// The reward modes of Rules. All but ModeCorrect are controls: a run that learns under them learns
// something else than the task.
const (
	ModeCorrect    = "correct"     // 1 for a correct answer
	ModeRandom     = "random"      // a fair coin instead, fixed by seed, task and response
	ModeFormatOnly = "format_only" // nothing for the answer
)

// Rules is the reward of R1-Zero: 1 for accuracy plus FormatWeight for the form. Nothing is paid for length,
// words or reflection. Where their weights are set, another language than the question's and repetition in the thought
// cost up to these weights; a reward can then be negative.
type Rules struct {
	FormatWeight  float64
	RequireFormat bool   // an answer outside the form <think>…</think><answer>…</answer> counts as none; otherwise the form is an answer that can be read
	Mode          string // "" is ModeCorrect
	Seed          uint64 // of ModeRandom
	ByKind        map[string]Verifier

	LanguageWeight   float64 // times 1 - LanguageConsistency of the thought is taken off
	RepetitionWeight float64 // times Repetition of the thought is taken off
}

// DefaultRules judges every kind of Kinds with a format weight of 0.1.
func DefaultRules() Rules {
	r := Rules{FormatWeight: 0.1, RequireFormat: true, ByKind: map[string]Verifier{}}
	for _, kind := range Kinds() {
		r.ByKind[kind], _ = ForKind(kind)
	}
	return r
}

// Verify implements Verifier. Verdict.Kind stays the truth in every mode, so that accuracy is still measured.
func (r Rules) Verify(ctx context.Context, task datasets.Task, response string) (Verdict, error) {
	verifier, err := r.verifier(task.Kind)
	if err != nil {
		return Verdict{}, err
	}
	v, err := verifier.Verify(ctx, task, response)
	if err != nil {
		return Verdict{}, err
	}
	if task.Kind == "math" {
		v = refuseEcho(v, task.Question, []string{task.Answer})
	}
	v.Format = HasFormat(response)
	if !r.RequireFormat {
		v.Format = v.Kind != NoAnswer && v.Kind != Unparseable
	}
	if v.Kind == Error {
		v.Reward = 0
		return v, nil
	}
	if r.RequireFormat && !v.Format && v.Kind == Correct {
		v.Kind, v.Reason = NoAnswer, "right, but not in the form <think>…</think><answer>…</answer>"
	}
	v.Reward, err = r.accuracy(task, response, v)
	if v.Format {
		v.Reward += r.FormatWeight
	}
	v.Reward -= r.penalty(task.Question, response)
	return v, err
}

// penalty is what the thought's language and repetition cost.
func (r Rules) penalty(question, response string) (p float64) {
	start, end := ThinkSpan(response)
	thought := response[start:end]
	if r.LanguageWeight != 0 {
		p = r.LanguageWeight * (1 - LanguageConsistency(question, thought))
	}
	if r.RepetitionWeight != 0 {
		p += r.RepetitionWeight * Repetition(thought, RepetitionGram)
	}
	return p
}

func (r Rules) verifier(kind string) (Verifier, error) {
	if r.ByKind == nil {
		return ForKind(kind)
	}
	v, ok := r.ByKind[kind]
	if !ok {
		_, err := ForKind(kind)
		if err == nil {
			err = fmt.Errorf("kind %q has no verifier in these rules", kind)
		}
		return nil, err
	}
	return v, nil
}

func (r Rules) accuracy(task datasets.Task, response string, v Verdict) (float64, error) {
	switch r.Mode {
	case ModeCorrect, "":
		return v.accuracy(), nil
	case ModeRandom:
		if (v.Format || !r.RequireFormat) && coin(r.Seed, task.ID, response) {
			return 1, nil
		}
	case ModeFormatOnly:
	default:
		modes := []string{ModeCorrect, ModeRandom, ModeFormatOnly}
		return 0, fmt.Errorf("unknown reward mode %q: use one of %s", r.Mode, strings.Join(modes, ", "))
	}
	return 0, nil
}

// coin is fair and depends on nothing but its arguments.
func coin(seed uint64, task, response string) bool {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %q %q", seed, task, response))
	return sum[0]&1 == 1
}
