// Package moe is the embedded engine: a DeepSeek-V3 style decoder (arXiv:2412.19437) as GoMLX
// graphs, run by XLA. It implements policy.Trainer and policy.Sampler.
//
// Letters in shape comments: B rows of a batch, T positions, D model width, H heads,
// N/P widths of a head without/with rotary position (nope/rope), U width of a value head,
// R rank of the key-value latent, F hidden width of an expert, E routed experts, K experts
// chosen per token, L layers, M layers with experts, V vocabulary, S slots of the cache.
//
// One set of graph builders (layers.go, experts.go) serves training, scoring, prefill and decode,
// so a new architecture costs its forward pass only. Weights live in the layout that the matmuls
// want; checkpoint.go translates to and from the published Hugging Face key layout.
package moe

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Config describes the architecture under the names of Hugging Face's DeepseekV3Config.
type Config struct {
	Vocab         int     `json:"vocab_size" yaml:"vocab_size"`
	Width         int     `json:"hidden_size" yaml:"hidden_size"`
	Layers        int     `json:"num_hidden_layers" yaml:"num_hidden_layers"`
	Heads         int     `json:"num_attention_heads" yaml:"num_attention_heads"`
	LatentRank    int     `json:"kv_lora_rank" yaml:"kv_lora_rank"`
	NopeDim       int     `json:"qk_nope_head_dim" yaml:"qk_nope_head_dim"`
	RopeDim       int     `json:"qk_rope_head_dim" yaml:"qk_rope_head_dim"`
	ValueDim      int     `json:"v_head_dim" yaml:"v_head_dim"`
	DenseHidden   int     `json:"intermediate_size" yaml:"intermediate_size"`
	ExpertHidden  int     `json:"moe_intermediate_size" yaml:"moe_intermediate_size"`
	SharedExperts int     `json:"n_shared_experts" yaml:"n_shared_experts"`
	Experts       int     `json:"n_routed_experts" yaml:"n_routed_experts"`
	TopK          int     `json:"num_experts_per_tok" yaml:"num_experts_per_tok"`
	DenseLayers   int     `json:"first_k_dense_replace" yaml:"first_k_dense_replace"`
	RoutedScale   float64 `json:"routed_scaling_factor" yaml:"routed_scaling_factor"`
	RopeTheta     float64 `json:"rope_theta" yaml:"rope_theta"`
	NormEps       float64 `json:"rms_norm_eps" yaml:"rms_norm_eps"`
	MaxPositions  int     `json:"max_position_embeddings" yaml:"max_position_embeddings"`
	// BalanceAlpha weighs the sequence-level balance loss of DeepSeek-V3 (eq. 17-20); 0 leaves it out.
	BalanceAlpha float64 `json:"aux_loss_alpha,omitempty" yaml:"aux_loss_alpha"`
}

// Demo is the shipped base's architecture: 1.7 M parameters, 0.8 M active per token.
func Demo() Config {
	return Config{
		Vocab: 128, Width: 128, Layers: 4, Heads: 4, LatentRank: 48, NopeDim: 16, RopeDim: 16, ValueDim: 32,
		DenseHidden: 384, ExpertHidden: 128, SharedExperts: 1, Experts: 8, TopK: 2, DenseLayers: 1,
		RoutedScale: 1, RopeTheta: 10000, NormEps: 1e-6, MaxPositions: 512,
	}
}

// MoELayers is the number of layers with routed experts.
func (c Config) MoELayers() int { return max(0, c.Layers-c.DenseLayers) }

// CacheWidth is the number of floats that one token keeps per layer: latent and shared rotary key.
func (c Config) CacheWidth() int { return c.LatentRank + c.RopeDim }

// Validate names the first value that the engine cannot run.
func (c Config) Validate() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"vocab_size", c.Vocab}, {"hidden_size", c.Width}, {"num_hidden_layers", c.Layers},
		{"num_attention_heads", c.Heads}, {"kv_lora_rank", c.LatentRank}, {"qk_nope_head_dim", c.NopeDim},
		{"qk_rope_head_dim", c.RopeDim}, {"v_head_dim", c.ValueDim}, {"max_position_embeddings", c.MaxPositions},
	} {
		if f.value <= 0 {
			return fmt.Errorf("model config: %s is %d: want a positive number", f.name, f.value)
		}
	}
	if c.RopeDim%2 != 0 {
		return fmt.Errorf("model config: qk_rope_head_dim is %d: want an even number", c.RopeDim)
	}
	if c.DenseLayers > 0 && c.DenseHidden <= 0 {
		return fmt.Errorf("model config: intermediate_size is %d with %d dense layers: want a positive number", c.DenseHidden, c.DenseLayers)
	}
	if c.MoELayers() > 0 && (c.Experts <= 0 || c.ExpertHidden <= 0 || c.TopK <= 0 || c.TopK > c.Experts || c.SharedExperts <= 0) {
		return fmt.Errorf("model config: %d experts of width %d, %d chosen, %d shared: want positive numbers and no more chosen than there are",
			c.Experts, c.ExpertHidden, c.TopK, c.SharedExperts)
	}
	return nil
}

// unsupported lists keys of a Hugging Face config that change the mathematics and the value each must have here.
type unsupported struct {
	QLoraRank       *int            `json:"q_lora_rank"`
	RopeScaling     json.RawMessage `json:"rope_scaling"`
	RopeParameters  *ropeParameters `json:"rope_parameters"`
	Groups          *int            `json:"n_group"`
	TopKGroup       *int            `json:"topk_group"`
	NormTopK        *bool           `json:"norm_topk_prob"`
	RopeInterleave  *bool           `json:"rope_interleave"`
	TieEmbeddings   *bool           `json:"tie_word_embeddings"`
	AttentionBias   *bool           `json:"attention_bias"`
	ModelType       string          `json:"model_type"`
	HiddenActivaton string          `json:"hidden_act"`
}

// ropeParameters is where newer transformers keep rope_theta.
type ropeParameters struct {
	Theta float64 `json:"rope_theta"`
	Type  string  `json:"rope_type"`
}

// ReadConfig reads dir/config.json and refuses what this engine would compute differently.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read model config: %w (a model is a folder with config.json, model.safetensors and tokenizer.json)", err)
	}
	c, err := parseConfig(data)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func parseConfig(data []byte) (Config, error) {
	c := Config{RoutedScale: 1, RopeTheta: 10000, NormEps: 1e-6}
	var u unsupported
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, fmt.Errorf("parse model config: %w", err)
	}
	if err := json.Unmarshal(data, &u); err != nil {
		return Config{}, fmt.Errorf("parse model config: %w", err)
	}
	if u.RopeParameters != nil && u.RopeParameters.Theta > 0 {
		c.RopeTheta = u.RopeParameters.Theta
	}
	if err := u.check(); err != nil {
		return Config{}, err
	}
	return c, c.Validate()
}

func (u unsupported) check() error {
	refuse := func(key string, value any, want string) error {
		return fmt.Errorf("model config: %s is %v: this engine runs %s only", key, value, want)
	}
	switch {
	case u.ModelType != "" && u.ModelType != "deepseek_v3":
		return refuse("model_type", u.ModelType, "deepseek_v3")
	case u.QLoraRank != nil:
		return refuse("q_lora_rank", *u.QLoraRank, "null")
	case len(u.RopeScaling) > 0 && string(u.RopeScaling) != "null":
		return refuse("rope_scaling", string(u.RopeScaling), "null")
	case u.RopeParameters != nil && u.RopeParameters.Type != "" && u.RopeParameters.Type != "default":
		return refuse("rope_parameters.rope_type", u.RopeParameters.Type, "default")
	case u.Groups != nil && *u.Groups > 1:
		return refuse("n_group", *u.Groups, "1")
	case u.NormTopK != nil && !*u.NormTopK:
		return refuse("norm_topk_prob", *u.NormTopK, "true")
	case u.RopeInterleave != nil && !*u.RopeInterleave:
		return refuse("rope_interleave", *u.RopeInterleave, "true")
	case u.TieEmbeddings != nil && *u.TieEmbeddings:
		return refuse("tie_word_embeddings", *u.TieEmbeddings, "false")
	case u.AttentionBias != nil && *u.AttentionBias:
		return refuse("attention_bias", *u.AttentionBias, "false")
	case u.HiddenActivaton != "" && u.HiddenActivaton != "silu":
		return refuse("hidden_act", u.HiddenActivaton, "silu")
	}
	return nil
}

// writeConfig writes config.json so that transformers loads the folder as DeepseekV3ForCausalLM.
func (c Config) writeConfig(dir string) error {
	fields, err := json.Marshal(c)
	if err != nil {
		return err
	}
	all := map[string]any{}
	if err := json.Unmarshal(fields, &all); err != nil {
		return err
	}
	for k, v := range map[string]any{
		"architectures": []string{"DeepseekV3ForCausalLM"}, "model_type": "deepseek_v3", "torch_dtype": "float32",
		"hidden_act": "silu", "q_lora_rank": nil, "n_group": 1, "topk_group": 1, "norm_topk_prob": true,
		"rope_interleave": true, "rope_scaling": nil, "tie_word_embeddings": false, "attention_bias": false,
		"num_key_value_heads": c.Heads, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
	} {
		all[k] = v
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "config.json"), append(data, '\n'), 0o644)
}
