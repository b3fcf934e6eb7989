package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

// Type is how the numbers of a tensor are stored.
type Type uint32

// The types that Floats reads, numbered as in the file.
const (
	F32  Type = 0
	F16  Type = 1
	Q40  Type = 2
	Q41  Type = 3
	Q50  Type = 6
	Q51  Type = 7
	Q80  Type = 8
	Q4K  Type = 12
	Q5K  Type = 13
	Q6K  Type = 14
	F64  Type = 28
	BF16 Type = 30
)

// layout describes a type: so many numbers in a block of so many bytes.
type layout struct {
	name        string
	block, size int
	read        func(out []float32, in []byte) // nil: known, but not read
}

// layouts lists the types; the ones without a reader are there so that files that have them open.
func layouts(t Type) (layout, bool) {
	switch t {
	case F32:
		return layout{"F32", 1, 4, readF32}, true
	case F16:
		return layout{"F16", 1, 2, func(out []float32, in []byte) { out[0] = f16(in) }}, true
	case BF16:
		return layout{"BF16", 1, 2, func(out []float32, in []byte) {
			out[0] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(in)) << 16)
		}}, true
	case F64:
		return layout{"F64", 1, 8, func(out []float32, in []byte) { out[0] = float32(math.Float64frombits(binary.LittleEndian.Uint64(in))) }}, true
	case Q40:
		return layout{"Q4_0", 32, 18, readQ40}, true
	case Q41:
		return layout{"Q4_1", 32, 20, readQ41}, true
	case Q50:
		return layout{"Q5_0", 32, 22, readQ50}, true
	case Q51:
		return layout{"Q5_1", 32, 24, readQ51}, true
	case Q80:
		return layout{"Q8_0", 32, 34, readQ80}, true
	case Q4K:
		return layout{"Q4_K", 256, 144, readQ4K}, true
	case Q5K:
		return layout{"Q5_K", 256, 176, readQ5K}, true
	case Q6K:
		return layout{"Q6_K", 256, 210, readQ6K}, true
	}
	return unread(t)
}

// unread lists the types that are known by size only.
func unread(t Type) (layout, bool) {
	switch t {
	case 9:
		return layout{"Q8_1", 32, 40, nil}, true
	case 10:
		return layout{"Q2_K", 256, 84, nil}, true
	case 11:
		return layout{"Q3_K", 256, 110, nil}, true
	case 15:
		return layout{"Q8_K", 256, 292, nil}, true
	case 20:
		return layout{"IQ4_NL", 32, 18, nil}, true
	case 23:
		return layout{"IQ4_XS", 256, 136, nil}, true
	case 24:
		return layout{"I8", 1, 1, nil}, true
	case 25:
		return layout{"I16", 1, 2, nil}, true
	case 26:
		return layout{"I32", 1, 4, nil}, true
	case 27:
		return layout{"I64", 1, 8, nil}, true
	}
	return layout{}, false
}

// String is the name that files are called by, such as Q4_K.
func (t Type) String() string {
	if l, ok := layouts(t); ok {
		return l.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

func (t Type) block() (elements, size int, ok bool) {
	l, ok := layouts(t)
	return l.block, l.size, ok
}

func (t Type) dequantizer() func(out []float32, in []byte) {
	l, _ := layouts(t)
	return l.read
}

// supported names the types that Floats reads.
func supported() string {
	var names []string
	for t := range Type(40) {
		if t.dequantizer() != nil {
			names = append(names, t.String())
		}
	}
	return strings.Join(names, ", ")
}

func readF32(out []float32, in []byte) {
	out[0] = math.Float32frombits(binary.LittleEndian.Uint32(in))
}

func f16(in []byte) float32 { return half(binary.LittleEndian.Uint16(in)) }

// In all types below a product is rounded before a sum, which float32() asks for, so that every
// machine gives the same bits.

func readQ40(out []float32, in []byte) {
	d := f16(in)
	for i, q := range in[2:18] {
		out[i] = float32(int(q&15)-8) * d
		out[i+16] = float32(int(q>>4)-8) * d
	}
}

func readQ41(out []float32, in []byte) {
	d, m := f16(in), f16(in[2:])
	for i, q := range in[4:20] {
		out[i] = float32(float32(q&15)*d) + m
		out[i+16] = float32(float32(q>>4)*d) + m
	}
}

func readQ50(out []float32, in []byte) {
	d, high := f16(in), binary.LittleEndian.Uint32(in[2:])
	for i, q := range in[6:22] {
		out[i] = float32(int(q&15)|int(high>>i&1)<<4-16) * d
		out[i+16] = float32((int(q>>4)|int(high>>(i+16)&1)<<4)-16) * d
	}
}

func readQ51(out []float32, in []byte) {
	d, m, high := f16(in), f16(in[2:]), binary.LittleEndian.Uint32(in[4:])
	for i, q := range in[8:24] {
		out[i] = float32(float32(int(q&15)|int(high>>i&1)<<4)*d) + m
		out[i+16] = float32(float32(int(q>>4)|int(high>>(i+16)&1)<<4)*d) + m
	}
}

func readQ80(out []float32, in []byte) {
	d := f16(in)
	for i, q := range in[2:34] {
		out[i] = float32(int8(q)) * d
	}
}

// scaleMin unpacks the scale and the minimum of group j of 8: six bits each, in twelve bytes.
func scaleMin(j int, s []byte) (scale, least float32) {
	if j < 4 {
		return float32(s[j] & 63), float32(s[j+4] & 63)
	}
	return float32(s[j+4]&15 | s[j-4]>>6<<4), float32(s[j+4]>>4 | s[j]>>6<<4)
}

func readQ4K(out []float32, in []byte) {
	d, dmin, scales, quants := f16(in), f16(in[2:]), in[4:16], in[16:144]
	for j := range 8 {
		scale, least := scaleMin(j, scales)
		factor, offset := d*scale, dmin*least
		for l := range 32 {
			q := quants[j/2*32+l] >> (j % 2 * 4) & 15
			out[j*32+l] = float32(factor*float32(q)) - offset
		}
	}
}

func readQ5K(out []float32, in []byte) {
	d, dmin, scales, high, quants := f16(in), f16(in[2:]), in[4:16], in[16:48], in[48:176]
	for j := range 8 {
		scale, least := scaleMin(j, scales)
		factor, offset := d*scale, dmin*least
		for l := range 32 {
			q := quants[j/2*32+l]>>(j%2*4)&15 | high[l]>>j&1<<4
			out[j*32+l] = float32(factor*float32(q)) - offset
		}
	}
}

func readQ6K(out []float32, in []byte) {
	low, high, scales, d := in[:128], in[128:192], in[192:208], f16(in[208:])
	for i := range 256 {
		half, part, l := i/128, i%128/32, i%32
		q := low[half*64+part%2*32+l]>>(part/2*4)&15 | high[half*32+l]>>(2*part)&3<<4
		out[i] = float32(d*float32(int8(scales[half*8+part*2+l/16]))) * float32(int(q)-32)
	}
}
