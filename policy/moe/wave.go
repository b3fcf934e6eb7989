package moe

import (
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/rltrain/rltrain/policy"
)

// wave is a set of completions that are drawn together: rows of one batch on the device. Rows whose
// completion has ended keep computing until fit drops them.
type wave struct {
	s         *sampler
	first     policy.Request // whose way of drawing all share
	lanes     []*lane        // the row's completion; nil for a padding row
	stop      []policy.Token
	sharpness float32
	cut       policy.Cut
	banned    []policy.Token
	slot      int // slot of the last token
	past      int // slots of the past, S
	recent    int // recent slots, R

	token, done, start *tensors.Tensor   // [B]
	caches             []*tensors.Tensor // cacheNodes a layer
}

// owned lists the device memory of the wave.
func (w *wave) owned() []*tensors.Tensor {
	return append([]*tensors.Tensor{w.token, w.done, w.start}, w.caches...)
}

// open are the completions that have not ended.
func (w *wave) open() []*lane {
	var open []*lane
	for _, l := range w.lanes {
		if l != nil && !l.done {
			open = append(open, l)
		}
	}
	return open
}

// leastRows is the smallest batch that graphs are compiled for: below, a step costs the same.
const leastRows = 32

// batchSize rounds rows up to a count that graphs are compiled for: few, so that compilations are bounded.
func (s *sampler) batchSize(rows int) int {
	size := s.trainer.Shapes.MaxRows
	for size/2 >= rows && size > leastRows {
		size /= 2
	}
	return size
}

// newWave has the lanes in its first rows, and nothing on the device yet.
func (s *sampler) newWave(requests []policy.Request, lanes []*lane) *wave {
	first := requests[lanes[0].request]
	w := &wave{s: s, first: first, stop: first.Stop, sharpness: sharpness(first.Temperature), cut: first.Cut, banned: first.Banned}
	w.lanes = make([]*lane, s.batchSize(len(lanes)))
	copy(w.lanes, lanes)
	return w
}

// prefill runs the prompts and draws each row's first token.
func (s *sampler) prefill(requests []policy.Request, lanes []*lane) (*wave, error) {
	w := s.newWave(requests, lanes)
	in, width := s.promptInputs(requests, lanes, len(w.lanes))
	w.haveSlots(width, s.trainer.Shapes.recentSlots())
	room := host{ints: make([]int32, w.past*w.recent), dims: []int{w.past, w.recent}}
	in = append(append(in, room, host{floats: []float32{w.sharpness}}), w.cutInputs()...)
	args, err := s.trainer.upload(in)
	if err != nil {
		return nil, err
	}
	defer release(args...)
	out, err := s.trainer.programs.prefill[w.filtered()].run(append(append(asArgs(s.params...), s.bias), asArgs(args...)...))
	if err != nil {
		return nil, err
	}
	drawn := copyPicks(out[:4])
	routes, starts, of := w.s.copyRoutes(out[4], w.first), in[1].ints, in[2].ints
	start := make([]int32, len(w.lanes))
	for i, l := range w.lanes {
		start[i] = starts[of[i]] + int32(w.past-width)
		if l != nil {
			l.take(drawn.at(i, routes.of(int(of[i])*width+int(starts[of[i]]), (int(of[i])+1)*width)), w.stop)
		}
	}
	release(out[1:5]...)
	w.token, w.caches = out[0], out[5:]
	return w, w.describeRows(start)
}

// haveSlots gives a wave its past for prompts of a width, and recent slots: the next entry goes to the first of them.
func (w *wave) haveSlots(width, recent int) {
	w.past, w.recent = w.s.trainer.Shapes.pastSlots(width, recent), recent
	w.slot = w.past
}

// describeRows uploads each row's first valid slot and whether it is done already.
func (w *wave) describeRows(start []int32) error {
	rows := len(w.lanes)
	list, err := w.s.trainer.upload([]host{{ints: start, dims: []int{rows}}, {floats: w.doneRows(), dims: []int{rows}}})
	if err != nil {
		return err
	}
	w.start, w.done = list[0], list[1]
	return nil
}

// doneRows is 1 for each row that needs no more tokens.
func (w *wave) doneRows() []float32 {
	done := make([]float32, len(w.lanes))
	for i, l := range w.lanes {
		if l == nil || l.done {
			done[i] = 1
		}
	}
	return done
}

// fit drops ended rows where a smaller compiled batch size then does, and makes room for the next chunk.
func (w *wave) fit() error { return w.keep(w.slot == w.past+w.recent) }

// keep is fit, with room to be made or not.
func (w *wave) keep(grow bool) error {
	var keep []int32
	for i, l := range w.lanes {
		if l != nil && !l.done {
			keep = append(keep, int32(i))
		}
	}
	rows := w.s.batchSize(len(keep))
	if rows == len(w.lanes) && !grow {
		return nil
	}
	if rows == len(w.lanes) {
		keep = keep[:0]
		for i := range w.lanes {
			keep = append(keep, int32(i))
		}
	}
	lanes := make([]*lane, rows)
	for i, from := range keep {
		lanes[i] = w.lanes[from]
	}
	for len(keep) < rows {
		keep = append(keep, 0) // a padding row repeats some row; its lane is nil
	}
	return w.resize(lanes, keep, grow)
}

// resize keeps some rows, in the order of keep, for the lanes. It goes layer by layer, so that one layer's cache is there twice and not all.
func (w *wave) resize(lanes []*lane, keep []int32, grow bool) error {
	programs := w.s.trainer.programs
	rows := []**tensors.Tensor{&w.token, &w.done, &w.start}
	if err := w.replace(programs.rows, keep, rows); err != nil {
		return err
	}
	heads := w.caches[0].Shape().Dimensions[0] / len(w.lanes)
	var numbers []int32 // of what is kept of a cache: each row has so many heads
	for _, row := range keep {
		for head := range heads {
			numbers = append(numbers, row*int32(heads)+int32(head))
		}
	}
	for layer := range len(w.caches) / cacheNodes {
		var list []**tensors.Tensor
		for i := range cacheNodes {
			list = append(list, &w.caches[layer*cacheNodes+i])
		}
		if err := w.replace(programs.resize[grow], numbers, list); err != nil {
			return err
		}
	}
	w.lanes = lanes
	if grow {
		w.past += w.recent
	}
	return nil
}

// replace puts what a program makes of tensors, given the numbers to keep, in their places.
func (w *wave) replace(program *program, keep []int32, list []**tensors.Tensor) error {
	index, err := toDevice(w.s.trainer.backend(), keep, len(keep))
	if err != nil {
		return err
	}
	defer release(index)
	args := []any{index}
	for _, t := range list {
		args = append(args, *t)
	}
	out, err := program.run(args)
	if err != nil {
		return err
	}
	for i, t := range list {
		release(*t)
		*t = out[i]
	}
	return nil
}

// chunk draws DecodeChunk tokens for every row, or fewer once all rows have met a stop token.
func (w *wave) chunk() error {
	t, first := w.s.trainer, w.slot
	state, err := w.state()
	if err != nil {
		return err
	}
	args := append(append(asArgs(w.s.weights...), asArgs(state...)...), asArgs(w.caches...)...)
	out, err := t.programs.decode[w.filtered()].run(args)
	if err != nil {
		return err
	}
	w.s.releaseState(state)
	state = out[:stateCount:stateCount]
	for i, written := range out[stateCount:] {
		at := i/2*cacheNodes + 2 + i%2 // the recent keys or values of a layer
		release(w.caches[at])
		w.caches[at] = written
	}
	w.collect(state, first)
	w.token, w.done, w.start = state[stateToken], state[stateDone], state[stateStart]
	state[stateToken], state[stateDone], state[stateStart] = w.s.cos, w.s.cos, w.s.cos // kept: not to be released
	w.s.releaseState(state)
	return nil
}

// releaseState frees a decoding state, except for the tables that all states borrow.
func (s *sampler) releaseState(state []*tensors.Tensor) {
	for _, t := range state {
		if t != s.cos && t != s.sin {
			release(t)
		}
	}
}

// collect hands a chunk's tokens to their completions.
func (w *wave) collect(state []*tensors.Tensor, first int) {
	columns := w.s.trainer.Shapes.DecodeChunk
	w.slot = int(tensors.ToScalar[int32](state[stateSlot]))
	drawn := copyPicks([]*tensors.Tensor{state[stateTokens], state[stateLogps], state[stateEntrs], state[stateDraws]})
	routes := w.s.copyRoutes(state[stateRoutes], w.first)
	for i, l := range w.lanes {
		for j := 0; l != nil && j < w.slot-first; j++ {
			at := i*columns + j
			l.take(drawn.at(at, routes.of(at, at+1)), w.stop)
		}
	}
}
