package moe

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"runtime"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/rltrain/rltrain/policy"
)

// Snapshot implements policy.Trainer: the weights are shared, not copied.
func (t *Trainer) Snapshot(context.Context) (policy.Sampler, error) {
	runtime.GC() // weights that no snapshot uses any more are freed by finalizers
	bias, err := t.biasTensor()
	if err != nil {
		return nil, err
	}
	params, err := t.merged()
	if err != nil {
		return nil, err
	}
	ready, err := t.programs.prepare.run(asArgs(params...))
	if err != nil {
		return nil, err
	}
	s := &sampler{trainer: t, version: t.steps, params: params, weights: append(ready, bias), bias: bias}
	s.cos, s.sin, err = t.ropeTables()
	return s, err
}

// sampler is a policy.Sampler over one version of the weights.
type sampler struct {
	trainer  *Trainer
	version  int
	params   []*tensors.Tensor // as trained, adapters merged, for prefill
	weights  []*tensors.Tensor // as decoding wants them, bias last
	bias     *tensors.Tensor
	cos, sin *tensors.Tensor // the trainer's
}

// lane is one completion being drawn.
type lane struct {
	request int    // index of its request
	key     uint64 // start of the row's random stream
	limit   int    // tokens it may still get in all
	out     *policy.Sample
	done    bool
}

// Sample implements policy.Sampler. Requests are served in order, MaxRows completions side by side;
// which rows share a batch depends on the requests alone.
func (s *sampler) Sample(ctx context.Context, requests []policy.Request) ([][]policy.Sample, error) {
	results := make([][]policy.Sample, len(requests))
	var lanes []*lane
	for i, r := range requests {
		if err := s.check(r, requests[0]); err != nil {
			return nil, fmt.Errorf("request %d (task %q): %w", i, r.Task, err)
		}
		results[i] = make([]policy.Sample, r.N)
		for n := range r.N {
			out := &results[i][n]
			*out = policy.Sample{Tokens: append([]policy.Token(nil), r.Forced...), Stop: policy.StopLength, Version: s.version}
			out.Logprobs, out.Entropies = make([]float32, len(r.Forced)), make([]float32, len(r.Forced))
			if asDrawn(r.Params) {
				out.DrawLogprobs = make([]float32, len(r.Forced), r.MaxTokens)
			}
			if limit := r.MaxTokens - len(r.Forced); limit > 0 {
				lanes = append(lanes, &lane{request: i, key: streamKey(r.Seed, r.Task, r.First+n), limit: limit, out: out})
			}
		}
	}
	for from := 0; from < len(lanes); from += s.trainer.Shapes.MaxRows {
		wave := lanes[from:min(len(lanes), from+s.trainer.Shapes.MaxRows)]
		if err := s.draw(ctx, requests, wave); err != nil {
			return nil, err
		}
	}
	for i, r := range requests {
		s.trainer.account.add(s.trainer.Config.drawnFLOPs(r, results[i]), 0)
	}
	return results, nil
}

func (s *sampler) check(r, first policy.Request) error {
	longest := s.trainer.Config.MaxPositions
	switch {
	case len(r.Prompt) == 0:
		return fmt.Errorf("prompt is empty: it needs at least one token")
	case r.N < 1 || r.MaxTokens < 1:
		return fmt.Errorf("%d completions of %d tokens asked for: both must be at least 1", r.N, r.MaxTokens)
	case len(r.Prompt)+r.MaxTokens > longest:
		return fmt.Errorf("prompt of %d and %d new tokens are beyond the model's %d positions: lower max_tokens", len(r.Prompt), r.MaxTokens, longest)
	case r.Temperature < 0 || math.IsNaN(float64(r.Temperature)):
		return fmt.Errorf("temperature is %v: want 0 (greedy) or more", r.Temperature)
	case r.TopK < 0 || !(r.TopP >= 0 && r.TopP <= 1) || !(r.MinP >= 0 && r.MinP <= 1):
		return fmt.Errorf("top-k %d, top-p %v, min-p %v: want top-k of at least 0, the others from 0 to 1", r.TopK, r.TopP, r.MinP)
	case slices.ContainsFunc(r.Banned, func(t policy.Token) bool { return t < 0 || int(t) >= s.trainer.Config.Vocab }):
		return fmt.Errorf("banned tokens %v: want ids from 0 to %d", r.Banned, s.trainer.Config.Vocab-1)
	case r.Temperature != first.Temperature || r.Cut != first.Cut || !slices.Equal(r.Stop, first.Stop) || !slices.Equal(r.Banned, first.Banned) || r.Routing != first.Routing:
		return fmt.Errorf("temperature, cut, routing, stop or banned tokens differ from the first request's: sample them in a call of their own")
	}
	return nil
}

// sharpness is 1/temperature, 0 for greedy.
func sharpness(temperature float32) float32 {
	if temperature == 0 {
		return 0
	}
	return 1 / temperature
}

// draw draws the completions of up to MaxRows lanes from their prompts to their ends.
func (s *sampler) draw(ctx context.Context, requests []policy.Request, lanes []*lane) error {
	d, err := s.prefill(requests, lanes)
	if err != nil {
		return err
	}
	defer func() { release(d.owned()...) }()
	for !d.finished() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.fit(); err != nil {
			return err
		}
		if err := d.chunk(); err != nil {
			return err
		}
	}
	return nil
}

// asDrawn tells whether tokens are drawn from another distribution than the policy's own.
func asDrawn(p policy.Params) bool {
	return p.Temperature != 1 || p.Cut != policy.Cut{} || len(p.Banned) > 0
}

// take appends one drawn token to a lane.
func (l *lane) take(p pick, stop []policy.Token) {
	if l.done {
		return
	}
	for _, id := range p.routes {
		l.out.Routing = append(l.out.Routing, uint16(id))
	}
	if l.out.DrawLogprobs != nil {
		l.out.DrawLogprobs = append(l.out.DrawLogprobs, p.drawLogp)
	}
	l.out.Tokens = append(l.out.Tokens, p.token)
	l.out.Logprobs = append(l.out.Logprobs, p.logp)
	l.out.Entropies = append(l.out.Entropies, p.entropy)
	l.limit--
	for _, end := range stop {
		if p.token == end {
			l.out.Stop, l.done = policy.StopToken, true
		}
	}
	l.done = l.done || l.limit == 0
}

// streamKey starts the random stream of one completion.
func streamKey(seed uint64, task string, sample int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%d/%s", seed, sample, task)
	return h.Sum64()
}

// uniform is the draw at a position of a stream, in [0, 1): a counter-based generator (SplitMix64's
// finaliser), so that a draw depends on nothing but seed, task, sample and position.
func uniform(key uint64, position int) float32 {
	x := key + uint64(position+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return float32(x>>40) / (1 << 24)
}
