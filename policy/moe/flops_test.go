package moe

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// TestFLOPs counts the products of the small model by hand.
func TestFLOPs(t *testing.T) {
	layers, head, attended := small().TokenFLOPs()
	attention := 16*2*(4+4) + 16*(8+4) + 8*2*(4+6) + 2*6*16 // queries, latent, keys and values, output
	dense := 16*2*12 + 12*16
	expert := 16*2*6 + 6*16
	require.Equal(t, float64(2*(2*attention+dense+16*8+expert+2*expert)), layers, "one shared expert and two of eight")
	require.Equal(t, float64(2*16*24), head)
	require.Equal(t, float64(2*2*2*(8+6)), attended, "two layers of two heads")

	require.Equal(t, 3*layers+head+attended*(1+2+3), small().spanFLOPs(0, 3, 1))
	require.Equal(t, small().spanFLOPs(0, 9, 4), small().spanFLOPs(0, 5, 1)+small().spanFLOPs(5, 9, 3))
}

// TestAccount: what is drawn and learned counts by its tokens, whatever batches it ran in.
func TestAccount(t *testing.T) {
	trainer, c := newSmall(t, 1), small()
	requests := ask(2, policy.Params{N: 2, MaxTokens: 5, Temperature: 1})
	samples := sample(t, trainer, requests...)
	want := 0.0
	for i, r := range requests {
		want += c.spanFLOPs(0, len(r.Prompt), 1)
		for _, s := range samples[i] {
			require.Len(t, s.Tokens, 5)
			want += c.spanFLOPs(len(r.Prompt), len(r.Prompt)+4, 4)
		}
	}
	require.InDelta(t, want, trainer.Account().SampleFLOPs, 1)
	require.Zero(t, trainer.Account().TrainFLOPs)
	data := dataOf(requests, samples)
	stats, err := trainer.ForwardBackward(t.Context(), data, policyGradient)
	require.NoError(t, err)
	pass := 0.0
	for _, d := range data {
		pass += c.spanFLOPs(0, len(d.Prompt)+4, 5)
	}
	require.InDelta(t, 3*pass, trainer.Account().TrainFLOPs, 1)
	_, err = trainer.Score(t.Context(), data)
	require.NoError(t, err)
	require.InDelta(t, 4*pass, trainer.Account().TrainFLOPs, 1)
	require.Equal(t, 2*(len(requests[0].Prompt)+4)+2*(len(requests[1].Prompt)+4), stats.Positions)
	require.Equal(t, 4*32, stats.Padded)
	require.Equal(t, int(trainer.Compilations().Count), trainer.Account().Compilations)
}

func TestMatmulPeak(t *testing.T) {
	flops, err := MatmulPeak(newSmall(t, 1).engine)
	require.NoError(t, err)
	require.Greater(t, flops, 1e8)
	require.Less(t, flops, 1e15)
}
