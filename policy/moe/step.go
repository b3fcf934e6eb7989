package moe

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/rltrain/rltrain/policy"
)

// OptimStep implements policy.Trainer.
func (t *Trainer) OptimStep(_ context.Context, o policy.Optim) (policy.Stats, error) {
	if t.grads == nil {
		return policy.Stats{}, fmt.Errorf("optimizer step without a gradient: call ForwardBackward first")
	}
	numbers, err := toDevice(t.backend(), hyper(o, t.steps+1), hyperCount)
	if err != nil {
		return policy.Stats{}, err
	}
	defer release(numbers)
	given, err := donate(t.backend(), slices.Concat(t.first, t.second, t.grads)...)
	if err != nil {
		return policy.Stats{}, err
	}
	out, err := t.programs.apply[o.MuonLR > 0].run(append(append(asArgs(t.learned()...), given...), numbers))
	if err != nil {
		return policy.Stats{}, err
	}
	n := len(t.first)
	t.setLearned(out[:n:n])
	t.first, t.second, t.grads = out[n:2*n:2*n], out[2*n:3*n:3*n], nil
	norm := float64(tensors.ToScalar[float32](out[3*n]))
	if math.IsNaN(norm) || math.IsInf(norm, 0) { // the graph has kept weights and moments
		clear(t.load)
		return policy.Stats{}, fmt.Errorf("%w: its norm is %v after %d steps: lower the learning rate", policy.ErrNotFinite, norm, t.steps)
	}
	t.steps++
	if t.Config.lora != nil { // the base is frozen
		o.BiasRate = 0
	}
	return t.balance(o.BiasRate, norm), nil
}

// balance moves the routing bias against the load of the last step (arXiv:2408.15664) and reports both; a rate of 0 leaves it as it is.
func (t *Trainer) balance(rate float32, norm float64) policy.Stats {
	stats := policy.Stats{GradNorm: norm}
	E := t.Config.Experts
	for m := range t.Config.MoELayers() {
		load, bias := t.load[m*E:(m+1)*E], t.bias[m*E:(m+1)*E]
		total := 0.0
		for _, n := range load {
			total += n
		}
		shares, biases, mean := make([]float64, E), make([]float64, E), float32(0)
		for e := range bias {
			shares[e] = load[e] / max(total, 1)
			switch even := total / float64(E); {
			case load[e] < even:
				bias[e] += rate
			case load[e] > even:
				bias[e] -= rate
			}
			mean += bias[e] / float32(E)
		}
		for e := range bias {
			if rate != 0 {
				bias[e] -= mean
			}
			biases[e] = float64(bias[e])
			load[e] = 0
		}
		stats.ExpertLoad, stats.ExpertBias = append(stats.ExpertLoad, shares), append(stats.ExpertBias, biases)
	}
	return stats
}
