package moe

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

var (
	crossEntropy   = policy.Loss{Kind: policy.LossCrossEntropy}
	policyGradient = policy.Loss{Kind: policy.LossPolicyGradient, ClipLow: 0.2, ClipHigh: 0.28}
	balanceOnly    = policy.Loss{Kind: policy.LossCrossEntropy} // for data of weight 0
)

// plainLoss computes a batch's losses in float64 from what the probe saw. branches tells which side of
// every kink of the surrogate the tokens are on.
func plainLoss(c Config, b *batch, p probed, l policy.Loss) (loss float64, branches []int8) {
	for i, w := range b.weights {
		if w == 0 {
			continue
		}
		logp := logSoftmax(p.logits[i*c.Vocab : (i+1)*c.Vocab])[b.targets[i]]
		if l.Kind == policy.LossCrossEntropy {
			loss -= float64(w) * logp
			continue
		}
		ratio, a := math.Exp(logp-float64(b.behaviour[i])), float64(b.advantages[i])
		low, high := 1-float64(l.ClipLow), 1+float64(l.ClipHigh)
		branch := int8(0)
		switch {
		case ratio < low:
			branch = -1
		case ratio > high:
			branch = 1
		}
		branches = append(branches, branch)
		loss -= float64(w) * math.Min(ratio*a, math.Max(low, math.Min(high, ratio))*a)
	}
	return loss, branches
}

// plainBalance is the sequence-level balance loss of DeepSeek-V3 (eq. 17-20), averaged over documents and
// summed over layers: alpha sum_i f_i P_i with f_i = E/(K T) sum_t chosen_it, P_i = 1/T sum_t s_it / sum_j s_jt.
func plainBalance(c Config, b *batch, p probed) float64 {
	documents, sum := 0, 0.0
	for row := range b.rows {
		for doc := int32(1); doc <= int32(b.documents[row]); doc++ {
			documents++
			for l := range p.scores {
				f, P, T := make([]float64, c.Experts), make([]float64, c.Experts), 0.0
				for i := row * b.width; i < (row+1)*b.width; i++ {
					if b.segments[i] != doc {
						continue
					}
					T++
					scores, total := p.scores[l][i*c.Experts:(i+1)*c.Experts], 0.0
					for _, s := range scores {
						total += float64(s)
					}
					for e, s := range scores {
						f[e] += float64(p.chosen[l][i*c.Experts+e])
						P[e] += float64(s) / total
					}
				}
				for e := range f {
					sum += float64(c.Experts) / (float64(c.TopK) * T) * f[e] * P[e] / T
				}
			}
		}
	}
	return c.BalanceAlpha * sum / float64(documents)
}

// onPolicyish sets each datum's behaviour log-probs near the present ones, so that some ratios lie within
// the clipping bounds and some beyond either.
func onPolicyish(t *testing.T, trainer *Trainer, r *rand.Rand, data []policy.Datum) {
	scores, err := trainer.Score(context.Background(), data)
	require.NoError(t, err)
	for i, s := range scores {
		for j, logp := range s {
			data[i].Logprobs[j] = logp + float32(r.Float64()-0.5)
		}
	}
}

func withoutWeights(data []policy.Datum) []policy.Datum {
	out := slices.Clone(data)
	for i := range out {
		out[i].Weights = nil
	}
	return out
}

// TestGradientsByDifferences checks every tensor's gradient, for each loss and for dense and grouped experts,
// against central differences of the losses as computed plainly from logits and routing.
func TestGradientsByDifferences(t *testing.T) {
	ctx := context.Background()
	trainer := newSmall(t, 1)
	c := trainer.Config
	r := rand.New(rand.NewPCG(1, 3))
	data := randomData(r, c.Vocab, trainer.Shapes.TrainWidth, 5)
	onPolicyish(t, trainer, r, data)
	batches, err := pack(data, trainer.Shapes.TrainRows, trainer.Shapes.TrainWidth, false)
	require.NoError(t, err)
	require.Len(t, batches, 1)
	b := batches[0]

	type form struct {
		name string
		loss policy.Loss
		data []policy.Datum
		of   func(p probed) (float64, []int8)
	}
	forms := []form{
		{"cross-entropy", crossEntropy, data, func(p probed) (float64, []int8) {
			loss, _ := plainLoss(c, b, p, crossEntropy)
			return loss + plainBalance(c, b, p), nil
		}},
		{"policy gradient", policyGradient, data, func(p probed) (float64, []int8) {
			loss, branches := plainLoss(c, b, p, policyGradient)
			return loss + plainBalance(c, b, p), branches
		}},
		{"balance alone", balanceOnly, withoutWeights(data), func(p probed) (float64, []int8) {
			return plainBalance(c, b, p), nil
		}},
	}
	here := probe(t, trainer, nil, b)
	require.InDelta(t, plainBalance(c, b, here), here.balance, 1e-6)
	require.Greater(t, here.balance, 0.8*c.BalanceAlpha*float64(c.MoELayers()))
	_, branches := plainLoss(c, b, here, policyGradient)
	for _, side := range []int8{-1, 0, 1} {
		require.Contains(t, branches, side, "the data must reach both bounds")
	}

	analytic := map[string][2]map[string][]float32{} // dense, grouped
	for _, f := range forms {
		var both [2]map[string][]float32
		for i, trainer := range []*Trainer{denseTwin(t, 1), newSmall(t, 1)} {
			stats, err := trainer.ForwardBackward(ctx, f.data, f.loss)
			require.NoError(t, err)
			require.Zero(t, stats.Overflows)
			if f.name != "balance alone" {
				want, _ := plainLoss(c, b, here, f.loss)
				require.InDelta(t, want, stats.Loss, 1e-5, f.name)
			}
			both[i] = gradients(t, trainer)
		}
		analytic[f.name] = both
	}

	const entries = 6
	tried, skipped := map[string]int{}, map[string]int{}
	worst, largest := 0.0, 0.0
	for k, p := range c.params() {
		values, checked := randomParams(c, 1)[k], map[string]int{}
		for range entries {
			at := r.IntN(p.size())
			if p.name == "embed" {
				at = int(b.tokens[r.IntN(b.filled[0])])*c.Width + r.IntN(c.Width) // a token that occurs
			}
			steps, seen := [4]float64{-2, -1, 1, 2}, [4]probed{}
			const h = 3e-3
			for i, s := range steps {
				moved := slices.Clone(values)
				moved[at] += float32(s * h)
				tensor, err := toDevice(trainer.backend(), moved, p.dims...)
				require.NoError(t, err)
				params := slices.Clone(trainer.params)
				params[k] = tensor
				seen[i] = probe(t, trainer, params, b)
				release(tensor)
			}
			smooth := true
			for _, s := range seen {
				for l := range s.chosen {
					smooth = smooth && slices.Equal(s.chosen[l], here.chosen[l])
				}
			}
			for _, f := range forms {
				tried[f.name]++
				_, base := f.of(here)
				var v [4]float64
				kink := !smooth
				for i, s := range seen {
					var branches []int8
					v[i], branches = f.of(s)
					kink = kink || !slices.Equal(branches, base)
				}
				if kink {
					skipped[f.name]++
					continue
				}
				want := (v[0] - 8*v[1] + 8*v[2] - v[3]) / (12 * h)
				checked[f.name]++
				for i, grads := range analytic[f.name] {
					got := float64(grads[p.name][at])
					require.InDeltaf(t, want, got, 2e-4+2e-3*math.Abs(want), "%s of %s[%d], grouped=%v", f.name, p.name, at, i == 1)
					worst = max(worst, math.Abs(got-want))
					largest = max(largest, math.Abs(got))
				}
			}
		}
		for _, f := range forms {
			require.NotZerof(t, checked[f.name], "%s of %s: no entry where the loss is smooth", f.name, p.name)
		}
	}
	t.Logf("entries tried %v, not smooth %v; worst difference %.1e, largest gradient %.1e", tried, skipped, worst, largest)
	for name, n := range skipped {
		require.Less(t, n, tried[name]/2, "%s: too many entries where the loss is not smooth", name)
	}
}

// TestGroupedEqualsDense compares the two forms of the experts over random data, half of it padding.
func TestGroupedEqualsDense(t *testing.T) {
	ctx := context.Background()
	require.Less(t, small().capacity(4*32, tight), 4*32)
	for seed := uint64(1); seed <= 4; seed++ {
		for _, loss := range []policy.Loss{crossEntropy, policyGradient} {
			grouped, dense := newSmall(t, seed), denseTwin(t, seed)
			r := rand.New(rand.NewPCG(seed, 4))
			data := randomData(r, small().Vocab, 32, int(2+seed))
			onPolicyish(t, grouped, r, data)
			a, err := grouped.ForwardBackward(ctx, data, loss)
			require.NoError(t, err)
			b, err := dense.ForwardBackward(ctx, data, loss)
			require.NoError(t, err)
			require.Zero(t, a.Overflows)
			require.InDelta(t, b.Loss, a.Loss, 1e-5)
			require.InDelta(t, b.KL, a.KL, 1e-5)
			require.Equal(t, b.Tokens, a.Tokens)
			require.Equal(t, dense.load, grouped.load)
			want, got := gradients(t, dense), gradients(t, grouped)
			for name := range want {
				near(t, fmt.Sprintf("seed %d, %s: %s", seed, loss.Kind, name), want[name], got[name], 1e-5)
			}
		}
	}
}

// TestOverflow sends all tokens to two experts: their groups overflow and the batch is computed densely.
func TestOverflow(t *testing.T) {
	ctx := context.Background()
	grouped, dense := newSmall(t, 5), denseTwin(t, 5)
	r := rand.New(rand.NewPCG(5, 5))
	var data []policy.Datum
	for len(data) < 4 { // full rows: 128 tokens for 64 slots
		for _, d := range randomData(r, 24, 32, 1) {
			if length(d) > 28 {
				data = append(data, d)
			}
		}
	}
	for _, trainer := range []*Trainer{grouped, dense} {
		trainer.bias[3], trainer.bias[6] = 100, 50
	}
	onPolicyish(t, grouped, r, data)
	for _, loss := range []policy.Loss{crossEntropy, policyGradient} {
		a, err := grouped.ForwardBackward(ctx, data, loss)
		require.NoError(t, err)
		b, err := dense.ForwardBackward(ctx, data, loss)
		require.NoError(t, err)
		require.Equal(t, 1, a.Overflows)
		require.Zero(t, b.Overflows)
		a.Overflows = 0
		require.Equal(t, b, a)
	}
	require.Equal(t, gradients(t, dense), gradients(t, grouped))
	require.Equal(t, dense.load, grouped.load)
	for e, n := range grouped.load {
		if e != 3 && e != 6 {
			require.Zero(t, n)
		}
	}
	stats, err := grouped.OptimStep(ctx, policy.Optim{LR: 1e-3, Beta1: .9, Beta2: .95, Eps: 1e-8, ClipNorm: 1, BiasRate: 1})
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{0, 0, 0, .5, 0, 0, .5, 0}, stats.ExpertLoad[0], 1e-12)
}

// TestOverflowFindsMoreRoom: of 32 experts one gets more tokens than the tight form has room for. The batch is computed again with more room, not by
// every expert for every token.
func TestOverflowFindsMoreRoom(t *testing.T) {
	c, shapes := small(), shapesOfSmall()
	c.Experts, shapes.TrainRows = 32, 16
	require.Equal(t, []expertForm{tight, roomy, everyToken}, c.expertForms())
	fresh := func() *Trainer {
		trainer, err := New(openEngine(t), c, shapes, 1)
		require.NoError(t, err)
		require.NoError(t, trainer.setParams(randomParams(c, 1)))
		return trainer
	}
	grouped, dense := fresh(), fresh()
	for form := range dense.programs.grad {
		dense.programs.grad[form] = dense.programs.grad[gradForm{form.kind, everyToken}]
	}
	delete(grouped.programs.grad, gradForm{crossEntropy.Kind, everyToken})
	data := randomData(rand.New(rand.NewPCG(7, 7)), c.Vocab, 32, 32)
	a, err := grouped.ForwardBackward(t.Context(), data, crossEntropy)
	require.NoError(t, err)
	require.Equal(t, 1, a.Overflows)
	b, err := dense.ForwardBackward(t.Context(), data, crossEntropy)
	require.NoError(t, err)
	require.InDelta(t, b.Loss, a.Loss, 1e-5)
	require.Equal(t, dense.load, grouped.load)
	want, got := gradients(t, dense), gradients(t, grouped)
	for name := range want {
		near(t, name, want[name], got[name], 1e-5)
	}
}

// TestBalanceCountsOncePerCall splits the same documents over one microbatch or three: the balance loss
// averages over all documents of a call and must not grow with the number of microbatches.
func TestBalanceCountsOncePerCall(t *testing.T) {
	ctx := context.Background()
	r := rand.New(rand.NewPCG(6, 6))
	data := withoutWeights(randomData(r, 24, 8, 12))
	once, spread := newSmall(t, 6), newSmall(t, 6)
	_, err := once.ForwardBackward(ctx, data, crossEntropy)
	require.NoError(t, err)
	spread.grads = spread.likeLearned()
	sums := statSums{logprobs: make([][]float32, len(data))}
	for from := 0; from < len(data); from += 4 {
		b := newBatch(4, 32)
		for i := range 4 {
			b.write(data[from+i], from+i, i)
		}
		require.NoError(t, spread.accumulate([]*batch{b}, crossEntropy, data, &sums))
	}
	want, got := gradients(t, once), gradients(t, spread)
	for name := range want {
		near(t, name, want[name], got[name], 1e-6)
	}
	require.NotZero(t, slices.Max(want["layer1.router"]))
}
