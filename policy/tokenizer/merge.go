package tokenizer

// mergeLong is merge for many symbols: a heap of the pairs by rank and place, and links to the
// neighbours that are left. Pairs whose symbols are gone stay in the heap and are passed over.
func (b *bpe) mergeLong(symbols []int32) []int32 {
	n := len(symbols)
	next, before := make([]int32, n), make([]int32, n)
	var queue pairHeap
	push := func(i, j int32) {
		if rank, _, ok := b.pairs.get(symbols[i], symbols[j]); ok {
			queue.push(uint64(rank)<<32 | uint64(i))
		}
	}
	for i := range int32(n) {
		next[i], before[i] = i+1, i-1
	}
	for i := range int32(n - 1) {
		push(i, i+1)
	}
	for len(queue) > 0 {
		top := queue.pop()
		i := int32(uint32(top))
		if symbols[i] == None || int(next[i]) == n {
			continue
		}
		j := next[i]
		rank, joined, ok := b.pairs.get(symbols[i], symbols[j])
		if !ok || rank != uint32(top>>32) {
			continue
		}
		symbols[i], symbols[j] = joined, None
		next[i] = next[j]
		if int(next[i]) < n {
			before[next[i]] = i
			push(i, next[i])
		}
		if before[i] >= 0 {
			push(before[i], i)
		}
	}
	left := symbols[:0]
	for i := 0; i < n; i = int(next[i]) {
		left = append(left, symbols[i])
	}
	return left
}

// pairHeap is a binary heap, the smallest on top.
type pairHeap []uint64

func (h *pairHeap) push(x uint64) {
	*h = append(*h, x)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if s[up] <= s[i] {
			break
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
}

func (h *pairHeap) pop() uint64 {
	s := *h
	top := s[0]
	last := len(s) - 1
	s[0] = s[last]
	s = s[:last]
	for i := 0; ; {
		small := 2*i + 1
		if small >= last {
			break
		}
		if small+1 < last && s[small+1] < s[small] {
			small++
		}
		if s[i] <= s[small] {
			break
		}
		s[i], s[small] = s[small], s[i]
		i = small
	}
	*h = s
	return top
}

// pairTable maps pairs of ids to the rank of their merge and the id of what they make. It is a hash
// table with open addressing, some three times faster here than a map.
type pairTable struct {
	slots []pairSlot
	shift uint
}

type pairSlot struct {
	key          uint64 // 0 where empty; ids are stored plus 1
	rank, joined uint32
}

func newPairTable(n int) pairTable {
	bits := uint(4)
	for 1<<bits < 2*n {
		bits++
	}
	return pairTable{make([]pairSlot, 1<<bits), 64 - bits}
}

// slot is where a key is or belongs.
func (t *pairTable) slot(key uint64) *pairSlot {
	for i := key * 0x9e3779b97f4a7c15 >> t.shift; ; i = (i + 1) & uint64(len(t.slots)-1) {
		if s := &t.slots[i]; s.key == key || s.key == 0 {
			return s
		}
	}
}

func pairKey(left, right int32) uint64 { return uint64(left+1)<<32 | uint64(right+1) }

// put keeps the last of equal pairs.
func (t *pairTable) put(left, right int32, rank uint32, joined int32) {
	key := pairKey(left, right)
	*t.slot(key) = pairSlot{key, rank, uint32(joined)}
}

func (t *pairTable) get(left, right int32) (rank uint32, joined int32, ok bool) {
	s := t.slot(pairKey(left, right))
	return s.rank, int32(s.joined), s.key != 0
}
