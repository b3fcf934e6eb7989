package hf

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWriteErrors(t *testing.T) {
	tests := map[string]struct {
		tensors []Tensor
		want    string
	}{
		"twice":    {[]Tensor{NewFloat32s("a", nil, []float32{1}), NewFloat32s("a", nil, []float32{1})}, `"a" is taken`},
		"reserved": {[]Tensor{NewFloat32s(metaKey, nil, []float32{1})}, "not allowed"},
		"type":     {[]Tensor{{Name: "a", DType: "F4"}}, `type "F4"`},
		"shape":    {[]Tensor{{Name: "a", DType: U8, Shape: []int{-1}}}, "shape [-1]"},
		"data":     {[]Tensor{{Name: "a", DType: F32, Shape: []int{2}, Data: make([]byte, 4)}}, "needs 8 bytes, but has 4"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			err := Write(filepath.Join(dir, "x"), test.tensors, nil)
			require.ErrorContains(t, err, test.want)
			empty(t, dir)
		})
	}
	require.Error(t, Write("/no/such/folder/x", nil, nil))
}

func empty(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	require.ElementsMatch(t, names, got)
}

// TestWriteRead writes random tensors, over an older file, and reads them back.
func TestWriteRead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "x.safetensors")
	types := []DType{Bool, U8, I8, F8E5M2, F8E4M3, F8E8M0, I16, U16, F16, BF16, I32, U32, F32, C64, F64, I64, U64}
	for range 30 {
		want := map[string]Tensor{}
		var tensors []Tensor
		for range r.IntN(20) {
			tensor := Tensor{Name: string(rune(r.IntN(0x3000))), DType: types[r.IntN(len(types))]}
			for range r.IntN(4) {
				tensor.Shape = append(tensor.Shape, r.IntN(5))
			}
			n, ok := byteSize(tensor.DType, tensor.Shape)
			require.True(t, ok)
			tensor.Data = make([]byte, n)
			for i := range tensor.Data {
				tensor.Data[i] = byte(r.Uint32())
			}
			if _, taken := want[tensor.Name]; !taken {
				want[tensor.Name] = tensor
				tensors = append(tensors, tensor)
			}
		}
		metadata := map[string]string{"\n": "\x00\"", "b": "", "a": "x"}
		require.NoError(t, Write(path, tensors, metadata))
		empty(t, filepath.Dir(path), "x.safetensors")
		f, err := Read(path)
		require.NoError(t, err)
		require.Equal(t, metadata, f.Metadata)
		for _, got := range all(t, f) {
			w := want[got.Name]
			require.Equal(t, w.DType, got.DType)
			require.Equal(t, len(w.Shape), len(got.Shape))
			require.Equal(t, w.Data, got.Data)
			delete(want, got.Name)
		}
		require.Empty(t, want)
		require.NoError(t, f.Close())
	}
}

func BenchmarkFloat32s(b *testing.B) {
	for _, d := range []DType{F32, BF16, F16} {
		b.Run(string(d), func(b *testing.B) {
			t := Tensor{Name: "x", DType: d, Shape: []int{1 << 20}, Data: make([]byte, d.Size()<<20)}
			b.SetBytes(int64(len(t.Data)))
			for b.Loop() {
				if _, err := t.Float32s(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
