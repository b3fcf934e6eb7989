package moe

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// routing is the router's choice for N tokens.
type routing struct {
	scores *Node   // [N,E] affinities: sigmoids, or a softmax
	chosen []*Node // K one-hot rows [N,E], best first
	ids    []*Node // K expert numbers int32 [N]: the router's own choice, whatever is replayed
	gates  []*Node // K weights [N,1], normalised over the chosen, times the routed scale

	agreed, recorded *Node // scalars: recorded choices that are the router's own too, and all; nil without a record
}

// route picks K experts a token by affinity plus bias; the bias decides who is chosen, never how
// much the chosen count (auxiliary-loss-free balancing, arXiv:2408.15664). x: [N,D].
func (c Config) route(w weights, l int, x *Node) routing { return c.routeAs(w, l, x, record{}) }

// routeAs is route with a record to compare with or to follow.
func (c Config) routeAs(w weights, l int, x *Node, rec record) routing {
	r := routing{scores: c.affinities(matmul(x, w.at(l, "router")))}
	bias := SliceAxis(w.bias, 0, AxisElem(l-c.DenseLayers)) // [1,E]
	preference := c.withinGroups(Add(StopGradient(r.scores), StopGradient(bias)))
	for range c.TopK {
		id := ArgMax(preference, -1)
		one := OneHot(id, c.Experts, dtypes.Float32)
		r.ids, r.chosen = append(r.ids, id), append(r.chosen, one)
		preference = Sub(preference, MulScalar(one, 1e9))
	}
	r.replay(c, l-c.DenseLayers, rec)
	var total *Node
	for k, one := range r.chosen {
		gate := ReduceAndKeep(Mul(r.scores, one), ReduceSum, -1)
		r.gates = append(r.gates, gate)
		if k == 0 {
			total = gate
		} else {
			total = Add(total, gate)
		}
	}
	for k := range r.gates {
		if !c.RawGates {
			r.gates[k] = Div(r.gates[k], AddScalar(total, 1e-20))
		}
		r.gates[k] = MulScalar(r.gates[k], c.RoutedScale)
	}
	return r
}

// affinities turns the router's outputs [N,E] into scores.
func (c Config) affinities(x *Node) *Node {
	if c.SoftmaxRouter {
		return softmax(x)
	}
	return Sigmoid(x)
}

// never is the preference for an expert that must not be chosen.
const never = -1e9

// withinGroups leaves each token the experts of its TopKGroup best groups; a group is worth the sum of its two
// greatest preferences. preference: [N,E].
func (c Config) withinGroups(preference *Node) *Node {
	groups := c.groups()
	if groups == 1 || c.TopKGroup >= groups {
		return preference
	}
	N, size := preference.Shape().Dimensions[0], c.Experts/groups
	members := Reshape(preference, N, groups, size)
	first := ReduceMax(members, -1)
	others := Add(members, MulScalar(OneHot(ArgMax(members, -1), size, dtypes.Float32), never))
	worth := Add(first, ReduceMax(others, -1)) // [N,G]
	open := ZerosLike(worth)
	for range c.TopKGroup {
		one := OneHot(ArgMax(worth, -1), groups, dtypes.Float32)
		open = Add(open, one)
		worth = Add(worth, MulScalar(one, never))
	}
	closed := MulScalar(OneMinus(open), never)
	return Reshape(Add(members, BroadcastToDims(InsertAxes(closed, -1), N, groups, size)), N, c.Experts)
}

// load counts the slots that went to each expert over tokens with real = 1: [E]. real: [N].
func (r routing) load(real *Node) *Node {
	var sum *Node
	for k, one := range r.chosen {
		n := DotGeneral(real, []int{0}, nil, StopGradient(one), []int{0}, nil)
		if k == 0 {
			sum = n
		} else {
			sum = Add(sum, n)
		}
	}
	return sum
}

// gateMatrix is [N,E]: each token's gate for each expert, 0 where not chosen.
func (r routing) gateMatrix() *Node {
	sum := Mul(r.chosen[0], r.gates[0])
	for k := 1; k < len(r.chosen); k++ {
		sum = Add(sum, Mul(r.chosen[k], r.gates[k]))
	}
	return sum
}

// routed is the routed experts' output for x[N,D], and by how many slots the fullest expert overflowed.
// Rows with real[N] = 0 are padding: grouped, they take no room and their output means nothing.
func (c Config) routed(w weights, l int, x, real *Node, r routing, form expertForm) (y, overflow *Node) {
	if form != everyToken {
		return c.groupedExperts(x, real, r, c.capacity(x.Shape().Dimensions[0], form), w.at(l, "experts_in"), w.at(l, "experts_out"))
	}
	zero := Scalar(x.Graph(), dtypes.Float32, 0)
	return c.denseExperts(x, r, wideIn(w.at(l, "experts_in")), w.at(l, "experts_out")), zero
}

// expertForm is how routed experts are computed: each for every token, or for tokens that are sorted by expert, with room for so many times an
// expert's even share of them.
type expertForm float64

const (
	everyToken expertForm = 0
	// Measured at E=8, K=2, 4096 tokens: the bias keeps the fullest expert below 1.3 times its share on mixed batches.
	tight expertForm = 1.5
	// An untrained router gives some of 256 experts more than three times their share.
	roomy expertForm = 6
)

// expertForms are those that a gradient is tried in, one after the other, until no expert runs out of room. The roomy one is left out where it
// spares less than half of the work.
func (c Config) expertForms() []expertForm {
	if float64(c.Experts) < 2*float64(roomy)*float64(c.TopK) {
		return []expertForm{tight, everyToken}
	}
	return []expertForm{tight, roomy, everyToken}
}

// capacity is the slots per expert for n tokens in a grouped form.
func (c Config) capacity(n int, form expertForm) int {
	even := float64(n*c.TopK) / float64(c.Experts)
	return min(n, (int(even*float64(form))+63)/64*64)
}

// groupedExperts sorts tokens by expert into E groups with room for as many each and multiplies group by group.
// Where overflow is positive some token found no room and y is wrong: the caller computes the batch
// anew in another form. x: [N,D], real: [N], in: [E,D,2F], out: [E,F,D].
func (c Config) groupedExperts(x, real *Node, r routing, room int, in, out *Node) (y, overflow *Node) {
	g := x.Graph()
	N, E, K := x.Shape().Dimensions[0], c.Experts, c.TopK
	M := N * K
	counted := make([]*Node, K)
	for k := range counted {
		counted[k] = Mul(r.chosen[k], InsertAxes(real, -1))
	}
	choices := StopGradient(Concatenate(counted, 0)) // [M,E], all first choices, then all second ones
	rank, total := rankInGroup(choices)
	overflow = Sub(ReduceAllMax(total), Scalar(g, dtypes.Float32, float64(room)))
	expert := ConvertDType(ArgMax(choices, -1), dtypes.Float32)
	spare := BroadcastToDims(Scalar(g, dtypes.Float32, float64(E*room)), M) // the slot of what takes no room
	taken := GreaterOrEqual(rank, ZerosLike(rank))
	slot := Where(taken, Add(MulScalar(expert, float64(room)), MinScalar(rank, float64(room-1))), spare)
	slot = InsertAxes(ConvertDType(slot, dtypes.Int32), -1)
	// Which choice lies in which slot; empty slots read token 0, and nobody reads what comes of it.
	empty := BroadcastToDims(Scalar(g, dtypes.Int32, 0), E*room+1)
	choice := SliceAxis(ScatterMax(empty, slot, iota32(g, 0, M), false, false), 0, AxisRange(0, E*room))
	token := ModScalar(choice, N)
	groups := Reshape(Gather(x, InsertAxes(token, -1)), E, room, c.Width)
	gate, up := halves(dot(groups, in, false))
	results := Reshape(dot(Mul(silu(gate), up), out, false), E*room, c.Width)
	gates := Concatenate(r.gates, 0) // [M,1]
	y = Mul(Gather(results, MinScalar(slot, E*room-1)), gates)
	return ReduceSum(Reshape(y, K, N, c.Width), 0), overflow
}

// rankInGroup numbers the rows of each column's ones from 0: rank [M] of every row within its own column,
// and the ones per column [E]. The running count is taken by triangular matmuls over blocks of rows.
func rankInGroup(ones *Node) (rank, total *Node) {
	g := ones.Graph()
	M, E := ones.Shape().Dimensions[0], ones.Shape().Dimensions[1]
	block := 256
	for M%block != 0 {
		block /= 2
	}
	n := M / block
	blocks := Reshape(ones, n, block, E)
	inside := Einsum("ij,bje->bie", ConvertDType(LowerTriangular(g, block), dtypes.Float32), blocks)
	sums := ReduceSum(blocks, 1) // [n,E]
	before := Sub(matmul(ConvertDType(LowerTriangular(g, n), dtypes.Float32), sums), sums)
	count := Reshape(Add(inside, InsertAxes(before, 1)), M, E)
	return AddScalar(ReduceSum(Mul(count, ones), 1), -1), ReduceSum(sums, 0)
}

// wideIn lays the experts' input matrices [E,D,2F] side by side: [D, E*2F].
func wideIn(in *Node) *Node {
	d := in.Shape().Dimensions
	return Reshape(TransposeAllAxes(in, 1, 0, 2), d[1], d[0]*d[2])
}

// denseExperts computes every expert for every token and lets the gates silence the rest.
// x: [N,D], in: [D,E*2F], out: [E,F,D].
func (c Config) denseExperts(x *Node, r routing, in, out *Node) *Node {
	N, E, F := x.Shape().Dimensions[0], c.Experts, c.ExpertHidden
	gate, up := halves(Reshape(matmul(x, in), N, E, 2*F))
	h := Mul(Mul(silu(gate), up), InsertAxes(r.gateMatrix(), -1))
	return matmul(Reshape(h, N, E*F), Reshape(out, E*F, c.Width))
}

// addBalance adds layer's share of the sequence-level balance loss (DeepSeek-V3, eq. 17-20):
// for each document, sum over experts of (its share of slots * E) * (its mean normalised affinity).
func (t *trunk) addBalance(c Config, r routing, s sequence) {
	if c.BalanceAlpha == 0 {
		return
	}
	g := s.tokens.Graph()
	B, T := s.tokens.Shape().Dimensions[0], s.tokens.Shape().Dimensions[1]
	number := AddScalar(iota32(g, 2, B, T, maxSegments), 1)
	member := ConvertDType(Equal(BroadcastToDims(InsertAxes(s.segments, -1), B, T, maxSegments), number), dtypes.Float32)
	length := MaxScalar(ReduceAndKeep(Einsum("bts,btu->bsu", member, OnesLike(SliceAxis(member, -1, AxisRange(0, 1)))), ReduceSum, -1), 1) // [B,s,1]
	var slots *Node
	for k, one := range r.chosen {
		n := Einsum("bts,bte->bse", member, Reshape(StopGradient(one), B, T, c.Experts))
		if k == 0 {
			slots = n
		} else {
			slots = Add(slots, n)
		}
	}
	share := Div(r.scores, ReduceAndKeep(r.scores, ReduceSum, -1))
	affinity := Div(Einsum("bts,bte->bse", member, Reshape(share, B, T, c.Experts)), length)
	frequency := MulScalar(Div(slots, length), float64(c.Experts)/float64(c.TopK))
	documents := ReduceAllSum(MinScalar(ReduceSum(member, 1), 1))
	loss := MulScalar(Div(ReduceAllSum(Mul(frequency, affinity)), MaxScalar(documents, 1)), c.BalanceAlpha)
	if t.balance == nil {
		t.balance = loss
	} else {
		t.balance = Add(t.balance, loss)
	}
}
