package eval_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/fake"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

const (
	attempt = "<think>22+8=30,30+2=32 too small."
	phrase  = " Wait, let me reconsider"
	right   = ". 22+8=30,30*2=60 it is.</think><answer>right</answer>"
	wrong   = "</think><answer>poor</answer>"
)

// thinker answers task "hard…" by an attempt, a reflection and the right answer; kept from it, it gives a wrong one, or says "Hmm" where it can
// still and is sly. It knows the easy tasks without reflecting.
func thinker(sly bool, afterReflection string) fake.Sampler {
	return func(_ context.Context, requests []policy.Request) ([][]policy.Sample, error) {
		out := make([][]policy.Sample, len(requests))
		for i, r := range requests {
			said := fake.Bytes{}.Decode(r.Forced)
			can := func(b byte) bool { return !bytes.Contains(asBytes(r.Banned), []byte{b}) }
			switch {
			case strings.HasPrefix(r.Task, "easy"):
				said = "<think>so it is.</think><answer>right</answer>"
			case strings.HasSuffix(said, phrase):
				said += afterReflection
			default:
				if said == "" {
					said = attempt
				}
				switch {
				case can('W'):
					said += phrase + afterReflection
				case sly && can('H'):
					said += " Hmm, try again" + afterReflection
				default:
					said += wrong
				}
			}
			for range r.N {
				tokens, _ := fake.Bytes{}.Encode(said)
				tokens = append(tokens, fake.EOS)
				out[i] = append(out[i], policy.Sample{Tokens: tokens, Logprobs: make([]float32, len(tokens)), Entropies: make([]float32, len(tokens)), Stop: policy.StopToken})
			}
		}
		return out, nil
	}
}

func asBytes(tokens []policy.Token) []byte {
	var out []byte
	for _, t := range tokens {
		out = append(out, byte(t))
	}
	return out
}

type rightOnes struct{}

func (rightOnes) Verify(_ context.Context, _ datasets.Task, response string) (verifiers.Verdict, error) {
	if strings.Contains(response, "<answer>right") {
		return verifiers.Verdict{Kind: verifiers.Correct, Reward: 1}, nil
	}
	return verifiers.Verdict{Kind: verifiers.Wrong}, nil
}

func probeOf(ids ...string) eval.Probe {
	p := eval.Probe{Pool: rollout.Pool{Tokenizer: fake.Bytes{}, Verifier: rightOnes{}, Params: policy.Params{MaxTokens: 300, Temperature: 1}}, Free: 2, Samples: 3, Seed: 5}
	for _, id := range ids {
		p.Tasks = append(p.Tasks, datasets.Task{ID: id, Kind: "countdown", Question: "make 60 from 2 8 22", Numbers: []int{2, 8, 22}, Target: 60})
	}
	return p
}

func TestProbe(t *testing.T) {
	p := probeOf("hard0", "easy0", "hard1", "hard2", "hard3")
	for _, test := range []struct {
		name                    string
		sampler                 fake.Sampler
		banned                  string
		masked, forced, placebo float64
	}{
		{"reflection pays", thinker(false, right), "W", 0, 1, 0},
		{"reflection is empty", thinker(false, wrong), "W", 0, 0, 0},
		{"another phrase is found and taken away", thinker(true, right), "HW", 0, 1, 0},
	} {
		found, err := p.Run(t.Context(), test.sampler)
		require.NoError(t, err, test.name)
		require.Equal(t, 4, found.NPoints, test.name)
		require.Equal(t, test.banned, string(asBytes(found.Banned)), test.name)
		m := named(found.Metrics)
		require.Equal(t, 4.0, m["points"].Value)
		require.Equal(t, []float64{test.masked, test.forced, test.placebo}, []float64{m["p_masked"].Value, m["p_forced"].Value, m["p_placebo"].Value}, test.name)
		require.Equal(t, test.forced-test.masked, m["forced_minus_masked"].Value)
		require.Equal(t, test.forced-test.masked, m["forced_minus_masked"].Low)
		require.Equal(t, []float64{0, 1, 0}, []float64{m["reflects_masked"].Value, m["reflects_forced"].Value, m["reflects_placebo"].Value}, test.name)
	}
}

// All arms begin with the same prefix, and forced and placebo insert equally many tokens; the placebo repeats what was said.
func TestProbePrefixes(t *testing.T) {
	found, err := probeOf("hard0").Run(t.Context(), thinker(false, right))
	require.NoError(t, err)
	require.Equal(t, []int{len(attempt) + 1}, found.Prefix, "up to the phrase, which begins after a blank")
	text := func(arm string) string { return found.Groups[arm][0].Rollouts[0].Text }
	for _, arm := range eval.Arms() {
		require.True(t, strings.HasPrefix(text(arm), attempt+" "), arm)
		require.Len(t, found.Groups[arm][0].Rollouts, 3)
	}
	n := len(phrase) - 1
	require.Equal(t, attempt+" "+(attempt + " ")[len(attempt)+1-n:]+wrong, text(eval.ArmPlacebo))
	require.Equal(t, attempt+phrase+right, text(eval.ArmForced))
}

func TestProbeWithoutReflection(t *testing.T) {
	found, err := probeOf("easy0", "easy1").Run(t.Context(), thinker(false, right))
	require.NoError(t, err)
	require.Zero(t, found.NPoints)
	require.Empty(t, found.Groups)
	require.NotContains(t, named(found.Metrics), "p_forced")
}
