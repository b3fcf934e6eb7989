// Package hf reads and writes model weights as Hugging Face folders hold them: safetensors files
// (https://huggingface.co/docs/safetensors), single or in shards with an index.
//
// Read checks a file's whole header against the file before it returns, so that a damaged
// file fails there, with one error that names it; tensors are read when they are asked for. Write
// gives the bytes that the Python library would, and a file that is there is always whole. Tensors that
// training does not touch go through as they are, whatever their type: see Entry and WriteFolder.
package hf

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// DType names an element type as the format spells it.
type DType string

// The element types. Those of less than a byte (F4, F6) are not supported.
const (
	Bool   DType = "BOOL"
	U8     DType = "U8"
	I8     DType = "I8"
	F8E5M2 DType = "F8_E5M2"
	F8E4M3 DType = "F8_E4M3"
	F8E8M0 DType = "F8_E8M0"
	I16    DType = "I16"
	U16    DType = "U16"
	F16    DType = "F16"
	BF16   DType = "BF16"
	I32    DType = "I32"
	U32    DType = "U32"
	F32    DType = "F32"
	C64    DType = "C64"
	F64    DType = "F64"
	I64    DType = "I64"
	U64    DType = "U64"
)

// Size is the number of bytes of one element, 0 for a type that is not supported.
func (d DType) Size() int {
	switch d {
	case Bool, U8, I8, F8E5M2, F8E4M3, F8E8M0:
		return 1
	case I16, U16, F16, BF16:
		return 2
	case I32, U32, F32:
		return 4
	case C64, F64, I64, U64:
		return 8
	}
	return 0
}

// Tensor is one named array, row-major and little-endian.
type Tensor struct {
	Name  string
	DType DType
	Shape []int // empty for a scalar
	Data  []byte
}

// NewFloat32s makes an F32 tensor of values, which it copies. It panics if shape and values disagree.
func NewFloat32s(name string, shape []int, values []float32) Tensor {
	if n, ok := elements(shape); !ok || n != uint64(len(values)) {
		panic(fmt.Sprintf("tensor %q of shape %v needs other than the %d values given", name, shape, len(values)))
	}
	data := make([]byte, 4*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(v))
	}
	return Tensor{Name: name, DType: F32, Shape: slices.Clone(shape), Data: data}
}

// NewBF16s makes a BF16 tensor of values, each rounded to the nearest, ties to even. It panics if shape
// and values disagree.
func NewBF16s(name string, shape []int, values []float32) Tensor {
	if n, ok := elements(shape); !ok || n != uint64(len(values)) {
		panic(fmt.Sprintf("tensor %q of shape %v needs other than the %d values given", name, shape, len(values)))
	}
	data := make([]byte, 2*len(values))
	for i, v := range values {
		bits := math.Float32bits(v)
		if v == v {
			bits += 0x7fff + bits>>16&1
		} else {
			bits |= 0x400000 // rounding could make an infinity of it
		}
		binary.LittleEndian.PutUint16(data[2*i:], uint16(bits>>16))
	}
	return Tensor{Name: name, DType: BF16, Shape: slices.Clone(shape), Data: data}
}

// Float32s returns the elements of a tensor of type F32, F16 or BF16.
func (t Tensor) Float32s() ([]float32, error) {
	size := t.DType.Size()
	if t.DType != F32 && t.DType != F16 && t.DType != BF16 {
		return nil, fmt.Errorf("tensor %q is of type %s: only F32, F16 and BF16 are read as floats, and F8_E4M3 with its scales by File.Floats: convert it first", t.Name, t.DType)
	}
	out := make([]float32, len(t.Data)/size)
	switch t.DType {
	case F32:
		for i := range out {
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
		}
	case BF16:
		for i := range out {
			out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(t.Data[2*i:])) << 16)
		}
	case F16:
		for i := range out {
			out[i] = half(binary.LittleEndian.Uint16(t.Data[2*i:]))
		}
	}
	return out, nil
}

// half converts an IEEE 754 half-precision number; every one is a float32.
func half(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exponent {
	case 0: // zero or subnormal: fraction * 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 31: // infinity, or a NaN that keeps its payload
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// elements is the product of shape; false if it does not fit 63 bits or a dimension is negative.
func elements(shape []int) (uint64, bool) {
	n := uint64(1)
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt64/uint64(d) {
			return 0, false
		}
		n *= uint64(d)
	}
	return n, true
}

// byteSize is the size of a tensor's data; false if it does not fit 63 bits or the type is not supported.
func byteSize(d DType, shape []int) (uint64, bool) {
	n, ok := elements(shape)
	size := uint64(d.Size())
	if !ok || size == 0 || n > math.MaxInt64/size {
		return 0, false
	}
	return n * size, true
}
