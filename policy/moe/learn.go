package moe

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/rltrain/rltrain/policy"
)

// ForwardBackward implements policy.Trainer.
func (t *Trainer) ForwardBackward(ctx context.Context, data []policy.Datum, loss policy.Loss) (policy.Stats, error) {
	if err := errors.Join(checkLoss(loss, data), t.Config.checkRouting(data)); err != nil {
		return policy.Stats{}, err
	}
	batches, err := t.pack(data)
	if err != nil {
		return policy.Stats{}, err
	}
	if t.grads == nil {
		t.grads = t.likeLearned()
	}
	sums := statSums{logprobs: make([][]float32, len(data))}
	for _, round := range rounds(batches, max(1, t.Shapes.Devices)) {
		if err := ctx.Err(); err != nil {
			return policy.Stats{}, err
		}
		if err := t.accumulate(round, loss, data, &sums); err != nil {
			return policy.Stats{}, err
		}
	}
	t.account.add(0, t.Config.passes()*t.Config.passFLOPs(data, batches))
	return sums.stats(), nil
}

// checkLoss names what a loss lacks.
func checkLoss(l policy.Loss, data []policy.Datum) error {
	if l.Kind != policy.LossCrossEntropy && !slices.Contains(policy.Losses(), l.Kind) {
		return fmt.Errorf("loss %q is not known: use %q or one of %q", l.Kind, policy.LossCrossEntropy, policy.Losses())
	}
	for i, d := range data {
		if l.KL > 0 && l.Kind != policy.LossCrossEntropy && len(d.Reference) != len(d.Response) {
			return fmt.Errorf("datum %d: %d reference log-probs for %d response tokens: a KL of %g needs one each", i, len(d.Reference), len(d.Response), l.KL)
		}
	}
	return nil
}

// gradInputs are a microbatch, with share of the call's documents: a gradient graph's inputs after the weights and sums.
func (t *Trainer) gradInputs(b *batch, loss policy.Loss, share float32) []host {
	list := t.batchInputs(b)
	for _, values := range [][]float32{b.behaviour, b.reference, b.advantages, b.weights} {
		list = append(list, host{floats: values, dims: []int{b.rows, b.width}})
	}
	return append(list, host{floats: constants(loss, share), dims: []int{constCount}})
}

// accumulate adds a round of microbatches, one a device, to the gradient sums.
func (t *Trainer) accumulate(round []*batch, loss policy.Loss, data []policy.Datum, sums *statSums) error {
	if len(round) > 1 {
		if err := t.replicate(); err != nil {
			return err
		}
	}
	n := len(t.grads)
	var args []any
	for d, b := range round {
		own, err := t.upload(t.gradInputs(b, loss, float32(len(b.places))/float32(len(data))))
		if err != nil {
			return err
		}
		defer release(own...)
		if d == 0 {
			args = asArgs(slices.Concat(t.params, t.tuned, t.grads, own)...)
			continue
		}
		there, err := t.copyTo(d, own)
		if err != nil {
			return err
		}
		defer release(there...)
		args = append(append(args, t.replicas.args(d)...), asArgs(there...)...)
	}
	var out []*tensors.Tensor
	for i, form := range t.Config.expertForms() {
		if i > 0 {
			release(out...)
			sums.overflows += len(round)
		}
		var err error
		if out, err = t.programs.grad[gradForm{loss.Kind, form}].run(args); err != nil {
			return err
		}
		if !overflowed(out, n, len(round)) {
			break
		}
	}
	release(t.grads...)
	t.grads = out[:n:n]
	defer release(out[n:]...)
	for d, b := range round {
		own := out[d*(n+3):] // of device d: sums, stats, load, log-probs
		for i, v := range tensors.MustCopyFlatData[float32](own[n+1]) {
			t.load[i] += float64(v)
		}
		sums.add(tensors.MustCopyFlatData[float32](own[n]), b)
		b.responses(tensors.MustCopyFlatData[float32](own[n+2]), data, sums.logprobs)
	}
	return nil
}

// overflowed tells whether on any device the grouped experts had no room for all tokens. A device returns n gradient sums,
// then statistics, load and log-probs.
func overflowed(out []*tensors.Tensor, n, devices int) bool {
	for d := range devices {
		if tensors.MustCopyFlatData[float32](out[d*(n+3)+n])[maxOverflow] > 0 {
			return true
		}
	}
	return false
}

// Score implements policy.Trainer.
func (t *Trainer) Score(ctx context.Context, data []policy.Datum) ([][]float32, error) {
	weights, err := t.merged()
	if err != nil {
		return nil, err
	}
	return t.score(ctx, weights, data)
}

// score is Score with the given weights.
func (t *Trainer) score(ctx context.Context, weights []*tensors.Tensor, data []policy.Datum) ([][]float32, error) {
	if err := t.Config.checkRouting(data); err != nil {
		return nil, err
	}
	batches, err := t.pack(data)
	if err != nil {
		return nil, err
	}
	scores := make([][]float32, len(data))
	for _, b := range batches {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		args, err := t.upload(t.batchInputs(b))
		if err != nil {
			return nil, err
		}
		out, err := t.programs.score.run(asArgs(slices.Concat(weights, args)...))
		release(args...)
		if err != nil {
			return nil, err
		}
		b.responses(tensors.MustCopyFlatData[float32](out[0]), data, scores)
		release(out...)
	}
	t.account.add(0, t.Config.passFLOPs(data, batches))
	return scores, nil
}

// batchInputs are the common inputs of a forward pass: bias, tokens, positions, segments, targets, routing, prefixes, scored, slots.
func (t *Trainer) batchInputs(b *batch) []host {
	each, slots := []int{b.rows, b.width}, t.Config.routeSlots()
	scored, slotOf := b.scored(t.Config.Vocab)
	return []host{
		t.biasInput(), {ints: b.tokens, dims: each}, {ints: b.positions, dims: each}, {ints: b.segments, dims: each}, {ints: b.targets, dims: each},
		{ints: b.routing(slots), dims: []int{b.rows, b.width, slots}}, {ints: b.prefixes, dims: each},
		{ints: scored, dims: []int{len(scored)}}, {ints: slotOf, dims: []int{b.rows * b.width}},
	}
}
