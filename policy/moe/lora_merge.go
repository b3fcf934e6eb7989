package moe

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rltrain/rltrain/policy/hf"
)

// Export writes a model folder, or an adapter folder merged into its base, as a plain model folder: weights, config.json, generation_config.json
// and the tokenizer's files. Matrices with an adapter W become W + alpha/rank * B A in their own type, all other tensors keep their
// bytes. A file of weights has shard bytes at most.
func Export(from, to string, shard int64) error {
	if _, err := os.Stat(filepath.Join(to, configFile)); err == nil || IsAdapter(to) {
		return fmt.Errorf("%s holds a model already: name another folder", to)
	}
	base, m := from, merger{}
	if IsAdapter(from) {
		p, _, err := readPEFT(from)
		if err != nil {
			return err
		}
		path := filepath.Join(from, adapterFile)
		m = merger{path: path, peft: p}
		if m.file, err = hf.Read(path); err != nil {
			return err
		}
		defer m.file.Close()
		base = p.Base
	}
	weights, err := hf.ReadFolder(base)
	if err != nil {
		return err
	}
	defer weights.Close()
	entries, err := m.entries(weights)
	if err != nil {
		return err
	}
	if err := hf.WriteFolder(to, entries, shard); err != nil {
		return err
	}
	err = hf.CopySettings(base, to)
	if base != from { // its own tokenizer, where it has one
		err = errors.Join(err, hf.CopySettings(from, to))
	}
	return err
}

// merger adds an adapter to weights; without a file it changes nothing.
type merger struct {
	path string
	file *hf.File
	peft peft
}

// entries are the tensors of a base with the adapter added.
func (m merger) entries(weights *hf.File) ([]hf.Entry, error) {
	open := map[string]bool{} // adapted modules that the base has not shown yet
	if m.file != nil {
		for _, name := range m.file.Names() {
			module, ok := adaptedModule(name)
			if !ok {
				return nil, notLoRA(m.path, name)
			}
			open[module] = true
		}
	}
	var entries []hf.Entry
	for _, name := range weights.Names() {
		e, err := weights.Entry(name)
		if err != nil {
			return nil, err
		}
		for module := range open {
			if name != module+".weight" {
				continue
			}
			delete(open, module)
			if e.DType != hf.F32 && e.DType != hf.BF16 {
				return nil, fmt.Errorf("merge %s: the base has %s in %s: only F32 and BF16 are merged into; convert the base first", module, name, e.DType)
			}
			e.Read = func() ([]byte, error) { return m.merged(weights, e.Tensor, module) }
		}
		entries = append(entries, e)
	}
	for module := range open {
		return nil, fmt.Errorf("adapter %s: its base %s has no layer %q: is it for another model?", m.path, m.peft.Base, module)
	}
	return entries, nil
}

// merged are the bytes of the module's matrix with its adapter added.
func (m merger) merged(weights *hf.File, matrix hf.Tensor, module string) ([]byte, error) {
	if len(matrix.Shape) != 2 {
		return nil, fmt.Errorf("merge %s: its weight has shape %v: want a matrix", module, matrix.Shape)
	}
	out, in, rank := matrix.Shape[0], matrix.Shape[1], m.peft.Rank
	w, err := weights.Floats(matrix.Name)
	if err != nil {
		return nil, err
	}
	a, errA := readTensor(m.file, m.path, adapterPrefix+module+".lora_A.weight", []int{rank, in})
	b, errB := readTensor(m.file, m.path, adapterPrefix+module+".lora_B.weight", []int{out, rank})
	if err := errors.Join(errA, errB); err != nil {
		return nil, err
	}
	scale, row := m.peft.Alpha/float64(rank), make([]float64, in)
	for r := range out {
		clear(row)
		for k := range rank {
			x := scale * float64(b[r*rank+k])
			for i, y := range a[k*in : (k+1)*in] {
				row[i] += x * float64(y)
			}
		}
		for i, x := range row {
			w[r*in+i] = float32(float64(w[r*in+i]) + x)
		}
	}
	if matrix.DType == hf.BF16 {
		return hf.NewBF16s(matrix.Name, matrix.Shape, w).Data, nil
	}
	return hf.NewFloat32s(matrix.Name, matrix.Shape, w).Data, nil
}
