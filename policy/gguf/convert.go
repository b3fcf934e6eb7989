package gguf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Model is a file seen as a Hugging Face model: the same tensors by their published names.
type Model struct {
	Config []byte // config.json
	Parts  []Part

	file *File
}

// Part is one tensor of the Hugging Face model.
type Part struct {
	Name  string
	Shape []int
	from  string // tensor of the file
	heads int    // over 0: rows are in the other order of rotary halves, see unpermute
}

// Convert names the tensors as transformers does and writes config.json. It knows dense decoders of
// the families of Llama, Qwen2 and Qwen3. The dtype is what config.json says the tensors will be written as.
func (f *File) Convert(dtype string) (*Model, error) {
	arch := f.String("general.architecture")
	class, ok := map[string]string{"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}[arch]
	if !ok {
		return nil, fmt.Errorf("%s is of the architecture %q, only llama, qwen2 and qwen3 are converted: take the model's Hugging Face folder", f.path, arch)
	}
	m := &Model{file: f}
	c, err := f.dimensions(arch)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	for _, name := range f.names {
		if name == ropeFactors {
			continue
		}
		p := Part{from: name, Shape: f.tensors[name].Shape}
		if p.Name, ok = published(name, arch, c.layers); !ok {
			return nil, fmt.Errorf("%s has a tensor %q that the architecture %q does not account for: take the model's Hugging Face folder", f.path, name, arch)
		}
		if arch == "llama" { // the converter to GGUF reorders rows for this one only
			switch {
			case strings.Contains(name, ".attn_q."):
				p.heads = c.heads
			case strings.Contains(name, ".attn_k."):
				p.heads = c.kvHeads
			}
			if p.heads > 0 && (len(p.Shape) == 0 || p.Shape[0] == 0 || p.Shape[0]%(2*p.heads) != 0) {
				return nil, fmt.Errorf("%s: tensor %q of shape %v does not divide into %d heads", f.path, name, p.Shape, p.heads)
			}
		}
		m.Parts = append(m.Parts, p)
	}
	if m.Config, err = f.config(arch, class, dtype, c); err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return m, nil
}

// Floats reads a part.
func (m *Model) Floats(p Part) ([]float32, error) {
	values, err := m.file.Floats(p.from)
	if err != nil || p.heads == 0 {
		return values, err
	}
	return unpermute(values, p.Shape[0], p.heads), nil
}

// unpermute undoes what the converter to GGUF does to the rows of queries and keys: there the two
// halves of a head that rotate together alternate, in transformers they follow each other.
func unpermute(values []float32, rows, heads int) []float32 {
	out := make([]float32, len(values))
	width, half := len(values)/max(1, rows), rows/heads/2
	for h := range heads {
		for i := range half {
			for part := range 2 {
				from, to := (h*half+i)*2+part, (h*2+part)*half+i
				copy(out[to*width:(to+1)*width], values[from*width:(from+1)*width])
			}
		}
	}
	return out
}

// published is transformers' name of a tensor.
func published(name, arch string, layers int) (string, bool) {
	switch name {
	case "token_embd.weight":
		return "model.embed_tokens.weight", true
	case "output_norm.weight":
		return "model.norm.weight", true
	case "output.weight":
		return "lm_head.weight", true
	}
	rest, ok := strings.CutPrefix(name, "blk.")
	number, rest, ok2 := strings.Cut(rest, ".")
	n, err := strconv.Atoi(number)
	part, kind, ok3 := strings.Cut(rest, ".")
	if !ok || !ok2 || !ok3 || err != nil || n < 0 || n >= layers || kind != "weight" && kind != "bias" {
		return "", false
	}
	inner, ok := map[string]string{
		"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
		"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
		"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
	}[part]
	if !ok && arch == "qwen3" {
		inner, ok = map[string]string{"attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm"}[part]
	}
	return fmt.Sprintf("model.layers.%d.%s.%s", n, inner, kind), ok
}

// dims are the sizes that config.json asks for.
type dims struct {
	width, hidden, layers, heads, kvHeads, headDim, context, vocab int
	epsilon, theta                                                 float64
}

func (f *File) dimensions(arch string) (c dims, err error) {
	for key, into := range map[string]*int{
		"embedding_length": &c.width, "feed_forward_length": &c.hidden, "block_count": &c.layers, "attention.head_count": &c.heads, "context_length": &c.context,
	} {
		n, ok := f.Int(arch + "." + key)
		if !ok || n < 1 || n > 1<<31-1 {
			return c, fmt.Errorf("its metadata lack a whole number above 0 for %s.%s (get it again)", arch, key)
		}
		*into = n
	}
	var ok bool
	if c.kvHeads, ok = f.Int(arch + ".attention.head_count_kv"); !ok {
		c.kvHeads = c.heads
	}
	if c.headDim, ok = f.Int(arch + ".attention.key_length"); !ok {
		c.headDim = c.width / c.heads
	}
	if c.kvHeads < 1 || c.headDim < 1 {
		return c, fmt.Errorf("its %d key heads of size %d are impossible (get it again)", c.kvHeads, c.headDim)
	}
	if c.epsilon, ok = f.Float(arch + ".attention.layer_norm_rms_epsilon"); !ok {
		return c, fmt.Errorf("its metadata lack %s.attention.layer_norm_rms_epsilon (get it again)", arch)
	}
	if c.theta, ok = f.Float(arch + ".rope.freq_base"); !ok {
		c.theta = 10000
	}
	embed, ok := f.tensors["token_embd.weight"]
	if !ok || len(embed.Shape) != 2 {
		return c, fmt.Errorf("it has no matrix token_embd.weight (get it again)")
	}
	c.vocab = embed.Shape[0]
	return c, nil
}

// config is config.json.
func (f *File) config(arch, class, dtype string, c dims) ([]byte, error) {
	_, head := f.tensors["output.weight"]
	_, bias := f.tensors["blk.0.attn_q.bias"]
	out := map[string]any{
		"architectures": []string{class}, "model_type": arch, "vocab_size": c.vocab, "hidden_size": c.width, "intermediate_size": c.hidden,
		"num_hidden_layers": c.layers, "num_attention_heads": c.heads, "num_key_value_heads": c.kvHeads, "head_dim": c.headDim,
		"max_position_embeddings": c.context, "rms_norm_eps": short(c.epsilon), "rope_theta": short(c.theta), "hidden_act": "silu",
		"tie_word_embeddings": !head, "attention_bias": bias && arch != "qwen2", "torch_dtype": dtype,
	}
	if arch == "llama" {
		out["mlp_bias"] = false
	}
	for role, key := range map[string]string{"bos_token_id": "bos", "eos_token_id": "eos", "pad_token_id": "padding"} {
		if id, ok := f.Int("tokenizer.ggml." + key + "_token_id"); ok {
			out[role] = id
		}
	}
	scaling, err := f.ropeScaling(arch, c)
	if err != nil {
		return nil, err
	}
	if scaling != nil {
		out["rope_scaling"] = scaling
	}
	return encode(out)
}

// short writes a float32 in as few digits as tell it from its neighbours: 1e-05, not 9.999999747378752e-06.
func short(x float64) json.Number {
	return json.Number(strconv.FormatFloat(x, 'g', -1, 32))
}

// encode writes JSON without escaping <, > and &, which tokens are full of.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
