package moe

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The families of published models that the engine runs, by model_type.
const (
	familyDeepSeek = "deepseek_v3"
	familyGemma3   = "gemma3_text"
	familyLlama    = "llama" // Llama 2 and 3, SmolLM2, Mistral's first
	familyQwen2    = "qwen2"
	familyQwen3    = "qwen3"
	familyQwen3MoE = "qwen3_moe"
)

// withVision is the model_type of a Gemma 3 that also sees. Of these the decoder is run, and the rest kept as it is.
const withVision = "gemma3"

// architecture is the class of transformers for a family.
func architecture(family string) string {
	return map[string]string{
		familyDeepSeek: "DeepseekV3ForCausalLM", familyGemma3: "Gemma3ForCausalLM", familyLlama: "LlamaForCausalLM", familyQwen2: "Qwen2ForCausalLM",
		familyQwen3: "Qwen3ForCausalLM", familyQwen3MoE: "Qwen3MoeForCausalLM",
	}[family]
}

// family names the published family that a configuration belongs to.
func (c Config) family() string {
	switch {
	case c.KVHeads == 0:
		return familyDeepSeek
	case c.Gemma:
		return familyGemma3
	case c.SoftmaxRouter:
		return familyQwen3MoE
	case c.QKNorm:
		return familyQwen3
	case c.QKVBias:
		return familyQwen2
	default:
		return familyLlama
	}
}

// refuse says that a key asks for what the engine does not compute.
func refuse(key string, value any, want string) error {
	return fmt.Errorf("model config: %s is %v: this engine runs %s only", key, value, want)
}

// applyFamily sets what the family decides, and refuses what would be computed differently.
func (p published) applyFamily(c *Config) error {
	if p.HiddenActivaton != "" && p.HiddenActivaton != "silu" {
		return refuse("hidden_act", p.HiddenActivaton, "silu")
	}
	switch p.ModelType {
	case "", familyDeepSeek:
		return p.checkDeepSeek()
	case familyLlama, familyQwen2, familyQwen3, familyQwen3MoE:
		p.applyGroupedQuery(c)
		return p.checkGroupedQuery()
	}
	return refuse("model_type", p.ModelType, fmt.Sprintf("%s, %s, %s, %s, %s, %s and %s", familyDeepSeek, withVision, familyGemma3, familyLlama, familyQwen2, familyQwen3, familyQwen3MoE))
}

func (p published) checkDeepSeek() error {
	switch {
	case p.ScoringFunc != "" && p.ScoringFunc != "sigmoid":
		return refuse("scoring_func", p.ScoringFunc, "sigmoid")
	case p.RopeInterleave != nil && !*p.RopeInterleave:
		return refuse("rope_interleave", *p.RopeInterleave, "true")
	case p.TieEmbeddings != nil && *p.TieEmbeddings:
		return refuse("tie_word_embeddings", *p.TieEmbeddings, "false")
	case p.AttentionBias != nil && *p.AttentionBias:
		return refuse("attention_bias", *p.AttentionBias, "false")
	}
	return p.checkStretch("yarn")
}

// applyGroupedQuery reads a decoder of the Llama line.
func (p published) applyGroupedQuery(c *Config) {
	c.KVHeads, c.HeadDim = p.KVHeads, p.HeadDim
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	if c.HeadDim == 0 && c.Heads > 0 {
		c.HeadDim = c.Width / c.Heads
	}
	c.Tied = p.TieEmbeddings != nil && *p.TieEmbeddings
	c.QKVBias = p.ModelType == familyQwen2
	c.QKNorm = p.ModelType == familyQwen3 || p.ModelType == familyQwen3MoE
	c.SoftmaxRouter = p.ModelType == familyQwen3MoE
	c.DenseLayers = c.Layers
	if c.SoftmaxRouter {
		c.DenseLayers, c.Experts = 0, max(p.NumExperts, p.LocalExperts)
	}
}

func (p published) checkGroupedQuery() error {
	switch {
	case p.AttentionBias != nil && *p.AttentionBias:
		return refuse("attention_bias", *p.AttentionBias, "false")
	case p.MLPBias != nil && *p.MLPBias:
		return refuse("mlp_bias", *p.MLPBias, "false")
	case p.SlidingWindow != nil && *p.SlidingWindow:
		return refuse("use_sliding_window", *p.SlidingWindow, "false")
	case p.SparseStep != nil && *p.SparseStep != 1:
		return refuse("decoder_sparse_step", *p.SparseStep, "1")
	case len(p.MLPOnly) > 0:
		return refuse("mlp_only_layers", p.MLPOnly, "[]")
	}
	return p.checkStretch("llama3")
}

// checkStretch refuses rope scaling other than the family's.
func (p published) checkStretch(allowed string) error {
	for key, r := range map[string]*ropeParameters{"rope_scaling": p.RopeScaling, "rope_parameters": p.RopeParameters} {
		if kind := r.kind(); kind != "" && kind != allowed {
			return refuse(key+".rope_type", kind, "default and "+allowed+" in this family")
		}
		if r.kind() == "llama3" && r.Factor < 1 {
			return refuse(key+".factor", r.Factor, "a factor of at least 1")
		}
	}
	return nil
}

// source is what a model folder holds beside its weights, kept for the folders that are saved: nil where there was none.
type source struct {
	dir                string
	config, generation []byte
	prefix             string   // that its tensors have instead of plainPrefix
	others             []string // its tensors that are not of the decoder, saved as they are
}

const generationFile = "generation_config.json"

func readSource(dir string) (source, error) {
	s := source{dir: dir, prefix: plainPrefix}
	var err error
	if s.config, err = os.ReadFile(filepath.Join(dir, configFile)); err != nil {
		return s, fmt.Errorf("read model config: %w", err)
	}
	s.generation, err = os.ReadFile(filepath.Join(dir, generationFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return s, err
}

// writeConfig writes config.json: that of the folder which was opened, but for the type of the weights, else one that says what the
// model is. Training changes no other key.
func (t *Trainer) writeConfig(dir string) error {
	if t.source.config == nil {
		return t.Config.writeConfig(dir)
	}
	all := map[string]any{}
	if err := json.Unmarshal(t.source.config, &all); err != nil {
		return err
	}
	for _, key := range []string{"torch_dtype", "dtype"} {
		if _, ok := all[key]; ok {
			all[key] = "float32"
		}
	}
	delete(all, "quantization_config") // they are no longer
	if t.source.generation != nil {
		if err := os.WriteFile(filepath.Join(dir, generationFile), t.source.generation, 0o644); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(dir, configFile), all)
}

// groupedQueryKeys are the keys of config.json for a decoder of the Llama line, sizes in common aside.
func (c Config) groupedQueryKeys() map[string]any {
	keys := map[string]any{
		"num_key_value_heads": c.KVHeads, "head_dim": c.HeadDim, "tie_word_embeddings": c.Tied,
		"attention_bias": false, "hidden_act": "silu", "torch_dtype": "float32", "rope_scaling": nil,
	}
	if c.Llama3.on() {
		keys["rope_scaling"] = map[string]any{
			"rope_type": "llama3", "factor": c.Llama3.Factor, "original_max_position_embeddings": c.Llama3.Original,
			"low_freq_factor": c.Llama3.LowFreq, "high_freq_factor": c.Llama3.HighFreq,
		}
	}
	if c.SoftmaxRouter {
		keys["num_experts"], keys["norm_topk_prob"], keys["decoder_sparse_step"], keys["mlp_only_layers"] = c.Experts, !c.RawGates, 1, []int{}
	}
	return keys
}
