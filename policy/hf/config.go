package hf

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	configFile     = "config.json"
	generationFile = "generation_config.json"
)

// Config is config.json as far as sizes go, for any family; what a model does not have is 0. Engines read it more strictly.
type Config struct {
	Architectures []string `json:"architectures"`
	ModelType     string   `json:"model_type"`
	DType         string   `json:"torch_dtype"`
	Vocab         int      `json:"vocab_size"`
	Width         int      `json:"hidden_size"`
	Layers        int      `json:"num_hidden_layers"`
	Heads         int      `json:"num_attention_heads"`
	KVHeads       int      `json:"num_key_value_heads"`
	HeadDim       int      `json:"head_dim"`
	Context       int      `json:"max_position_embeddings"`
	TieEmbeddings bool     `json:"tie_word_embeddings"`

	// Multi-head latent attention.
	QueryRank  int `json:"q_lora_rank"`
	LatentRank int `json:"kv_lora_rank"`
	NopeDim    int `json:"qk_nope_head_dim"`
	RopeDim    int `json:"qk_rope_head_dim"`
	ValueDim   int `json:"v_head_dim"`

	// Experts, by the names of DeepSeek and of Qwen3.
	RoutedExperts   int `json:"n_routed_experts"`
	NumExperts      int `json:"num_experts"`
	ExpertsPerToken int `json:"num_experts_per_tok"`
	DraftLayers     int `json:"num_nextn_predict_layers"`
}

// ReadConfig reads config.json of a model folder.
func ReadConfig(dir string) (Config, error) {
	path := filepath.Join(dir, configFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read model config: %w (a model is a folder with config.json, *.safetensors and tokenizer.json)", err)
	}
	c, err := ParseConfig(text)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w (get or save it again)", path, err)
	}
	return c, nil
}

// ParseConfig reads the text of a config.json. Of a model that also sees, it takes the part that reads.
func ParseConfig(text []byte) (Config, error) {
	var outer struct {
		Architectures []string        `json:"architectures"`
		ModelType     string          `json:"model_type"`
		DType         string          `json:"dtype"` // its name since transformers 4.56
		Text          json.RawMessage `json:"text_config"`
	}
	if err := json.Unmarshal(text, &outer); err != nil {
		return Config{}, err
	}
	var c Config
	if strings.HasPrefix(outer.ModelType, "gemma3") { // its released files leave out what equals these
		c = Config{Vocab: 262_208, Width: 2304, Layers: 26, Heads: 8, KVHeads: 4, HeadDim: 256, Context: 131_072, TieEmbeddings: true}
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return Config{}, err
	}
	if outer.Text != nil {
		if err := json.Unmarshal(outer.Text, &c); err != nil {
			return Config{}, err
		}
		c.Architectures = outer.Architectures
	}
	if c.DType == "" {
		c.DType = outer.DType
	}
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	if c.HeadDim == 0 && c.Heads > 0 {
		c.HeadDim = c.Width / c.Heads
	}
	if c.Layers < 1 || c.Heads < 1 || c.Width < 1 {
		return Config{}, fmt.Errorf("%d layers, %d heads and width %d make no model", c.Layers, c.Heads, c.Width)
	}
	return c, nil
}

// Experts is how many routed experts a layer has, 0 for a dense model.
func (c Config) Experts() int { return max(c.RoutedExperts, c.NumExperts) }

// Cache is how many numbers the key-value cache keeps for each token, all layers together: as the model
// asks for it, and as plain attention would with the same heads.
func (c Config) Cache() (kept, plain int) {
	if c.LatentRank > 0 {
		return c.Layers * (c.LatentRank + c.RopeDim), c.Layers * c.Heads * (c.NopeDim + c.RopeDim + c.ValueDim)
	}
	return c.Layers * 2 * c.KVHeads * c.HeadDim, c.Layers * 2 * c.Heads * c.HeadDim
}

// Generation is generation_config.json: how the makers of a model sample from it. Numbers that it leaves out are nil.
type Generation struct {
	DoSample     bool     `json:"do_sample"`
	Temperature  *float64 `json:"temperature"`
	TopP         *float64 `json:"top_p"`
	TopK         *int     `json:"top_k"`
	MinP         *float64 `json:"min_p"`
	MaxNewTokens *int     `json:"max_new_tokens"`
	EOS          tokenIDs `json:"eos_token_id"`
	BOS          tokenIDs `json:"bos_token_id"`
	PAD          tokenIDs `json:"pad_token_id"`
}

// tokenIDs are ids, in the file one number or a list.
type tokenIDs []int32

// UnmarshalJSON implements json.Unmarshaler.
func (ids *tokenIDs) UnmarshalJSON(text []byte) error {
	var one int32
	if string(text) != "null" && json.Unmarshal(text, &one) == nil {
		*ids = tokenIDs{one}
		return nil
	}
	return json.Unmarshal(text, (*[]int32)(ids))
}

// ReadGeneration reads generation_config.json of a model folder; one that is not there is empty.
func ReadGeneration(dir string) (Generation, error) {
	var g Generation
	path := filepath.Join(dir, generationFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return g, fmt.Errorf("read generation config: %w", err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		return Generation{}, fmt.Errorf("%s: %w (get or save it again)", path, err)
	}
	return g, nil
}
