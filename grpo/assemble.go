package grpo

import (
	"math"
	"math/rand/v2"

	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// smallest is the spread below which rewards of a group count as equal.
const smallest = 1e-6

// Advantages is reward minus the group's mean, scaled as Config.Scale says: one row a group. A rollout that
// could not be judged is left out of the mean and gets 0; a group without spread gets zeros.
func Advantages(groups []rollout.Group, scale string) [][]float64 {
	out := make([][]float64, len(groups))
	var squares, count float64
	for i, g := range groups {
		out[i] = centred(g)
		for j, a := range out[i] {
			if g.Rollouts[j].Verdict.Kind != verifiers.Error {
				squares += a * a
				count++
			}
		}
	}
	for i, g := range groups {
		switch scale {
		case ScaleGroup:
			divide(out[i], spread(g, out[i])+1e-4) // the constant is TRL's
		case ScaleBatch:
			divide(out[i], math.Sqrt(squares/max(1, count-1))+1e-4)
		}
	}
	return out
}

// Selected is 1 for each rollout with a right answer and 0 for the rest: rejection-sampling fine-tuning
// (STaR, arXiv:2203.14465; RFT, arXiv:2308.01825) as a control for GRPO at equal sampling.
func Selected(groups []rollout.Group) [][]float64 {
	out := make([][]float64, len(groups))
	for i, g := range groups {
		out[i] = make([]float64, len(g.Rollouts))
		for j, r := range g.Rollouts {
			if r.Verdict.Kind == verifiers.Correct && r.Verdict.Format {
				out[i][j] = 1
			}
		}
	}
	return out
}

// centred is the group's rewards minus their mean over what could be judged.
func centred(g rollout.Group) []float64 {
	sum, n := 0.0, 0.0
	for _, r := range g.Rollouts {
		if r.Verdict.Kind != verifiers.Error {
			sum += r.Verdict.Reward
			n++
		}
	}
	out := make([]float64, len(g.Rollouts))
	for j, r := range g.Rollouts {
		if r.Verdict.Kind == verifiers.Error {
			continue
		}
		if a := r.Verdict.Reward - sum/n; math.Abs(a) > smallest {
			out[j] = a
		}
	}
	return out
}

// spread is the sample standard deviation of a group's centred rewards.
func spread(g rollout.Group, centred []float64) float64 {
	squares, n := 0.0, 0.0
	for j, a := range centred {
		if g.Rollouts[j].Verdict.Kind != verifiers.Error {
			squares += a * a
			n++
		}
	}
	return math.Sqrt(squares / max(1, n-1))
}

func divide(values []float64, by float64) {
	for i := range values {
		values[i] /= by
	}
}

// Assemble turns groups into minibatches of data. Rollouts with advantage 0 are dropped; the rest are shuffled
// by seed and dealt out. Each token's weight carries the whole normalisation, so that the loss is a plain
// weighted sum. It changes none of its arguments.
func Assemble(groups []rollout.Group, advantages [][]float64, c Config, seed uint64) [][]policy.Datum {
	var data []policy.Datum
	for i, g := range groups {
		for j, r := range g.Rollouts {
			if a := advantages[i][j]; a != 0 && len(r.Tokens) > 0 {
				data = append(data, datum(g, r, a))
			}
		}
	}
	shuffle := rand.New(rand.NewPCG(seed, 0x6772706f))
	shuffle.Shuffle(len(data), func(i, j int) { data[i], data[j] = data[j], data[i] })
	minibatches := make([][]policy.Datum, 0, c.Minibatches)
	for m := range c.Minibatches {
		var batch []policy.Datum
		for i := m; i < len(data); i += c.Minibatches {
			batch = append(batch, data[i])
		}
		if len(batch) > 0 {
			weigh(batch, c)
			minibatches = append(minibatches, batch)
		}
	}
	return minibatches
}

func datum(g rollout.Group, r rollout.Rollout, advantage float64) policy.Datum {
	d := policy.Datum{
		Prompt: g.PromptTokens, Response: r.Tokens, Logprobs: r.Logprobs,
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
