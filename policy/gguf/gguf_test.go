package gguf

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type fakeTensor struct {
	name  string
	kind  Type
	shape []int
	raw   []byte
}

func put[T any](b []byte, v T) []byte {
	out, err := binary.Append(b, binary.LittleEndian, v)
	if err != nil {
		panic(err)
	}
	return out
}

func text(b []byte, s string) []byte { return append(put(b, uint64(len(s))), s...) }

// pair appends one of the metadata.
func pair(b []byte, key string, value any) []byte {
	b = text(b, key)
	switch v := value.(type) {
	case string:
		return text(put(b, uint32(kindString)), v)
	case uint32:
		return put(put(b, uint32(kindU32)), v)
	case uint64:
		return put(put(b, uint32(kindU64)), v)
	case int8:
		return put(put(b, uint32(kindI8)), v)
	case int64:
		return put(put(b, uint32(kindI64)), v)
	case float32:
		return put(put(b, uint32(kindF32)), v)
	case float64:
		return put(put(b, uint32(kindF64)), v)
	case bool:
		return put(put(b, uint32(kindBool)), v)
	case []int32:
		return put(put(put(put(b, uint32(kindArray)), uint32(kindI32)), uint64(len(v))), v)
	case []float32:
		return put(put(put(put(b, uint32(kindArray)), uint32(kindF32)), uint64(len(v))), v)
	case []string:
		b = put(put(put(b, uint32(kindArray)), uint32(kindString)), uint64(len(v)))
		for _, s := range v {
			b = text(b, s)
		}
		return b
	}
	panic(fmt.Sprintf("%T", value))
}

// build makes a file of version 3.
func build(metadata map[string]any, tensors ...fakeTensor) []byte {
	b := []byte("GGUF")
	b = put(put(put(b, uint32(3)), uint64(len(tensors))), uint64(len(metadata)))
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		b = pair(b, key, metadata[key])
	}
	at := 0
	for _, t := range tensors {
		b = put(text(b, t.name), uint32(len(t.shape)))
		for i := range t.shape {
			b = put(b, uint64(t.shape[len(t.shape)-1-i]))
		}
		b = put(put(b, uint32(t.kind)), uint64(at))
		at += (len(t.raw) + 31) / 32 * 32
	}
	for _, t := range tensors {
		b = append(append(b, make([]byte, -len(b)&31)...), t.raw...)
	}
	return b
}

func open(t testing.TB, content []byte) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.gguf")
	require.NoError(t, os.WriteFile(path, content, 0o644))
	f, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// floats is a tensor of type F32.
func floats(name string, shape []int, values ...float32) fakeTensor {
	return fakeTensor{name, F32, shape, put(nil, values)}
}

func TestOpen(t *testing.T) {
	metadata := map[string]any{
		"a": "text", "b": uint32(7), "c": uint64(math.MaxUint64), "d": int8(-3), "e": float32(0.5), "f": 2.5, "g": true,
		"h": []int32{1, -2}, "i": []string{"x", "é"}, "j": []float32{1}, "k": uint64(9), "l": int64(-9), "m": []string{},
	}
	f := open(t, build(metadata, floats("x", []int{2, 3}, 1, 2, 3, 4, 5, 6), floats("s", nil, 8), floats("none", []int{0})))
	require.EqualValues(t, 3, f.Version)
	want := map[string]any{"a": "text", "b": int64(7), "c": uint64(math.MaxUint64), "d": int64(-3), "e": float32(0.5), "f": 2.5, "g": true,
		"h": []int64{1, -2}, "i": []string{"x", "é"}, "j": []float32{1}, "k": int64(9), "l": int64(-9), "m": []string{}}
	require.Equal(t, want, f.Metadata)
	require.Equal(t, []string{"x", "s", "none"}, f.Names())
	x, ok := f.Stat("x")
	require.True(t, ok)
	require.Equal(t, []int{2, 3}, x.Shape)
	require.EqualValues(t, 24, x.Bytes())
	for name, values := range map[string][]float32{"x": {1, 2, 3, 4, 5, 6}, "s": {8}, "none": {}} {
		got, err := f.Floats(name)
		require.NoError(t, err)
		require.Equal(t, values, got)
	}
	_, err := f.Floats("y")
	require.ErrorContains(t, err, `no tensor "y"`)
	n, ok := f.Int("h")
	require.True(t, ok)
	require.Equal(t, 1, n)
}

func TestUnreadType(t *testing.T) {
	f := open(t, build(nil, fakeTensor{"x", 10, []int{256}, make([]byte, 84)}))
	_, err := f.Floats("x")
	require.ErrorContains(t, err, "of type Q2_K, which is not supported, only F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, F64, BF16")
}

func TestDamaged(t *testing.T) {
	head := func(version uint32, tensors, keys uint64, rest ...byte) []byte {
		return append(put(put(put([]byte("GGUF"), version), tensors), keys), rest...)
	}
	room := make([]byte, 100)
	tests := map[string]struct {
		content []byte
		want    string
	}{
		"empty":         {nil, "cut short: 4 bytes are needed at byte 0 of 0"},
		"magic":         {[]byte("GGMLxxxxx"), `begins with "GGML"`},
		"version 1":     {head(1, 0, 0), "version 1"},
		"big-endian":    {head(3<<24, 0, 0), "big-endian"},
		"tensor count":  {head(3, 1<<40, 0), "too many"},
		"key count":     {head(3, 0, 1<<40), "too many"},
		"long key":      {head(3, 0, 1, put(room[:0:0], uint64(1<<60))...), "too many"},
		"long text":     {head(3, 0, 1, append(put(room[:0:0], uint64(1<<60)), room...)...), "would have"},
		"unknown kind":  {head(3, 0, 1, append(put(text(nil, "k"), uint32(99)), room...)...), "type 99 is not known"},
		"array count":   {head(3, 0, 1, append(put(put(put(text(nil, "k"), uint32(kindArray)), uint32(0)), uint64(1<<50)), room...)...), "do not fit"},
		"array kind":    {head(3, 0, 1, append(put(put(put(text(nil, "k"), uint32(kindArray)), uint32(77)), uint64(1)), room...)...), "type 77 is not known"},
		"deep array":    {head(3, 0, 1, append(put(put(put(put(put(put(put(text(nil, "k"), uint32(kindArray)), uint32(kindArray)), uint64(1)), uint32(kindArray)), uint64(1)), uint32(kindArray)), uint64(1)), room...)...), "arrays of arrays"},
		"large in list": {head(3, 0, 1, append(put(put(put(put(text(nil, "k"), uint32(kindArray)), uint32(kindU64)), uint64(1)), uint64(1<<63)), room...)...), "over 9223372036854775807"},
		"dimensions":    {build(nil, floats("x", []int{1, 1, 1, 1, 1}, 1)), "5 dimensions"},
		"huge":          {build(nil, floats("x", []int{1 << 40, 1 << 40}, 1)), "is impossible"},
		"unknown type":  {build(nil, fakeTensor{"x", 99, []int{1}, make([]byte, 4)}), "type 99 is not known"},
		"half a block":  {build(nil, fakeTensor{"x", Q40, []int{4, 8}, make([]byte, 18)}), "do not divide into the blocks of 32"},
		"twice":         {build(nil, floats("x", nil, 1), floats("x", nil, 1)), "is there twice"},
		"alignment":     {build(map[string]any{"general.alignment": uint32(0)}), "alignment of 0"},
		"cut short":     {build(nil, floats("x", []int{2}, 1)), "cut short: tensor"},
		"twice a key":   {head(3, 0, 2, pair(pair(nil, "k", true), "k", true)...), `have "k" twice`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.gguf")
			require.NoError(t, os.WriteFile(path, test.content, 0o644))
			_, err := Open(path)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, path)
		})
	}
	_, err := Open(t.TempDir())
	require.ErrorContains(t, err, "no regular file")
}

// TestEveryTruncation cuts a file at each byte: every one is an error.
func TestEveryTruncation(t *testing.T) {
	whole := build(map[string]any{"a": "b", "c": []string{"d"}}, floats("x", []int{2}, 1, 2))
	for n := range whole {
		_, err := parse(strings.NewReader(string(whole[:n])), int64(n))
		require.Error(t, err, n)
	}
}

// FuzzParse: any bytes are an error or tensors that can be read.
func FuzzParse(f *testing.F) {
	f.Add(build(map[string]any{"a": "b", "c": []string{"d"}, "general.alignment": uint32(64)}))
	f.Add(build(llamaMetadata(), llamaTensors()...))
	f.Add(build(nil, fakeTensor{"x", Q4K, []int{256}, make([]byte, 144)}, fakeTensor{"y", BF16, []int{3, 2}, make([]byte, 12)}))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := parse(strings.NewReader(string(content)), int64(len(content)))
		if err != nil {
			return
		}
		for _, name := range file.Names() {
			tensor, ok := file.Stat(name)
			require.True(t, ok)
			values, err := file.Floats(name)
			if err == nil {
				require.Len(t, values, tensor.Elements())
			}
		}
		if m, err := file.Convert("float32"); err == nil {
			for _, p := range m.Parts {
				_, _ = m.Floats(p)
			}
		}
		_, _, _ = file.Tokenizer()
	})
}
