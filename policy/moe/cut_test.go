package moe

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// TestSampleCut draws whole completions under a cut: each token is among those the policy's own probabilities leave, and
// both log-probs are right.
func TestSampleCut(t *testing.T) {
	trainer := newSmall(t, 4)
	params := policy.Params{N: 3, MaxTokens: 9, Temperature: 0.7, Seed: 5, Cut: policy.Cut{TopK: 6, TopP: 0.8}}
	requests := ask(4, params)
	for i, group := range sample(t, trainer, requests...) {
		for _, s := range group {
			require.Len(t, s.DrawLogprobs, len(s.Tokens))
			for j, logp := range recompute(t, trainer, requests[i].Prompt, s) {
				tempered := make([]float32, len(logp))
				for v, x := range logp {
					tempered[v] = float32(x / 0.7)
				}
				p := make([]float64, len(logp))
				for v, x := range logSoftmax(tempered) {
					p[v] = math.Exp(x)
				}
				want := plainCut(p, params.Cut)
				require.NotZero(t, want[s.Tokens[j]])
				require.InDelta(t, logp[s.Tokens[j]], s.Logprobs[j], 2e-5)
				require.InDelta(t, math.Log(want[s.Tokens[j]]), s.DrawLogprobs[j], 1e-3)
			}
		}
	}
	plain := ask(4, policy.Params{N: 1, MaxTokens: 9, Temperature: 1, Seed: 5})
	require.Nil(t, sample(t, trainer, plain...)[0][0].DrawLogprobs)
	one := ask(4, policy.Params{N: 1, MaxTokens: 9, Temperature: 1, Seed: 5, Cut: policy.Cut{TopK: 1}})
	greedy := ask(4, policy.Params{N: 1, MaxTokens: 9})
	for i, got := range sample(t, trainer, one...) {
		require.Equal(t, sample(t, trainer, greedy...)[i][0].Tokens, got[0].Tokens)
		for _, logp := range got[0].DrawLogprobs {
			require.InDelta(t, 0, logp, 1e-6)
		}
	}
	for want, bad := range map[string]policy.Cut{"top-k -1": {TopK: -1}, "top-p 1.5": {TopP: 1.5}, "min-p -0.1": {MinP: -0.1}} {
		sampler, err := trainer.Snapshot(t.Context())
		require.NoError(t, err)
		_, err = sampler.Sample(t.Context(), ask(1, policy.Params{N: 1, MaxTokens: 2, Temperature: 1, Cut: bad}))
		require.ErrorContains(t, err, want)
	}
}

// TestSampleBanned: what is banned never comes, however likely; the others keep their shares among themselves; and both log-probs are
// right. An empty ban changes nothing.
func TestSampleBanned(t *testing.T) {
	trainer := newSmall(t, 4)
	free := policy.Params{N: 6, MaxTokens: 9, Temperature: 1, Seed: 5}
	counts := make([]int, trainer.Config.Vocab)
	for _, group := range sample(t, trainer, ask(4, free)...) {
		for _, s := range group {
			for _, token := range s.Tokens {
				counts[token]++
			}
		}
	}
	for _, temperature := range []float32{1, 0.5, 0} {
		params := free
		params.Temperature = temperature
		for token, n := range counts {
			if n > 8 {
				params.Banned = append(params.Banned, policy.Token(token))
			}
		}
		require.NotEmpty(t, params.Banned)
		requests := ask(4, params)
		for i, group := range sample(t, trainer, requests...) {
			for _, s := range group {
				for j, logp := range recompute(t, trainer, requests[i].Prompt, s) {
					require.NotContains(t, params.Banned, s.Tokens[j])
					require.InDelta(t, logp[s.Tokens[j]], s.Logprobs[j], 2e-5, "the policy's own")
					open := make([]float32, len(logp))
					for v, x := range logp {
						open[v] = float32(x) * sharpness(temperature)
					}
					for _, b := range params.Banned {
						open[b] = float32(math.Inf(-1))
					}
					if temperature > 0 {
						require.InDelta(t, logSoftmax(open)[s.Tokens[j]], s.DrawLogprobs[j], 1e-4)
					}
				}
			}
		}
	}
	none := free
	none.Banned = []policy.Token{}
	require.Equal(t, sample(t, trainer, ask(4, free)...), sample(t, trainer, ask(4, none)...))
}
