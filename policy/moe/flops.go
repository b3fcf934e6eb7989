package moe

import (
	"strings"
	"sync"

	"github.com/rltrain/rltrain/policy"
)

// FLOPs here are what the tokens need by the architecture's own formula: two for each weight of a matrix that a token meets, and two
// for each product of attention over what lies before it. Norms, softmaxes and the optimizer are left out, as is usual. What
// an engine computes beyond (padding, experts computed densely, recomputation) does not count: it lowers the achieved share.

// TokenFLOPs are those of one token's forward pass: matrices of all layers, head, and attention for each token that is attended to.
func (c Config) TokenFLOPs() (layers, head, attended float64) {
	for _, p := range c.params() {
		if !strings.HasPrefix(p.name, "layer") || len(p.dims) < 2 {
			continue
		}
		n := float64(p.size())
		if len(p.dims) == 3 {
			n *= float64(c.TopK) / float64(c.Experts)
		}
		layers += 2 * n
	}
	return layers, 2 * float64(c.Width) * float64(c.Vocab), 2 * float64(c.Layers*c.attention().scoreWidth())
}

// spanFLOPs are those of the positions from … to-1 of a sequence, with the head on some of them.
func (c Config) spanFLOPs(from, to, heads int) float64 {
	layers, head, attended := c.TokenFLOPs()
	n := float64(to - from)
	return n*layers + float64(heads)*head + attended*c.attended(from, to)
}

// account sums up what a Trainer and its Samplers have done.
type account struct {
	lock          sync.Mutex
	sample, train float64
}

func (a *account) add(sample, train float64) {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.sample, a.train = a.sample+sample, a.train+train
}

// Account implements policy.Accountant.
func (t *Trainer) Account() policy.Account {
	t.account.lock.Lock()
	defer t.account.lock.Unlock()
	return policy.Account{Compilations: int(t.programs.meter.read().Count), SampleFLOPs: t.account.sample, TrainFLOPs: t.account.train}
}

// drawn counts what drawing the samples of a request took: the prompt once, and each token but the last of a completion.
func (c Config) drawnFLOPs(r policy.Request, samples []policy.Sample) float64 {
	prompt := len(r.Prompt) + len(r.Forced)
	sum := c.spanFLOPs(0, prompt, 1)
	for _, s := range samples {
		if n := len(r.Prompt) + len(s.Tokens) - 1; n > prompt {
			sum += c.spanFLOPs(prompt, n, n-prompt)
		}
	}
	return sum
}

// passes is how many forward passes a gradient needs as many FLOPs as. With adapters, whose own are left out, no gradient of a matrix is
// needed, but those of what goes through it.
func (c Config) passes() float64 {
	if c.lora != nil {
		return 2
	}
	return 3
}

// passFLOPs are those of a forward pass over data; see passes for a gradient.
// A prompt that data share is counted as often as it was laid down.
func (c Config) passFLOPs(data []policy.Datum, batches []*batch) float64 {
	sum := 0.0
	for _, b := range batches {
		for _, p := range b.places {
			d := data[p.datum]
			from := 0
			if p.shares {
				from = len(d.Prompt) - 1
			}
			sum += c.spanFLOPs(from, length(d), len(d.Response))
		}
		for _, n := range b.shared {
			sum += c.spanFLOPs(0, n, 0)
		}
	}
	return sum
}
