package rollout

import (
	"slices"
	"sort"

	"github.com/rltrain/rltrain/policy"
)

// Holder is a Tokenizer that knows which of its tokens hold a string.
type Holder interface {
	Holding(text string) []policy.Token
}

// Ends are the tokens after which a completion ends: the tokenizer's own, and those that hold one of the template's stop strings. A
// stop string that no token holds whole ends a completion all the same, but only once it has been drawn, see Read.
func (p *Pool) Ends() []policy.Token {
	if p.Tokenizer == nil {
		return nil
	}
	ends := []policy.Token{p.Tokenizer.EOS()}
	if holder, ok := p.Tokenizer.(Holder); ok {
		for _, stop := range p.Template.Stop {
			ends = append(ends, holder.Holding(stop)...)
		}
	}
	slices.Sort(ends)
	return slices.Compact(ends)
}

// Read is a completion with its text, not judged yet. One that goes on after a stop string ends with the token that completes
// the string, as if it had been drawn no further: nothing may be learned from what follows. The text ends before the string.
func (p *Pool) Read(sample policy.Sample) Rollout {
	r := Rollout{Sample: sample, Text: sample.Text}
	if p.Tokenizer != nil {
		r.Text = p.Tokenizer.Decode(sample.Tokens)
	}
	text, cut := p.Template.end(r.Text)
	if !cut {
		return r
	}
	r.Text, r.Stop = text, policy.StopToken
	if p.Tokenizer == nil {
		return r
	}
	n := 1 + sort.Search(len(r.Tokens)-1, func(i int) bool {
		_, ended := p.Template.end(p.Tokenizer.Decode(r.Tokens[:i+1]))
		return ended
	})
	r.Tokens = r.Tokens[:n]
	for _, values := range []*[]float32{&r.Logprobs, &r.DrawLogprobs, &r.Entropies} {
		*values = (*values)[:min(n, len(*values))]
	}
	r.Alternatives = r.Alternatives[:min(n, len(r.Alternatives))]
	return r
}
