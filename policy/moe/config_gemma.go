package moe

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// gemmaKeys lists keys of a Gemma3TextConfig beyond those of Config.
type gemmaKeys struct {
	KVHeads       int             `json:"num_key_value_heads"`
	HeadDim       int             `json:"head_dim"`
	Tied          bool            `json:"tie_word_embeddings"`
	Activation    string          `json:"hidden_activation"`
	QueryScalar   float64         `json:"query_pre_attn_scalar"`
	Window        int             `json:"sliding_window"`
	Pattern       int             `json:"sliding_window_pattern"`  // every so manieth layer attends to all, in released files
	SavedPattern  int             `json:"_sliding_window_pattern"` // as some versions of transformers saved it
	LayerTypes    []string        `json:"layer_types"`             // instead of a pattern
	LocalTheta    float64         `json:"rope_local_base_freq"`
	RopeScaling   *ropeParameters `json:"rope_scaling"`
	Rope          gemmaRope       `json:"rope_parameters"` // since transformers 5, instead of the two before
	FinalCap      *float64        `json:"final_logit_softcapping"`
	ScoreCap      *float64        `json:"attn_logit_softcapping"`
	Bias          bool            `json:"attention_bias"`
	Bidirectional bool            `json:"use_bidirectional_attention"`
}

type gemmaRope struct {
	Full    *ropeParameters `json:"full_attention,omitempty"`
	Sliding *ropeParameters `json:"sliding_attention,omitempty"`
}

// Names of layer kinds in a published config.
const (
	slidingLayer = "sliding_attention"
	fullLayer    = "full_attention"
)

// gemmaDefaults are Gemma3TextConfig's: released files leave out what equals them.
func gemmaDefaults() (Config, gemmaKeys) {
	return Config{
			Vocab: 262_208, Width: 2304, Layers: 26, Heads: 8, DenseHidden: 9216, MaxPositions: 131_072, NormEps: 1e-6, RopeTheta: 1e6, RoutedScale: 1, Gemma: true, QKNorm: true,
		}, gemmaKeys{
			KVHeads: 4, HeadDim: 256, Tied: true, Activation: "gelu_pytorch_tanh", QueryScalar: 256, Window: 4096, Pattern: 6, LocalTheta: 10_000,
		}
}

// parseGemma reads a config.json of model_type gemma3_text, or the text_config of one of model_type gemma3.
func parseGemma(data []byte) (Config, error) {
	c, k := gemmaDefaults()
	if err := errors.Join(json.Unmarshal(data, &c), json.Unmarshal(data, &k)); err != nil {
		return Config{}, fmt.Errorf("parse model config: %w", err)
	}
	if err := k.check(); err != nil {
		return Config{}, err
	}
	c.KVHeads, c.HeadDim, c.Tied, c.QueryScalar, c.DenseLayers = k.KVHeads, k.HeadDim, k.Tied, k.QueryScalar, c.Layers
	c.Window, c.LocalTheta, c.RopeFactor = k.Window, k.LocalTheta, 1
	for _, r := range []*ropeParameters{k.RopeScaling, k.Rope.Full} {
		if r != nil {
			c.RopeFactor, c.RopeTheta = cmp.Or(r.Factor, c.RopeFactor), cmp.Or(r.Theta, c.RopeTheta)
		}
	}
	if r := k.Rope.Sliding; r != nil {
		c.LocalTheta = cmp.Or(r.Theta, c.LocalTheta)
	}
	kinds, err := k.kinds(c.Layers)
	if err != nil {
		return Config{}, err
	}
	c.LayerKinds = kinds
	return c, c.Validate()
}

// check names what this engine would compute differently.
func (k gemmaKeys) check() error {
	switch {
	case k.Activation != "gelu_pytorch_tanh":
		return refuse("hidden_activation", k.Activation, "gelu_pytorch_tanh")
	case k.FinalCap != nil:
		return refuse("final_logit_softcapping", *k.FinalCap, "null")
	case k.ScoreCap != nil:
		return refuse("attn_logit_softcapping", *k.ScoreCap, "null")
	case k.Bias:
		return refuse("attention_bias", true, "false")
	case k.Bidirectional:
		return refuse("use_bidirectional_attention", true, "false")
	case k.Rope.Sliding.kind() != "":
		return refuse("rope_parameters.sliding_attention.rope_type", k.Rope.Sliding.kind(), "default")
	}
	for key, r := range map[string]*ropeParameters{"rope_scaling": k.RopeScaling, "rope_parameters.full_attention": k.Rope.Full} {
		if kind := r.kind(); kind != "" && kind != "linear" {
			return refuse(key+".rope_type", kind, "default and linear in this family")
		} else if kind == "linear" && r.Factor < 1 {
			return refuse(key+".factor", r.Factor, "a factor of at least 1")
		}
	}
	return nil
}

// kinds are Config.LayerKinds.
func (k gemmaKeys) kinds(layers int) (string, error) {
	var b strings.Builder
	for _, kind := range k.LayerTypes {
		switch kind {
		case slidingLayer:
			b.WriteByte(windowKind)
		case fullLayer:
			b.WriteByte(fullKind)
		default:
			return "", refuse("layer_types", kind, slidingLayer+" and "+fullLayer)
		}
	}
	if len(k.LayerTypes) > 0 {
		return b.String(), nil
	}
	pattern := cmp.Or(k.SavedPattern, k.Pattern)
	if pattern < 1 {
		return "", refuse("sliding_window_pattern", pattern, "a pattern of at least 1")
	}
	for l := range layers {
		if (l+1)%pattern == 0 {
			b.WriteByte(fullKind)
		} else {
			b.WriteByte(windowKind)
		}
	}
	return b.String(), nil
}

// gemmaConfigKeys are the keys of config.json for a Gemma 3, sizes in common aside.
func (c Config) gemmaConfigKeys() map[string]any {
	var types []string
	for l := range c.Layers {
		if c.windowed(l) {
			types = append(types, slidingLayer)
		} else {
			types = append(types, fullLayer)
		}
	}
	full := ropeParameters{Theta: c.RopeTheta, Type: "default"}
	if c.RopeFactor > 1 {
		full.Type, full.Factor = "linear", c.RopeFactor
	}
	return map[string]any{
		"num_key_value_heads": c.KVHeads, "head_dim": c.HeadDim, "tie_word_embeddings": c.Tied, "attention_bias": false, "torch_dtype": "float32",
		"hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": c.QueryScalar, "sliding_window": c.Window, "layer_types": types,
		"rope_parameters":         gemmaRope{&full, &ropeParameters{Theta: c.LocalTheta, Type: "default"}},
		"final_logit_softcapping": nil, "attn_logit_softcapping": nil, "use_bidirectional_attention": false,
	}
}
