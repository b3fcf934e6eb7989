// Package fake is a policy without a network, for tests of what stands above the engines: one
// table of logits, from which every token is drawn alike, whatever the prompt or the tokens before. Gradients are
// exact, one optimizer step is plain gradient descent, and a sample costs microseconds.
package fake

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/rltrain/rltrain/policy"
)

// Special tokens; byte b is token b.
const (
	BOS   policy.Token = 256
	EOS   policy.Token = 257
	vocab              = 258
)

// Bytes is a tokenizer whose tokens are bytes. It fails on text with a byte that Refuse lists.
type Bytes struct{ Refuse string }

// Encode fails on the first byte of Refuse.
func (b Bytes) Encode(text string) ([]policy.Token, error) {
	out := make([]policy.Token, 0, len(text))
	for i := range len(text) {
		for j := range len(b.Refuse) {
			if text[i] == b.Refuse[j] {
				return nil, fmt.Errorf("no token for %q", text[i])
			}
		}
		out = append(out, policy.Token(text[i]))
	}
	return out, nil
}

// Decode leaves special tokens out.
func (Bytes) Decode(ids []policy.Token) string {
	var out []byte
	for _, id := range ids {
		if id >= 0 && id < BOS {
			out = append(out, byte(id))
		}
	}
	return string(out)
}

// Start begins a prompt.
func (Bytes) Start() []policy.Token { return []policy.Token{BOS} }

// EOS ends a completion.
func (Bytes) EOS() policy.Token { return EOS }

// Sampler is a policy.Sampler made of a function.
type Sampler func(ctx context.Context, requests []policy.Request) ([][]policy.Sample, error)

// Sample calls the function.
func (s Sampler) Sample(ctx context.Context, requests []policy.Request) ([][]policy.Sample, error) {
	return s(ctx, requests)
}

// Script is a Sampler whose sample number n for task is the bytes of text(task, n), after what is forced, and EOS.
func Script(text func(task string, n int) string) Sampler {
	return func(ctx context.Context, requests []policy.Request) ([][]policy.Sample, error) {
		out := make([][]policy.Sample, len(requests))
		for i, r := range requests {
			for n := range r.N {
				tokens := slices.Clone(r.Forced)
				for _, b := range []byte(text(r.Task, r.First+n)) {
					tokens = append(tokens, policy.Token(b))
				}
				tokens = append(tokens, EOS)
				out[i] = append(out[i], policy.Sample{
					Tokens: tokens, Logprobs: make([]float32, len(tokens)), Entropies: make([]float32, len(tokens)), Stop: policy.StopToken,
				})
			}
		}
		return out, ctx.Err()
	}
}

// Trainer is a policy.Trainer over one table of logits. Only the tokens of its alphabet are ever drawn.
type Trainer struct {
	Calls    []string           // names of the methods called, in order
	OnCall   func(string) error // if set, is told each call; its error is the call's
	alphabet []policy.Token
	logits   [vocab]float64
	grads    [vocab]float64
	version  int
}

// NewTrainer is uniform over the bytes of alphabet and EOS.
func NewTrainer(alphabet string) *Trainer {
	t := &Trainer{alphabet: []policy.Token{EOS}}
	for _, b := range []byte(alphabet) {
		t.alphabet = append(t.alphabet, policy.Token(b))
	}
	return t
}

func (t *Trainer) call(ctx context.Context, name string) error {
	t.Calls = append(t.Calls, name)
	if t.OnCall != nil {
		if err := t.OnCall(name); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// logprobs is the log-softmax over the alphabet.
func (t *Trainer) logprobs() map[policy.Token]float64 {
	sum := 0.0
	for _, a := range t.alphabet {
		sum += math.Exp(t.logits[a])
	}
	out := map[policy.Token]float64{}
	for _, a := range t.alphabet {
		out[a] = t.logits[a] - math.Log(sum)
	}
	return out
}

// Prob is the present probability of drawing token.
func (t *Trainer) Prob(token policy.Token) float64 { return math.Exp(t.logprobs()[token]) }

// Snapshot returns a Sampler bound to the present table.
func (t *Trainer) Snapshot(ctx context.Context) (policy.Sampler, error) {
	if err := t.call(ctx, "snapshot"); err != nil {
		return nil, err
	}
	bound := Trainer{alphabet: t.alphabet, logits: t.logits, version: t.version}
	return Sampler(bound.sample), nil
}

func (t *Trainer) sample(ctx context.Context, requests []policy.Request) ([][]policy.Sample, error) {
	lp := t.logprobs()
	entropy := 0.0
	for _, a := range t.alphabet {
		entropy -= math.Exp(lp[a]) * lp[a]
	}
	out := make([][]policy.Sample, len(requests))
	for i, r := range requests {
		for n := range r.N {
			out[i] = append(out[i], t.draw(r, r.First+n, lp, float32(entropy)))
		}
	}
	return out, ctx.Err()
}

func (t *Trainer) draw(r policy.Request, n int, lp map[policy.Token]float64, entropy float32) policy.Sample {
	name := fnv.New64a()
	fmt.Fprint(name, r.Task, n)
	rng := rand.New(rand.NewPCG(r.Seed, name.Sum64()))
	s := policy.Sample{Stop: policy.StopLength, Version: t.version}
	for len(s.Tokens) < r.MaxTokens {
		var token policy.Token
		var p float32
		if i := len(s.Tokens); i < len(r.Forced) {
			token = r.Forced[i]
		} else {
			token = t.pick(rng.Float64(), lp, r.Banned)
			p = float32(lp[token])
		}
		s.Tokens, s.Logprobs, s.Entropies = append(s.Tokens, token), append(s.Logprobs, p), append(s.Entropies, entropy)
		if len(s.Tokens) > len(r.Forced) && slices.Contains(r.Stop, token) {
			s.Stop = policy.StopToken
			break
		}
	}
	return s
}

// pick inverts the cumulative distribution at u, without the banned tokens.
func (t *Trainer) pick(u float64, lp map[policy.Token]float64, banned []policy.Token) (token policy.Token) {
	total := 0.0
	for _, a := range t.alphabet {
		if !slices.Contains(banned, a) {
			total, token = total+math.Exp(lp[a]), a
		}
	}
	at := u * total
	for _, a := range t.alphabet {
		if slices.Contains(banned, a) {
			continue
		}
		if at -= math.Exp(lp[a]); at < 0 {
			return a
		}
	}
	return token
}

// Score returns log-probs under the present table.
func (t *Trainer) Score(ctx context.Context, data []policy.Datum) ([][]float32, error) {
	lp := t.logprobs()
	out := make([][]float32, len(data))
	for i, d := range data {
		for _, token := range d.Response {
			out[i] = append(out[i], float32(lp[token]))
		}
	}
	return out, t.call(ctx, "score")
}

// ForwardBackward adds the exact gradient of cross-entropy or the clipped surrogate; it knows no other loss.
func (t *Trainer) ForwardBackward(ctx context.Context, data []policy.Datum, loss policy.Loss) (policy.Stats, error) {
	if err := t.call(ctx, "forward-backward"); err != nil {
		return policy.Stats{}, err
	}
	if loss.Kind != policy.LossCrossEntropy && loss.Kind != policy.LossPolicyGradient || loss.KL > 0 || loss.DualClip > 0 {
		return policy.Stats{}, fmt.Errorf("loss %+v is not known here", loss)
	}
	lp := t.logprobs()
	var s policy.Stats
	for _, d := range data {
		s.Padded += len(d.Prompt) + len(d.Response)
		s.Logprobs = append(s.Logprobs, make([]float32, len(d.Response)))
		for i, token := range d.Response {
			s.Logprobs[len(s.Logprobs)-1][i] = float32(lp[token])
			w := float64(d.Weights[i])
			if w == 0 {
				continue
			}
			s.Tokens++
			slope := -w // of the loss, in log p
			value := slope * lp[token]
			if loss.Kind == policy.LossPolicyGradient {
				value, slope = surrogate(w, float64(d.Advantages[i]), math.Exp(lp[token]-float64(d.Logprobs[i])), loss, &s)
				s.LogpDiffMax = max(s.LogpDiffMax, math.Abs(lp[token]-float64(d.Logprobs[i])))
			}
			s.Loss += value
			for _, a := range t.alphabet {
				t.grads[a] -= slope * math.Exp(lp[a])
			}
			t.grads[token] += slope
		}
	}
	return s, nil
}

// surrogate is the clipped loss of one token and its slope in the log-prob.
func surrogate(w, advantage, ratio float64, loss policy.Loss, s *policy.Stats) (value, slope float64) {
	s.RatioMax = max(s.RatioMax, ratio)
	clipped := min(max(ratio, 1-float64(loss.ClipLow)), 1+float64(loss.ClipHigh))
	if clipped*advantage < ratio*advantage {
		return -w * clipped * advantage, 0
	}
	return -w * ratio * advantage, -w * ratio * advantage
}

// OptimStep descends by LR along the gradient and clears it; one that is not finite changes nothing.
func (t *Trainer) OptimStep(ctx context.Context, o policy.Optim) (policy.Stats, error) {
	grads := t.grads
	t.grads = [vocab]float64{}
	if err := t.call(ctx, "optim"); err != nil {
		return policy.Stats{}, err
	}
	norm := 0.0
	for _, g := range grads {
		norm += g * g
	}
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return policy.Stats{}, fmt.Errorf("%w: its norm is %v", policy.ErrNotFinite, norm)
	}
	for i, g := range grads {
		t.logits[i] -= float64(o.LR) * g
	}
	t.version++
	return policy.Stats{GradNorm: math.Sqrt(norm), ExpertLoad: [][]float64{{0.75, 0.25, 0, 0}}, ExpertBias: [][]float64{{0, 0, 0, 0}}}, nil
}

// saved is the content of the one file of a checkpoint.
type saved struct {
	Logits  [vocab]float64
	Version int
}

const file = "fake.json"

// Save writes the table into dir.
func (t *Trainer) Save(_ context.Context, dir string) error {
	data, err := json.Marshal(saved{t.logits, t.version})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, file), data, 0o644)
}

// Load reads the table back.
func (t *Trainer) Load(_ context.Context, dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return err
	}
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	t.logits, t.version, t.grads = s.Logits, s.Version, [vocab]float64{}
	return nil
}
