package moe

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// TestNothingCompilesAfterTheFirstSteps: prompts and completions of all lengths run through graphs that the first steps compiled, more of them than rows.
func TestNothingCompilesAfterTheFirstSteps(t *testing.T) {
	trainer := newSmall(t, 1)
	r := rand.New(rand.NewPCG(7, 7))
	var compiled []int
	for step := range 7 {
		before := trainer.Account().Compilations
		requests := make([]policy.Request, 4)
		for i := range requests {
			requests[i] = policy.Request{Task: fmt.Sprint(step, i), Params: policy.Params{
				N: 11, MaxTokens: 2 + r.IntN(15), Temperature: 1, Seed: uint64(step), Stop: []policy.Token{3, 11, 17}}}
			for range 1 + r.IntN(15) {
				requests[i].Prompt = append(requests[i].Prompt, policy.Token(r.IntN(24)))
			}
		}
		_, err := trainer.ForwardBackward(t.Context(), dataOf(requests, sample(t, trainer, requests...)), policyGradient)
		require.NoError(t, err)
		_, err = trainer.OptimStep(t.Context(), policy.Optim{LR: 0.01, Beta1: .9, Beta2: .95, Eps: 1e-8, ClipNorm: 1})
		require.NoError(t, err)
		compiled = append(compiled, trainer.Account().Compilations-before)
	}
	require.Equal(t, make([]int, 4), compiled[3:], "graphs compiled in each step: %v", compiled)
}
