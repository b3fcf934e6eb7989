package verifiers

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
)

const (
	right = "<think>x</think><answer>3*8-5</answer>"
	wrong = "<think>x</think><answer>3*8+5</answer>"
	bare  = "<answer>3*8-5</answer>"
)

func reward(t *testing.T, r Rules, response string) float64 {
	t.Helper()
	v, err := r.Verify(context.Background(), countdownTask(), response)
	require.NoError(t, err)
	return v.Reward
}

func TestRulesReward(t *testing.T) {
	r := DefaultRules()
	require.InDelta(t, 1.1, reward(t, r, right), 1e-12)
	require.InDelta(t, 0.1, reward(t, r, wrong), 1e-12)
	require.Zero(t, reward(t, r, bare))
	r.RequireFormat, r.FormatWeight = false, 0.5
	require.InDelta(t, 1.5, reward(t, r, bare), 1e-12, "an answer that can be read is the form")
	require.Zero(t, reward(t, r, "no answer"))
	require.InDelta(t, 1.5, reward(t, r, "\n"+right+" \n"), 1e-12)
	require.InDelta(t, 1.1, reward(t, DefaultRules(), "<think>wait, wait, let me reconsider</think>\n<answer>3*8-5</answer>"), 1e-12,
		"nothing for words")
}

func TestRulesControls(t *testing.T) {
	r := DefaultRules()
	r.Mode = ModeFormatOnly
	require.InDelta(t, 0.1, reward(t, r, right), 1e-12)
	r.Mode, r.Seed = ModeRandom, 7
	heads := 0
	for i := range 1000 {
		response := fmt.Sprintf("<think>%d</think><answer>1</answer>", i)
		first := reward(t, r, response)
		require.Equal(t, first, reward(t, r, response), "deterministic")
		if first > 1 {
			heads++
		}
	}
	require.InDelta(t, 500, heads, 80)
	v, err := r.Verify(context.Background(), countdownTask(), wrong)
	require.NoError(t, err)
	require.Equal(t, Wrong, v.Kind, "the verdict stays the truth")
	r.Mode = "nonsense"
	_, err = r.Verify(context.Background(), countdownTask(), right)
	require.ErrorContains(t, err, "format_only")
}

func TestRulesUnknownKind(t *testing.T) {
	_, err := DefaultRules().Verify(context.Background(), datasets.Task{Kind: "poetry"}, right)
	require.ErrorContains(t, err, "code, countdown, math")
	_, err = Rules{}.Verify(context.Background(), countdownTask(), right)
	require.NoError(t, err, "the zero value judges every kind")
	_, err = Rules{ByKind: map[string]Verifier{}}.Verify(context.Background(), countdownTask(), right)
	require.ErrorContains(t, err, "no verifier in these rules")
}

func FuzzFormat(f *testing.F) {
	f.Add(right)
	f.Add("<think></think><answer></answer>")
	f.Add("</answer><answer></think><think>")
	f.Fuzz(func(t *testing.T, s string) {
		if answer, ok := Answer(s); HasFormat(s) {
			require.True(t, ok)
			require.NotEmpty(t, answer)
		}
		start, end := ThinkSpan(s)
		require.True(t, 0 <= start && start <= end && end <= len(s))
	})
}
