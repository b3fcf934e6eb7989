package grpo

import (
	"math/rand/v2"

	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
)

// Minibatch is what one update learns from.
type Minibatch struct {
	Data []policy.Datum
	From []Origin // of each datum
}

// Origin is the place of a rollout among the groups of its step.
type Origin struct{ Group, Rollout int }

// Assemble turns groups into minibatches of data. Rollouts with advantage 0 are dropped; the rest are shuffled
// by seed and dealt out. Each token's weight carries the whole normalisation, so that the loss is a plain
// weighted sum. It changes none of its arguments.
func Assemble(groups []rollout.Group, advantages [][]float64, c Config, seed uint64) []Minibatch {
	var kept []Origin
	for i, g := range groups {
		for j, r := range g.Rollouts {
			if advantages[i][j] != 0 && len(r.Tokens) > 0 {
				kept = append(kept, Origin{i, j})
			}
		}
	}
	shuffle := rand.New(rand.NewPCG(seed, 0x6772706f))
	shuffle.Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
	minibatches := make([]Minibatch, 0, c.Minibatches)
	for m := range c.Minibatches {
		var batch Minibatch
		for i := m; i < len(kept); i += c.Minibatches {
			at := kept[i]
			g := groups[at.Group]
			batch.From = append(batch.From, at)
			batch.Data = append(batch.Data, datum(g, g.Rollouts[at.Rollout], advantages[at.Group][at.Rollout]))
		}
		if len(batch.Data) > 0 {
			weigh(batch.Data, c)
			minibatches = append(minibatches, batch)
		}
	}
	return minibatches
}

func datum(g rollout.Group, r rollout.Rollout, advantage float64) policy.Datum {
	d := policy.Datum{
		Prompt: g.PromptTokens, Response: r.Tokens, Logprobs: r.Logprobs, Routing: r.Routing,
		Advantages: make([]float32, len(r.Tokens)), Weights: make([]float32, len(r.Tokens)),
	}
	for i := range d.Advantages {
		d.Advantages[i] = float32(advantage)
	}
	return d
}

// weigh gives each token of a minibatch its share in the loss.
func weigh(batch []policy.Datum, c Config) {
	tokens := 0
	for _, d := range batch {
		tokens += len(d.Response)
	}
	for _, d := range batch {
		var weight float64
		switch c.Aggregation {
		case TokenMean:
			weight = 1 / float64(tokens)
		case SeqMeanTokenMean:
			weight = 1 / float64(len(batch)*len(d.Response))
		case SeqMeanTokenSum:
			weight = 1 / (float64(len(batch)) * c.LengthNorm)
		}
		for i := range d.Weights {
			d.Weights[i] = float32(weight)
		}
	}
}
