package moe

// With Shapes.TrainTokens a microbatch has so many positions at most, and its rows are as wide as the data need: short data do not attend
// over the rows of long ones. Rows have one of few widths, and microbatches of a width one of two heights, so that few graphs are compiled;
// which ones depends on the data alone, so that a resumed run chooses the same.

const (
	narrowest  = 64 // positions of the narrowest row
	mostWidths = 4
)

// widths are those that rows may have, the narrowest first: width, its half, and so on.
func widths(width int) []int {
	list := []int{width}
	for w := width; len(list) < mostWidths && w%32 == 0 && w/2 >= narrowest; w /= 2 {
		list = append([]int{w / 2}, list...)
	}
	return list
}

// packedRow is a row of a microbatch to be.
type packedRow struct {
	width, used, segments int
	bundles               []bundle
}

// layout is the shape of a microbatch and what its rows hold.
type layout struct {
	rows, width int
	filled      []packedRow
}

// planned chooses the cheapest of the plans that differ in the width of their narrowest rows. cost is that of one position in a row of so
// many; budget is the most positions of a microbatch.
func planned(rowsFrom func(narrow int) []packedRow, budget, width int, cost func(width int) float64) (best []layout) {
	all, least := widths(width), 0.0
	for i := range all {
		plan, sum := layouts(rowsFrom(all[i]), budget, all[i:]), 0.0
		for _, l := range plan {
			sum += float64(l.rows*l.width) * cost(l.width)
		}
		if best == nil || sum < least {
			best, least = plan, sum
		}
	}
	return best
}

// layouts deals rows to microbatches, width by width. What does not fill a microbatch goes two by two into rows of the next width, if there
// are wider rows; else the last microbatch is half as high where that does.
func layouts(rows []packedRow, budget int, widths []int) (list []layout) {
	byWidth, widest := map[int][]packedRow{}, 0
	for _, r := range rows {
		byWidth[r.width] = append(byWidth[r.width], r)
		widest = max(widest, r.width)
	}
	for _, w := range widths {
		mine, high := byWidth[w], budget/w
		rest := len(mine) % high
		if w < widest {
			whole := len(mine) - rest
			byWidth[2*w] = append(byWidth[2*w], widened(mine[whole:])...)
			mine, rest = mine[:whole], 0
		}
		shapes := make([]layout, (len(mine)+high-1)/high)
		for i := range shapes {
			shapes[i] = layout{rows: high, width: w}
		}
		if half := high / 2; rest > 0 && rest <= half {
			shapes[len(shapes)-1].rows = half
		}
		deal(mine, shapes)
		list = append(list, shapes...)
	}
	return list
}

// widened puts rows two by two, where their segments allow it, into rows of twice the width.
func widened(rows []packedRow) (wide []packedRow) {
	for _, r := range rows {
		r.width *= 2
		if n := len(wide) - 1; n >= 0 && wide[n].used+r.used <= r.width && wide[n].segments+r.segments <= maxSegments {
			wide[n].used, wide[n].segments = wide[n].used+r.used, wide[n].segments+r.segments
			wide[n].bundles = append(wide[n].bundles[:len(wide[n].bundles):len(wide[n].bundles)], r.bundles...)
			continue
		}
		wide = append(wide, r)
	}
	return wide
}

// deal gives rows to microbatches in turn, so that each gets its share of long and short data: a batch of one kind alone overflows its
// experts.
func deal(rows []packedRow, shapes []layout) {
	at := 0
	for _, r := range rows {
		for len(shapes[at].filled) == shapes[at].rows {
			at = (at + 1) % len(shapes)
		}
		shapes[at].filled = append(shapes[at].filled, r)
		at = (at + 1) % len(shapes)
	}
}
