package gguf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Kinds of tokens in tokenizer.ggml.token_type that are recognised before a text is cut.
const (
	controlToken = 3
	userToken    = 4
)

// Patterns of published tokenizers, as their tokenizer.json has them.
const (
	llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	cjkPattern    = "[一-龥぀-ゟ゠-ヿ]+"
	v3Pattern     = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
)

type object = map[string]any

func split(pattern string) object {
	return object{"type": "Split", "pattern": object{"Regex": pattern}, "behavior": "Isolated", "invert": false}
}

// preTokenizer is the pre-tokenizer that a name in tokenizer.ggml.pre stands for.
func preTokenizer(name string) (object, bool) {
	bytesOnly := object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}
	gpt2 := object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
	var parts []object
	switch name {
	case "gpt-2", "gpt2":
		return gpt2, true
	case "smollm":
		parts = []object{{"type": "Digits", "individual_digits": true}, gpt2}
	case "llama-bpe", "llama3", "llama-v3":
		parts = []object{split(llama3Pattern), bytesOnly}
	case "qwen2", "deepseek-r1-qwen":
		parts = []object{split(qwen2Pattern), bytesOnly}
	case "deepseek-v3":
		parts = []object{split(`\p{N}{1,3}`), split(cjkPattern), split(v3Pattern), bytesOnly}
	default:
		return nil, false
	}
	return object{"type": "Sequence", "pretokenizers": parts}, true
}

// Tokenizer writes the file's tokenizer as tokenizer.json and tokenizer_config.json. It knows
// byte-level BPE, and of those the kinds in preTokenizer.
func (f *File) Tokenizer() (text, settings []byte, err error) {
	if kind := f.String("tokenizer.ggml.model"); kind != "gpt2" {
		return nil, nil, fmt.Errorf("%s has a tokenizer of the kind %q, only gpt2 (byte-level BPE) is read: take tokenizer.json from the model's Hugging Face folder", f.path, kind)
	}
	name := f.String("tokenizer.ggml.pre")
	pre, ok := preTokenizer(name)
	if !ok {
		return nil, nil, fmt.Errorf("%s has a tokenizer that cuts texts as %q does, which is not known here: take tokenizer.json from the model's Hugging Face folder", f.path, name)
	}
	pieces, _ := f.Metadata["tokenizer.ggml.tokens"].([]string)
	merges, _ := f.Metadata["tokenizer.ggml.merges"].([]string)
	kinds, _ := f.Metadata["tokenizer.ggml.token_type"].([]int64)
	if len(pieces) == 0 || len(kinds) != len(pieces) {
		return nil, nil, fmt.Errorf("%s has %d tokens and %d types of tokens (get it again)", f.path, len(pieces), len(kinds))
	}
	added := []object{}
	for id, kind := range kinds {
		if kind == controlToken || kind == userToken {
			added = append(added, object{"id": id, "content": pieces[id], "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": kind == controlToken})
		}
	}
	var normalizer any
	if name == "qwen2" || name == "deepseek-r1-qwen" {
		normalizer = object{"type": "NFC"}
	}
	text, err = encode(struct { // in the order of the Python library
		Version       string    `json:"version"`
		Truncation    any       `json:"truncation"`
		Padding       any       `json:"padding"`
		AddedTokens   []object  `json:"added_tokens"`
		Normalizer    any       `json:"normalizer"`
		PreTokenizer  object    `json:"pre_tokenizer"`
		PostProcessor any       `json:"post_processor"`
		Decoder       object    `json:"decoder"`
		Model         modelPart `json:"model"`
	}{
		"1.0", nil, nil, added, normalizer, pre, f.frame(pieces), object{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
		modelPart{Type: "BPE", IgnoreMerges: strings.HasPrefix(name, "llama"), Vocab: pieces, Merges: merges},
	})
	if err != nil {
		return nil, nil, err
	}
	settings, err = f.settings(pieces)
	return text, settings, err
}

// modelPart is the model of tokenizer.json.
type modelPart struct {
	Type         string     `json:"type"`
	Dropout      *float64   `json:"dropout"`
	UnkToken     *string    `json:"unk_token"`
	Prefix       *string    `json:"continuing_subword_prefix"`
	Suffix       *string    `json:"end_of_word_suffix"`
	FuseUnk      bool       `json:"fuse_unk"`
	ByteFallback bool       `json:"byte_fallback"`
	IgnoreMerges bool       `json:"ignore_merges"`
	Vocab        vocabulary `json:"vocab"`
	Merges       []string   `json:"merges"`
}

// vocabulary lists pieces by id; in JSON it is a map, in that order.
type vocabulary []string

// MarshalJSON implements json.Marshaler.
func (v vocabulary) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for id, piece := range v {
		key, err := json.Marshal(piece)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, ",%s:%d", key, id)
	}
	return append(append([]byte{'{'}, bytes.TrimPrefix(b.Bytes(), []byte{','})...), '}'), nil
}

// frame is a post-processor that puts the first token before a text, where the file asks for it.
func (f *File) frame(pieces []string) any {
	if add, _ := f.Metadata["tokenizer.ggml.add_bos_token"].(bool); !add {
		return nil
	}
	id, ok := f.Int("tokenizer.ggml.bos_token_id")
	if !ok || id < 0 || id >= len(pieces) {
		return nil
	}
	bos := pieces[id]
	first, a := object{"SpecialToken": object{"id": bos, "type_id": 0}}, object{"Sequence": object{"id": "A", "type_id": 0}}
	b := object{"Sequence": object{"id": "B", "type_id": 1}}
	return object{"type": "TemplateProcessing", "single": []object{first, a}, "pair": []object{first, a, b},
		"special_tokens": object{bos: object{"id": bos, "ids": []int{id}, "tokens": []string{bos}}}}
}

// settings is tokenizer_config.json.
func (f *File) settings(pieces []string) ([]byte, error) {
	out := object{"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false}
	for role, key := range map[string]string{"bos_token": "bos", "eos_token": "eos", "pad_token": "padding", "unk_token": "unknown"} {
		if id, ok := f.Int("tokenizer.ggml." + key + "_token_id"); ok && id >= 0 && id < len(pieces) {
			out[role] = pieces[id]
		}
	}
	if template := f.String("tokenizer.chat_template"); template != "" {
		out["chat_template"] = template
	}
	if n, ok := f.Int(f.String("general.architecture") + ".context_length"); ok {
		out["model_max_length"] = n
	}
	return encode(out)
}
