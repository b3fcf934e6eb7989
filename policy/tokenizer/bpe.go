package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"unicode/utf8"
)

// wordModel turns a piece into ids.
type wordModel interface {
	// encode appends the ids of a piece; false if the vocabulary lacks it.
	encode(ids []int32, piece string) ([]int32, bool)
}

// bpe is byte-pair encoding: a piece is spelled in the smallest units, then the neighbours that rank
// best are joined until none are left to join. It does as the Python library does, odd cases included: a
// character that is nowhere to be found and has no token for the unknown is left out.
type bpe struct {
	ids      map[string]int32 // by what the text holds: for a byte-level vocabulary bytes, not their spelling
	byByte   [256]int32       // the units of a byte-level vocabulary, or those that stand in for unknown characters
	byBytes  bool             // the vocabulary is byte-level
	fallback bool             // byByte holds stand-ins
	whole    bool             // a piece that is in the vocabulary is not spelled at all
	unk      int32
	fuseUnk  bool
	pairs    pairTable
	cache    *[cacheSlots]atomic.Pointer[cached]
}

// cached holds the ids of a piece met before. A slot keeps the last of the pieces that fall to it.
type cached struct {
	piece string
	ids   []int32
}

const (
	cacheSlots = 1 << 14
	cacheLimit = 64 // bytes of a piece that is worth keeping
)

// newBPE makes the model; byBytes tells that the pre-tokenizer is byte-level.
func newBPE(m *model, byBytes bool) (*bpe, error) {
	if m.Dropout != nil && *m.Dropout != 0 {
		return nil, errors.New("its model has a dropout, which makes ids random: set it to null")
	}
	if m.Prefix != "" || m.Suffix != "" {
		return nil, errors.New("its model marks parts of words by a prefix or suffix, which is not supported: take another model")
	}
	b := &bpe{ids: m.Vocab, byBytes: byBytes, whole: m.IgnoreMerges, unk: None, fuseUnk: m.FuseUnk, cache: new([cacheSlots]atomic.Pointer[cached])}
	if m.UnkToken != "" {
		id, ok := m.Vocab[m.UnkToken]
		if !ok {
			return nil, fmt.Errorf("its unk_token %q is not in the vocabulary (save it again)", m.UnkToken)
		}
		b.unk = id
	}
	if err := b.addPairs(m); err != nil {
		return nil, err
	}
	switch {
	case byBytes:
		b.spellBytes(m.Vocab)
	case m.ByteFallback:
		b.fallback = true
		for c := range b.byByte {
			b.byByte[c] = lookUp(m.Vocab, fmt.Sprintf("<0x%02X>", c))
		}
	}
	return b, nil
}

func lookUp(vocab vocabulary, piece string) int32 {
	if id, ok := vocab[piece]; ok {
		return id
	}
	return None
}

// spellBytes reads a byte-level vocabulary. Pieces that spell no bytes cannot be met in a text.
func (b *bpe) spellBytes(vocab vocabulary) {
	letters := newAlphabet()
	b.ids = make(map[string]int32, len(vocab))
	for piece, id := range vocab {
		if text, ok := letters.decode(piece); ok {
			b.ids[text] = id
		}
	}
	for c, r := range letters.runes {
		b.byByte[c] = lookUp(vocab, string(r))
	}
}

func (b *bpe) addPairs(m *model) error {
	b.pairs = newPairTable(len(m.Merges))
	for rank, pair := range m.Merges {
		left, ok1 := m.Vocab[pair[0]]
		right, ok2 := m.Vocab[pair[1]]
		joined, ok3 := m.Vocab[pair[0]+pair[1]]
		if !ok1 || !ok2 || !ok3 {
			return fmt.Errorf("its merge %d joins %q and %q, but one of them or what they make is not in the vocabulary (save it again)", rank, pair[0], pair[1])
		}
		b.pairs.put(left, right, uint32(rank), joined)
	}
	return nil
}

func (b *bpe) encode(ids []int32, piece string) ([]int32, bool) {
	if b.whole {
		if id, ok := b.ids[piece]; ok {
			return append(ids, id), true
		}
	}
	if len(piece) > cacheLimit {
		return append(ids, b.merge(b.spell(make([]int32, 0, len(piece)), piece))...), true
	}
	slot := &b.cache[hash(piece)%cacheSlots]
	if c := slot.Load(); c != nil && c.piece == piece {
		return append(ids, c.ids...), true
	}
	var space [cacheLimit]int32
	found := slices.Clone(b.merge(b.spell(space[:0], piece)))
	slot.Store(&cached{piece: string([]byte(piece)), ids: found}) // a copy, or the whole text would be kept
	return append(ids, found...), true
}

// hash is FNV-1a.
func hash(text string) uint32 {
	h := uint32(2166136261)
	for i := range len(text) {
		h = (h ^ uint32(text[i])) * 16777619
	}
	return h
}

// spell appends the units of a piece.
func (b *bpe) spell(symbols []int32, piece string) []int32 {
	if !b.byBytes {
		return b.spellRunes(symbols, piece)
	}
	unknown := false
	for i := range len(piece) {
		id := b.byByte[piece[i]]
		switch {
		case id != None:
			symbols, unknown = append(symbols, id), false
		case b.unk != None && !(unknown && b.fuseUnk):
			symbols, unknown = append(symbols, b.unk), true
		}
	}
	return symbols
}

// spellRunes spells a piece in characters. The order in which a token for the unknown follows
// characters that bytes stand in for is the Python library's.
func (b *bpe) spellRunes(symbols []int32, piece string) []int32 {
	unknown := false
	for i, r := range piece {
		n := utf8.RuneLen(r)
		id, ok := b.ids[piece[i:i+n]]
		switch {
		case ok:
			if unknown {
				symbols, unknown = append(symbols, b.unk), false
			}
			symbols = append(symbols, id)
		case b.fallback && b.standIn(piece[i:i+n]):
			for j := range n {
				symbols = append(symbols, b.byByte[piece[i+j]])
			}
		case b.unk != None:
			if unknown && !b.fuseUnk {
				symbols = append(symbols, b.unk)
			}
			unknown = true
		}
	}
	if unknown {
		symbols = append(symbols, b.unk)
	}
	return symbols
}

// standIn tells whether there is a token for every byte of a character.
func (b *bpe) standIn(char string) bool {
	for i := range len(char) {
		if b.byByte[char[i]] == None {
			return false
		}
	}
	return true
}

// shortWord is up to how many symbols a search of them all beats a heap.
const shortWord = 48

// merge joins symbols in place.
func (b *bpe) merge(symbols []int32) []int32 {
	if len(symbols) > shortWord {
		return b.mergeLong(symbols)
	}
	var ranks [shortWord]uint32 // of each symbol with its right neighbour
	n := len(symbols)
	for i := range n - 1 {
		ranks[i] = b.rank(symbols, i)
	}
	for n > 1 {
		best := 0
		for i := 1; i < n-1; i++ {
			if ranks[i] < ranks[best] {
				best = i
			}
		}
		if ranks[best] == noRank {
			break
		}
		_, symbols[best], _ = b.pairs.get(symbols[best], symbols[best+1])
		copy(symbols[best+1:n-1], symbols[best+2:n])
		copy(ranks[best:], ranks[best+1:n-1])
		n--
		symbols = symbols[:n]
		if best > 0 {
			ranks[best-1] = b.rank(symbols, best-1)
		}
		if best < n-1 {
			ranks[best] = b.rank(symbols, best)
		}
	}
	return symbols
}

const noRank = math.MaxUint32

func (b *bpe) rank(symbols []int32, i int) uint32 {
	if rank, _, ok := b.pairs.get(symbols[i], symbols[i+1]); ok {
		return rank
	}
	return noRank
}
