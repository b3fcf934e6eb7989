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

// Entry is a tensor to write, whose data are asked for when their turn comes.
type Entry struct {
	Tensor // without Data
	Read   func() ([]byte, error)
}

// Ready makes an entry of a tensor that is in memory.
func Ready(t Tensor) Entry {
	data := t.Data
	t.Data = nil
	return Entry{t, func() ([]byte, error) { return data, nil }}
}

// Entry is a tensor of f to be written as it is: byte for byte, of whatever type.
func (f *File) Entry(name string) (Entry, error) {
	t, ok := f.Stat(name)
	if !ok {
		return Entry{}, fmt.Errorf("%s has no tensor %q (it has %d others)", f.path, name, len(f.names))
	}
	return Entry{t, func() ([]byte, error) {
		t, err := f.Tensor(name)
		return t.Data, err
	}}, nil
}

// WriteFolder writes the weights of a model into the folder dir, in the order given: one
// model.safetensors, or shards of at most shard bytes (and at least a tensor) with an index. One tensor at a time is in memory.
// All files are complete before the first takes its place, and what an older model left there goes.
func WriteFolder(dir string, entries []Entry, shard int64) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write model: %w (choose another folder)", err)
	}
	temp, err := os.MkdirTemp(dir, ".saving-")
	if err != nil {
		return fmt.Errorf("write model: %w (choose another folder)", err)
	}
	defer os.RemoveAll(temp)
	groups := cutShards(entries, shard)
	var names []string
	for i, group := range groups {
		name := modelFile
		if len(groups) > 1 {
			name = fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(groups))
		}
		if err := write(filepath.Join(temp, name), group, map[string]string{"format": "pt"}); err != nil {
			return err
		}
		names = append(names, name)
	}
	if len(groups) > 1 {
		if err := writeIndex(filepath.Join(temp, indexFile), groups, names); err != nil {
			return fmt.Errorf("write model: %w", err)
		}
		names = append(names, indexFile)
	}
	return settle(temp, dir, names)
}

// cutShards cuts the entries into groups of at most limit bytes.
func cutShards(entries []Entry, limit int64) [][]Entry {
	groups := [][]Entry{nil}
	size := uint64(0)
	for _, e := range entries {
		n, _ := byteSize(e.DType, e.Shape) // writing checks it
		last := len(groups) - 1
		if size+n > uint64(limit) && len(groups[last]) > 0 {
			groups, size, last = append(groups, nil), 0, last+1
		}
		groups[last] = append(groups[last], e)
		size += n
	}
	return groups
}

// writeIndex writes model.safetensors.index.json.
func writeIndex(path string, groups [][]Entry, names []string) error {
	total, where := uint64(0), map[string]string{}
	for i, group := range groups {
		for _, e := range group {
			if other, twice := where[e.Name]; twice {
				return fmt.Errorf("tensor %q is in %s and in %s", e.Name, other, names[i])
			}
			n, _ := byteSize(e.DType, e.Shape)
			total += n
			where[e.Name] = names[i]
		}
	}
	text, err := json.MarshalIndent(map[string]any{"metadata": map[string]any{"total_size": total}, "weight_map": where}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// settle moves the new files to their places and removes the weights of an older model.
func settle(from, to string, names []string) error {
	fresh := map[string]bool{}
	for _, name := range names {
		fresh[name] = true
		if err := os.Rename(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return fmt.Errorf("write model: %w", err)
		}
	}
	old, err := filepath.Glob(filepath.Join(to, "model*.safetensors*"))
	if err != nil {
		return err
	}
	for _, path := range old {
		name := filepath.Base(path)
		shard := strings.HasPrefix(name, "model-") && strings.Contains(name, "-of-")
		if !fresh[name] && (name == modelFile || name == indexFile || shard) {
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("write model: %w", err)
			}
		}
	}
	return nil
}

// CopySettings copies what lies beside the weights in a model folder, byte for byte: config.json,
// generation_config.json and the tokenizer's files. Those that are not there are left out.
func CopySettings(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("copy model settings: %w (choose another folder)", err)
	}
	for _, name := range []string{
		configFile, generationFile, "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
		"chat_template.jinja", "vocab.json", "merges.txt", "tokenizer.model",
	} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), text, 0o644)
		}
		if err != nil {
			return fmt.Errorf("copy model settings: %w", err)
		}
	}
	return nil
}
