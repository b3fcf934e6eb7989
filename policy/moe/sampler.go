package moe

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/rltrain/rltrain/policy"
)

// Snapshot implements policy.Trainer: the weights are shared, and only those copied that decoding wants otherwise.
func (t *Trainer) Snapshot(context.Context) (policy.Sampler, error) {
	runtime.GC() // weights that no snapshot uses any more are freed by finalizers
	bias, err := t.upload([]host{t.biasInput()})
	if err != nil {
		return nil, err
	}
	params, err := t.merged()
	if err != nil {
		return nil, err
	}
	ready, err := t.prepared(params)
	if err != nil {
		return nil, err
	}
	s := &sampler{trainer: t, version: t.steps, params: params, weights: append(ready, bias...), bias: bias[0]}
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

// Sample implements policy.Sampler.
func (s *sampler) Sample(ctx context.Context, requests []policy.Request) ([][]policy.Sample, error) {
	return s.draw(ctx, requests, func(*lane) error { return nil })
}

// Stream implements policy.Streamer. done is called by the goroutine that draws, between two chunks; the order follows from the requests
// and from what is drawn.
func (s *sampler) Stream(ctx context.Context, requests []policy.Request, done func(request, number int, sample policy.Sample) error) error {
	_, err := s.draw(ctx, requests, func(l *lane) error { return done(l.request, l.number, *l.out) })
	return err
}

// draw draws what is asked for, and tells of each completion once it has ended.
func (s *sampler) draw(ctx context.Context, requests []policy.Request, ended func(*lane) error) ([][]policy.Sample, error) {
	for i, r := range requests {
		if err := s.check(r, requests[0]); err != nil {
			return nil, fmt.Errorf("request %d (task %q): %w", i, r.Task, err)
		}
	}
	lanes, results := lanesOf(requests, s.version)
	d := drawing{s: s, requests: requests, ended: ended}
	if err := d.run(ctx, lanes); err != nil {
		return nil, err
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

// asDrawn tells whether tokens are drawn from another distribution than the policy's own.
func asDrawn(p policy.Params) bool {
	return p.Temperature != 1 || p.Cut != policy.Cut{} || len(p.Banned) > 0
}
