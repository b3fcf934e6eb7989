package moe

import (
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/rltrain/rltrain/policy"
)

// Completions that are set aside are nothing but their tokens and, on the host, what the caches keep of these. No graph moves rows from one
// batch to another: the host does, so that any of them can go on together without further compilations.

// setAside copies the open completions' part of the caches to the host.
func (w *wave) setAside() error {
	if err := w.keep(false); err != nil { // fewer rows to copy
		return err
	}
	for _, l := range w.open() {
		l.cache = make([][]float32, 2*w.s.trainer.Config.Layers)
	}
	for i, t := range w.caches {
		layer, recent, part := i/cacheNodes, i%cacheNodes/2 == 1, i%2
		lies := w.layOf(t, part)
		err := tensors.ConstFlatData(t, func(flat []float32) {
			for row, l := range w.lanes {
				if l == nil || l.done {
					continue
				}
				into, fresh := &l.cache[2*layer+part], w.slot-w.past // fresh: those of its entries that lie in recent slots
				old := l.kept() - fresh
				if recent {
					lies.take(*into, old, flat, row, 0, fresh)
					continue
				}
				*into = make([]float32, lies.heads*l.kept()*lies.width)
				lies.take(*into, 0, flat, row, w.past-old, old)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// goOn makes a wave of completions that were set aside. Their last tokens come to lie side by side, at the end of the past, and
// whatever lay before them in their old waves is gone. They are long: with twice the recent slots they pass through fewer sizes, each of which is a
// graph to compile.
func (s *sampler) goOn(requests []policy.Request, lanes []*lane) (*wave, error) {
	w := s.newWave(requests, lanes)
	longest := 0
	for _, l := range lanes {
		longest = max(longest, l.kept())
	}
	w.haveSlots(longest, 2*s.trainer.Shapes.recentSlots())
	rows := len(w.lanes)
	token, start := make([]int32, rows), make([]int32, rows)
	for i, l := range lanes {
		token[i], start[i] = l.out.Tokens[len(l.out.Tokens)-1], int32(w.slot-l.kept())
	}
	var err error
	if w.token, err = toDevice(s.trainer.backend(), token, rows); err != nil {
		return nil, err
	}
	for layer := range s.trainer.Config.Layers {
		if err := w.restore(lanes, layer); err != nil {
			return nil, err
		}
	}
	for _, l := range lanes {
		l.cache = nil
	}
	return w, w.describeRows(start)
}

// restore uploads a layer's cache, its past from the lanes.
func (w *wave) restore(lanes []*lane, layer int) error {
	list := make([]*tensors.Tensor, cacheNodes)
	for part, width := range w.s.trainer.Config.attention().widths() {
		heads := len(lanes[0].cache[2*layer+part]) / (lanes[0].kept() * width)
		past, recent := lay{heads, w.past, width, part == 0}, lay{heads, w.recent, width, part == 0}
		flat := make([]float32, len(w.lanes)*heads*w.past*width)
		for row, l := range lanes {
			past.put(flat, row, w.past-l.kept(), l.cache[2*layer+part], l.kept())
			l.cache[2*layer+part] = nil
		}
		var err error
		if list[part], err = toDevice(w.s.trainer.backend(), flat, past.dims(len(w.lanes))...); err != nil {
			return err
		}
		none := make([]float32, len(w.lanes)*heads*w.recent*width)
		if list[2+part], err = toDevice(w.s.trainer.backend(), none, recent.dims(len(w.lanes))...); err != nil {
			return err
		}
	}
	w.caches = append(w.caches, list...)
	return nil
}

// lay is how a tensor of a cache lies: for each row, heads times slots entries of a width; crosswise, the slots are its last axis.
type lay struct {
	heads, slots, width int
	crosswise           bool
}

// layOf is how the keys, part 0, or the values, part 1, of the wave's caches lie in a tensor.
func (w *wave) layOf(t *tensors.Tensor, part int) lay {
	d := t.Shape().Dimensions
	if part == 0 {
		return lay{d[0] / len(w.lanes), d[2], d[1], true}
	}
	return lay{d[0] / len(w.lanes), d[1], d[2], false}
}

func (y lay) dims(rows int) []int {
	if y.crosswise {
		return []int{rows * y.heads, y.width, y.slots}
	}
	return []int{rows * y.heads, y.slots, y.width}
}

// steps are how far apart entries lie, and the numbers of one.
func (y lay) steps() (entry, number int) {
	if y.crosswise {
		return 1, y.slots
	}
	return y.width, 1
}

// take copies n entries of a row, from a slot on, into those of a lane [heads,.,width], from its entry at on.
func (y lay) take(lane []float32, at int, flat []float32, row, slot, n int) {
	entry, number := y.steps()
	all := len(lane) / (y.heads * y.width)
	for head := range y.heads {
		from := (row*y.heads+head)*y.slots*y.width + slot*entry
		into := lane[(head*all+at)*y.width:]
		for i := range n {
			for u := range y.width {
				into[i*y.width+u] = flat[from+i*entry+u*number]
			}
		}
	}
}

// put is the way back of take, for all n entries of a lane.
func (y lay) put(flat []float32, row, slot int, lane []float32, n int) {
	entry, number := y.steps()
	for head := range y.heads {
		into := (row*y.heads+head)*y.slots*y.width + slot*entry
		for i := range n {
			for u := range y.width {
				flat[into+i*entry+u*number] = lane[(head*n+i)*y.width+u]
			}
		}
	}
}
