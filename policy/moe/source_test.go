package moe

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy/hf"
)

// TestReleasedDeepSeek opens a folder in the layout of the released V3 and R1: FP8 matrices with their scales, and a layer that drafts tokens. What is
// saved is the same model in float32, and the draft layer byte for byte.
func TestReleasedDeepSeek(t *testing.T) {
	engine, r := openEngine(t), rand.New(rand.NewPCG(1, 1))
	released, plain := t.TempDir(), t.TempDir()
	first, err := Open(engine, "testdata/tiny3", smallShapes())
	require.NoError(t, err)
	require.NoError(t, first.SaveModel(released))
	require.NoError(t, first.SaveModel(plain))
	rewrite(t, filepath.Join(released, weightsFile), func(all map[string]hf.Tensor, _ map[string]string) {
		for name, tensor := range maps.Clone(all) {
			if len(tensor.Shape) != 2 || strings.Contains(name, "embed") || strings.Contains(name, "lm_head") || strings.Contains(name, "mlp.gate.") {
				continue
			}
			data := make([]byte, tensor.Shape[0]*tensor.Shape[1])
			for i := range data {
				data[i] = byte(r.Uint32()) & 0xbf // below 2
			}
			all[name] = hf.Tensor{Name: name, DType: hf.F8E4M3, Shape: tensor.Shape, Data: data}
			all[hf.ScaleName(name)] = hf.NewFloat32s(hf.ScaleName(name), []int{1, 1}, []float32{r.Float32()})
		}
		draft := hf.Tensor{Name: "model.layers.3.eh_proj.weight", DType: hf.F8E4M3, Shape: []int{2, 2}, Data: []byte{1, 2, 3, 4}}
		scale := hf.NewFloat32s(hf.ScaleName(draft.Name), []int{1, 1}, []float32{2})
		all[draft.Name], all[scale.Name] = draft, scale
	})
	_, err = Open(engine, released, smallShapes())
	require.ErrorContains(t, err, `tensor "model.layers.3.eh_proj.weight" that its config.json does not account for`)
	editConfig(t, released, "num_nextn_predict_layers", 1)
	editConfig(t, released, "quantization_config", map[string]any{"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": []int{128, 128}})

	source, err := hf.ReadFolder(released)
	require.NoError(t, err)
	defer source.Close()
	rewrite(t, filepath.Join(plain, weightsFile), func(all map[string]hf.Tensor, _ map[string]string) {
		for name, tensor := range all {
			values, err := source.Floats(name)
			require.NoError(t, err)
			all[name] = hf.NewFloat32s(name, tensor.Shape, values)
		}
	})
	data := nextTokenData(openGolden(t, "tiny3").tokens("tokens"))
	var scores [2][][]float32
	for i, dir := range []string{released, plain} {
		trainer, err := Open(engine, dir, smallShapes())
		require.NoError(t, err)
		scores[i], err = trainer.Score(t.Context(), data)
		require.NoError(t, err)
		require.NoError(t, trainer.SaveModel(filepath.Join(dir, "saved")))
	}
	require.Equal(t, scores[1], scores[0])
	want, err := hf.ReadFolder(filepath.Join(plain, "saved"))
	require.NoError(t, err)
	defer want.Close()
	got, err := hf.ReadFolder(filepath.Join(released, "saved"))
	require.NoError(t, err)
	defer got.Close()
	require.Len(t, got.Names(), len(want.Names())+2)
	for _, name := range got.Names() {
		from := want
		if strings.HasPrefix(name, "model.layers.3.") {
			from = source
		}
		a, err := from.Tensor(name)
		require.NoError(t, err)
		b, err := got.Tensor(name)
		require.NoError(t, err)
		require.Equal(t, a, b)
	}
	config, err := os.ReadFile(filepath.Join(released, "saved", configFile))
	require.NoError(t, err)
	require.NotContains(t, string(config), "quantization_config")
	require.Contains(t, string(config), "num_nextn_predict_layers")
}
