package moe

import (
	"fmt"
	"hash/fnv"

	"github.com/rltrain/rltrain/policy"
)

// lane is one completion being drawn.
type lane struct {
	request int    // index of its request
	number  int    // of the completion in the task's stream
	prompt  int    // tokens of its prompt
	key     uint64 // start of the row's random stream
	limit   int    // tokens it may still get
	out     *policy.Sample
	done    bool
	told    bool        // handed over
	cache   [][]float32 // while it is set aside: the keys [KV,kept,U] and values [KV,kept,V] of each layer
}

// lanesOf are the completions that are asked for, and the places where their samples arise. Those that are given in full are done.
func lanesOf(requests []policy.Request, version int) (lanes []*lane, results [][]policy.Sample) {
	results = make([][]policy.Sample, len(requests))
	for i, r := range requests {
		results[i] = make([]policy.Sample, r.N)
		for n := range r.N {
			out := &results[i][n]
			*out = policy.Sample{Tokens: append([]policy.Token(nil), r.Forced...), Stop: policy.StopLength, Version: version}
			out.Logprobs, out.Entropies = make([]float32, len(r.Forced)), make([]float32, len(r.Forced))
			if asDrawn(r.Params) {
				out.DrawLogprobs = make([]float32, len(r.Forced), r.MaxTokens)
			}
			if n == 0 {
				out.PromptTokens = len(r.Prompt) // computed once for all
			}
			limit := r.MaxTokens - len(r.Forced)
			lanes = append(lanes, &lane{
				request: i, number: r.First + n, prompt: len(r.Prompt), key: streamKey(r.Seed, r.Task, r.First+n), limit: limit, out: out, done: limit <= 0,
			})
		}
	}
	return lanes, results
}

// kept is how many of its tokens the caches have an entry of: prompt and completion without the last.
func (l *lane) kept() int { return l.prompt + len(l.out.Tokens) - 1 }

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
