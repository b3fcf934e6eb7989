package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"
)

// Limits beyond what any published model has, so that counts in a damaged file ask for little.
const (
	maxString  = 1 << 26
	maxArray   = 1 << 24
	maxDims    = 4
	maxTensors = 1 << 20
	maxKeys    = 1 << 16
	maxAlign   = 1 << 20
)

// reader reads little-endian values and knows how much of the file is left. The first error stays.
type reader struct {
	from *bufio.Reader
	size int64
	at   int64
	err  error
}

func (r *reader) left() uint64 { return uint64(r.size - r.at) }

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// bytes returns the next n bytes, nil after an error.
func (r *reader) bytes(n uint64) []byte {
	if n > r.left() {
		r.fail("it is cut short: %d bytes are needed at byte %d of %d", n, r.at, r.size)
	}
	if r.err != nil {
		return nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.from, b); err != nil {
		r.err = err
		return nil
	}
	r.at += int64(n)
	return b
}

// uint reads an unsigned number of n bytes.
func (r *reader) uint(n uint64) uint64 {
	var wide [8]byte
	copy(wide[:], r.bytes(n))
	return binary.LittleEndian.Uint64(wide[:])
}

func (r *reader) string(what string) string {
	n := r.uint(8)
	if n > maxString {
		r.fail("%s at byte %d would have %d bytes", what, r.at, n)
		return ""
	}
	return string(r.bytes(n))
}

// parse reads all but the tensors' data.
func parse(file io.ReaderAt, size int64) (*File, error) {
	r := &reader{from: bufio.NewReaderSize(io.NewSectionReader(file, 0, size), 1<<16), size: size}
	if magic := r.bytes(4); r.err == nil && string(magic) != "GGUF" {
		return nil, fmt.Errorf("it begins with %q, not with GGUF", magic)
	}
	f := &File{Version: uint32(r.uint(4)), Metadata: map[string]any{}, tensors: map[string]Tensor{}, data: file}
	switch {
	case r.err != nil:
		return nil, r.err
	case f.Version>>16 != 0:
		return nil, errors.New("it is of a big-endian machine, which is not supported")
	case f.Version != 2 && f.Version != 3:
		return nil, fmt.Errorf("it is of version %d, only 2 and 3 are supported", f.Version)
	}
	tensors, keys := r.uint(8), r.uint(8)
	if r.err != nil {
		return nil, r.err
	}
	if tensors > min(maxTensors, r.left()/24) || keys > min(maxKeys, r.left()/13) {
		return nil, fmt.Errorf("%d tensors and %d metadata are too many for its %d bytes", tensors, keys, size)
	}
	for range keys {
		key := r.string("a metadata key")
		value := r.value(r.uint(4), 0)
		if _, twice := f.Metadata[key]; twice {
			r.fail("its metadata have %q twice", key)
		}
		if r.err != nil {
			return nil, fmt.Errorf("metadata %.60q: %w", key, r.err)
		}
		f.Metadata[key] = value
	}
	return f, f.readTensors(r, tensors)
}

// readTensors reads the descriptions of n tensors and checks where their data lie.
func (f *File) readTensors(r *reader, n uint64) error {
	for range n {
		t, err := r.tensor()
		if err != nil {
			return fmt.Errorf("tensor %.60q: %w", t.Name, err)
		}
		if _, twice := f.tensors[t.Name]; twice {
			return fmt.Errorf("tensor %.60q is there twice", t.Name)
		}
		f.names = append(f.names, t.Name)
		f.tensors[t.Name] = t
	}
	align, ok := f.Int("general.alignment")
	if !ok {
		align = 32
	}
	if align < 1 || align > maxAlign {
		return fmt.Errorf("its alignment of %d bytes is impossible", align)
	}
	base := (r.at + int64(align) - 1) / int64(align) * int64(align)
	for name, t := range f.tensors {
		if t.at > r.size || t.size > r.size || base+t.at+t.size > r.size {
			return fmt.Errorf("it is cut short: tensor %q has %d bytes at byte %d, but the file has %d in all", name, t.size, base+t.at, r.size)
		}
		if t.at%int64(align) != 0 {
			return fmt.Errorf("tensor %q begins at byte %d of the data, which is no multiple of %d", name, t.at, align)
		}
		t.at += base
		f.tensors[name] = t
	}
	return nil
}

// tensor reads one description; at counts from the beginning of the data.
func (r *reader) tensor() (Tensor, error) {
	t := Tensor{Name: r.string("a tensor's name")}
	dims := r.uint(4)
	if dims > maxDims {
		r.fail("%d dimensions are more than the %d allowed", dims, maxDims)
		return t, r.err
	}
	elements := uint64(1)
	t.Shape = make([]int, dims)
	for i := range t.Shape {
		d := r.uint(8)
		if d > 0 && elements > math.MaxInt32*1024/d {
			r.fail("its dimension of %d is impossible", d)
			return t, r.err
		}
		elements *= d
		t.Shape[len(t.Shape)-1-i] = int(d)
	}
	t.Type = Type(r.uint(4))
	at := r.uint(8)
	block, size, ok := t.Type.block()
	switch {
	case r.err != nil:
	case !ok:
		r.fail("its type %d is not known", uint32(t.Type))
	case dims > 0 && t.Shape[dims-1]%block != 0 || elements%uint64(block) != 0:
		r.fail("rows of shape %v do not divide into the blocks of %d of type %s", t.Shape, block, t.Type)
	case at > math.MaxInt64/2:
		r.fail("its data begin at byte %d", at)
	case !utf8.ValidString(t.Name):
		r.fail("its name is no UTF-8")
	}
	if r.err == nil {
		t.at, t.size = int64(at), int64(elements/uint64(block))*int64(size)
	}
	return t, r.err
}

// The types of metadata.
const (
	kindU8 = iota
	kindI8
	kindU16
	kindI16
	kindU32
	kindI32
	kindF32
	kindBool
	kindString
	kindArray
	kindU64
	kindI64
	kindF64
	kinds
)

// width is the least size of a value.
func width(kind uint64) uint64 {
	return [kinds]uint64{1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8}[kind]
}

// value reads a value of the metadata.
func (r *reader) value(kind uint64, depth int) any {
	if kind >= kinds {
		r.fail("its type %d is not known", kind)
		return nil
	}
	switch kind {
	case kindF32:
		return math.Float32frombits(uint32(r.uint(4)))
	case kindF64:
		return math.Float64frombits(r.uint(8))
	case kindBool:
		return r.uint(1) != 0
	case kindString:
		return r.string("a text")
	case kindArray:
		return r.array(depth)
	case kindU64:
		if v := r.uint(8); v > math.MaxInt64 {
			return v
		} else {
			return int64(v)
		}
	}
	return r.int(kind)
}

// int reads a whole number that int64 holds.
func (r *reader) int(kind uint64) int64 {
	v := r.uint(width(kind))
	switch kind {
	case kindI8:
		return int64(int8(v))
	case kindI16:
		return int64(int16(v))
	case kindI32:
		return int64(int32(v))
	}
	return int64(v)
}

func (r *reader) array(depth int) any {
	kind, n := r.uint(4), r.uint(8)
	switch {
	case r.err != nil:
		return nil
	case depth > 0 && kind == kindArray:
		r.fail("arrays of arrays of arrays are not supported")
	case kind >= kinds:
		r.fail("its type %d is not known", kind)
	case n > maxArray || n*width(kind) > r.left():
		r.fail("its %d elements do not fit into the file", n)
	}
	if r.err != nil {
		return nil
	}
	switch kind {
	case kindF32:
		return list[float32](r, kind, n, depth)
	case kindF64:
		return list[float64](r, kind, n, depth)
	case kindBool:
		return list[bool](r, kind, n, depth)
	case kindString:
		return list[string](r, kind, n, depth)
	case kindArray:
		return list[any](r, kind, n, depth)
	}
	return list[int64](r, kind, n, depth)
}

// list reads n values of one kind.
func list[T any](r *reader, kind, n uint64, depth int) []T {
	out := make([]T, 0, n)
	for range n {
		v, ok := r.value(kind, depth+1).(T)
		if r.err != nil {
			return nil
		}
		if !ok {
			r.fail("a whole number in an array is over %d", int64(math.MaxInt64))
			return nil
		}
		out = append(out, v)
	}
	return out
}
