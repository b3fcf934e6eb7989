package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy/hf"
	"github.com/rltrain/rltrain/policy/tokenizer"
)

// modelOutput runs `rltrain model …` in this process.
func modelOutput(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := rootCommand()
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(append([]string{"model"}, args...))
	err := root.Execute()
	return out.String(), err
}

func TestModelInfo(t *testing.T) {
	dir := t.TempDir()
	config := `{"architectures":["DeepseekV3ForCausalLM"],"model_type":"deepseek_v3","vocab_size":129280,"hidden_size":7168,"num_hidden_layers":61,
		"num_attention_heads":128,"num_key_value_heads":128,"kv_lora_rank":512,"qk_nope_head_dim":128,"qk_rope_head_dim":64,"v_head_dim":128,
		"n_routed_experts":4,"num_experts_per_tok":1,"max_position_embeddings":163840}`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644))
	out, err := modelOutput(t, "info", dir)
	require.NoError(t, err)
	for _, want := range []string{"none: there are no weights", "70272 bytes for a token in bfloat16, 140544 in float32 (latent attention", "4997120 in bfloat16 with plain attention of as many heads: 71.1 times"} {
		require.Contains(t, out, want)
	}
	var entries []hf.Entry
	for _, name := range []string{"model.embed_tokens.weight", "model.layers.3.mlp.experts.0.up_proj.weight", "model.layers.61.eh_proj.weight"} {
		entries = append(entries, hf.Ready(hf.NewBF16s(name, []int{40}, make([]float32, 40))))
	}
	require.NoError(t, hf.WriteFolder(dir, entries, 1<<30))
	out, err = modelOutput(t, "info", dir)
	require.NoError(t, err)
	require.Regexp(t, `parameters +80 , 50  active for a token; 40  more only draft tokens`, out)
	require.Regexp(t, `weights +240 B: BF16 240 B`, out)
	_, err = modelOutput(t, "info", filepath.Join(dir, "none"))
	require.ErrorContains(t, err, "neither a folder with config.json or adapter_config.json")
}

// tinyGGUF is a whole GGUF file of one layer.
func tinyGGUF(t *testing.T) string {
	text := func(b []byte, s string) []byte {
		return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
	}
	u32, u64 := binary.LittleEndian.AppendUint32, binary.LittleEndian.AppendUint64
	var meta []byte
	keys := uint64(0)
	add := func(key string, kind uint32, value []byte) {
		meta = append(u32(text(meta, key), kind), value...)
		keys++
	}
	list := func(kind uint32, n int, values []byte) []byte {
		return append(u64(u32(nil, kind), uint64(n)), values...)
	}
	add("general.architecture", 8, text(nil, "llama"))
	for key, n := range map[string]uint32{"embedding_length": 4, "feed_forward_length": 2, "block_count": 1, "attention.head_count": 1, "context_length": 16} {
		add("llama."+key, 4, u32(nil, n))
	}
	add("llama.attention.layer_norm_rms_epsilon", 6, u32(nil, math.Float32bits(1e-5)))
	add("tokenizer.ggml.model", 8, text(nil, "gpt2"))
	add("tokenizer.ggml.pre", 8, text(nil, "smollm"))
	add("tokenizer.ggml.tokens", 9, list(8, 3, text(text(text(nil, "a"), "b"), "ab")))
	add("tokenizer.ggml.merges", 9, list(8, 1, text(nil, "a b")))
	add("tokenizer.ggml.token_type", 9, list(5, 3, u32(u32(u32(nil, 1), 1), 1)))
	var infos, data []byte
	tensors := uint64(0)
	for _, x := range []struct {
		name string
		dims []uint64
	}{{"token_embd.weight", []uint64{4, 3}}, {"blk.0.attn_q.weight", []uint64{4, 4}}} {
		n := uint64(1)
		infos = u32(text(infos, x.name), uint32(len(x.dims)))
		for _, d := range x.dims {
			infos = u64(infos, d)
			n *= d
		}
		infos = u64(u32(infos, 0), uint64(len(data)))
		for i := range n {
			data = u32(data, math.Float32bits(float32(i)))
		}
		data = append(data, make([]byte, -len(data)&31)...)
		tensors++
	}
	head := append(append(u64(u64(u32([]byte("GGUF"), 3), tensors), keys), meta...), infos...)
	head = append(head, make([]byte, -len(head)&31)...)
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	require.NoError(t, os.WriteFile(path, append(head, data...), 0o644))
	return path
}

func TestModelImport(t *testing.T) {
	file, dir := tinyGGUF(t), filepath.Join(t.TempDir(), "model")
	out, err := modelOutput(t, "info", file)
	require.NoError(t, err)
	require.Regexp(t, `parameters +28 , 28  active`, out)
	out, err = modelOutput(t, "import", file, dir)
	require.NoError(t, err)
	require.Contains(t, out, "LlamaForCausalLM")
	weights, err := hf.ReadFolder(dir)
	require.NoError(t, err)
	defer weights.Close()
	q, err := weights.Floats("model.layers.0.self_attn.q_proj.weight")
	require.NoError(t, err)
	require.Equal(t, []float32{0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15}, q) // rows 0 2 1 3
	tok, err := tokenizer.Load(dir)
	require.NoError(t, err)
	ids, err := tok.Encode("abba")
	require.NoError(t, err)
	require.Equal(t, []int32{2, 1, 0}, ids)

	again := filepath.Join(t.TempDir(), "half")
	_, err = modelOutput(t, "import", file, again, "--dtype", "bfloat16")
	require.NoError(t, err)
	config, err := os.ReadFile(filepath.Join(again, "config.json"))
	require.NoError(t, err)
	require.Contains(t, string(config), `"torch_dtype": "bfloat16"`)
	for want, args := range map[string][]string{
		"holds a model already": {file, dir}, "is no GGUF file": {dir, again}, "neither float32 nor": {file, "x", "--dtype", "int8"}, "is no size": {file, "x", "--shard", "0"},
	} {
		_, err := modelOutput(t, append([]string{"import"}, args...)...)
		require.ErrorContains(t, err, want)
	}
}
