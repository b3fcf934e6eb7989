package moe

import (
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/rltrain/rltrain/policy"
)

// Completions that are set aside are nothing but their tokens and, on the host, what the caches keep of these. No graph moves rows from one
// batch to another: the host does, so that any of them can go on together without further compilations.

// setAside copies what the caches keep of the open completions to the host.
func (w *wave) setAside() error {
	if err := w.fitTo(w.slots); err != nil { // fewer rows to copy
		return err
	}
	for _, cache := range w.caches {
		width := cache.Shape().Dimensions[2]
		err := tensors.ConstFlatData(cache, func(flat []float32) {
			for i, l := range w.lanes {
				if l != nil && !l.done {
					end := (i*w.slots + w.slot) * width
					l.cache = append(l.cache, slices.Clone(flat[end-l.kept()*width:end]))
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// goOn makes a wave of completions that were set aside. Their last tokens come to lie side by side, the longest has the first slots, and
// whatever lay before it in its old wave is gone.
func (s *sampler) goOn(requests []policy.Request, lanes []*lane) (*wave, error) {
	w := s.newWave(requests, lanes)
	for _, l := range lanes {
		w.slot = max(w.slot, l.kept())
	}
	w.step = 2 * cacheStep
	w.slots = w.room()
	rows, width := len(w.lanes), s.trainer.Config.attention().cacheWidth()
	token, start := make([]int32, rows), make([]int32, rows)
	for i, l := range lanes {
		token[i], start[i] = l.out.Tokens[len(l.out.Tokens)-1], int32(w.slot-l.kept())
	}
	var err error
	if w.token, err = toDevice(s.trainer.backend(), token, rows); err != nil {
		return nil, err
	}
	for layer := range s.trainer.Config.Layers {
		flat := make([]float32, rows*w.slots*width)
		for i, l := range lanes {
			copy(flat[(i*w.slots+int(start[i]))*width:], l.cache[layer])
			l.cache[layer] = nil
		}
		cache, err := toDevice(s.trainer.backend(), flat, rows, w.slots, width)
		if err != nil {
			return nil, err
		}
		w.caches = append(w.caches, cache)
	}
	for _, l := range lanes {
		l.cache = nil
	}
	return w, w.describeRows(start)
}
