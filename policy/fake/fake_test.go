package fake

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

var (
	_ policy.Trainer = (*Trainer)(nil)
	_ policy.Sampler = Sampler(nil)
)

// The gradient of each loss equals central differences of the reported loss.
func TestGradient(t *testing.T) {
	for _, loss := range []policy.Loss{
		{Kind: policy.LossCrossEntropy},
		{Kind: policy.LossPolicyGradient, ClipLow: 0.2, ClipHigh: 0.28},
	} {
		trainer := NewTrainer("ab")
		trainer.logits['a'] = 0.7
		data := []policy.Datum{{
			Response: []policy.Token{'a', 'b', EOS, 'b'}, Logprobs: []float32{-1, -1.1, -2.5, -0.1},
			Advantages: []float32{1, -0.5, 2, -1}, Weights: []float32{1, 0.5, 0.25, 1},
		}}
		_, err := trainer.ForwardBackward(t.Context(), data, loss)
		require.NoError(t, err)
		grads := trainer.grads
		for _, token := range trainer.alphabet {
			at := trainer.logits[token]
			var values [2]float64
			for i, h := range []float64{1e-5, -1e-5} {
				trainer.logits[token] = at + h
				s, err := trainer.ForwardBackward(t.Context(), data, loss)
				require.NoError(t, err)
				values[i] = s.Loss
			}
			trainer.logits[token] = at
			require.InDelta(t, (values[0]-values[1])/2e-5, grads[token], 1e-6, "%s, token %d", loss.Kind, token)
		}
	}
}

func TestSnapshotAndCheckpoint(t *testing.T) {
	trainer := NewTrainer("ab")
	old, err := trainer.Snapshot(t.Context())
	require.NoError(t, err)
	requests := []policy.Request{{Task: "x", Prompt: []policy.Token{BOS}, Forced: []policy.Token{'z'},
		Params: policy.Params{N: 50, MaxTokens: 6, Seed: 3, Stop: []policy.Token{EOS}}}}
	before, err := old.Sample(t.Context(), requests)
	require.NoError(t, err)
	data := []policy.Datum{{Response: []policy.Token{'a'}, Weights: []float32{1}}}
	_, err = trainer.ForwardBackward(t.Context(), data, policy.Loss{Kind: policy.LossCrossEntropy})
	require.NoError(t, err)
	_, err = trainer.OptimStep(t.Context(), policy.Optim{LR: 5})
	require.NoError(t, err)
	require.Greater(t, trainer.Prob('a'), 0.9)
	after, err := old.Sample(t.Context(), requests)
	require.NoError(t, err)
	require.Equal(t, before, after, "a snapshot does not change")
	reasons := map[policy.StopReason]bool{}
	for _, s := range before[0] {
		reasons[s.Stop] = true
		require.Equal(t, policy.Token('z'), s.Tokens[0])
		require.Equal(t, s.Stop == policy.StopToken, s.Tokens[len(s.Tokens)-1] == EOS)
		require.LessOrEqual(t, len(s.Tokens), 6)
		require.Len(t, s.Logprobs, len(s.Tokens))
	}
	require.Len(t, reasons, 2)

	dir := t.TempDir()
	require.NoError(t, trainer.Save(t.Context(), dir))
	other := NewTrainer("ab")
	require.NoError(t, other.Load(t.Context(), dir))
	require.Equal(t, trainer.logits, other.logits)
}
