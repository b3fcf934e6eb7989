package moe

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// adapters lists A [rank,in] and B [out,rank] of each adapted module in turn, in PEFT's layout; none without LoRA.
func (c Config) adapters() []param {
	if c.lora == nil {
		return nil
	}
	var list []param
	for _, m := range c.lora.modules {
		list = append(list,
			param{m.module + ".lora_A", adapterKind, []int{c.lora.rank, m.in}},
			param{m.module + ".lora_B", adapterKind, []int{m.out, c.lora.rank}})
	}
	return list
}

// trained lists the tensors that an optimizer step changes: the adapters where there are some, else all.
func (c Config) trained() []param {
	if c.lora == nil {
		return c.params()
	}
	return c.adapters()
}

// initialAdapters are PEFT's: A uniform in ±1/sqrt(in) (Kaiming with a = sqrt 5), B zero, so that the model begins as the base.
func (c Config) initialAdapters(seed uint64) [][]float32 {
	r := rand.New(rand.NewPCG(seed, 0x6c6f7261))
	var values [][]float32
	for i, p := range c.adapters() {
		v := make([]float32, p.size())
		if i%2 == 0 {
			bound := 1 / math.Sqrt(float64(p.dims[1]))
			for j := range v {
				v[j] = float32((2*r.Float64() - 1) * bound)
			}
		}
		values = append(values, v)
	}
	return values
}

// merge adds the adapters to the parameters.
func (c Config) merge(params, tuned []*Node) []*Node {
	out := slices.Clone(params)
	for i, p := range c.params() {
		if !c.lora.changes(p.name) {
			continue
		}
		delta := c.lora.columns(p.name, p.dims[0], p.dims[1], tuned, func(down, up *Node) *Node { return DotGeneral(down, []int{0}, nil, up, []int{1}, nil) })
		out[i] = Add(params[i], delta)
	}
	return out
}

// mergeToTrain is merge for a gradient graph: A and B get their gradients by weights.mul, which makes none of a whole matrix.
func (c Config) mergeToTrain(params, tuned []*Node) []*Node {
	merged := c.merge(params, tuned)
	for i, p := range c.params() {
		if c.lora.changes(p.name) {
			merged[i] = StopGradient(merged[i])
		}
	}
	return merged
}

// changes tells whether a parameter has adapters.
func (a *adapter) changes(name string) bool {
	return a != nil && slices.ContainsFunc(a.modules, func(m linear) bool { return m.param == name })
}

// columns lays what piece makes of A [rank,in] and B [out,rank] of the parameter's modules, [rows,out] each, into their columns
// of width, with zeros between, times alpha/rank. The rows of B come in the order of our columns.
func (a *adapter) columns(name string, rows, width int, tuned []*Node, piece func(down, up *Node) *Node) *Node {
	g := tuned[0].Graph()
	var parts []*Node
	column := 0
	upTo := func(next int) {
		if next > column {
			parts = append(parts, Zeros(g, shapes.Make(dtypes.Float32, rows, next-column)))
		}
	}
	for i, m := range a.modules {
		if m.param != name {
			continue
		}
		upTo(m.first)
		up := tuned[2*i+1]
		if m.rows != nil {
			index := make([]int32, m.out)
			for j, row := range m.rows {
				index[j] = int32(row)
			}
			up = Gather(up, ConstTensor(g, tensors.FromFlatDataAndDimensions(index, m.out, 1)))
		}
		parts = append(parts, piece(tuned[2*i], up))
		column = m.first + m.out
	}
	upTo(width)
	return MulScalar(Concatenate(parts, 1), a.scale)
}

// mul is x[...,in] times a matrix of layer l. In a gradient graph with adapters that matrix is merged and frozen; what the adapters add is
// computed once more from A and B and taken off again, so that they get their gradient, and x that of the merged matrix alone.
func (w weights) mul(l int, name string, x *Node) *Node {
	y, name := matmul(x, w.at(l, name)), layerName(l, name)
	if w.tuned == nil || !w.lora.changes(name) {
		return y
	}
	dims := y.Shape().Dimensions
	width := dims[len(dims)-1]
	flat := StopGradient(Reshape(x, -1, x.Shape().Dimensions[x.Rank()-1]))
	added := w.lora.columns(name, flat.Shape().Dimensions[0], width, w.tuned, func(down, up *Node) *Node {
		return DotGeneral(DotGeneral(flat, []int{1}, nil, down, []int{1}, nil), []int{1}, nil, up, []int{1}, nil)
	})
	added = Reshape(added, dims...)
	return Add(y, Sub(added, StopGradient(added)))
}

// mergeGraph builds: params..., adapters... -> the parameters that have adapters, with these added.
func (c Config) mergeGraph() builder {
	n := len(c.params())
	return func(in []*Node) []*Node {
		merged := c.merge(in[:n], in[n:])
		var out []*Node
		for i, p := range c.params() {
			if c.lora.changes(p.name) {
				out = append(out, merged[i])
			}
		}
		return out
	}
}

// merged are the weights as a forward pass wants them. With adapters they are made once for each version of these; what has no adapter
// is not copied.
func (t *Trainer) merged() ([]*tensors.Tensor, error) {
	if t.Config.lora == nil {
		return t.params, nil
	}
	if t.whole != nil {
		return t.whole, nil
	}
	made, err := t.programs.merge.run(asArgs(slices.Concat(t.params, t.tuned)...))
	if err != nil {
		return nil, err
	}
	t.whole = slices.Clone(t.params)
	for i, p := range t.Config.params() {
		if t.Config.lora.changes(p.name) {
			t.whole[i], made = made[0], made[1:]
		}
	}
	return t.whole, nil
}

// learned are the tensors that an optimizer step changes, in the order of Config.trained.
func (t *Trainer) learned() []*tensors.Tensor {
	if t.Config.lora == nil {
		return t.params
	}
	return t.tuned
}

func (t *Trainer) setLearned(list []*tensors.Tensor) {
	if t.Config.lora == nil {
		t.params = list
		return
	}
	t.tuned, t.whole = list, nil
}
