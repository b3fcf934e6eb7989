package datasets

import "slices"

// outcome is what a program returns: an int or a list of ints. A program with float halves
// returns something of another type as soon as a halved number reaches the result; the exact
// floats are of no interest, since no spec wants any.
type outcome struct {
	list   []int // the result, one element unless isList
	isList bool
	float  bool
}

func (o outcome) equal(p outcome) bool {
	return o.isList == p.isList && o.float == p.float && slices.Equal(o.list, p.list)
}

// plain is the outcome as Case data.
func (o outcome) plain() any {
	if !o.isList {
		return o.list[0]
	}
	return plainList(o.list)
}

func plainList(xs []int) []any {
	values := make([]any, len(xs))
	for i, x := range xs {
		values[i] = x
	}
	return values
}

// run computes the spec's function with Python's meaning of // and %, which round down.
func (s CodeSpec) run(xs []int) outcome {
	list := make([]int, 0, len(xs)+1)
	for _, x := range xs {
		if s.keep.holds(x) {
			list = append(list, s.mapped.apply(x))
		}
	}
	float := s.mapped == mapFloatHalves && len(list) > 0
	switch s.gather {
	case gatherSum:
		return outcome{list: []int{sum(list)}, float: float}
	case gatherCount:
		return outcome{list: []int{len(list)}}
	case gatherLargest, gatherSmallest:
		return outcome{list: []int{extreme(list, s.gather == gatherLargest)}, float: float}
	case gatherSorted:
		slices.Sort(list)
	case gatherReversed:
		slices.Reverse(list)
	}
	return outcome{list: list, isList: true, float: float}
}

func (m mapping) apply(x int) int {
	switch m {
	case mapSquares:
		return x * x
	case mapCubes:
		return x * x * x
	case mapDoubles:
		return 2 * x
	case mapAbsolute:
		return max(x, -x)
	case mapNegations:
		return -x
	case mapHalves:
		return x >> 1 // an arithmetic shift rounds down, as // does
	default: // plain; float halves keep their order and are told apart by type
		return x
	}
}

func (c condition) holds(x int) bool {
	switch c.kind {
	case keepEven:
		return x%2 == 0
	case keepOdd:
		return x%2 != 0
	case keepPositive:
		return x > 0
	case keepNegative:
		return x < 0
	case keepGreater:
		return x > c.k
	case keepLess:
		return x < c.k
	case keepAtLeast:
		return x >= c.k
	case keepAtMost:
		return x <= c.k
	case keepMultiple:
		return x%c.k == 0
	default:
		return true
	}
}

func sum(xs []int) int {
	total := 0
	for _, x := range xs {
		total += x
	}
	return total
}

// extreme is Python's max or min with default=0.
func extreme(xs []int, largest bool) int {
	if len(xs) == 0 {
		return 0
	}
	if largest {
		return slices.Max(xs)
	}
	return slices.Min(xs)
}
