package hf

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const golden = "testdata/golden.safetensors"

// all reads every tensor of a file.
func all(t testing.TB, f *File) []Tensor {
	t.Helper()
	var tensors []Tensor
	for _, name := range f.Names() {
		tensor, err := f.Tensor(name)
		require.NoError(t, err)
		tensors = append(tensors, tensor)
	}
	return tensors
}

// TestGoldenBytes reads what the Python library wrote and writes the same bytes again.
func TestGoldenBytes(t *testing.T) {
	for _, path := range []string{golden, "testdata/shards/model-00001-of-00002.safetensors"} {
		f, err := Read(path)
		require.NoError(t, err)
		tensors := all(t, f)
		require.NoError(t, f.Close())
		rand.Shuffle(len(tensors), func(i, j int) { tensors[i], tensors[j] = tensors[j], tensors[i] })
		copied := filepath.Join(t.TempDir(), "copy.safetensors")
		require.NoError(t, Write(copied, tensors, f.Metadata))
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		got, err := os.ReadFile(copied)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

func TestGoldenFloats(t *testing.T) {
	var want map[string][]string
	text, err := os.ReadFile("testdata/floats.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &want))
	f, err := Read(golden)
	require.NoError(t, err)
	defer f.Close()
	require.Equal(t, "pt \"é\" \x01", f.Metadata["format"])
	for name, texts := range want {
		tensor, err := f.Tensor(name)
		require.NoError(t, err)
		got, err := tensor.Float32s()
		require.NoError(t, err)
		require.Len(t, got, len(texts), name)
		for i, text := range texts {
			x, err := strconv.ParseFloat(text, 64)
			require.NoError(t, err)
			if math.IsNaN(x) {
				require.True(t, math.IsNaN(float64(got[i])), name)
				continue
			}
			require.Equal(t, math.Float32bits(float32(x)), math.Float32bits(got[i]), "%s[%d] = %v, want %v", name, i, got[i], x)
		}
	}
	i64, err := f.Tensor("i64")
	require.NoError(t, err)
	_, err = i64.Float32s()
	require.ErrorContains(t, err, `tensor "i64" is of type I64`)
}

func TestStat(t *testing.T) {
	f, err := Read(golden)
	require.NoError(t, err)
	defer f.Close()
	half, ok := f.Stat("half")
	require.True(t, ok)
	require.Equal(t, Tensor{Name: "half", DType: F16, Shape: []int{3, 4}}, half)
	scalar, ok := f.Stat("scalar")
	require.True(t, ok)
	require.Empty(t, scalar.Shape)
	_, ok = f.Stat("none")
	require.False(t, ok)
	_, err = f.Tensor("none")
	require.ErrorContains(t, err, `no tensor "none"`)
}

// TestHalf compares every half-precision number with its definition.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		exponent, fraction := h>>10&31, float64(h&1023)
		want := math.Ldexp(1+fraction/1024, exponent-15)
		if exponent == 0 {
			want = math.Ldexp(fraction/1024, -14)
		}
		if exponent == 31 {
			if want = math.Inf(1); fraction > 0 {
				want = math.NaN()
			}
		}
		if h>>15 == 1 {
			want = -want
		}
		got := half(uint16(h))
		if math.IsNaN(want) && math.IsNaN(float64(got)) {
			continue
		}
		require.Equal(t, math.Float32bits(float32(want)), math.Float32bits(got), "%#x", h)
	}
}

func TestNewFloat32s(t *testing.T) {
	values := []float32{1, -2, 3.5, 0, 5, float32(math.Inf(1))}
	tensor := NewFloat32s("x", []int{2, 3}, values)
	got, err := tensor.Float32s()
	require.NoError(t, err)
	require.Equal(t, values, got)
	require.Equal(t, uint32(0x3f800000), binary.LittleEndian.Uint32(tensor.Data))
	require.Panics(t, func() { NewFloat32s("x", []int{2, 2}, values) })
}

func TestNewBF16s(t *testing.T) {
	nan := math.Float32frombits(0x7f800001)
	got, err := NewBF16s("x", []int{7}, []float32{1, 0x1.01p0, 0x1.03p0, 0x1.010002p0, -math.MaxFloat32, float32(math.Inf(1)), nan}).Float32s()
	require.NoError(t, err)
	require.Equal(t, []float32{1, 1, 0x1.04p0, 0x1.02p0, float32(math.Inf(-1)), float32(math.Inf(1))}, got[:6])
	require.True(t, math.IsNaN(float64(got[6])))
	require.Panics(t, func() { NewBF16s("x", []int{2}, nil) })
}

func TestConcurrentReads(t *testing.T) {
	f, err := Read(golden)
	require.NoError(t, err)
	defer f.Close()
	want := all(t, f)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, name := range f.Names() {
				got, err := f.Tensor(name)
				if err != nil || string(got.Data) != string(want[i].Data) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	wg.Wait()
}
