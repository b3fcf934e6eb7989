package runlog

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf8"
)

// substitute stands for a byte that cannot be stored as text. It is one byte long, so that
// offsets into the text stay those of the original.
const substitute = '\x1a'

// cleanText returns s as text that SQLite and every reader of it can handle: valid UTF-8
// without NUL, of the same length in bytes.
func cleanText(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			out = append(out, substitute)
		} else {
			out = append(out, s[i:i+size]...)
		}
		i += size
	}
	return string(out)
}

// number returns v for a column where an undefined value is NULL.
func number(v float64) any {
	if math.IsNaN(v) {
		return nil
	}
	return v
}

// nullable reads a column written by number.
type nullable struct{ to *float64 }

// Scan implements sql.Scanner.
func (n nullable) Scan(value any) error {
	switch v := value.(type) {
	case float64:
		*n.to = v
	case int64:
		*n.to = float64(v)
	default:
		*n.to = math.NaN()
	}
	return nil
}

func packInts(values []int32) []byte {
	if values == nil {
		return nil
	}
	out := make([]byte, 0, 4*len(values))
	for _, v := range values {
		out = binary.LittleEndian.AppendUint32(out, uint32(v))
	}
	return out
}

func packFloats(values []float32) []byte {
	if values == nil {
		return nil
	}
	out := make([]byte, 0, 4*len(values))
	for _, v := range values {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

func unpackInts(data []byte) []int32 {
	out := make([]int32, len(data)/4)
	for i := range out {
		out[i] = int32(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}

func unpackFloats(data []byte) []float32 {
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}
