package moe

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/rltrain/rltrain/policy"
)

// Routing replay: the sampler records which experts its routers chose, and training can be made to choose the same
// (arXiv:2507.18071 section 5.3, arXiv:2510.11370). Gates are the trainer's own in either case: only who is chosen is replayed.

// unrecorded is in the place of an expert where nothing is recorded.
const unrecorded = -1

// record is what the sampler's routers chose for N tokens.
type record struct {
	ids *Node // int32 [N,M*K], or unrecorded; nil compares and replaces nothing
	use *Node // float32 scalar: 1 puts the record in place of the router's own choices, 0 only compares
}

// routeSlots is the number of experts that one token is sent to, over all layers; at least 1, for a graph needs a shape.
func (c Config) routeSlots() int { return max(1, c.MoELayers()*c.TopK) }

// recordOf is the record in a graph's input [B,T,slots].
func (c Config) recordOf(routing, use *Node) record {
	if c.MoELayers() == 0 {
		return record{}
	}
	return record{ids: Reshape(routing, -1, c.routeSlots()), use: use}
}

// replay compares the router's choices with the record of expert layer m, and replaces them where the record is to be used.
func (r *routing) replay(c Config, m int, rec record) {
	if rec.ids == nil {
		return
	}
	own := r.chosen[0]
	for _, one := range r.chosen[1:] {
		own = Add(own, one)
	}
	zero := Scalar(own.Graph(), dtypes.Float32, 0)
	r.agreed, r.recorded = zero, zero
	for k := range r.chosen {
		id := Squeeze(SliceAxis(rec.ids, 1, AxisElem(m*c.TopK+k)), 1)
		one := OneHot(id, c.Experts, dtypes.Float32) // zeros for unrecorded
		known := ConvertDType(GreaterOrEqual(id, ZerosLike(id)), dtypes.Float32)
		r.agreed = Add(r.agreed, ReduceAllSum(Mul(own, one)))
		r.recorded = Add(r.recorded, ReduceAllSum(known))
		use := BroadcastToShape(InsertAxes(Mul(known, BroadcastToShape(rec.use, known.Shape())), -1), one.Shape())
		r.chosen[k] = Add(r.chosen[k], Mul(use, Sub(one, r.chosen[k])))
	}
}

// addAgreement adds one layer's counts.
func (t *trunk) addAgreement(r routing) {
	switch {
	case r.agreed == nil:
	case t.agreed == nil:
		t.agreed, t.recorded = r.agreed, r.recorded
	default:
		t.agreed, t.recorded = Add(t.agreed, r.agreed), Add(t.recorded, r.recorded)
	}
}

// joinRoutes lays the choices of all layers, int32 [N] each, side by side: [N,slots].
func (c Config) joinRoutes(ids []*Node, like *Node) *Node {
	if len(ids) == 0 {
		return Reshape(ZerosLike(like), -1, 1)
	}
	return Stack(ids, 1)
}

// checkRouting refuses a record that is not of this architecture.
func (c Config) checkRouting(data []policy.Datum) error {
	for i, d := range data {
		want := length(d) * c.MoELayers() * c.TopK
		if len(d.Routing) != 0 && len(d.Routing) != want {
			return fmt.Errorf("datum %d: %d recorded experts for %d positions, %d layers with experts and %d experts each: want %d, or none",
				i, len(d.Routing), length(d), c.MoELayers(), c.TopK, want)
		}
		for _, id := range d.Routing {
			if int(id) >= c.Experts {
				return fmt.Errorf("datum %d: expert %d is recorded: this model has %d", i, id, c.Experts)
			}
		}
	}
	return nil
}

// routing lays out the record of a batch: [rows*width*slots].
func (b *batch) routing(slots int) []int32 {
	out := make([]int32, b.rows*b.width*slots)
	for i := range out {
		out[i] = unrecorded
	}
	for _, p := range b.places {
		at := (p.row*b.width + p.start) * slots
		for i, id := range p.routing {
			out[at+i] = int32(id)
		}
	}
	return out
}
