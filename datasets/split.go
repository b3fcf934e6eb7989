package datasets

import (
	"crypto/sha256"
	"encoding/binary"
)

// Split names one of the four disjoint parts of a generated data set.
type Split string

// The splits and their shares. Pretrain feeds the corpus only, RL the training prompts,
// Validation decides about settings, and Test is for the figures one reports.
const (
	Pretrain   Split = "pretrain"   // 55 %
	RL         Split = "rl"         // 30 %
	Validation Split = "validation" // 5 %
	Test       Split = "test"       // 10 %
)

// hash64 is the first eight bytes, big endian, of the SHA-256 of text: a fixed function of the
// text alone, so that splits, orders and questions never move between versions or machines.
func hash64(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return binary.BigEndian.Uint64(sum[:8])
}

// splitOf assigns a key by its hash modulo 100.
func splitOf(key string) Split {
	switch h := hash64(key) % 100; {
	case h < 55:
		return Pretrain
	case h < 85:
		return RL
	case h < 90:
		return Validation
	default:
		return Test
	}
}
