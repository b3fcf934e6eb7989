package hf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// file is a safetensors file of that header and data.
func file(header, data string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + data
}

func TestDamaged(t *testing.T) {
	one := func(dtype, shape, from, to string) string {
		return fmt.Sprintf(`{"a":{"dtype":"%s","shape":%s,"data_offsets":[%s,%s]}}`, dtype, shape, from, to)
	}
	two := func(a, b string) string {
		return fmt.Sprintf(`{"a":{"dtype":"U8","shape":[4],"data_offsets":%s},"b":{"dtype":"U8","shape":[4],"data_offsets":%s}}`, a, b)
	}
	tests := map[string]struct{ text, want string }{
		"empty":            {"", "only 0 bytes"},
		"short":            {"1234567", "only 7 bytes"},
		"no header":        {file("", ""), "no JSON object"},
		"huge header":      {"\xff\xff\xff\xff\xff\xff\xff\x7f{}", "more than the 100000000 allowed"},
		"long header":      {"\xff\xff\x00\x00\x00\x00\x00\x00{}", "cut short: its header has 65535 bytes"},
		"no object":        {file("[]", ""), "no JSON object"},
		"space first":      {file(" {}", ""), "no JSON object"},
		"bad json":         {file(`{"a":`, ""), "no JSON object: unexpected end"},
		"two objects":      {file(`{}{}`, ""), "after top-level value"},
		"not utf8":         {file("{\"\xff\":1}", ""), "no JSON object"},
		"bad metadata":     {file(`{"__metadata__":{"a":1}}`, ""), "__metadata__ is no object of strings"},
		"no tensor":        {file(`{"a":1}`, ""), `tensor "a"`},
		"no shape":         {file(`{"a":{"dtype":"U8","data_offsets":[0,1]}}`, "x"), "must give dtype, shape"},
		"three offsets":    {file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}`, "x"), "two data_offsets"},
		"unknown type":     {file(one("F4", "[2]", "0", "1"), "x"), `type "F4" is not supported`},
		"negative shape":   {file(one("U8", "[-1]", "0", "1"), "x"), "shape [-1] is impossible"},
		"overflow":         {file(one("U8", "[4294967296,4294967296]", "0", "0"), ""), "is impossible"},
		"overflow by size": {file(one("F64", "[2305843009213693952]", "0", "0"), ""), "is impossible"},
		"float shape":      {file(one("U8", "[1.5]", "0", "1"), "x"), `tensor "a"`},
		"negative offset":  {file(one("U8", "[1]", "-1", "0"), "x"), `tensor "a"`},
		"mismatch":         {file(one("F32", "[1]", "0", "3"), "xxx"), "F32 of shape [1] has 4 bytes, but its offsets are 0 to 3"},
		"backwards":        {file(one("U8", "[1]", "1", "0"), "x"), "offsets are 1 to 0"},
		"overlap":          {file(two("[0,4]", "[2,6]"), "xxxxxx"), `tensors "a" and "b" overlap`},
		"gap":              {file(two("[0,4]", "[5,9]"), "xxxxxxxxx"), `1 bytes before tensor "b"`},
		"truncated":        {file(two("[0,4]", "[4,8]"), "xxxxxxx"), "cut short: 7 bytes of tensors instead of 8"},
		"trailing":         {file(two("[0,4]", "[4,8]"), "xxxxxxxxx"), "1 bytes follow"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.safetensors")
			require.NoError(t, os.WriteFile(path, []byte(test.text), 0o644))
			_, err := Read(path)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, "get or save it again")
		})
	}
	_, err := Read(t.TempDir())
	require.ErrorContains(t, err, "no regular file")
	_, err = Read("/no/such/file")
	require.ErrorContains(t, err, "no such file")
}

// TestEveryTruncation cuts the golden file at each byte: every one is an error.
func TestEveryTruncation(t *testing.T) {
	whole, err := os.ReadFile(golden)
	require.NoError(t, err)
	for n := range whole {
		_, _, _, err := readHeader(bytes.NewReader(whole[:n]), int64(n))
		require.Error(t, err, n)
	}
}

// FuzzHeader: what is read is an error, or writes and reads again as the same tensors.
func FuzzHeader(f *testing.F) {
	whole, err := os.ReadFile(golden)
	require.NoError(f, err)
	f.Add(whole)
	f.Add([]byte(file(`{}`, "")))
	f.Add([]byte(file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, "xx")))
	f.Add([]byte(file(`{"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"__metadata__":{"k":"v"}}`, "1234")))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, metadata, base, err := readHeader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		var tensors []Tensor
		for _, e := range entries {
			tensors = append(tensors, Tensor{e.name, e.dtype, e.shape, data[base:][e.from:e.to]})
		}
		head, size, err := header(tensors, metadata)
		require.NoError(t, err)
		again := slices.Clone(head)
		for _, tensor := range tensors {
			again = append(again, tensor.Data...)
		}
		require.EqualValues(t, len(again), size)
		entries2, metadata2, base2, err := readHeader(bytes.NewReader(again), int64(len(again)))
		require.NoError(t, err)
		require.Len(t, metadata2, len(metadata))
		require.Len(t, entries2, len(entries))
		byName := map[string]entry{}
		for _, e := range entries2 {
			byName[e.name] = e
		}
		for i, e := range entries {
			e2 := byName[e.name]
			require.Equal(t, e.dtype, e2.dtype)
			require.Equal(t, e.shape, e2.shape)
			require.Equal(t, tensors[i].Data, again[base2:][e2.from:e2.to])
		}
	})
}
