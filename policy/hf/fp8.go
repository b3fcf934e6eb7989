package hf

import (
	"fmt"
	"math"
)

// scaleBlock is the side of the square of weights that share a scale, as DeepSeek-V3 and R1 publish them.
const scaleBlock = 128

// ScaleName is where the scales of a block-scaled tensor are: one for each square of 128 by 128, by
// which its numbers are multiplied.
func ScaleName(tensor string) string { return tensor + "_scale_inv" }

// IsScale tells whether a tensor holds the scales of another one of f, so that it is no weight of its own.
func (f *File) IsScale(name string) bool {
	n := len(name) - len(ScaleName(""))
	if n <= 0 || ScaleName(name[:n]) != name {
		return false
	}
	_, ok := f.tensors[name[:n]]
	return ok
}

// Floats reads a tensor as float32: F32, F16 and BF16 as they are, F8_E4M3 multiplied by its scales.
func (f *File) Floats(name string) ([]float32, error) {
	t, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	if t.DType != F8E4M3 {
		return t.Float32s()
	}
	scale, err := f.Tensor(ScaleName(name))
	if err != nil {
		return nil, fmt.Errorf("%w: an F8_E4M3 tensor needs its scales (get the model again)", err)
	}
	if len(t.Shape) != 2 || len(scale.Shape) != 2 || scale.Shape[0] != blocks(t.Shape[0]) || scale.Shape[1] != blocks(t.Shape[1]) {
		return nil, fmt.Errorf("%s: tensor %q of shape %v has scales of shape %v, only one for each %d by %d numbers is supported (get the model as BF16)",
			f.path, name, t.Shape, scale.Shape, scaleBlock, scaleBlock)
	}
	scales, err := scale.Float32s()
	if err != nil {
		return nil, err
	}
	table := e4m3Table()
	rows, cols := t.Shape[0], t.Shape[1]
	out := make([]float32, rows*cols)
	for r := range rows {
		row := scales[r/scaleBlock*scale.Shape[1]:]
		for c, x := range t.Data[r*cols : (r+1)*cols] {
			out[r*cols+c] = table[x] * row[c/scaleBlock]
		}
	}
	return out, nil
}

func blocks(n int) int { return (n + scaleBlock - 1) / scaleBlock }

// e4m3Table lists the 256 numbers of F8_E4M3: four bits of exponent, three of fraction, no infinity.
func e4m3Table() (table [256]float32) {
	for b := range 128 {
		exponent, fraction := b>>3, float64(b&7)
		x := math.Ldexp(1+fraction/8, exponent-7)
		if exponent == 0 {
			x = math.Ldexp(fraction/8, -6)
		}
		if b == 127 {
			x = math.NaN()
		}
		table[b], table[b+128] = float32(x), float32(-x)
	}
	return table
}
