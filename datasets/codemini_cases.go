package datasets

import "math/rand/v2"

const (
	randomCases = 6   // besides the empty list and the boundary list
	searchLists = 400 // lists tried before a reading counts as equivalent
)

// cases makes the spec's unit tests: the empty list, a list around the threshold, six random
// lists, and one more for each wrong reading that passes all of those although some list
// tells it from the spec. A reading that no tried list can tell apart means the same thing
// (the count of the squares is the count of the cubes).
func (s CodeSpec) cases() []Case {
	rng := rand.New(rand.NewPCG(hash64(s.ID()), 0))
	k := s.keep.k
	lists := [][]int{{}, {k, k + 1, k - 1, 0, 2 * k}}
	for range randomCases {
		lists = append(lists, randomList(rng, k, 4+rng.IntN(5)))
	}
	for _, reading := range s.wrongReadings() {
		if s.tellsApart(reading, lists) {
			continue
		}
		if list := s.search(rng, reading); list != nil {
			lists = append(lists, list)
		}
	}
	cases := make([]Case, len(lists))
	for i, list := range lists {
		cases[i] = Case{Args: []any{plainList(list)}, Want: s.run(list).plain()}
	}
	return cases
}

func (s CodeSpec) tellsApart(reading CodeSpec, lists [][]int) bool {
	for _, list := range lists {
		if !s.run(list).equal(reading.run(list)) {
			return true
		}
	}
	return false
}

// search looks for a list on which the reading is wrong; short lists come first, since there
// one number at a boundary decides the result. It returns nil when it finds none.
func (s CodeSpec) search(rng *rand.Rand, reading CodeSpec) []int {
	for i := range searchLists {
		list := randomList(rng, s.keep.k, 1+i*8/searchLists)
		if s.tellsApart(reading, [][]int{list}) {
			return list
		}
	}
	return nil
}

// randomList draws n numbers, half of them from -12..12, the others near ±k, 0 and 2k.
func randomList(rng *rand.Rand, k, n int) []int {
	xs := make([]int, n)
	for i := range xs {
		switch rng.IntN(6) {
		case 0:
			xs[i] = k - 1 + rng.IntN(3)
		case 1:
			xs[i] = -k - 1 + rng.IntN(3)
		case 2:
			xs[i] = []int{-1, 0, 1, 2 * k}[rng.IntN(4)]
		default:
			xs[i] = rng.IntN(25) - 12
		}
	}
	return xs
}
