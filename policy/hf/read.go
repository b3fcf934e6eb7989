package hf

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

const (
	modelFile = "model.safetensors"
	indexFile = "model.safetensors.index.json"
)

// File is an open safetensors file, or the shards of one model. Its methods may be used by several
// goroutines at once.
type File struct {
	Metadata map[string]string // of the file, or of its shards together

	path    string
	names   []string // in the order of the data
	tensors map[string]source
	open    []*os.File
}

// source says where a tensor's bytes are.
type source struct {
	entry
	file *os.File
	at   int64
}

// damaged wraps what is wrong with the content of a file.
func damaged(path string, err error) error {
	return fmt.Errorf("%s is no whole safetensors file: %w (get or save it again)", path, err)
}

// Read opens a safetensors file and checks its header.
func Read(path string) (*File, error) {
	f := &File{Metadata: map[string]string{}, path: path, tensors: map[string]source{}}
	entries, base, file, err := f.add(path)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		f.put(e, base, file)
	}
	return f, nil
}

// ReadFolder opens the weights of a Hugging Face model folder: model.safetensors, or the shards
// that model.safetensors.index.json lists.
func ReadFolder(dir string) (*File, error) {
	single := filepath.Join(dir, modelFile)
	_, err := os.Stat(single)
	if err == nil {
		return Read(single)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open model: %w", err)
	}
	shards, err := readIndex(filepath.Join(dir, indexFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has neither %s nor %s: name a Hugging Face model folder with safetensors weights", dir, modelFile, indexFile)
	}
	if err != nil {
		return nil, err
	}
	return readShards(dir, shards)
}

// readIndex returns the names of the tensors of each shard.
func readIndex(path string) (map[string][]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fmt.Errorf("read %s: %w (get or save it again)", path, err)
	}
	if len(index.WeightMap) == 0 {
		return nil, fmt.Errorf("read %s: it has no weight_map (get or save it again)", path)
	}
	shards := map[string][]string{}
	for name, shard := range index.WeightMap {
		if shard != filepath.Base(shard) || !filepath.IsLocal(shard) {
			return nil, fmt.Errorf("read %s: tensor %q lies in %q, which is no plain file name (get or save it again)", path, name, shard)
		}
		shards[shard] = append(shards[shard], name)
	}
	return shards, nil
}

func readShards(dir string, shards map[string][]string) (*File, error) {
	f := &File{Metadata: map[string]string{}, path: dir, tensors: map[string]source{}}
	order := make([]string, 0, len(shards))
	for shard := range shards {
		order = append(order, shard)
	}
	slices.Sort(order)
	for _, shard := range order {
		if err := f.addShard(filepath.Join(dir, shard), shards[shard]); err != nil {
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

// addShard adds the tensors of the shard at path that the index lists.
func (f *File) addShard(path string, listed []string) error {
	entries, base, file, err := f.add(path)
	if err != nil {
		return err
	}
	wanted := make(map[string]bool, len(listed))
	for _, name := range listed {
		wanted[name] = true
	}
	for _, e := range entries {
		if wanted[e.name] {
			f.put(e, base, file)
			delete(wanted, e.name)
		}
	}
	for name := range wanted {
		return fmt.Errorf("%s lacks tensor %q, which %s says it has (get the model again)", path, name, indexFile)
	}
	return nil
}

// add opens one file; its metadata become f's.
func (f *File) add(path string) (entries []entry, base int64, file *os.File, err error) {
	file, err = os.Open(path)
	if err != nil {
		return nil, 0, nil, fmt.Errorf("open weights: %w", err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	var metadata map[string]string
	if err == nil {
		entries, metadata, base, err = readHeader(file, info.Size())
	}
	if err != nil {
		file.Close()
		return nil, 0, nil, damaged(path, err)
	}
	for k, v := range metadata {
		f.Metadata[k] = v
	}
	f.open = append(f.open, file)
	return entries, base, file, nil
}

func (f *File) put(e entry, base int64, file *os.File) {
	f.names = append(f.names, e.name)
	f.tensors[e.name] = source{entry: e, file: file, at: base + int64(e.from)}
}

// Names lists the tensors in the order of their data.
func (f *File) Names() []string { return slices.Clone(f.names) }

// Stat returns a tensor without its data.
func (f *File) Stat(name string) (Tensor, bool) {
	s, ok := f.tensors[name]
	return Tensor{Name: s.name, DType: s.dtype, Shape: slices.Clone(s.shape)}, ok
}

// Tensor reads a tensor.
func (f *File) Tensor(name string) (Tensor, error) {
	t, ok := f.Stat(name)
	if !ok {
		return Tensor{}, fmt.Errorf("%s has no tensor %q (it has %d others)", f.path, name, len(f.names))
	}
	s := f.tensors[name]
	t.Data = make([]byte, s.to-s.from)
	if len(t.Data) == 0 {
		return t, nil
	}
	if _, err := s.file.ReadAt(t.Data, s.at); err != nil {
		return Tensor{}, fmt.Errorf("read tensor %q of %s: %w (was the file changed?)", name, f.path, err)
	}
	return t, nil
}

// Close closes the files behind f.
func (f *File) Close() error {
	var errs []error
	for _, file := range f.open {
		errs = append(errs, file.Close())
	}
	f.open = nil
	return errors.Join(errs...)
}
