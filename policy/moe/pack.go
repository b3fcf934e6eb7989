package moe

import (
	"fmt"
	"slices"
	"sort"

	"github.com/rltrain/rltrain/policy"
)

// maxSegments bounds the documents in one packed row (the balance loss has one slot for each).
const maxSegments = 32

// place says where one datum lies in a packed batch.
type place struct {
	datum   int // index into the data
	row     int
	start   int      // first position of its prompt; where it shares one, as if the prompt stood before the response
	routing []uint16 // of the datum
	shares  bool     // the prompt but for its last token stands elsewhere in the row
}

// batch is one microbatch of packed rows, ready for the device. All slices are [rows*width].
type batch struct {
	rows, width                          int
	tokens, positions, segments, targets []int32
	prefixes                             []int32 // segment that a position also attends to; noPrefix where there is none
	behaviour, reference                 []float32
	advantages, weights                  []float32
	places                               []place
	filled                               []int    // positions taken in each row
	documents                            []int    // segments in each row
	spans                                [][2]int // positions that predict each response
	shared                               []int    // lengths of the prompts that are shared
}

// noPrefix is in the place of a segment where a position attends to its own only.
const noPrefix = -1

// pack packs data as the model allows: recorded experts and balance losses count positions, so that models with experts share none.
func (t *Trainer) pack(data []policy.Datum) ([]*batch, error) {
	s, share := t.Shapes, t.Config.MoELayers() == 0
	if s.TrainTokens == 0 {
		return pack(data, s.TrainRows, s.TrainWidth, share)
	}
	layers, head, attended := t.Config.TokenFLOPs()
	return packBudget(data, s.TrainTokens, s.TrainWidth, share, func(width int) float64 { return layers + head + attended*float64(width) })
}

// pack lays data side by side into microbatches of rows x width positions: longest first, each into the first
// row with room (first fit decreasing); then the rows are dealt to the microbatches. The order depends on the data alone.
// A datum occupies one position less than it has tokens: its last token is only a target.
// With share, data of one prompt lie in one bundle, where the prompt is laid down once.
func pack(data []policy.Datum, rows, width int, share bool) ([]*batch, error) {
	if err := checkData(data, width); err != nil {
		return nil, err
	}
	filled := fillRows(bundles(data, width, share), []int{width})
	shapes := make([]layout, (len(filled)+rows-1)/rows)
	for i := range shapes {
		shapes[i] = layout{rows: rows, width: width}
	}
	deal(filled, shapes)
	return write(data, shapes), nil
}

// packBudget is pack with microbatches of at most budget positions whose rows are no wider than the data make worth it; see planned.
func packBudget(data []policy.Datum, budget, width int, share bool, cost func(width int) float64) ([]*batch, error) {
	if err := checkData(data, width); err != nil {
		return nil, err
	}
	all := widths(width)
	rowsFrom := func(narrow int) []packedRow {
		return fillRows(bundles(data, narrow, share), all[slices.Index(all, narrow):])
	}
	return write(data, planned(rowsFrom, budget, width, cost)), nil
}

// write lays the data down as planned.
func write(data []policy.Datum, shapes []layout) []*batch {
	batches := make([]*batch, len(shapes))
	for i, l := range shapes {
		batches[i] = newBatch(l.rows, l.width)
		for r, row := range l.filled {
			for _, m := range row.bundles {
				batches[i].writeBundle(data, m.members, r)
			}
		}
	}
	return batches
}

// fillRows chooses the bundles of each row. A new row gets the narrowest of the widths, which ascend, that its first bundle fits.
func fillRows(all []bundle, widths []int) (filled []packedRow) {
	sort.SliceStable(all, func(a, b int) bool { return all[a].length > all[b].length })
	for _, b := range all {
		row := 0
		for row < len(filled) && (filled[row].used+b.length > filled[row].width || filled[row].segments+b.segments() > maxSegments) {
			row++
		}
		if row == len(filled) {
			at, _ := slices.BinarySearch(widths, b.length)
			filled = append(filled, packedRow{width: widths[at]})
		}
		r := &filled[row]
		r.bundles, r.used, r.segments = append(r.bundles, b), r.used+b.length, r.segments+b.segments()
	}
	return filled
}

func checkData(data []policy.Datum, width int) error {
	for i, d := range data {
		if err := checkDatum(d, width); err != nil {
			return fmt.Errorf("datum %d: %w", i, err)
		}
	}
	return nil
}

func length(d policy.Datum) int { return len(d.Prompt) + len(d.Response) - 1 }

func checkDatum(d policy.Datum, width int) error {
	n := len(d.Response)
	switch {
	case len(d.Prompt) == 0 || n == 0:
		return fmt.Errorf("prompt of %d and response of %d tokens: both must have at least one", len(d.Prompt), n)
	case length(d) > width:
		return fmt.Errorf("%d tokens do not fit the training width %d: raise train.width or lower max_tokens", length(d)+1, width)
	}
	for name, got := range map[string]int{"logprobs": len(d.Logprobs), "reference log-probs": len(d.Reference), "advantages": len(d.Advantages), "weights": len(d.Weights)} {
		if got != 0 && got != n {
			return fmt.Errorf("%d %s for %d response tokens: want one each", got, name, n)
		}
	}
	return nil
}

func newBatch(rows, width int) *batch {
	n := rows * width
	ints, floats := make([]int32, 5*n), make([]float32, 4*n)
	for i := range n {
		ints[4*n+i] = noPrefix
	}
	return &batch{
		rows: rows, width: width,
		tokens: ints[:n], positions: ints[n : 2*n], segments: ints[2*n : 3*n], targets: ints[3*n : 4*n], prefixes: ints[4*n:],
		behaviour: floats[:n], reference: floats[n : 2*n], advantages: floats[2*n : 3*n], weights: floats[3*n:],
		filled: make([]int, rows), documents: make([]int, rows),
	}
}

// write appends the datum to a row, which must have room.
func (b *batch) write(d policy.Datum, index, row int) {
	b.lay(d, place{datum: index, row: row, start: b.filled[row], routing: d.Routing}, 0, noPrefix)
}

// lay writes the positions of a datum from skip on at the end of its row.
func (b *batch) lay(d policy.Datum, p place, skip int, prefix int32) {
	b.places = append(b.places, p)
	b.documents[p.row]++
	b.filled[p.row] += length(d) - skip
	from, to := b.response(p, d)
	b.spans = append(b.spans, [2]int{from, to})
	token := func(i int) policy.Token {
		if i < len(d.Prompt) {
			return d.Prompt[i]
		}
		return d.Response[i-len(d.Prompt)]
	}
	for i := skip; i < length(d); i++ {
		at := p.row*b.width + p.start + i
		b.tokens[at], b.targets[at] = token(i), token(i+1)
		b.positions[at], b.segments[at], b.prefixes[at] = int32(i), int32(b.documents[p.row]), prefix
		if j := i + 1 - len(d.Prompt); j >= 0 {
			b.behaviour[at], b.reference[at] = entry(d.Logprobs, j), entry(d.Reference, j)
			b.advantages[at], b.weights[at] = entry(d.Advantages, j), entry(d.Weights, j)
		}
	}
}

// entry is values[i], or 0 where the slice was left out.
func entry(values []float32, i int) float32 {
	if i < len(values) {
		return values[i]
	}
	return 0
}

// responses takes from flat [rows*width] what belongs to each datum of the batch.
func (b *batch) responses(flat []float32, data []policy.Datum, into [][]float32) {
	for _, p := range b.places {
		from, to := b.response(p, data[p.datum])
		into[p.datum] = append([]float32(nil), flat[from:to]...)
	}
}

// response is the span of datum p's response predictions in the flat arrays.
func (b *batch) response(p place, d policy.Datum) (from, to int) {
	from = p.row*b.width + p.start + len(d.Prompt) - 1
	return from, from + len(d.Response)
}
