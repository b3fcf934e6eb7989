package moe

import (
	"errors"
	"fmt"
)

// Config describes the architecture under the names of Hugging Face's DeepseekV3Config.
type Config struct {
	Vocab         int     `json:"vocab_size" yaml:"vocab_size"`
	Width         int     `json:"hidden_size" yaml:"hidden_size"`
	Layers        int     `json:"num_hidden_layers" yaml:"num_hidden_layers"`
	Heads         int     `json:"num_attention_heads" yaml:"num_attention_heads"`
	LatentRank    int     `json:"kv_lora_rank" yaml:"kv_lora_rank"`
	QueryRank     int     `json:"q_lora_rank" yaml:"q_lora_rank,omitempty"` // of the query's latent; 0 has none
	NopeDim       int     `json:"qk_nope_head_dim" yaml:"qk_nope_head_dim"`
	RopeDim       int     `json:"qk_rope_head_dim" yaml:"qk_rope_head_dim"`
	ValueDim      int     `json:"v_head_dim" yaml:"v_head_dim"`
	DenseHidden   int     `json:"intermediate_size" yaml:"intermediate_size"`
	ExpertHidden  int     `json:"moe_intermediate_size" yaml:"moe_intermediate_size"`
	SharedExperts int     `json:"n_shared_experts" yaml:"n_shared_experts"`
	Experts       int     `json:"n_routed_experts" yaml:"n_routed_experts"`
	TopK          int     `json:"num_experts_per_tok" yaml:"num_experts_per_tok"`
	DenseLayers   int     `json:"first_k_dense_replace" yaml:"first_k_dense_replace"`
	Groups        int     `json:"n_group" yaml:"n_group,omitempty"`       // of experts; 0 and 1 mean no groups
	TopKGroup     int     `json:"topk_group" yaml:"topk_group,omitempty"` // groups that a token may choose experts from
	RoutedScale   float64 `json:"routed_scaling_factor" yaml:"routed_scaling_factor"`
	RopeTheta     float64 `json:"rope_theta" yaml:"rope_theta"`
	NormEps       float64 `json:"rms_norm_eps" yaml:"rms_norm_eps"`
	MaxPositions  int     `json:"max_position_embeddings" yaml:"max_position_embeddings"`
	// KVHeads > 0 is grouped-query attention (arXiv:2305.13245) with so many heads of keys and values, each HeadDim wide, instead of
	// latent attention.
	KVHeads int  `json:"-" yaml:"num_key_value_heads,omitempty"`
	HeadDim int  `json:"-" yaml:"head_dim,omitempty"`
	QKVBias bool `json:"-" yaml:"qkv_bias,omitempty"` // added to queries, keys and values (Qwen2)
	QKNorm  bool `json:"-" yaml:"qk_norm,omitempty"`  // queries and keys are normalised head by head (Qwen3)
	Tied    bool `json:"-" yaml:"tie_word_embeddings,omitempty"`
	// Gemma is the design of Gemma 3: norms multiply by 1 + weight and stand behind attention and feed-forward too, embeddings are multiplied by
	// the root of the width, gates are GELU.
	Gemma       bool    `json:"-" yaml:"gemma,omitempty"`
	QueryScalar float64 `json:"-" yaml:"query_pre_attn_scalar,omitempty"` // scores are divided by its root; 0 is HeadDim
	// LayerKinds has a letter for each layer: w attends to the last Window positions only, its own among them, and turns by LocalTheta; f attends to
	// all, and its rotary positions are divided by RopeFactor (0 is 1). "" is f for all.
	LayerKinds string  `json:"-" yaml:"layer_kinds,omitempty"`
	Window     int     `json:"-" yaml:"sliding_window,omitempty"`
	LocalTheta float64 `json:"-" yaml:"rope_local_base_freq,omitempty"`
	RopeFactor float64 `json:"-" yaml:"rope_linear_factor,omitempty"`
	// SoftmaxRouter scores experts by a softmax and balances without a bias (Qwen3-MoE); else by sigmoids, as DeepSeek-V3.
	SoftmaxRouter bool `json:"-" yaml:"softmax_router,omitempty"`
	// RawGates leaves the gates of the chosen experts as they are; otherwise they are made to sum to 1 (norm_topk_prob).
	RawGates bool `json:"-" yaml:"raw_gates,omitempty"`
	// Yarn stretches the rotary positions (arXiv:2309.00071); without a factor they are plain.
	Yarn Yarn `json:"-" yaml:"yarn,omitempty"`
	// Llama3 stretches them otherwise; without a factor it does not.
	Llama3 Llama3 `json:"-" yaml:"llama3_rope_scaling,omitempty"`
	// BalanceAlpha weighs the sequence-level balance loss of DeepSeek-V3 (eq. 17-20); 0 leaves it out.
	BalanceAlpha float64 `json:"aux_loss_alpha,omitempty" yaml:"aux_loss_alpha"`

	lora *adapter // what is trained instead of the parameters; nil for these themselves
	half bool     // products are computed in bfloat16, as Shapes.DType says
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

// CacheWidth is the number of floats that one token keeps per layer.
func (c Config) CacheWidth() int { return c.attention().cacheWidth() }

// Validate names the first value that the engine cannot run.
func (c Config) Validate() error {
	for _, f := range append([]field{
		{"vocab_size", c.Vocab}, {"hidden_size", c.Width}, {"num_hidden_layers", c.Layers},
		{"num_attention_heads", c.Heads}, {"max_position_embeddings", c.MaxPositions},
	}, c.attentionFields()...) {
		if f.value <= 0 {
			return fmt.Errorf("model config: %s is %d: want a positive number", f.name, f.value)
		}
	}
	if f := c.ropeField(); f.value%2 != 0 {
		return fmt.Errorf("model config: %s is %d: want an even number", f.name, f.value)
	}
	if c.KVHeads > 0 && c.Heads%c.KVHeads != 0 {
		return fmt.Errorf("model config: %d heads share %d heads of keys (num_key_value_heads): want a divisor", c.Heads, c.KVHeads)
	}
	if c.DenseLayers > 0 && c.DenseHidden <= 0 {
		return fmt.Errorf("model config: intermediate_size is %d with %d dense layers: want a positive number", c.DenseHidden, c.DenseLayers)
	}
	if c.MoELayers() > 0 && (c.Experts <= 0 || c.ExpertHidden <= 0 || c.TopK <= 0 || c.TopK > c.Experts || c.SharedExperts < 0) {
		return fmt.Errorf("model config: %d experts of width %d, %d chosen, %d shared: want positive numbers and no more chosen than there are",
			c.Experts, c.ExpertHidden, c.TopK, c.SharedExperts)
	}
	if g := c.groups(); g > 1 && (c.Experts%g != 0 || c.Experts/g < 2 || c.TopKGroup < 1 || c.TopKGroup > g || c.TopK > c.TopKGroup*c.Experts/g) {
		return fmt.Errorf("model config: %d experts in %d groups (n_group), %d of the groups (topk_group) for %d experts: want groups of equal size, at least 2, with room for the chosen",
			c.Experts, g, c.TopKGroup, c.TopK)
	}
	if err := c.validateKinds(); err != nil {
		return err
	}
	if c.QueryRank < 0 {
		return fmt.Errorf("model config: q_lora_rank is %d: want a positive number, or null for none", c.QueryRank)
	}
	return errors.Join(c.Yarn.validate(), c.Llama3.validate())
}

// field is a size that must be positive, by its name in config.json.
type field struct {
	name  string
	value int
}

// ropeField is how many numbers of a head are rotated.
func (c Config) ropeField() field {
	if c.KVHeads > 0 {
		return field{"head_dim", c.HeadDim}
	}
	return field{"qk_rope_head_dim", c.RopeDim}
}

func (c Config) attentionFields() []field {
	if c.KVHeads > 0 {
		return []field{{"head_dim", c.HeadDim}}
	}
	return []field{{"kv_lora_rank", c.LatentRank}, {"qk_nope_head_dim", c.NopeDim}, {"qk_rope_head_dim", c.RopeDim}, {"v_head_dim", c.ValueDim}}
}

// groups is the number of groups of experts, at least 1.
func (c Config) groups() int { return max(1, c.Groups) }
