package moe

import (
	"fmt"
	"strings"

	"github.com/rltrain/rltrain/policy/hf"
)

// A Gemma 3 that also sees keeps its decoder under another name, beside tensors that no text meets.

// plainPrefix begins the names of a decoder's tensors, but for the head's.
const plainPrefix = "model."

// Prefixes of the decoder in a model that also sees: in released files, and as it is called in memory.
const (
	releasedPrefix = "language_model.model."
	memoryPrefix   = "model.language_model."
)

// look finds out how a file names the tensors, and which are not of the decoder.
func (s *source) look(file *hf.File) {
	s.prefix, s.others = plainPrefix, nil
	for _, prefix := range []string{releasedPrefix, memoryPrefix} {
		if _, ok := file.Stat(prefix + "embed_tokens.weight"); ok {
			s.prefix = prefix
		}
	}
	if s.prefix == plainPrefix {
		return
	}
	for _, name := range file.Names() {
		if strings.Contains(name, "vision_tower.") || strings.Contains(name, "multi_modal_projector.") {
			s.others = append(s.others, name)
		}
	}
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
		return nil, fmt.Errorf("the part that sees: %w", err)
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
