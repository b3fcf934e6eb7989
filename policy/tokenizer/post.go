package tokenizer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// frame is what a post-processor puts before and after a text.
type frame struct{ before, after []int32 }

// newFrame reads a post-processor, as far as it changes the ids of a single text.
func newFrame(s *step) (frame, error) {
	if s == nil {
		return frame{}, nil
	}
	switch s.Type {
	case "ByteLevel": // it only changes offsets
		return frame{}, nil
	case "Sequence":
		var all frame
		for _, inner := range s.Processors {
			f, err := newFrame(inner)
			if err != nil {
				return frame{}, err
			}
			all.before, all.after = append(f.before, all.before...), append(all.after, f.after...)
		}
		return all, nil
	case "TemplateProcessing":
		return templateFrame(s)
	case "BertProcessing", "RobertaProcessing":
		return pairFrame(s)
	}
	return frame{}, fmt.Errorf("its post_processor %q is not supported, only ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing and Sequence: take another model", s.Type)
}

func templateFrame(s *step) (frame, error) {
	var parts []struct {
		SpecialToken *struct {
			ID string `json:"id"`
		}
		Sequence *struct{}
	}
	var specials map[string]struct {
		IDs []int32 `json:"ids"`
	}
	if err := json.Unmarshal(s.Single, &parts); err != nil {
		return frame{}, fmt.Errorf("its post_processor's single: %w (save it again)", err)
	}
	if err := json.Unmarshal(s.Specials, &specials); err != nil {
		return frame{}, fmt.Errorf("its post_processor's special_tokens: %w (save it again)", err)
	}
	var f frame
	texts := 0
	for _, p := range parts {
		switch {
		case p.Sequence != nil:
			texts++
		case p.SpecialToken == nil || specials[p.SpecialToken.ID].IDs == nil:
			return frame{}, fmt.Errorf("its post_processor uses a special token that it does not define (save it again)")
		case texts == 0:
			f.before = append(f.before, specials[p.SpecialToken.ID].IDs...)
		default:
			f.after = append(f.after, specials[p.SpecialToken.ID].IDs...)
		}
	}
	if texts != 1 {
		return frame{}, fmt.Errorf("its post_processor takes the text %d times, not once (save it again)", texts)
	}
	return f, nil
}

// pairFrame reads the two tokens of the older forms, each ["</s>", 2].
func pairFrame(s *step) (frame, error) {
	ids := make([]int32, 2)
	for i, text := range []json.RawMessage{s.CLS, s.SEP} {
		var name string
		if err := json.Unmarshal(text, &[]any{&name, &ids[i]}); err != nil {
			return frame{}, fmt.Errorf("its post_processor's cls and sep: %w (save it again)", err)
		}
	}
	return frame{ids[:1], ids[1:]}, nil
}

// Start is what a text begins with: as the file's post-processor says, for the word-level vocabularies of the built-in tasks the token that
// begins a sequence.
func (t *Tokenizer) Start() []int32 {
	if _, words := t.model.(wordLevel); words && t.bos != None {
		return []int32{t.bos}
	}
	return slices.Clone(t.frame.before)
}

// Holding lists the ids whose own text holds a string, special tokens aside.
func (t *Tokenizer) Holding(text string) []int32 {
	var ids []int32
	for id := range int32(len(t.pieces)) {
		if !t.special[id] && strings.Contains(t.Decode([]int32{id}), text) {
			ids = append(ids, id)
		}
	}
	return ids
}

// EncodeFramed returns the ids of text with the special tokens around it that the model was trained
// with, as the file's post-processor says: often one that begins a sequence, for some models none.
func (t *Tokenizer) EncodeFramed(text string) ([]int32, error) {
	ids, err := t.Encode(text)
	if err != nil {
		return nil, err
	}
	return slices.Concat(t.frame.before, ids, t.frame.after), nil
}
