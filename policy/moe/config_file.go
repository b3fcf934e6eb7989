package moe

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// unsupported lists keys of a Hugging Face config that change the mathematics and the value each must have here.
type unsupported struct {
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
	AttentionFactor *float64 `json:"attention_factor,omitempty"`
	Truncate        *bool    `json:"truncate,omitempty"`
}

// check names what this engine would compute differently.
func (p *ropeParameters) check(key string) error {
	refuse := func(key string, value any, want string) error {
		return fmt.Errorf("model config: %s is %v: this engine runs %s only", key, value, want)
	}
	switch kind := p.kind(); {
	case kind == "":
		return nil
	case kind != "yarn":
		return refuse(key+".type", kind, "yarn, or none at all,")
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
	if err := errors.Join(u.check(), u.RopeScaling.check("rope_scaling"), u.RopeParameters.check("rope_parameters")); err != nil {
		return Config{}, err
	}
	if c.groups() == 1 { // one group is none, under one name
		c.Groups, c.TopKGroup = 0, 0
	}
	c.RawGates = u.NormTopK != nil && !*u.NormTopK
	for _, p := range []*ropeParameters{u.RopeScaling, u.RopeParameters} {
		if p.kind() == "yarn" {
			c.Yarn = p.Yarn
		}
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
	case u.ScoringFunc != "" && u.ScoringFunc != "sigmoid":
		return refuse("scoring_func", u.ScoringFunc, "sigmoid")
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
		"hidden_act": "silu", "n_group": c.groups(), "topk_group": max(1, c.TopKGroup), "norm_topk_prob": !c.RawGates,
		"rope_interleave": true, "rope_scaling": nil, "tie_word_embeddings": false, "attention_bias": false,
		"num_key_value_heads": c.Heads, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
	} {
		all[k] = v
	}
	if c.QueryRank == 0 {
		all["q_lora_rank"] = nil
	}
	if c.Yarn.on() {
		all["rope_scaling"] = ropeParameters{OldType: "yarn", Type: "yarn", Yarn: c.Yarn}
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "config.json"), append(data, '\n'), 0o644)
}
