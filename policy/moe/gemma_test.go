package moe

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy/hf"
)

const gemmaFolder = "testdata/gemma3"

// TestGemmaSamplerAgrees draws sequences longer than the window, and holds the sampler to the trainer; and makes sure that the window matters.
func TestGemmaSamplerAgrees(t *testing.T) {
	trainer, err := Open(openEngine(t), gemmaFolder, smallShapes())
	require.NoError(t, err)
	data := nextTokenData(openGolden(t, "gemma3").tokens("tokens"))
	checkAgreement(t, trainer, data)

	wide := trainer.Config
	wide.Window = 64
	other, err := openBase(openEngine(t), gemmaFolder, wide, smallShapes())
	require.NoError(t, err)
	near, err := trainer.Score(t.Context(), data)
	require.NoError(t, err)
	far, err := other.Score(t.Context(), data)
	require.NoError(t, err)
	require.Equal(t, near[0][:trainer.Config.Window], far[0][:trainer.Config.Window])
	last := len(near[0]) - 1
	require.Greater(t, max(near[0][last]-far[0][last], far[0][last]-near[0][last]), float32(1e-2))
}

// TestGemmaSharedPrompts: a window counts a response's distance from the prompt that it shares, wherever that lies in the row.
func TestGemmaSharedPrompts(t *testing.T) {
	ctx := context.Background()
	shapes := shapesOfSmall()
	shapes.Recompute = true
	bundled, err := Open(openEngine(t), gemmaFolder, shapes)
	require.NoError(t, err)
	data := groupsOf(rand.New(rand.NewPCG(3, 4)), 24)
	stats, err := bundled.ForwardBackward(ctx, data, crossEntropy)
	require.NoError(t, err)
	got := gradients(t, bundled)

	shapes.Recompute = false
	single, err := Open(openEngine(t), gemmaFolder, shapes)
	require.NoError(t, err)
	single.grads = single.likeLearned()
	sums := statSums{logprobs: make([][]float32, len(data))}
	for i, d := range data {
		b := newBatch(4, 32)
		b.write(d, i, 0)
		require.NoError(t, single.accumulate([]*batch{b}, crossEntropy, data, &sums))
	}
	require.Less(t, stats.Positions, sums.stats().Positions, "some prompt is shared")
	for name, want := range gradients(t, single) {
		near(t, name, want, got[name], tolerance)
	}
}

func TestGemmaConfig(t *testing.T) {
	// As google/gemma-3-4b-it and google/gemma-3-1b-it are published, without what the engine does not read.
	seeing, err := parseConfig([]byte(`{"architectures":["Gemma3ForConditionalGeneration"],"boi_token_index":255999,"model_type":"gemma3","text_config":{
		"hidden_size":2560,"intermediate_size":10240,"model_type":"gemma3_text","num_hidden_layers":34,"rope_scaling":{"factor":8.0,"rope_type":"linear"},
		"sliding_window":1024},"torch_dtype":"bfloat16","vision_config":{"hidden_size":1152}}`))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("wwwwwf", 6)[:34], seeing.LayerKinds)
	require.Equal(t, Config{
		Vocab: 262_208, Width: 2560, Layers: 34, Heads: 8, KVHeads: 4, HeadDim: 256, DenseHidden: 10240, DenseLayers: 34, MaxPositions: 131_072, NormEps: 1e-6,
		RopeTheta: 1e6, RoutedScale: 1, Gemma: true, QKNorm: true, Tied: true, QueryScalar: 256, Window: 1024, LocalTheta: 1e4, RopeFactor: 8, LayerKinds: seeing.LayerKinds,
	}, seeing)
	reading, err := parseConfig([]byte(`{"architectures":["Gemma3ForCausalLM"],"model_type":"gemma3_text","attn_logit_softcapping":null,"final_logit_softcapping":null,
		"head_dim":256,"hidden_activation":"gelu_pytorch_tanh","hidden_size":1152,"intermediate_size":6912,"max_position_embeddings":32768,"num_attention_heads":4,
		"num_hidden_layers":26,"num_key_value_heads":1,"query_pre_attn_scalar":256,"rms_norm_eps":1e-06,"rope_local_base_freq":10000,"rope_scaling":null,
		"rope_theta":1000000,"sliding_window":512,"sliding_window_pattern":6,"vocab_size":262144}`))
	require.NoError(t, err)
	total, _ := reading.ParamCount()
	require.Equal(t, 999_885_952, total)

	tiny, err := ReadConfig(gemmaFolder)
	require.NoError(t, err)
	require.Equal(t, "wwfw", tiny.LayerKinds)
	for _, c := range []Config{seeing, reading, tiny} {
		dir := t.TempDir()
		require.NoError(t, c.writeConfig(dir))
		again, err := ReadConfig(dir)
		require.NoError(t, err)
		require.Equal(t, c, again)
	}
	for _, x := range []struct {
		key   string
		value any
		want  string
	}{
		{"final_logit_softcapping", 30, "final_logit_softcapping is 30: this engine runs null only"},
		{"attn_logit_softcapping", 50, "attn_logit_softcapping is 50"},
		{"hidden_activation", "gelu", "hidden_activation is gelu"},
		{"use_bidirectional_attention", true, "use_bidirectional_attention is true"},
		{"layer_types", []string{"chunked_attention"}, "layer_types is chunked_attention"},
		{"layer_types", []string{"full_attention"}, "layer_types name 1 layers (f), and num_hidden_layers is 4"},
		{"sliding_window", -1, "sliding_window is -1"},
		{"rope_parameters", map[string]any{"full_attention": map[string]any{"rope_type": "yarn", "factor": 4}}, "rope_parameters.full_attention.rope_type is yarn"},
		{"rope_scaling", map[string]any{"rope_type": "linear", "factor": 0.5}, "rope_scaling.factor is 0.5"},
		{"rope_parameters", map[string]any{"sliding_attention": map[string]any{"rope_type": "linear", "factor": 4}}, "rope_parameters.sliding_attention.rope_type is linear"},
	} {
		dir := t.TempDir()
		require.NoError(t, tiny.writeConfig(dir))
		editConfig(t, dir, x.key, x.value)
		_, err := ReadConfig(dir)
		require.ErrorContains(t, err, x.want)
	}
}

// TestGemmaThatSees opens the decoder of a folder laid out as Gemma3ForConditionalGeneration saves it, and keeps all else.
func TestGemmaThatSees(t *testing.T) {
	engine := openEngine(t)
	reading, err := Open(engine, gemmaFolder, smallShapes())
	require.NoError(t, err)
	data := nextTokenData(openGolden(t, "gemma3").tokens("tokens"))
	want, err := reading.Score(t.Context(), data)
	require.NoError(t, err)
	for _, prefix := range []string{releasedPrefix, memoryPrefix} {
		dir, out := t.TempDir(), t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS(gemmaFolder)))
		rewrite(t, filepath.Join(dir, weightsFile), func(all map[string]hf.Tensor, _ map[string]string) {
			for name, tensor := range maps.Clone(all) {
				delete(all, name)
				tensor.Name = prefix + strings.TrimPrefix(name, plainPrefix)
				all[tensor.Name] = tensor
			}
			for _, name := range []string{"vision_tower.vision_model.head.probe", "multi_modal_projector.mm_input_projection_weight"} {
				all[name] = hf.NewBF16s(name, []int{2}, []float32{1, 2})
			}
		})
		text, err := os.ReadFile(filepath.Join(dir, configFile))
		require.NoError(t, err)
		seeing, err := json.Marshal(map[string]any{"model_type": "gemma3", "text_config": json.RawMessage(text), "vision_config": map[string]any{"hidden_size": 8}})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, configFile), seeing, 0o644))

		trainer, err := Open(engine, dir, smallShapes())
		require.NoError(t, err)
		got, err := trainer.Score(t.Context(), data)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.NoError(t, trainer.Save(t.Context(), out))
		a, err := hf.ReadFolder(dir)
		require.NoError(t, err)
		b, err := hf.ReadFolder(out)
		require.NoError(t, err)
		require.Equal(t, slices.Sorted(slices.Values(a.Names())), slices.Sorted(slices.Values(b.Names())))
		for _, name := range a.Names() {
			before, err := a.Tensor(name)
			require.NoError(t, err)
			after, err := b.Tensor(name)
			require.NoError(t, err)
			require.Equal(t, before, after)
		}
		require.NoError(t, trainer.Load(t.Context(), out))
		config, err := os.ReadFile(filepath.Join(out, configFile))
		require.NoError(t, err)
		require.Contains(t, string(config), "vision_config")
		_, err = Adapt(engine, dir, smallShapes(), DefaultLoRA(), 1)
		require.ErrorContains(t, err, "also sees, and PEFT names its layers otherwise")
	}
}

func TestAttended(t *testing.T) {
	for _, c := range []Config{{Layers: 2}, {Layers: 3, LayerKinds: "wfw", Window: 4}} {
		for from := range 9 {
			for to := from; to < 12; to++ {
				sum := 0.0
				for l := range c.Layers {
					for t := from; t < to; t++ {
						if c.windowed(l) {
							sum += float64(min(t+1, c.Window))
						} else {
							sum += float64(t + 1)
						}
					}
				}
				require.InDelta(t, sum/float64(c.Layers), c.attended(from, to), 1e-9, "%s, %d to %d", c.LayerKinds, from, to)
			}
		}
	}
}
