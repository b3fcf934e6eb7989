package hf

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	prefix    = 8           // the header's length, before the header
	maxHeader = 100_000_000 // the Python library's own limit
	metaKey   = "__metadata__"
)

// entry is one tensor of a header; offsets count from the end of the header.
type entry struct {
	name     string
	dtype    DType
	shape    []int
	from, to uint64
}

// readHeader reads and checks the header of a file of size bytes: types, shapes and offsets agree,
// and the tensors follow each other without gap or overlap up to the end of the file. It returns
// the tensors in the order of their data, and where the data begins.
func readHeader(r io.ReaderAt, size int64) (entries []entry, metadata map[string]string, base int64, err error) {
	text, err := headerText(r, size)
	if err != nil {
		return nil, nil, 0, err
	}
	entries, metadata, err = parseHeader(text)
	if err != nil {
		return nil, nil, 0, err
	}
	base = prefix + int64(len(text))
	end, err := checkOffsets(entries)
	if err != nil {
		return nil, nil, 0, err
	}
	switch have := uint64(size - base); {
	case have < end:
		return nil, nil, 0, fmt.Errorf("it is cut short: %d bytes of tensors instead of %d", have, end)
	case have > end:
		return nil, nil, 0, fmt.Errorf("%d bytes follow its last tensor", have-end)
	}
	return entries, metadata, base, nil
}

func headerText(r io.ReaderAt, size int64) ([]byte, error) {
	var length [prefix]byte
	if size < prefix {
		return nil, fmt.Errorf("it has only %d bytes", size)
	}
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader {
		return nil, fmt.Errorf("its header would be %d bytes long, more than the %d allowed", n, maxHeader)
	}
	if n > uint64(size-prefix) {
		return nil, fmt.Errorf("it is cut short: its header has %d bytes, the whole file %d", n, size)
	}
	text := make([]byte, n)
	if _, err := r.ReadAt(text, prefix); err != nil && n > 0 {
		return nil, err
	}
	if !utf8.Valid(text) || n == 0 || text[0] != '{' {
		return nil, errors.New("its header is no JSON object")
	}
	return text, nil
}

func parseHeader(text []byte) (entries []entry, metadata map[string]string, err error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, nil, fmt.Errorf("its header is no JSON object: %w", err)
	}
	if m, ok := raw[metaKey]; ok {
		if err := json.Unmarshal(m, &metadata); err != nil {
			return nil, nil, fmt.Errorf("its %s is no object of strings: %w", metaKey, err)
		}
		delete(raw, metaKey)
	}
	for name, message := range raw {
		e, err := parseEntry(name, message)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int {
		switch { // empty tensors begin where others do: those come first, then by name
		case a.from != b.from:
			return compare(a.from, b.from)
		case a.to != b.to:
			return compare(a.to, b.to)
		}
		return strings.Compare(a.name, b.name)
	})
	return entries, metadata, nil
}

func compare(a, b uint64) int {
	if a < b {
		return -1
	}
	return 1
}

func parseEntry(name string, message json.RawMessage) (entry, error) {
	var info struct {
		DType   *DType    `json:"dtype"`
		Shape   *[]int    `json:"shape"`
		Offsets *[]uint64 `json:"data_offsets"`
	}
	if err := json.Unmarshal(message, &info); err != nil {
		return entry{}, fmt.Errorf("tensor %q: %w", name, err)
	}
	if info.DType == nil || info.Shape == nil || info.Offsets == nil || len(*info.Offsets) != 2 {
		return entry{}, fmt.Errorf("tensor %q: the header must give dtype, shape and two data_offsets", name)
	}
	e := entry{name: name, dtype: *info.DType, shape: *info.Shape, from: (*info.Offsets)[0], to: (*info.Offsets)[1]}
	if e.dtype.Size() == 0 {
		return entry{}, fmt.Errorf("tensor %q: type %q is not supported", name, e.dtype)
	}
	want, ok := byteSize(e.dtype, e.shape)
	if !ok {
		return entry{}, fmt.Errorf("tensor %q: shape %v is impossible", name, e.shape)
	}
	if e.to < e.from || e.to-e.from != want {
		return entry{}, fmt.Errorf("tensor %q: %s of shape %v has %d bytes, but its offsets are %d to %d", name, e.dtype, e.shape, want, e.from, e.to)
	}
	return e, nil
}

// checkOffsets returns where the last tensor ends.
func checkOffsets(entries []entry) (end uint64, err error) {
	for i, e := range entries {
		switch {
		case e.from < end:
			return 0, fmt.Errorf("tensors %q and %q overlap", entries[i-1].name, e.name)
		case e.from > end:
			return 0, fmt.Errorf("%d bytes before tensor %q belong to none", e.from-end, e.name)
		}
		end = e.to
	}
	return end, nil
}
