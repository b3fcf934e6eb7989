package hf

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// deepseek lists tensors by the key layout of the released DeepSeek-V3 and R1, with tiny sizes: FP8 matrices
// with their scales, BF16 norms and router, F32 routing bias, and a layer past the last that drafts tokens (MTP).
func deepseek(r *rand.Rand) []Tensor {
	const width, hidden, expert, heads, nope, rope, value, qRank, kvRank, vocab, experts, layers = 192, 130, 64, 2, 64, 32, 64, 96, 140, 50, 3, 2
	var list []Tensor
	random := func(name string, d DType, shape ...int) {
		n, _ := byteSize(d, shape)
		t := Tensor{Name: name, DType: d, Shape: shape, Data: make([]byte, n)}
		for i := range t.Data {
			t.Data[i] = byte(r.Uint32())
		}
		list = append(list, t)
	}
	matrix := func(name string, rows, cols int) {
		random(name+".weight", F8E4M3, rows, cols)
		scales := make([]float32, blocks(rows)*blocks(cols))
		for i := range scales {
			scales[i] = r.Float32() * 1e-3
		}
		list = append(list, NewFloat32s(name+".weight_scale_inv", []int{blocks(rows), blocks(cols)}, scales))
	}
	mlp := func(prefix string, hidden int) {
		matrix(prefix+"gate_proj", hidden, width)
		matrix(prefix+"up_proj", hidden, width)
		matrix(prefix+"down_proj", width, hidden)
	}
	layer := func(l int, dense bool) {
		p := fmt.Sprintf("model.layers.%d.", l)
		random(p+"input_layernorm.weight", BF16, width)
		random(p+"post_attention_layernorm.weight", BF16, width)
		matrix(p+"self_attn.q_a_proj", qRank, width)
		random(p+"self_attn.q_a_layernorm.weight", BF16, qRank)
		matrix(p+"self_attn.q_b_proj", heads*(nope+rope), qRank)
		matrix(p+"self_attn.kv_a_proj_with_mqa", kvRank+rope, width)
		random(p+"self_attn.kv_a_layernorm.weight", BF16, kvRank)
		matrix(p+"self_attn.kv_b_proj", heads*(nope+value), kvRank)
		matrix(p+"self_attn.o_proj", width, heads*value)
		if dense {
			mlp(p+"mlp.", hidden)
			return
		}
		random(p+"mlp.gate.weight", BF16, experts, width)
		random(p+"mlp.gate.e_score_correction_bias", F32, experts)
		for e := range experts {
			mlp(fmt.Sprintf("%smlp.experts.%d.", p, e), expert)
		}
		mlp(p+"mlp.shared_experts.", expert)
	}
	random("model.embed_tokens.weight", BF16, vocab, width)
	for l := range layers {
		layer(l, l == 0)
	}
	random("model.norm.weight", BF16, width)
	random("lm_head.weight", BF16, vocab, width)
	draft := fmt.Sprintf("model.layers.%d.", layers)
	layer(layers, false)
	random(draft+"embed_tokens.weight", BF16, vocab, width)
	random(draft+"enorm.weight", BF16, width)
	random(draft+"hnorm.weight", BF16, width)
	random(draft+"eh_proj.weight", BF16, width, 2*width)
	random(draft+"shared_head.norm.weight", BF16, width)
	random(draft+"shared_head.head.weight", BF16, vocab, width)
	return list
}

// TestDeepSeek reads the layout in shards, and writes it with one weight changed: all others keep their bytes.
func TestDeepSeek(t *testing.T) {
	list := deepseek(rand.New(rand.NewPCG(1, 2)))
	from, to := t.TempDir(), t.TempDir()
	var entries []Entry
	for _, tensor := range list {
		entries = append(entries, Ready(tensor))
	}
	require.NoError(t, WriteFolder(from, entries, 200_000))
	shards, err := filepath.Glob(filepath.Join(from, "model-*-of-*.safetensors"))
	require.NoError(t, err)
	require.Greater(t, len(shards), 3)
	require.NoFileExists(t, filepath.Join(from, modelFile))

	source, err := ReadFolder(from)
	require.NoError(t, err)
	defer source.Close()
	require.Len(t, source.Names(), len(list))
	const changed = "model.layers.1.self_attn.o_proj.weight"
	values, err := source.Floats(changed)
	require.NoError(t, err)
	entries = entries[:0]
	for _, tensor := range list {
		switch tensor.Name {
		case changed:
			entries = append(entries, Ready(NewFloat32s(changed, tensor.Shape, values)))
			continue
		case ScaleName(changed):
			require.True(t, source.IsScale(tensor.Name))
			continue
		}
		e, err := source.Entry(tensor.Name)
		require.NoError(t, err)
		entries = append(entries, e)
	}
	require.NoError(t, WriteFolder(to, entries, math.MaxInt64))
	got, err := ReadFolder(to)
	require.NoError(t, err)
	defer got.Close()
	require.Len(t, got.Names(), len(list)-1)
	for _, want := range list {
		if want.Name == changed || want.Name == ScaleName(changed) {
			continue
		}
		tensor, err := got.Tensor(want.Name)
		require.NoError(t, err)
		require.Equal(t, want, tensor)
	}
	again, err := got.Floats(changed)
	require.NoError(t, err)
	requireSame(t, values, again)
}

// requireSame compares bits, of which NaN has several.
func requireSame(t *testing.T, want, got []float32) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, math.Float32bits(want[i]), math.Float32bits(got[i]), i)
	}
}

// TestBlockScales compares with the definition, number by number.
func TestBlockScales(t *testing.T) {
	const rows, cols = 130, 257
	x := Tensor{Name: "w", DType: F8E4M3, Shape: []int{rows, cols}, Data: make([]byte, rows*cols)}
	for i := range x.Data {
		x.Data[i] = byte(i * 7)
	}
	scales := []float32{1, 2, 4, 0.5, 3, -1}
	path := filepath.Join(t.TempDir(), modelFile)
	require.NoError(t, Write(path, []Tensor{x, NewFloat32s("w_scale_inv", []int{2, 3}, scales)}, nil))
	f, err := Read(path)
	require.NoError(t, err)
	defer f.Close()
	got, err := f.Floats("w")
	require.NoError(t, err)
	for r := range rows {
		for c := range cols {
			b := x.Data[r*cols+c]
			number := (1 + float64(b&7)/8) * math.Pow(2, float64(b>>3&15)-7)
			if b>>3&15 == 0 {
				number = float64(b&7) / 8 / 64
			}
			if b >= 128 {
				number = -number
			}
			want := float32(number) * scales[r/128*3+c/128]
			if b&127 == 127 {
				require.True(t, math.IsNaN(float64(got[r*cols+c])))
				continue
			}
			require.Equal(t, want, got[r*cols+c], "%d, %d", r, c)
		}
	}
	require.Equal(t, []float32{448, -448, 0x1p-9}, []float32{e4m3Table()[0x7e], e4m3Table()[0xfe], e4m3Table()[1]})
	w, err := f.Tensor("w")
	require.NoError(t, err)
	_, err = w.Float32s()
	require.ErrorContains(t, err, "with its scales by File.Floats")
	require.True(t, f.IsScale("w_scale_inv"))
	require.False(t, f.IsScale("w"))
	require.False(t, f.IsScale("v_scale_inv"))
}

func TestBlockScaleErrors(t *testing.T) {
	x := Tensor{Name: "w", DType: F8E4M3, Shape: []int{2, 2}, Data: make([]byte, 4)}
	for want, others := range map[string][]Tensor{
		`no tensor "w_scale_inv"`:   nil,
		"has scales of shape [2 2]": {NewFloat32s("w_scale_inv", []int{2, 2}, make([]float32, 4))},
		"is of type I64":            {{Name: "w_scale_inv", DType: I64, Shape: []int{1, 1}, Data: make([]byte, 8)}},
	} {
		path := filepath.Join(t.TempDir(), modelFile)
		require.NoError(t, Write(path, append(others, x), nil))
		f, err := Read(path)
		require.NoError(t, err)
		_, err = f.Floats("w")
		require.ErrorContains(t, err, want)
		require.NoError(t, f.Close())
	}
}

// TestWriteFolder replaces an older model of the other form, and keeps what is no model's.
func TestWriteFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	entries := []Entry{Ready(NewFloat32s("b", []int{2}, []float32{1, 2})), Ready(NewFloat32s("a", []int{1}, []float32{3})), Ready(NewFloat32s("c", []int{0}, nil))}
	require.NoError(t, WriteFolder(dir, entries, 8))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "model_card.md"), nil, 0o644))
	empty(t, dir, "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", indexFile, "model_card.md")
	f, err := ReadFolder(dir)
	require.NoError(t, err)
	require.Equal(t, []string{"b", "a", "c"}, f.Names())
	require.NoError(t, f.Close())
	require.NoError(t, WriteFolder(dir, entries, 100))
	empty(t, dir, modelFile, "model_card.md")
	require.NoError(t, WriteFolder(dir, entries, 4))
	empty(t, dir, "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", indexFile, "model_card.md")

	require.ErrorContains(t, WriteFolder(dir, append(entries, entries[0]), 8), `tensor "b" is in model-00001`)
	short := Entry{Tensor{Name: "x", DType: F32, Shape: []int{2}}, func() ([]byte, error) { return binary.LittleEndian.AppendUint32(nil, 1), nil }}
	require.ErrorContains(t, WriteFolder(dir, []Entry{short}, 8), "needs 8 bytes, but has 4")
	fails := Entry{short.Tensor, func() ([]byte, error) { return nil, os.ErrClosed }}
	require.ErrorIs(t, WriteFolder(dir, []Entry{fails}, 8), os.ErrClosed)
	empty(t, dir, "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", indexFile, "model_card.md")
}
