package tokenizer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The files of a tokenizer in a model folder; only the first must be there.
const (
	tokenizerFile = "tokenizer.json"
	configFile    = "tokenizer_config.json"
	specialsFile  = "special_tokens_map.json"
	templateFile  = "chat_template.jinja"
)

// Load reads the tokenizer of a model folder, or a tokenizer.json by its own name. The roles of
// the tokens that begin, end and pad come from tokenizer_config.json beside it, if there is one, or from special_tokens_map.json.
func Load(path string) (*Tokenizer, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, tokenizerFile)
	}
	files := map[string][]byte{}
	for _, name := range []string{configFile, specialsFile, templateFile} {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(path), name))
		if err == nil {
			files[name] = text
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("load tokenizer: %w", err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load tokenizer: %w (name a model folder or its %s)", err, tokenizerFile)
	}
	files[tokenizerFile] = text
	t, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("load tokenizer %s: %w", path, err)
	}
	if err := t.settle(files); err != nil {
		return nil, fmt.Errorf("load tokenizer: %s: %w (get or save it again)", filepath.Join(filepath.Dir(path), configFile), err)
	}
	return t, nil
}

// Parse makes a tokenizer from the text of a tokenizer.json and of its tokenizer_config.json, which
// may be nil.
func Parse(text, settings []byte) (*Tokenizer, error) {
	t, err := parse(text)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{tokenizerFile: text}
	if settings != nil {
		files[configFile] = settings
	}
	if err := t.settle(files); err != nil {
		return nil, fmt.Errorf("%s: %w", configFile, err)
	}
	return t, nil
}

// parse reads the text of a tokenizer.json.
func parse(text []byte) (*Tokenizer, error) {
	var kind struct {
		Model *struct{ Type string }
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return nil, fmt.Errorf("it is no valid JSON: %w (get or save it again)", err)
	}
	if kind.Model == nil {
		return nil, errors.New("it has no model: is it a tokenizer.json?")
	}
	if kind.Model.Type != "WordLevel" && kind.Model.Type != "BPE" {
		return nil, fmt.Errorf("tokenizers of type %q are not supported, only BPE and WordLevel: take another model", kind.Model.Type)
	}
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("it is no valid tokenizer: %w (get or save it again)", err)
	}
	return build(&doc)
}

// build makes the parts of a tokenizer.
func build(doc *document) (*Tokenizer, error) {
	t := &Tokenizer{bos: None, eos: None, pad: None}
	var err error
	if t.ids, t.pieces, err = vocabularyIDs(doc); err != nil {
		return nil, err
	}
	if t.normalizers, err = newNormalizers(nil, doc.Normalizer); err != nil {
		return nil, err
	}
	t.addTokens(doc.AddedTokens)
	if t.cuts, err = newPreTokenizers(nil, doc.PreTokenizer); err != nil {
		return nil, err
	}
	byBytes, err := spellsBytes(t.cuts)
	if err != nil {
		return nil, err
	}
	if doc.Model.Type == "WordLevel" {
		t.model = newWordLevel(doc.Model, byBytes)
	} else if t.model, err = newBPE(doc.Model, byBytes); err != nil {
		return nil, err
	}
	if t.frame, err = newFrame(doc.PostProcessor); err != nil {
		return nil, err
	}
	t.decoders = []decoder{blankDecoder{}}
	if doc.Decoder != nil {
		if t.decoders, err = newDecoders(nil, doc.Decoder); err != nil {
			return nil, err
		}
	}
	t.spell()
	return t, nil
}

// spellsBytes tells whether the pieces reach the model spelled in bytes.
func spellsBytes(cuts []preTokenizer) (bool, error) {
	found := false
	for _, c := range cuts {
		if _, ok := c.(byteLevel); !ok && found {
			return false, errors.New("its pre_tokenizer has other parts after ByteLevel, which is not supported: take another model")
		} else if ok && found {
			return false, errors.New("its pre_tokenizer has ByteLevel twice (save it again)")
		} else if ok {
			found = true
		}
	}
	return found, nil
}

// addTokens sorts the added tokens by where they are looked for.
func (t *Tokenizer) addTokens(list []addedToken) {
	t.special = make([]bool, len(t.pieces))
	var raw, later []addedToken
	for _, a := range list {
		if a.Content == "" {
			continue
		}
		t.special[a.ID] = a.Special
		if !a.Normalized {
			raw = append(raw, a)
			continue
		}
		for _, n := range t.normalizers {
			a.Content = n.normalize(a.Content)
		}
		later = append(later, a)
	}
	t.added, t.later = newAddedSet(raw), newAddedSet(later)
}

// config is tokenizer_config.json or special_tokens_map.json, as far as it matters here.
type config struct {
	BOS      configToken     `json:"bos_token"`
	EOS      configToken     `json:"eos_token"`
	PAD      configToken     `json:"pad_token"`
	UNK      configToken     `json:"unk_token"`
	Template json.RawMessage `json:"chat_template"`
}

// configToken is a token, in a file a string or an object.
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

// settle takes the roles of tokens from the other files and keeps them all for Save.
func (t *Tokenizer) settle(files map[string][]byte) error {
	t.files = files
	main, err := readConfig(files[configFile])
	if err != nil {
		return err
	}
	specials, err := readConfig(files[specialsFile])
	if err != nil {
		return err
	}
	usual := config{}
	if files[configFile] == nil && files[specialsFile] == nil {
		usual = config{BOS: bosToken, EOS: eosToken, PAD: padToken} // the names that this package gives
	}
	t.roles = map[string]string{}
	for role, name := range map[string]configToken{
		"bos_token": cmp.Or(main.BOS, specials.BOS, usual.BOS), "eos_token": cmp.Or(main.EOS, specials.EOS, usual.EOS),
		"pad_token": cmp.Or(main.PAD, specials.PAD, usual.PAD), "unk_token": cmp.Or(main.UNK, specials.UNK),
	} {
		if name != "" {
			t.roles[role] = string(name)
		}
	}
	for role, id := range map[string]*int32{"bos_token": &t.bos, "eos_token": &t.eos, "pad_token": &t.pad} {
		if found, ok := t.ids[t.roles[role]]; ok {
			*id = found
		}
	}
	return nil
}

func readConfig(text []byte) (c config, err error) {
	if len(strings.TrimSpace(string(text))) == 0 {
		return c, nil
	}
	err = json.Unmarshal(text, &c)
	return c, err
}
