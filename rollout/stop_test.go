package rollout

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/fake"
)

func sampleOf(text string) policy.Sample {
	s := policy.Sample{Stop: policy.StopLength}
	for i := range len(text) {
		s.Tokens = append(s.Tokens, policy.Token(text[i]))
		s.Logprobs, s.Entropies = append(s.Logprobs, float32(i)), append(s.Entropies, 1)
	}
	return s
}

func TestReadEndsWhereTheStopStringIsComplete(t *testing.T) {
	worked, err := NewTemplate(FewShot, []datasets.Shot{{Question: "q", Solution: "first\nsecond"}})
	require.NoError(t, err)
	pool := Pool{Tokenizer: fake.Bytes{}, Template: worked}
	r := pool.Read(sampleOf("7\nQuestion: more"))
	require.Equal(t, "7", r.Text)
	require.Len(t, r.Tokens, len("7\nQuestion:"), "nothing is learned from what follows")
	require.Len(t, r.Logprobs, len(r.Tokens))
	require.Len(t, r.Entropies, len(r.Tokens))
	require.Nil(t, r.DrawLogprobs)
	require.Equal(t, policy.StopToken, r.Stop)

	r = pool.Read(sampleOf("7 and on"))
	require.Equal(t, "7 and on", r.Text)
	require.Len(t, r.Tokens, 8)
	require.Equal(t, policy.StopLength, r.Stop)
}

func TestEnds(t *testing.T) {
	line, err := NewTemplate(FewShot, []datasets.Shot{{Question: "q", Solution: "5"}})
	require.NoError(t, err)
	pool := Pool{Tokenizer: holding{}, Template: line}
	require.Equal(t, []policy.Token{10, 77, fake.EOS}, pool.Ends())
	require.Nil(t, (&Pool{}).Ends(), "a sampler with a tokenizer of its own")
}

// holding is a tokenizer in which two tokens hold a new line.
type holding struct{ fake.Bytes }

func (holding) Holding(text string) []policy.Token {
	if text == "\n" {
		return []policy.Token{77, 10}
	}
	return nil
}
