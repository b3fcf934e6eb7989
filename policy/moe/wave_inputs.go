package moe

import (
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/rltrain/rltrain/policy"
)

// filtered tells which graphs the wave needs.
func (w *wave) filtered() bool { return w.cut != policy.Cut{} || len(w.banned) > 0 }

// cutInputs are the cut's scalars and the ban.
func (w *wave) cutInputs() []host {
	topK, topP, minP := cutNumbers(w.cut)
	return []host{{floats: []float32{topK}}, {floats: []float32{topP}}, {floats: []float32{minP}}, {floats: banOf(w.banned, w.s.trainer.Config.Vocab), dims: []int{w.s.trainer.Config.Vocab}}}
}

// promptInputs lays out prompts [G,Q] (right-aligned, each once), their first slots, each row's prompt, and
// its first uniform.
func (s *sampler) promptInputs(requests []policy.Request, lanes []*lane, rows int) ([]host, int) {
	longest, index := 0, map[int]int{}
	var order []int
	for _, l := range lanes {
		if _, known := index[l.request]; !known {
			index[l.request] = len(order)
			order = append(order, l.request)
		}
		longest = max(longest, len(requests[l.request].Prompt)+len(requests[l.request].Forced))
	}
	margin := s.trainer.Shapes.PromptMargin
	width := (longest + margin - 1) / margin * margin
	groups := 1
	for groups < len(order) {
		groups *= 2
	}
	prompts, starts := make([]int32, groups*width), make([]int32, groups)
	for g, r := range order {
		text := append(append([]policy.Token(nil), requests[r].Prompt...), requests[r].Forced...)
		starts[g] = int32(width - len(text))
		copy(prompts[g*width+width-len(text):], text)
	}
	of, draws := make([]int32, rows), make([]float32, rows)
	for i, l := range lanes {
		of[i] = int32(index[l.request])
		draws[i] = uniform(l.key, len(l.out.Tokens))
	}
	return []host{
		{ints: prompts, dims: []int{groups, width}}, {ints: starts, dims: []int{groups}},
		{ints: of, dims: []int{rows}}, {floats: draws, dims: []int{rows}},
	}, width
}

// state uploads what a chunk needs to know besides weights and caches.
func (w *wave) state() ([]*tensors.Tensor, error) {
	rows, columns, slots := len(w.lanes), w.s.trainer.Shapes.DecodeChunk, w.s.trainer.Config.routeSlots()
	draws := make([]float32, rows*columns)
	live := 0
	for i, l := range w.lanes {
		if l == nil || l.done {
			continue
		}
		live++
		for j := range columns {
			draws[i*columns+j] = uniform(l.key, len(l.out.Tokens)+j)
		}
	}
	ends := append([]policy.Token(nil), w.stop...)
	if len(ends) == 0 {
		ends = []policy.Token{-1}
	}
	slot := []int32{int32(w.slot)}
	list, err := w.s.trainer.upload(append([]host{
		{ints: slot}, {ints: []int32{int32(w.slot + columns)}}, {floats: []float32{float32(live)}},
		{floats: []float32{w.sharpness}}, {ints: ends, dims: []int{len(ends)}},
		{floats: draws, dims: []int{rows, columns}},
		{ints: make([]int32, rows*columns), dims: []int{rows, columns}},
		{floats: make([]float32, rows*columns), dims: []int{rows, columns}},
		{floats: make([]float32, rows*columns), dims: []int{rows, columns}},
		{floats: make([]float32, rows*columns), dims: []int{rows, columns}},
		{ints: make([]int32, rows*columns*slots), dims: []int{rows, columns, slots}}, {ints: slot},
	}, w.cutInputs()...))
	if err != nil {
		return nil, err
	}
	state := make([]*tensors.Tensor, stateCount)
	for i, at := range []int{stateSlot, stateStop, stateLive, stateSharp, stateEnds, stateUnif, stateTokens, stateLogps, stateEntrs, stateDraws, stateRoutes, stateFirst, stateTopK, stateTopP, stateMinP, stateBan} {
		state[at] = list[i]
	}
	state[stateToken], state[stateDone], state[stateStart] = w.token, w.done, w.start
	state[stateCos], state[stateSin] = w.s.cos, w.s.sin
	return state, nil
}
