package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// document is tokenizer.json; the order of the fields is the Python library's. Truncation and
// padding are settings of a call, not of a model, and are not followed.
type document struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []addedToken    `json:"added_tokens"`
	Normalizer    *step           `json:"normalizer"`
	PreTokenizer  *step           `json:"pre_tokenizer"`
	PostProcessor *step           `json:"post_processor"`
	Decoder       *step           `json:"decoder"`
	Model         *model          `json:"model"`
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

// step is a normalizer, pre-tokenizer, post-processor or decoder; each kind uses some of the fields.
type step struct {
	Type string `json:"type"`

	Normalizers   []*step `json:"normalizers,omitempty"`
	Pretokenizers []*step `json:"pretokenizers,omitempty"`
	Processors    []*step `json:"processors,omitempty"`
	Decoders      []*step `json:"decoders,omitempty"`

	Pattern  *textPattern    `json:"pattern,omitempty"`
	Behavior string          `json:"behavior,omitempty"`
	Invert   *bool           `json:"invert,omitempty"`
	Content  string          `json:"content,omitempty"`
	Prepend  string          `json:"prepend,omitempty"`
	Start    int             `json:"start,omitempty"`
	Stop     int             `json:"stop,omitempty"`
	Left     bool            `json:"strip_left,omitempty"`
	Right    bool            `json:"strip_right,omitempty"`
	Single   json.RawMessage `json:"single,omitempty"`
	Specials json.RawMessage `json:"special_tokens,omitempty"`
	CLS      json.RawMessage `json:"cls,omitempty"`
	SEP      json.RawMessage `json:"sep,omitempty"`

	AddPrefixSpace   *bool  `json:"add_prefix_space,omitempty"`
	UseRegex         *bool  `json:"use_regex,omitempty"`
	IndividualDigits bool   `json:"individual_digits,omitempty"`
	Replacement      string `json:"replacement,omitempty"`
	PrependScheme    string `json:"prepend_scheme,omitempty"`
	Split            *bool  `json:"split,omitempty"`
}

// set returns a switch that a file may leave out.
func set(value *bool, usual bool) bool {
	if value == nil {
		return usual
	}
	return *value
}

// textPattern is a regular expression or a plain text to look for.
type textPattern struct {
	Regex  string `json:"Regex,omitempty"`
	String string `json:"String,omitempty"`
}

// model is the part of tokenizer.json that holds the vocabulary.
type model struct {
	Type         string     `json:"type"`
	Vocab        vocabulary `json:"vocab"`
	UnkToken     string     `json:"unk_token"`
	Merges       merges     `json:"merges,omitempty"`
	Dropout      *float64   `json:"dropout,omitempty"`
	Prefix       string     `json:"continuing_subword_prefix,omitempty"`
	Suffix       string     `json:"end_of_word_suffix,omitempty"`
	FuseUnk      bool       `json:"fuse_unk,omitempty"`
	ByteFallback bool       `json:"byte_fallback,omitempty"`
	IgnoreMerges bool       `json:"ignore_merges,omitempty"`
}

// merges lists the pairs that BPE joins, best first. Files hold ["a", "b"] or, older ones, "a b".
type merges [][2]string

// UnmarshalJSON implements json.Unmarshaler.
func (m *merges) UnmarshalJSON(text []byte) error {
	var pairs [][2]string
	if i := bytes.IndexAny(text, `"]`); i < 0 || text[i] == ']' || bytes.Count(text[:i], []byte{'['}) == 2 {
		err := json.Unmarshal(text, &pairs)
		*m = pairs
		return err
	}
	var joined []string
	if err := json.Unmarshal(text, &joined); err != nil {
		return err
	}
	for _, j := range joined {
		a, b, ok := strings.Cut(j, " ")
		if !ok || strings.Contains(b, " ") {
			return fmt.Errorf("merge %q is no pair of pieces", j)
		}
		pairs = append(pairs, [2]string{a, b})
	}
	*m = pairs
	return nil
}

// vocabulary is the map from pieces to ids; it is written in the order of the ids, as the Python
// library writes it.
type vocabulary map[string]int32

// MarshalJSON implements json.Marshaler.
func (v vocabulary) MarshalJSON() ([]byte, error) {
	pieces := make([]string, 0, len(v))
	for piece := range v {
		pieces = append(pieces, piece)
	}
	slices.SortFunc(pieces, func(a, b string) int { return int(v[a] - v[b]) })
	var b bytes.Buffer
	b.WriteByte('{')
	for i, piece := range pieces {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := plainJSON(piece)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s:%d", key, v[piece])
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// plainJSON encodes v without escaping <, > and &, which tags are full of.
func plainJSON(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
