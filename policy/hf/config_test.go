package hf

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseConfig(t *testing.T) {
	// The published sizes of DeepSeek-V3 and of Llama 3.1 8B.
	v3, err := ParseConfig([]byte(`{"architectures":["DeepseekV3ForCausalLM"],"model_type":"deepseek_v3","vocab_size":129280,"hidden_size":7168,"num_hidden_layers":61,
		"num_attention_heads":128,"num_key_value_heads":128,"kv_lora_rank":512,"q_lora_rank":1536,"qk_nope_head_dim":128,"qk_rope_head_dim":64,"v_head_dim":128,
		"n_routed_experts":256,"num_experts_per_tok":8,"num_nextn_predict_layers":1,"torch_dtype":"bfloat16"}`))
	require.NoError(t, err)
	kept, plain := v3.Cache()
	require.Equal(t, 61*576, kept)
	require.Equal(t, 61*128*320, plain)
	require.Equal(t, 256, v3.Experts())
	llama, err := ParseConfig([]byte(`{"hidden_size":4096,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"dtype":"float16","q_lora_rank":null}`))
	require.NoError(t, err)
	kept, plain = llama.Cache()
	require.Equal(t, []int{65536, 262144, 128}, []int{kept, plain, llama.HeadDim})
	require.Equal(t, "float16", llama.DType)
	seeing, err := ParseConfig([]byte(`{"architectures":["Gemma3ForConditionalGeneration"],"text_config":{"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"head_dim":3}}`))
	require.NoError(t, err)
	require.Equal(t, []string{"Gemma3ForConditionalGeneration"}, seeing.Architectures)
	require.Equal(t, 3, seeing.HeadDim)
	short, err := ParseConfig([]byte(`{"model_type":"gemma3","text_config":{"hidden_size":2560,"model_type":"gemma3_text","num_hidden_layers":34}}`))
	require.NoError(t, err)
	require.Equal(t, Config{ModelType: "gemma3_text", Vocab: 262_208, Width: 2560, Layers: 34, Heads: 8, KVHeads: 4, HeadDim: 256, Context: 131_072, TieEmbeddings: true}, short)
	for _, bad := range []string{`{`, `{}`, `{"hidden_size":"x"}`, `{"text_config":3}`} {
		_, err := ParseConfig([]byte(bad))
		require.Error(t, err, bad)
	}
	_, err = ReadConfig(t.TempDir())
	require.ErrorContains(t, err, "a model is a folder")
}

func TestReadGeneration(t *testing.T) {
	dir := t.TempDir()
	g, err := ReadGeneration(dir)
	require.NoError(t, err)
	require.Equal(t, Generation{}, g)
	path := filepath.Join(dir, generationFile)
	require.NoError(t, os.WriteFile(path, []byte(`{"do_sample":true,"temperature":0.6,"top_p":0.95,"top_k":20,"eos_token_id":[151645,151643],"bos_token_id":151643,"pad_token_id":null}`), 0o644))
	g, err = ReadGeneration(dir)
	require.NoError(t, err)
	require.Equal(t, tokenIDs{151645, 151643}, g.EOS)
	require.Equal(t, tokenIDs{151643}, g.BOS)
	require.Nil(t, g.PAD)
	require.Nil(t, g.MinP)
	require.Equal(t, 20, *g.TopK)

	to := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, CopySettings(dir, to))
	empty(t, to, generationFile)
	require.NoError(t, os.WriteFile(path, []byte(`{"eos_token_id":"x"}`), 0o644))
	_, err = ReadGeneration(dir)
	require.ErrorContains(t, err, path)
}

// FuzzConfig: any text is an error or sizes.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"hidden_size":8,"num_hidden_layers":2,"num_attention_heads":2,"text_config":{"head_dim":3}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, err := ParseConfig(text); err == nil {
			c.Cache()
		}
	})
}
