// Package rollout samples groups of completions for tasks and has them judged: the stage
// between a policy.Sampler and whatever learns from the result.
package rollout

import (
	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/verifiers"
)

// Rollout is one judged completion.
type Rollout struct {
	policy.Sample
	Text        string // the completion decoded, special tokens left out
	Verdict     verifiers.Verdict
	Reflections []reflect.Reflection
	VerifyMS    float64
	// Learned are the trainer's log-probs of Tokens at the last update that learned from them; nil where none did or the engine does not tell.
	Learned []float32
}

// truncated tells that the completion did not come to its end.
func (r Rollout) truncated() bool { return r.Stop == policy.StopLength }

// Group is all attempts at one task: the unit of GRPO.
type Group struct {
	Task         datasets.Task
	Prompt       string
	PromptTokens []policy.Token
	Rollouts     []Rollout
	Seed         uint64 // that its samples were drawn with
	DrawnAt      int    // the training step before which the weights stood that drew it
}
