package moe

import (
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/rltrain/rltrain/policy"
)

// pick is one drawn token, with the experts of the tokens that were computed to draw it.
type pick struct {
	token                   policy.Token
	logp, entropy, drawLogp float32
	routes                  []int32
}

// picks are the host's copies of what a graph has drawn.
type picks struct {
	tokens                    []int32
	logps, entropies, asDrawn []float32
}

// copyPicks copies tokens, log-probs, entropies and log-probs as drawn from the device.
func copyPicks(ts []*tensors.Tensor) picks {
	return picks{
		tensors.MustCopyFlatData[int32](ts[0]), tensors.MustCopyFlatData[float32](ts[1]),
		tensors.MustCopyFlatData[float32](ts[2]), tensors.MustCopyFlatData[float32](ts[3]),
	}
}

func (p picks) at(i int, routes []int32) pick {
	return pick{p.tokens[i], p.logps[i], p.entropies[i], p.asDrawn[i], routes}
}

// routes are the experts of many tokens, slots of them each; none where nobody asked.
type routes struct {
	ids   []int32
	slots int
}

// copyRoutes copies experts from the device if the request wants them recorded and there are any.
func (s *sampler) copyRoutes(t *tensors.Tensor, r policy.Request) routes {
	if !r.Routing || s.trainer.Config.MoELayers() == 0 {
		return routes{}
	}
	return routes{tensors.MustCopyFlatData[int32](t), s.trainer.Config.routeSlots()}
}

// of are the experts of the tokens from … to-1.
func (r routes) of(from, to int) []int32 { return r.ids[from*r.slots : to*r.slots] }
