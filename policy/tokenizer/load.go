package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
)

const (
	tokenizerFile = "tokenizer.json"
	configFile    = "tokenizer_config.json"
)

// document is tokenizer.json; the order of the fields is the Python library's.
type document struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []addedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  *preTokenizer   `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       *typed          `json:"decoder"`
	Model         model           `json:"model"`
}

type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

type preTokenizer struct {
	Type    string `json:"type"`
	Pattern struct {
		Regex string `json:"Regex"`
	} `json:"pattern"`
	Behavior string `json:"behavior"`
	Invert   bool   `json:"invert"`
}

type typed struct {
	Type string `json:"type"`
}

type model struct {
	Type     string     `json:"type"`
	Vocab    vocabulary `json:"vocab"`
	UnkToken string     `json:"unk_token"`
}

// Load reads the tokenizer of a model folder, or a tokenizer.json by its own name. The roles of
// <bos>, <eos> and <pad> come from tokenizer_config.json beside it, if there is one.
func Load(path string) (*Tokenizer, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, tokenizerFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load tokenizer: %w (name a model folder or its %s)", err, tokenizerFile)
	}
	t, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("load tokenizer %s: %w", path, err)
	}
	names, err := roles(filepath.Join(filepath.Dir(path), configFile))
	if err != nil {
		return nil, fmt.Errorf("load tokenizer: %w", err)
	}
	for i, id := range []*int32{&t.bos, &t.eos, &t.pad} {
		if found, ok := t.ids[names[i]]; ok {
			*id = found
		}
	}
	return t, nil
}

// parse reads the text of a tokenizer.json.
func parse(text []byte) (*Tokenizer, error) {
	var kind struct {
		Model *typed `json:"model"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return nil, fmt.Errorf("it is no valid JSON: %w (get or save it again)", err)
	}
	if kind.Model == nil {
		return nil, errors.New("it has no model: is it a tokenizer.json?")
	}
	if kind.Model.Type != "WordLevel" {
		return nil, fmt.Errorf("tokenizers of type %q are not supported yet, only WordLevel: take another model", kind.Model.Type)
	}
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("it is no valid tokenizer: %w (get or save it again)", err)
	}
	if err := supported(&doc); err != nil {
		return nil, err
	}
	pieces, specials, err := tokens(&doc)
	if err != nil {
		return nil, err
	}
	return build(doc.PreTokenizer.Pattern.Regex, pieces, specials, doc.Model.UnkToken)
}

// supported refuses what would change the ids or the text and is not done here.
func supported(doc *document) error {
	parts := map[string]json.RawMessage{"truncation": doc.Truncation, "padding": doc.Padding, "normalizer": doc.Normalizer, "post_processor": doc.PostProcessor}
	for name, part := range parts {
		if len(part) > 0 && string(part) != "null" {
			return fmt.Errorf("its %s is not supported yet, only null: take another model", name)
		}
	}
	p := doc.PreTokenizer
	if p == nil || p.Type != "Split" || p.Pattern.Regex == "" || p.Behavior != "Isolated" || p.Invert {
		return errors.New("its pre_tokenizer is not supported yet, only Split by a Regex with behavior Isolated: take another model")
	}
	if doc.Decoder == nil || doc.Decoder.Type != "Fuse" {
		return errors.New("its decoder is not supported yet, only Fuse: take another model")
	}
	for _, a := range doc.AddedTokens {
		if a.SingleWord || a.LStrip || a.RStrip || a.Normalized || a.Content == "" {
			return fmt.Errorf("its added token %q is empty or has a flag other than special, which is not supported yet: take another model", a.Content)
		}
	}
	return nil
}

// tokens lists the vocabulary by id, added tokens included.
func tokens(doc *document) (pieces []string, specials []added, err error) {
	ids := map[string]int32{}
	maps.Copy(ids, doc.Model.Vocab)
	for _, a := range doc.AddedTokens {
		id, inside := ids[a.Content]
		if inside && id != a.ID {
			return nil, nil, fmt.Errorf("its added token %q has id %d, but %d in the vocabulary (save it again)", a.Content, a.ID, id)
		}
		ids[a.Content] = a.ID
		specials = append(specials, added{a.Content, a.ID, a.Special, !inside})
	}
	pieces = make([]string, len(ids))
	for piece, id := range ids {
		if id < 0 || int(id) >= len(ids) {
			return nil, nil, fmt.Errorf("its ids are not 0 to %d: %q has %d, which is not supported yet: take another model", len(ids)-1, piece, id)
		}
		if other := pieces[id]; other != "" {
			return nil, nil, fmt.Errorf("its pieces %q and %q have the same id %d (save it again)", other, piece, id)
		}
		pieces[id] = piece
	}
	return pieces, specials, nil
}

// config is tokenizer_config.json, as far as it matters here. A token is a string or an object.
type config struct {
	BOS configToken `json:"bos_token"`
	EOS configToken `json:"eos_token"`
	PAD configToken `json:"pad_token"`
}

type configToken string

// UnmarshalJSON takes both forms of a token: "<eos>" and {"content": "<eos>", …}.
func (t *configToken) UnmarshalJSON(text []byte) error {
	var object struct{ Content string }
	if json.Unmarshal(text, &object) == nil {
		*t = configToken(object.Content)
		return nil
	}
	return json.Unmarshal(text, (*string)(t))
}

// roles returns the names of the tokens that begin, end and pad.
func roles(path string) ([3]string, error) {
	usual := [3]string{bosToken, eosToken, padToken}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return usual, nil
	}
	if err != nil {
		return usual, err
	}
	var c config
	if err := json.Unmarshal(text, &c); err != nil {
		return usual, fmt.Errorf("%s: %w (get or save it again)", path, err)
	}
	return [3]string{string(c.BOS), string(c.EOS), string(c.PAD)}, nil
}
