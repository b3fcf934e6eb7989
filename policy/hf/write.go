package hf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"
)

// Write makes the safetensors file at path, or replaces it: readers see the old file or the whole
// new one. The bytes are those of the Python library for the same tensors (which writes more than
// one pair of metadata in no fixed order; here they are sorted).
func Write(path string, tensors []Tensor, metadata map[string]string) error {
	entries := make([]Entry, len(tensors))
	for i, t := range tensors {
		entries[i] = Ready(t)
	}
	return write(path, entries, metadata)
}

// write is Write for tensors that are read one at a time.
func write(path string, entries []Entry, metadata map[string]string) error {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b Entry) int {
		if c := rank(b.DType) - rank(a.DType); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	tensors := make([]Tensor, len(sorted))
	for i, e := range sorted {
		tensors[i] = e.Tensor
	}
	header, size, err := header(tensors, metadata)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return explain(path, size, replace(path, func(w io.Writer) error {
		if _, err := w.Write(header); err != nil {
			return err
		}
		for _, e := range sorted {
			if err := e.writeData(w); err != nil {
				return err
			}
		}
		return nil
	}))
}

// writeData reads the data of an entry and writes them.
func (e Entry) writeData(w io.Writer) error {
	data, err := e.Read()
	if err != nil {
		return err
	}
	if size, _ := byteSize(e.DType, e.Shape); size != uint64(len(data)) {
		return fmt.Errorf("tensor %q: %s of shape %v needs %d bytes, but has %d", e.Name, e.DType, e.Shape, size, len(data))
	}
	_, err = w.Write(data)
	return err
}

// explain says what a failed write of a file of size bytes means.
func explain(path string, size uint64, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("write %s: no space for its %.1f MB, nothing was left behind: free some, or choose another folder (%w)", path, float64(size)/1e6, err)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// rank orders the types as the Python library does: it writes those of greater alignment first.
func rank(d DType) int {
	return slices.Index([]DType{Bool, U8, I8, F8E5M2, F8E4M3, F8E8M0, I16, U16, F16, BF16, I32, U32, F32, C64, F64, I64, U64}, d)
}

// header checks the tensors and returns what stands before their data, and the size of the file.
func header(tensors []Tensor, metadata map[string]string) ([]byte, uint64, error) {
	b := []byte{'{'}
	if len(metadata) > 0 {
		b = append(b, `"`+metaKey+`":{`...)
		for i, k := range slices.Sorted(maps.Keys(metadata)) {
			if i > 0 {
				b = append(b, ',')
			}
			b = quote(append(quote(b, k), ':'), metadata[k])
		}
		b = append(b, '}')
	}
	at := uint64(0)
	seen := make(map[string]bool, len(tensors))
	for _, t := range tensors {
		size, err := check(t, seen)
		if err != nil {
			return nil, 0, err
		}
		end := at + size
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(quote(b, t.Name), `:{"dtype":"`+string(t.DType)+`","shape":[`...)
		for i, d := range t.Shape {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(d), 10)
		}
		b = fmt.Appendf(b, `],"data_offsets":[%d,%d]}`, at, end)
		at = end
	}
	b = append(b, '}')
	for len(b)%prefix != 0 {
		b = append(b, ' ')
	}
	if len(b) > maxHeader {
		return nil, 0, fmt.Errorf("its header would have %d bytes, more than the %d allowed: split the tensors over several files", len(b), maxHeader)
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(b))), b...), prefix + uint64(len(b)) + at, nil
}

// check returns the size of a tensor's data.
func check(t Tensor, seen map[string]bool) (uint64, error) {
	size, ok := byteSize(t.DType, t.Shape)
	switch {
	case t.Name == metaKey || seen[t.Name] || !utf8.ValidString(t.Name):
		return 0, fmt.Errorf("tensor name %q is taken or not allowed: rename it", t.Name)
	case !ok:
		return 0, fmt.Errorf("tensor %q: type %q or shape %v is not supported", t.Name, t.DType, t.Shape)
	}
	seen[t.Name] = true
	return size, nil
}

// quote appends s as JSON, escaping what serde_json escapes and no more.
func quote(b []byte, s string) []byte {
	const short = "\b\t\n\f\r\"\\"
	const letter = "btnfr\"\\"
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case strings.IndexByte(short, c) >= 0:
			b = append(b, '\\', letter[strings.IndexByte(short, c)])
		case c < 0x20:
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// replace writes a file beside path, makes it last and renames it to path. On failure it is gone.
func replace(path string, write func(io.Writer) error) (err error) {
	dir, base := filepath.Split(path)
	f, err := os.CreateTemp(filepath.Clean(dir+"."), "."+base+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	if d, err := os.Open(filepath.Dir(path)); err == nil { // make the rename last, where the system can
		_ = d.Sync()
		d.Close()
	}
	return nil
}
