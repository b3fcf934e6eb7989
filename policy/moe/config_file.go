package moe

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// published lists keys of a Hugging Face config beyond sizes: some choose the mathematics, some must have one value here.
type published struct {
	KVHeads         int             `json:"num_key_value_heads"`
	HeadDim         int             `json:"head_dim"`
	NumExperts      int             `json:"num_experts"`       // Qwen3-MoE's name in released files
	LocalExperts    int             `json:"num_local_experts"` // and as transformers 5 saves it
	SparseStep      *int            `json:"decoder_sparse_step"`
	MLPOnly         []int           `json:"mlp_only_layers"`
	MLPBias         *bool           `json:"mlp_bias"`
	SlidingWindow   *bool           `json:"use_sliding_window"`
	RopeScaling     *ropeParameters `json:"rope_scaling"`
	RopeParameters  *ropeParameters `json:"rope_parameters"`
	NormTopK        *bool           `json:"norm_topk_prob"`
	ScoringFunc     string          `json:"scoring_func"`
	RopeInterleave  *bool           `json:"rope_interleave"`
	TieEmbeddings   *bool           `json:"tie_word_embeddings"`
	AttentionBias   *bool           `json:"attention_bias"`
	ModelType       string          `json:"model_type"`
	HiddenActivaton string          `json:"hidden_act"`
}

// ropeParameters is what transformers keeps in rope_parameters, and the released DeepSeek files in rope_scaling.
type ropeParameters struct {
	Theta   float64 `json:"rope_theta,omitempty"`
	Type    string  `json:"rope_type,omitempty"`
	OldType string  `json:"type,omitempty"`
	Yarn
	LowFreq         float64  `json:"low_freq_factor,omitempty"`  // of llama3
	HighFreq        float64  `json:"high_freq_factor,omitempty"` // of llama3
	AttentionFactor *float64 `json:"attention_factor,omitempty"`
	Truncate        *bool    `json:"truncate,omitempty"`
}

// check names what this engine would compute differently.
func (p *ropeParameters) check(key string) error {
	switch kind := p.kind(); {
	case kind == "", kind == "llama3":
		return nil
	case kind != "yarn":
		return refuse(key+".type", kind, "yarn, llama3, or none at all,")
	case p.Factor < 1:
		return refuse(key+".factor", p.Factor, "a factor of at least 1")
	case p.AttentionFactor != nil:
		return refuse(key+".attention_factor", *p.AttentionFactor, "mscale and mscale_all_dim")
	case p.Truncate != nil && !*p.Truncate:
		return refuse(key+".truncate", false, "true")
	}
	return nil
}

// kind is the type under either name; "" is the plain one.
func (p *ropeParameters) kind() string {
	if p == nil {
		return ""
	}
	if kind := cmp.Or(p.Type, p.OldType); kind != "default" {
		return kind
	}
	return ""
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
	var outer struct {
		ModelType string          `json:"model_type"`
		Text      json.RawMessage `json:"text_config"`
	}
	if err := json.Unmarshal(data, &outer); err != nil {
		return Config{}, fmt.Errorf("parse model config: %w", err)
	}
	switch {
	case outer.ModelType == familyGemma3:
		return parseGemma(data)
	case outer.ModelType == withVision && outer.Text != nil:
		return parseGemma(outer.Text)
	}
	c := Config{RoutedScale: 1, RopeTheta: 10000, NormEps: 1e-6}
	var p published
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, fmt.Errorf("parse model config: %w", err)
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return Config{}, fmt.Errorf("parse model config: %w", err)
	}
	if p.RopeParameters != nil && p.RopeParameters.Theta > 0 {
		c.RopeTheta = p.RopeParameters.Theta
	}
	if err := errors.Join(p.RopeScaling.check("rope_scaling"), p.RopeParameters.check("rope_parameters")); err != nil {
		return Config{}, err
	}
	if err := p.applyFamily(&c); err != nil {
		return Config{}, err
	}
	if c.groups() == 1 { // one group is none, under one name
		c.Groups, c.TopKGroup = 0, 0
	}
	c.RawGates = p.NormTopK != nil && !*p.NormTopK
	for _, r := range []*ropeParameters{p.RopeScaling, p.RopeParameters} {
		if r.kind() == "yarn" {
			c.Yarn = r.Yarn
		}
		if r.kind() == "llama3" {
			c.Llama3 = Llama3{r.Factor, r.Original, r.LowFreq, r.HighFreq}
		}
	}
	return c, c.Validate()
}

// writeConfig writes config.json so that transformers loads the folder as the family's class.
func (c Config) writeConfig(dir string) error {
	fields, err := json.Marshal(c)
	if err != nil {
		return err
	}
	all := map[string]any{}
	if err := json.Unmarshal(fields, &all); err != nil {
		return err
	}
	own := c.deepSeekKeys()
	if c.KVHeads > 0 {
		for _, key := range []string{"kv_lora_rank", "q_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "n_routed_experts", "n_shared_experts",
			"first_k_dense_replace", "n_group", "topk_group", "routed_scaling_factor"} {
			delete(all, key)
		}
		own = c.groupedQueryKeys()
		if c.Gemma {
			own = c.gemmaConfigKeys()
		}
	}
	for k, v := range own {
		all[k] = v
	}
	all["architectures"], all["model_type"] = []string{architecture(c.family())}, c.family()
	return writeJSON(filepath.Join(dir, configFile), all)
}

// deepSeekKeys are the keys of config.json for a model of DeepSeek-V3's design, sizes aside.
func (c Config) deepSeekKeys() map[string]any {
	keys := map[string]any{
		"torch_dtype": "float32",
		"hidden_act":  "silu", "n_group": c.groups(), "topk_group": max(1, c.TopKGroup), "norm_topk_prob": !c.RawGates,
		"rope_interleave": true, "rope_scaling": nil, "tie_word_embeddings": false, "attention_bias": false,
		"num_key_value_heads": c.Heads, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
	}
	if c.QueryRank == 0 {
		keys["q_lora_rank"] = nil
	}
	if c.Yarn.on() {
		keys["rope_scaling"] = ropeParameters{OldType: "yarn", Type: "yarn", Yarn: c.Yarn}
	}
	return keys
}

func writeJSON(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}
