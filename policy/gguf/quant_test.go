package gguf

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestQuantGolden has the bits of the Python library.
func TestQuantGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/blocks.json")
	require.NoError(t, err)
	var cases map[string]struct{ Raw, Bits string }
	require.NoError(t, json.Unmarshal(text, &cases))
	require.Len(t, cases, 10)
	for kind := range Type(40) {
		c, ok := cases[kind.String()]
		if !ok {
			continue
		}
		delete(cases, kind.String())
		raw, err := hex.DecodeString(c.Raw)
		require.NoError(t, err)
		bits, err := hex.DecodeString(c.Bits)
		require.NoError(t, err)
		block, size, _ := kind.block()
		n := len(raw) / size * block
		require.Equal(t, 4*n, len(bits))
		f := open(t, build(nil, fakeTensor{"x", kind, []int{n}, raw}))
		got, err := f.Floats("x")
		require.NoError(t, err)
		for i, x := range got {
			want := math.Float32frombits(binary.LittleEndian.Uint32(bits[4*i:]))
			if math.IsNaN(float64(want)) && math.IsNaN(float64(x)) {
				continue
			}
			require.Equal(t, want, x, "%s[%d]", kind, i)
		}
	}
	require.Empty(t, cases, "types that were not read")
}

// TestChunks reads a tensor that takes several reads.
func TestChunks(t *testing.T) {
	raw := make([]byte, 34*20000)
	for i := range 20000 {
		binary.LittleEndian.PutUint16(raw[34*i:], 0x3c00) // 1.0
		raw[34*i+2] = byte(i)
	}
	f := open(t, build(nil, fakeTensor{"x", Q80, []int{20000, 32}, raw}))
	got, err := f.Floats("x")
	require.NoError(t, err)
	for i := range 20000 {
		require.Equal(t, float32(int8(i)), got[32*i])
		require.Zero(t, got[32*i+1])
	}
}

func BenchmarkFloats(b *testing.B) {
	for _, kind := range []Type{F32, F16, Q40, Q41, Q80, Q4K, Q6K} {
		block, size, _ := kind.block()
		f := open(b, build(nil, fakeTensor{"x", kind, []int{1 << 20}, make([]byte, 1<<20/block*size)}))
		b.Run(kind.String(), func(b *testing.B) {
			b.SetBytes(4 << 20)
			for b.Loop() {
				if _, err := f.Floats("x"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
