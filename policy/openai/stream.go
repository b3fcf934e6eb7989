package openai

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rltrain/rltrain/policy"
)

// Sample implements policy.Sampler.
func (s *Sampler) Sample(ctx context.Context, requests []policy.Request) ([][]policy.Sample, error) {
	out := make([][]policy.Sample, len(requests))
	for i, r := range requests {
		out[i] = make([]policy.Sample, r.N)
	}
	err := s.Stream(ctx, requests, func(request, number int, sample policy.Sample) error {
		out[request][number-requests[request].First] = sample // no two calls have the same place
		return nil
	})
	return out, err
}

// Stream implements policy.Streamer. The completions of one request are drawn together where the server can do that.
func (s *Sampler) Stream(ctx context.Context, requests []policy.Request, done func(request, number int, sample policy.Sample) error) error {
	most := 0
	for _, r := range requests {
		if len(r.Forced) > 0 || len(r.Banned) > 0 {
			return errors.New("a server neither goes on from given tokens nor bans some: take a model in a folder")
		}
		most = max(most, r.N)
	}
	if most > 1 && !s.single.Load() {
		if err := s.probe(ctx, requests[0]); err != nil {
			return err
		}
	}
	team, ctx := errgroup.WithContext(ctx)
	team.SetLimit(s.o.Concurrency)
	for i, r := range requests {
		together := r.N
		if s.single.Load() {
			together = 1
		}
		for first := 0; first < r.N; first += together {
			team.Go(func() error {
				return s.serve(ctx, r, r.First+first, together, func(number int, sample policy.Sample) error { return done(i, number, sample) })
			})
		}
	}
	return team.Wait()
}

// probe finds out with two tokens whether the server draws two completions when it is asked for two.
func (s *Sampler) probe(ctx context.Context, r policy.Request) error {
	r.MaxTokens = 1
	samples, err := s.ask(ctx, r, r.First, 2)
	switch {
	case err != nil && !rejected(err):
		return s.explain(ctx, "complete a prompt", err)
	case err != nil:
		s.one(fmt.Sprintf("refuses n = 2 (%v)", err))
	case len(samples) < 2:
		s.one("ignores n")
	}
	return nil
}

// one switches to one completion a request.
func (s *Sampler) one(why string) {
	if !s.single.Swap(true) {
		s.o.Say(fmt.Sprintf("%s %s: each completion is a request of its own", s.o.BaseURL, why))
	}
}

// serve draws completions first … first+n-1 of a request.
func (s *Sampler) serve(ctx context.Context, r policy.Request, first, n int, done func(number int, sample policy.Sample) error) error {
	for n > 0 {
		together := n
		if s.single.Load() {
			together = 1
		}
		samples, err := s.ask(ctx, r, first, together)
		if together > 1 && rejected(err) {
			s.one(fmt.Sprintf("refuses n = %d (%s)", together, reason(err)))
			continue
		}
		if err != nil {
			return s.explain(ctx, fmt.Sprintf("complete the prompt of task %s", r.Task), err)
		}
		if len(samples) < together {
			s.one("ignores n")
		}
		for i, sample := range samples[:min(n, len(samples))] {
			if err := done(first+i, sample); err != nil {
				return err
			}
		}
		first, n = first+len(samples), n-len(samples)
	}
	return nil
}

// ask sends one request. It asks again without log-probs where the server has none.
func (s *Sampler) ask(ctx context.Context, r policy.Request, first, n int) ([]policy.Sample, error) {
	start := time.Now()
	raw, err := s.send(ctx, r, seedOf(r, first), n)
	if rejected(err) && !s.mute.Load() && strings.Contains(strings.ToLower(reason(err)), "logprob") {
		s.mute.Store(true)
		s.o.Say(fmt.Sprintf("%s gives no log-probs (%s): going on without", s.o.BaseURL, reason(err)))
		raw, err = s.send(ctx, r, seedOf(r, first), n)
	}
	if err != nil {
		return nil, err
	}
	samples, err := read([]byte(raw))
	for i := range samples { // the request's time is shared by what it drew
		for j, list := range samples[i].Alternatives {
			samples[i].Alternatives[j] = list[:min(len(list), r.Alternatives)]
		}
		if r.Alternatives == 0 {
			samples[i].Alternatives = nil
		}
		samples[i].Seconds = time.Since(start).Seconds() / float64(len(samples))
	}
	return samples, err
}

// send returns the answer as the server wrote it.
func (s *Sampler) send(ctx context.Context, r policy.Request, seed int64, n int) (string, error) {
	if r.Chat {
		answer, err := s.chats.New(ctx, s.chat(r, seed, n))
		if err != nil {
			return "", err
		}
		return answer.RawJSON(), nil
	}
	answer, err := s.completions.New(ctx, s.completion(r, seed, n))
	if err != nil {
		return "", err
	}
	return answer.RawJSON(), nil
}

// seedOf is a seed of its own for each completion of each task. Servers take 31 bits, and the greatest 32-bit number means "at
// random" to one of them.
func seedOf(r policy.Request, first int) int64 {
	h := fnv.New64a()
	h.Write([]byte(r.Task))
	h.Write(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, r.Seed), uint64(first)))
	return int64(h.Sum64() % math.MaxInt32)
}
