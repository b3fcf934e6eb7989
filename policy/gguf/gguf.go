// Package gguf reads GGUF files, version 2 and 3: the metadata, the tensors as float32 whatever they
// are quantised to, and what a Hugging Face model folder says about the same model: config.json, the names
// and layout of the tensors, tokenizer.json.
//
// Open reads everything but the tensors and checks it against the size of the file, so that a
// damaged or hostile file fails there, with one error that names it, before memory is asked for that the file
// does not fill. Tensors are read one at a time, when they are asked for.
package gguf

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
)

// File is an open GGUF file. Its methods may be used by several goroutines at once.
type File struct {
	Version  uint32
	Metadata map[string]any // bool, int64, uint64 (where int64 does not hold it), float32, float64, string, or a slice of one of them

	path    string
	names   []string
	tensors map[string]Tensor
	file    *os.File
	data    io.ReaderAt
}

// Tensor describes one tensor.
type Tensor struct {
	Name  string
	Type  Type
	Shape []int // row-major as everywhere else; the file lists them the other way round
	at    int64 // in the file
	size  int64 // bytes
}

// Elements is how many numbers the tensor holds.
func (t Tensor) Elements() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Bytes is the size of the tensor in the file.
func (t Tensor) Bytes() int64 { return t.size }

// Open opens a file and checks it.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("it is no regular file")
	}
	var f *File
	if err == nil {
		f, err = parse(file, info.Size())
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s is no whole GGUF file: %w (get it again)", path, err)
	}
	f.path, f.file = path, file
	return f, nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Names lists the tensors in the order of the file.
func (f *File) Names() []string { return slices.Clone(f.names) }

// Stat describes a tensor.
func (f *File) Stat(name string) (Tensor, bool) {
	t, ok := f.tensors[name]
	t.Shape = slices.Clone(t.Shape)
	return t, ok
}

// chunk is about how many bytes of a tensor are read at a time.
const chunk = 1 << 18

// Floats reads a tensor as float32. Besides the result it needs a buffer of some hundred kilobytes.
func (f *File) Floats(name string) ([]float32, error) {
	t, ok := f.tensors[name]
	if !ok {
		return nil, fmt.Errorf("%s has no tensor %q (it has %d others)", f.path, name, len(f.names))
	}
	block, size, ok := t.Type.block()
	if !ok || t.Type.dequantizer() == nil {
		return nil, fmt.Errorf("%s: tensor %q is of type %s, which is not supported, only %s: take a file of another quantisation", f.path, name, t.Type, supported())
	}
	out := make([]float32, t.Elements())
	convert := t.Type.dequantizer()
	buffer := make([]byte, min(t.size, int64(chunk/size*size)))
	for done := int64(0); done < t.size; {
		part := buffer[:min(int64(len(buffer)), t.size-done)]
		if _, err := f.data.ReadAt(part, t.at+done); err != nil {
			return nil, fmt.Errorf("read tensor %q of %s: %w (was the file changed?)", name, f.path, err)
		}
		from := int(done) / size * block
		for i := 0; i*size < len(part); i++ {
			convert(out[from+i*block:from+(i+1)*block], part[i*size:(i+1)*size])
		}
		done += int64(len(part))
	}
	return out, nil
}

// String is a text of the metadata, "" if there is none of the name.
func (f *File) String(key string) string {
	s, _ := f.Metadata[key].(string)
	return s
}

// Int is a whole number of the metadata, or of the first layer where there is one for each layer.
func (f *File) Int(key string) (int, bool) {
	switch v := f.Metadata[key].(type) {
	case int64:
		return int(v), true
	case []int64:
		if len(v) > 0 {
			return int(v[0]), true
		}
	}
	return 0, false
}

// Float is a number of the metadata.
func (f *File) Float(key string) (float64, bool) {
	switch v := f.Metadata[key].(type) {
	case float32:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// half converts an IEEE 754 half-precision number.
func half(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exponent {
	case 0: // zero or subnormal: fraction * 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
