package gguf

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

// llamaMetadata describes a model of width 4 with 2 heads, 1 key head and 1 layer.
func llamaMetadata() map[string]any {
	return map[string]any{
		"general.architecture": "llama", "llama.embedding_length": uint32(8), "llama.feed_forward_length": uint32(3), "llama.block_count": uint32(1),
		"llama.attention.head_count": uint32(2), "llama.attention.head_count_kv": uint32(1), "llama.context_length": uint32(64),
		"llama.attention.layer_norm_rms_epsilon": float32(1e-5), "llama.rope.freq_base": float32(100000),
		"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm", "tokenizer.ggml.tokens": []string{"<|end|>", "a", "b", "ab", "<t>"},
		"tokenizer.ggml.merges": []string{"a b"}, "tokenizer.ggml.token_type": []int32{3, 1, 1, 1, 4}, "tokenizer.ggml.eos_token_id": uint32(0),
		"tokenizer.ggml.bos_token_id": uint32(0), "tokenizer.ggml.add_bos_token": true, "tokenizer.chat_template": "{{ 1 }}",
	}
}

func llamaTensors() []fakeTensor {
	fill := func(name string, shape ...int) fakeTensor {
		n := 1
		for _, d := range shape {
			n *= d
		}
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(i)
		}
		return floats(name, shape, values...)
	}
	return []fakeTensor{
		fill("token_embd.weight", 5, 8), fill("output_norm.weight", 8), fill("blk.0.attn_norm.weight", 8), fill("blk.0.ffn_norm.weight", 8),
		fill("blk.0.attn_q.weight", 8, 8), fill("blk.0.attn_k.weight", 4, 8), fill("blk.0.attn_v.weight", 4, 8), fill("blk.0.attn_output.weight", 8, 8),
		fill("blk.0.ffn_gate.weight", 3, 8), fill("blk.0.ffn_up.weight", 3, 8), fill("blk.0.ffn_down.weight", 8, 3),
	}
}

func TestConvert(t *testing.T) {
	m, err := open(t, build(llamaMetadata(), llamaTensors()...)).Convert("float32")
	require.NoError(t, err)
	require.JSONEq(t, `{"architectures":["LlamaForCausalLM"],"model_type":"llama","vocab_size":5,"hidden_size":8,"intermediate_size":3,"num_hidden_layers":1,
		"num_attention_heads":2,"num_key_value_heads":1,"head_dim":4,"max_position_embeddings":64,"rms_norm_eps":1e-05,"rope_theta":100000,"hidden_act":"silu",
		"tie_word_embeddings":true,"attention_bias":false,"mlp_bias":false,"torch_dtype":"float32","bos_token_id":0,"eos_token_id":0}`, string(m.Config))
	rows := map[string][]float32{}
	for _, p := range m.Parts {
		values, err := m.Floats(p)
		require.NoError(t, err)
		if len(p.Shape) == 2 && p.Shape[1] == 8 {
			for r := range p.Shape[0] {
				rows[p.Name] = append(rows[p.Name], values[8*r]/8)
			}
		}
	}
	// Within each head of four rows the halves alternate in the file: 0 2 | 1 3.
	require.Equal(t, []float32{0, 2, 1, 3, 4, 6, 5, 7}, rows["model.layers.0.self_attn.q_proj.weight"])
	require.Equal(t, []float32{0, 2, 1, 3}, rows["model.layers.0.self_attn.k_proj.weight"])
	require.Equal(t, []float32{0, 1, 2, 3}, rows["model.layers.0.self_attn.v_proj.weight"])
	require.Contains(t, rows, "model.embed_tokens.weight")
}

func TestConvertErrors(t *testing.T) {
	tests := map[string]struct {
		metadata map[string]any
		more     []fakeTensor
		want     string
	}{
		"architecture": {map[string]any{"general.architecture": "mamba"}, nil, `architecture "mamba"`},
		"no layers":    {map[string]any{"llama.block_count": uint32(0)}, nil, "llama.block_count"},
		"no epsilon":   {map[string]any{"llama.attention.layer_norm_rms_epsilon": "x"}, nil, "epsilon"},
		"no key heads": {map[string]any{"llama.attention.head_count_kv": uint32(0)}, nil, "0 key heads"},
		"odd heads":    {map[string]any{"llama.attention.head_count": uint32(3)}, nil, "does not divide into 3 heads"},
		"other tensor": {nil, []fakeTensor{floats("blk.0.ssm.weight", []int{1}, 1)}, `"blk.0.ssm.weight"`},
		"far layer":    {nil, []fakeTensor{floats("blk.7.attn_q.weight", []int{1}, 1)}, `"blk.7.attn_q.weight"`},
		"rope":         {nil, []fakeTensor{floats(ropeFactors, []int{2}, 1, 3)}, "of no published Llama"},
		"rope kind":    {map[string]any{"llama.rope.scaling.type": "longrope"}, nil, `rope scaling "longrope"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			metadata := llamaMetadata()
			maps.Copy(metadata, test.metadata)
			f := open(t, build(metadata, append(llamaTensors(), test.more...)...))
			_, err := f.Convert("float32")
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, f.path)
		})
	}
}

func TestRopeScaling(t *testing.T) {
	c := dims{headDim: 4, theta: 500000}
	want := llama3Factors(c, 32, 1, 4, 8192)
	values := make([]float32, len(want))
	for i, x := range want {
		values[i] = float32(x)
	}
	f := open(t, build(nil, floats(ropeFactors, []int{2}, values...)))
	got, err := f.ropeScaling("llama", c)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}, got)
	f = open(t, build(map[string]any{"qwen2.rope.scaling.type": "yarn", "qwen2.rope.scaling.factor": float32(4), "qwen2.rope.scaling.original_context_length": uint32(32768)}))
	got, err = f.ropeScaling("qwen2", c)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"rope_type": "yarn", "factor": json.Number("4"), "original_max_position_embeddings": 32768}, got)
}

func TestTokenizer(t *testing.T) {
	text, settings, err := open(t, build(llamaMetadata())).Tokenizer()
	require.NoError(t, err)
	require.JSONEq(t, `{"tokenizer_class":"PreTrainedTokenizerFast","clean_up_tokenization_spaces":false,"bos_token":"<|end|>","eos_token":"<|end|>","chat_template":"{{ 1 }}","model_max_length":64}`, string(settings))
	var doc struct {
		AddedTokens []struct {
			ID      int
			Content string
			Special bool
		} `json:"added_tokens"`
		Model struct {
			Vocab  map[string]int
			Merges []string
		}
	}
	require.NoError(t, json.Unmarshal(text, &doc))
	require.Equal(t, map[string]int{"<|end|>": 0, "a": 1, "b": 2, "ab": 3, "<t>": 4}, doc.Model.Vocab)
	require.Equal(t, []string{"a b"}, doc.Model.Merges)
	require.Len(t, doc.AddedTokens, 2)
	require.True(t, doc.AddedTokens[0].Special)
	require.False(t, doc.AddedTokens[1].Special)

	for key, want := range map[string]string{"tokenizer.ggml.model": `kind "x"`, "tokenizer.ggml.pre": `cuts texts as "x"`, "tokenizer.ggml.tokens": "0 tokens and 5 types"} {
		metadata := llamaMetadata()
		metadata[key] = "x"
		_, _, err := open(t, build(metadata)).Tokenizer()
		require.ErrorContains(t, err, want)
	}
}
