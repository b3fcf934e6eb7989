package moe

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/rltrain/rltrain/policy/hf"
)

// A folder may hold more than the decoder that is run here: layers that draft tokens (DeepSeek-V3's multi-token prediction), or in a Gemma 3
// that also sees the tensors that no text meets. These keep their bytes.

// plainPrefix begins the names of a decoder's tensors, but for the head's.
const plainPrefix = "model."

// Prefixes of the decoder in a model that also sees: in released files, and as it is called in memory.
const (
	releasedPrefix = "language_model.model."
	memoryPrefix   = "model.language_model."
)

// look finds out how a file names the tensors, and which are not of a decoder of so many layers.
func (s *source) look(file *hf.File, layers int) error {
	var config struct {
		Drafts int `json:"num_nextn_predict_layers"`
	}
	if err := json.Unmarshal(s.config, &config); err != nil && s.config != nil {
		return err
	}
	s.prefix, s.others = plainPrefix, nil
	for _, prefix := range []string{releasedPrefix, memoryPrefix} {
		if _, ok := file.Stat(prefix + "embed_tokens.weight"); ok {
			s.prefix = prefix
		}
	}
	for _, name := range file.Names() {
		sees := strings.Contains(name, "vision_tower.") || strings.Contains(name, "multi_modal_projector.")
		var layer int
		_, err := fmt.Sscanf(name, "model.layers.%d.", &layer)
		drafts := err == nil && layer >= layers && layer < layers+config.Drafts
		if sees && s.prefix != plainPrefix || drafts {
			s.others = append(s.others, name)
		}
	}
	return nil
}

// name is the name in the source of a tensor that views names.
func (s *source) name(plain string) string {
	switch rest, ok := strings.CutPrefix(plain, plainPrefix); {
	case s.prefix == "" || s.prefix == plainPrefix:
		return plain
	case ok:
		return s.prefix + rest
	case s.prefix == releasedPrefix:
		return "language_model." + plain
	default:
		return plain
	}
}

// otherTensors reads the tensors that are not of the decoder from the folder that was opened.
func (s *source) otherTensors() ([]hf.Tensor, error) {
	if len(s.others) == 0 {
		return nil, nil
	}
	file, err := hf.ReadFolder(s.dir)
	if err != nil {
		return nil, fmt.Errorf("read again what is not of the decoder: %w", err)
	}
	defer file.Close()
	var list []hf.Tensor
	for _, name := range s.others {
		tensor, err := file.Tensor(name)
		if err != nil {
			return nil, err
		}
		list = append(list, tensor)
	}
	return list, nil
}
