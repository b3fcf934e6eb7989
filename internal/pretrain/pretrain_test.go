package pretrain

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/tokenizer"
)

func TestValidate(t *testing.T) {
	require.NoError(t, Default().Validate())
	for _, test := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Tokens = 0 }, "tokens 0"},
		{func(c *Config) { c.StepTokens = 0 }, "step_tokens 0"},
		{func(c *Config) { c.MaxLength = 7 }, "max_length 7"},
		{func(c *Config) { c.LR = 0 }, "lr 0"},
		{func(c *Config) { c.MuonLR = -1 }, "muon_lr -1"},
		{func(c *Config) { c.DecayFrom = 1 }, "decay_from 1"},
		{func(c *Config) { c.DecayFrom = -1 }, "decay_from -1"},
		{func(c *Config) { c.FinalShare = 2 }, "final_share 2"},
		{func(c *Config) { c.FinalShare = -1 }, "final_share -1"},
	} {
		c := Default()
		test.change(&c)
		require.ErrorContains(t, c.Validate(), test.want)
		_, err := Run(t.Context(), c, nil, nil, nil, nil, Cursor{})
		require.ErrorContains(t, err, test.want)
	}
}

func TestRate(t *testing.T) {
	c := Config{LR: 2, MuonLR: 4, Warmup: 4, DecayFrom: 0.5, FinalShare: 0.02}
	for _, test := range []struct {
		step       int
		done, want float64
	}{
		{0, 0, 0.25}, {1, 0, 0.5}, {3, 0, 1}, {4, 0.1, 1}, {9, 0.5, 1}, {9, 0.75, 0.51}, {9, 1, 0.02},
		{0, 0.75, 0.1275}, // still warming up
	} {
		got := c.rate(test.step, test.done)
		require.InDelta(t, test.want, got, 1e-12, "step %d, done %g", test.step, test.done)
		o := c.optim(got)
		require.Equal(t, float32(2*got), o.LR)
		require.Equal(t, float32(4*got), o.MuonLR)
	}
	require.Equal(t, 1.0, Config{DecayFrom: 0.5}.rate(0, 0), "no warm-up")
}

func newCorpus(t *testing.T) (*datasets.Corpus, *tokenizer.Tokenizer) {
	t.Helper()
	corpus, err := datasets.NewCorpus(datasets.DefaultCorpusConfig(), 1)
	require.NoError(t, err)
	tok, err := tokenizer.NewWordLevel(datasets.Vocabulary(), datasets.Pattern)
	require.NoError(t, err)
	return corpus, tok
}

func TestReader(t *testing.T) {
	corpus, tok := newCorpus(t)
	const limit = 80
	r := &reader{corpus: corpus, tok: tok, limit: limit}
	var got [][]policy.Token
	for range 3 {
		data, tokens, err := r.batch(1000)
		require.NoError(t, err)
		sum, count := 0.0, 0
		for _, d := range data {
			require.Equal(t, []policy.Token{tok.BOS()}, d.Prompt)
			require.Equal(t, tok.EOS(), d.Response[len(d.Response)-1])
			require.LessOrEqual(t, len(d.Prompt)+len(d.Response), limit)
			got = append(got, d.Response)
			count += len(d.Response)
			for _, w := range d.Weights {
				require.Equal(t, d.Weights[0], w)
				sum += float64(w)
			}
		}
		require.InDelta(t, 1, sum, 1e-5)
		require.Equal(t, count, tokens)
		require.GreaterOrEqual(t, tokens, 1000)
		require.Less(t, tokens, 1000+limit)
	}
	var want [][]policy.Token
	skipped := 0
	for i := range r.next {
		doc := corpus.Document(i)
		ids, err := tok.Encode(doc.Prompt + doc.Text)
		require.NoError(t, err)
		if len(ids)+2 > limit {
			skipped++
			continue
		}
		want = append(want, append(ids, tok.EOS()))
	}
	require.Equal(t, want, got, "every document that fits, once and in order")
	require.Positive(t, skipped)
}

func TestReaderWithoutADocumentThatFits(t *testing.T) {
	corpus, tok := newCorpus(t)
	r := &reader{corpus: corpus, tok: tok, limit: 8}
	_, _, err := r.batch(100)
	require.ErrorContains(t, err, "max_length 8")
}

// counter is a policy.Trainer that learns nothing and counts.
type counter struct {
	policy.Trainer
	rates   []float32
	seen    []policy.Datum
	fail    error
	stepped func()
}

func (c *counter) ForwardBackward(ctx context.Context, data []policy.Datum, loss policy.Loss) (policy.Stats, error) {
	s := policy.Stats{Loss: float64(len(c.rates)), Overflows: 1}
	c.seen = append(c.seen, data...)
	for _, d := range data {
		s.Tokens += len(d.Response)
		s.Padded += 2 * len(d.Response)
	}
	if loss.Kind != policy.LossCrossEntropy {
		return s, errors.New("another loss")
	}
	return s, ctx.Err()
}

func (c *counter) OptimStep(_ context.Context, o policy.Optim) (policy.Stats, error) {
	c.rates = append(c.rates, o.LR)
	if c.stepped != nil {
		c.stepped()
	}
	return policy.Stats{GradNorm: 7, ExpertLoad: [][]float64{{0.5, 0.5}, {0.75, 0.25}}}, c.fail
}

func TestRun(t *testing.T) {
	corpus, tok := newCorpus(t)
	c := Default()
	c.Tokens, c.StepTokens, c.LogEvery, c.Warmup, c.LR = 9500, 1000, 4, 2, 1
	var log bytes.Buffer
	trainer := &counter{}
	_, err := Run(t.Context(), c, trainer, tok, corpus, &log, Cursor{})
	require.NoError(t, err)
	var lines []Line
	for decoder := json.NewDecoder(&log); decoder.More(); {
		var line Line
		require.NoError(t, decoder.Decode(&line))
		lines = append(lines, line)
	}
	steps := len(trainer.rates)
	require.Equal(t, (steps+3)/4, len(lines))
	require.Equal(t, 4, lines[0].Step)
	require.Equal(t, 1.5, lines[0].Loss, "mean of 0, 1, 2, 3")
	require.Equal(t, 5.5, lines[1].Loss)
	require.Equal(t, 4, lines[1].Twice)
	require.Equal(t, 0.5, lines[0].Useful)
	require.Equal(t, 0.5, lines[0].MaxLoad)
	require.Equal(t, steps, lines[len(lines)-1].Step, "the last step is logged")
	require.GreaterOrEqual(t, lines[len(lines)-1].Tokens, c.Tokens)
	require.Equal(t, []float32{0.5, 1}, trainer.rates[:2])
	require.Less(t, trainer.rates[steps-1], float32(0.2))

	boom := errors.New("boom")
	_, err = Run(t.Context(), c, &counter{fail: boom}, tok, corpus, &log, Cursor{})
	require.ErrorIs(t, err, boom)
}

// An interrupted pretraining and its rest take the same steps on the same documents as an unbroken one.
func TestRunGoesOnWhereItWas(t *testing.T) {
	corpus, tok := newCorpus(t)
	c := Default()
	c.Tokens, c.StepTokens = 9500, 1000
	whole := &counter{}
	end, err := Run(t.Context(), c, whole, tok, corpus, io.Discard, Cursor{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	first := &counter{}
	first.stepped = func() {
		if len(first.rates) == 3 {
			cancel()
		}
	}
	at, err := Run(ctx, c, first, tok, corpus, io.Discard, Cursor{})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 3, at.Step, "the present step ends")
	rest := &counter{}
	again, err := Run(t.Context(), c, rest, tok, corpus, io.Discard, at)
	require.NoError(t, err)
	require.Equal(t, whole.rates, append(first.rates, rest.rates...))
	require.Equal(t, whole.seen, append(first.seen, rest.seen...))
	require.Equal(t, [3]int{end.Step, end.Tokens, int(end.Document)}, [3]int{again.Step, again.Tokens, int(again.Document)})
}
