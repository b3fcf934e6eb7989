// Package pretrain makes a base model: next-token prediction over the synthetic corpus, one pass,
// no document twice. The prompt part of a document is trained on like the rest.
package pretrain

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/tokenizer"
)

// Config says how long and how fast to learn.
type Config struct {
	Tokens     int     `yaml:"tokens"`      // in all
	StepTokens int     `yaml:"step_tokens"` // in one optimizer step, about
	MaxLength  int     `yaml:"max_length"`  // tokens of a document, its end included; longer ones are passed over
	LR         float64 `yaml:"lr"`          // AdamW: embedding, head, router, norms
	MuonLR     float64 `yaml:"muon_lr"`     // Muon: all other matrices
	MuonDecay  float64 `yaml:"muon_weight_decay"`
	Warmup     int     `yaml:"warmup"`      // steps of linear rise
	DecayFrom  float64 `yaml:"decay_from"`  // share of the tokens after which the rates fall linearly
	FinalShare float64 `yaml:"final_share"` // of the rates, left at the end
	BiasRate   float64 `yaml:"bias_rate"`   // step of the routing bias
	LogEvery   int     `yaml:"log_every"`   // steps between two lines of the log
}

// Default is what the shipped base was made with.
func Default() Config {
	return Config{
		Tokens: 13_000_000, StepTokens: 7_500, MaxLength: 257, LR: 3e-3, MuonLR: 6e-3, MuonDecay: 0.05,
		Warmup: 50, DecayFrom: 0.5, FinalShare: 0.02, BiasRate: 1e-2, LogEvery: 20,
	}
}

// Validate names the first value out of range.
func (c Config) Validate() error {
	switch {
	case c.Tokens < 1 || c.StepTokens < 1 || c.MaxLength < 8:
		return fmt.Errorf("pretrain: tokens %d, step_tokens %d, max_length %d: want positive numbers, max_length at least 8", c.Tokens, c.StepTokens, c.MaxLength)
	case c.LR <= 0 || c.MuonLR < 0:
		return fmt.Errorf("pretrain: lr %g, muon_lr %g: lr must be positive, muon_lr not negative", c.LR, c.MuonLR)
	case c.DecayFrom < 0 || c.DecayFrom >= 1 || c.FinalShare < 0 || c.FinalShare > 1:
		return fmt.Errorf("pretrain: decay_from %g, final_share %g: want 0 <= decay_from < 1 and 0 <= final_share <= 1", c.DecayFrom, c.FinalShare)
	}
	return nil
}

// Line is one entry of the training log.
type Line struct {
	Step     int     `json:"step"`
	Tokens   int     `json:"tokens"`
	Loss     float64 `json:"loss"` // mean nats per token over the steps since the last line
	LR       float64 `json:"lr"`
	GradNorm float64 `json:"grad_norm"`
	MaxLoad  float64 `json:"moe_max_violation"`
	Useful   float64 `json:"useful_share"` // of the positions computed
	Twice    int     `json:"overflows"`    // microbatches computed twice since the last line
	Seconds  float64 `json:"seconds"`
}

// Cursor is where a pretraining stands between two steps. The zero Cursor is its start.
type Cursor struct {
	Step     int     `json:"step"`     // steps taken
	Tokens   int     `json:"tokens"`   // seen
	Document uint64  `json:"document"` // the next one to read
	Seconds  float64 `json:"seconds"`  // spent
}

// Run goes on at from until Config.Tokens have been seen, and writes the log as JSON lines. A cancelled ctx lets the
// present step end; the Cursor then says where to go on, and the error is ctx's.
func Run(ctx context.Context, c Config, t policy.Trainer, tok *tokenizer.Tokenizer, corpus *datasets.Corpus, log io.Writer, from Cursor) (Cursor, error) {
	if err := c.Validate(); err != nil {
		return from, err
	}
	source := &reader{corpus: corpus, tok: tok, limit: c.MaxLength, next: from.Document}
	at, start, since, steps := from, time.Now(), Line{}, 0
	for at.Tokens < c.Tokens {
		if err := ctx.Err(); err != nil {
			return at, err
		}
		line, tokens, err := c.step(context.WithoutCancel(ctx), t, source, at)
		if err != nil {
			return at, fmt.Errorf("step %d: %w", at.Step, err)
		}
		at = Cursor{at.Step + 1, at.Tokens + tokens, source.next, from.Seconds + time.Since(start).Seconds()}
		since.Loss += line.Loss
		since.Twice += line.Twice
		if steps++; steps == c.LogEvery || at.Tokens >= c.Tokens {
			line.Step, line.Tokens, line.Seconds = at.Step, at.Tokens, at.Seconds
			line.Loss, line.Twice = since.Loss/float64(steps), since.Twice
			if err := json.NewEncoder(log).Encode(line); err != nil {
				return at, fmt.Errorf("write training log: %w", err)
			}
			steps, since = 0, Line{}
		}
	}
	return at, nil
}

// step takes one optimizer step on the next documents and describes it.
func (c Config) step(ctx context.Context, t policy.Trainer, source *reader, at Cursor) (line Line, tokens int, err error) {
	data, tokens, err := source.batch(c.StepTokens)
	if err != nil {
		return line, 0, err
	}
	fb, err := t.ForwardBackward(ctx, data, policy.Loss{Kind: policy.LossCrossEntropy})
	if err != nil {
		return line, 0, err
	}
	scale := c.rate(at.Step, float64(at.Tokens)/float64(c.Tokens))
	opt, err := t.OptimStep(ctx, c.optim(scale))
	if err != nil {
		return line, 0, err
	}
	violation, _ := policy.Imbalance(opt.ExpertLoad)
	return Line{
		Loss: fb.Loss, LR: c.LR * scale, GradNorm: opt.GradNorm, MaxLoad: violation,
		Useful: float64(fb.Tokens) / float64(fb.Padded), Twice: fb.Overflows,
	}, tokens, nil
}

// rate is the share of the full learning rates at a step, done being the share of tokens seen.
func (c Config) rate(step int, done float64) float64 {
	rate := min(1, float64(step+1)/float64(max(1, c.Warmup)))
	if done > c.DecayFrom {
		rate *= 1 - (1-c.FinalShare)*(done-c.DecayFrom)/(1-c.DecayFrom)
	}
	return rate
}

func (c Config) optim(scale float64) policy.Optim {
	return policy.Optim{
		LR: float32(c.LR * scale), Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, ClipNorm: 1, BiasRate: float32(c.BiasRate),
		MuonLR: float32(c.MuonLR * scale), MuonMomentum: 0.95, MuonWeightDecay: float32(c.MuonDecay),
	}
}

// hopeless is how many documents in a row may be too long before the reader gives up.
const hopeless = 5000

// reader turns documents into training data, one after the other.
type reader struct {
	corpus *datasets.Corpus
	tok    *tokenizer.Tokenizer
	limit  int
	next   uint64
}

// batch takes documents until their tokens reach size; each token but the first is predicted with equal weight.
func (r *reader) batch(size int) (data []policy.Datum, tokens int, err error) {
	for passed := 0; tokens < size; {
		doc := r.corpus.Document(r.next)
		r.next++
		ids, err := r.tok.Encode(doc.Prompt + doc.Text)
		if err != nil {
			return nil, 0, fmt.Errorf("document %d: %w", r.next-1, err)
		}
		if len(ids)+2 > r.limit {
			if passed++; passed == hopeless {
				return nil, 0, fmt.Errorf("pretrain: none of %d documents fits into max_length %d: raise it", passed, r.limit)
			}
			continue
		}
		passed = 0
		data = append(data, policy.Datum{Prompt: []policy.Token{r.tok.BOS()}, Response: append(ids, r.tok.EOS())})
		tokens += len(ids) + 1
	}
	for i := range data {
		data[i].Weights = make([]float32, len(data[i].Response))
		for j := range data[i].Weights {
			data[i].Weights[j] = 1 / float32(tokens)
		}
	}
	return data, tokens, nil
}
