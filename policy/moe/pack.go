package moe

import (
	"fmt"
	"sort"

	"github.com/rltrain/rltrain/policy"
)

// maxSegments bounds the documents in one packed row (the balance loss has one slot for each).
const maxSegments = 32

// place says where one datum lies in a packed batch.
type place struct {
	datum   int // index into the data
	row     int
	start   int      // first position of its prompt
	routing []uint16 // of the datum
}

// batch is one microbatch of packed rows, ready for the device. All slices are [rows*width].
type batch struct {
	rows, width                          int
	tokens, positions, segments, targets []int32
	behaviour, reference                 []float32
	advantages, weights                  []float32
	places                               []place
	filled                               []int // positions taken in each row
	documents                            []int // documents in each row
}

// pack lays data side by side into microbatches of rows x width positions: longest first, each into the first
// row with room (first fit decreasing); then the rows are dealt to the microbatches in turn, so that each gets
// its share of long and short ones: a batch of one kind alone overflows its experts. The order depends on the data alone.
// A datum occupies one position less than it has tokens: its last token is only a target.
func pack(data []policy.Datum, rows, width int) ([]*batch, error) {
	filled, err := fillRows(data, width)
	if err != nil {
		return nil, err
	}
	batches := make([]*batch, (len(filled)+rows-1)/rows)
	for i := range batches {
		batches[i] = newBatch(rows, width)
	}
	for r, members := range filled {
		b := batches[r%len(batches)]
		for _, i := range members {
			b.write(data[i], i, r/len(batches))
		}
	}
	return batches, nil
}

// fillRows chooses the data of each row of width positions, as indices into data.
func fillRows(data []policy.Datum, width int) (filled [][]int, err error) {
	order := make([]int, len(data))
	for i, d := range data {
		order[i] = i
		if err := checkDatum(d, width); err != nil {
			return nil, fmt.Errorf("datum %d: %w", i, err)
		}
	}
	sort.SliceStable(order, func(a, b int) bool { return length(data[order[a]]) > length(data[order[b]]) })
	var used []int // positions taken in each row
	for _, i := range order {
		n, row := length(data[i]), 0
		for row < len(filled) && (used[row]+n > width || len(filled[row]) == maxSegments) {
			row++
		}
		if row == len(filled) {
			filled, used = append(filled, nil), append(used, 0)
		}
		filled[row] = append(filled[row], i)
		used[row] += n
	}
	return filled, nil
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
	ints, floats := make([]int32, 4*n), make([]float32, 4*n)
	return &batch{
		rows: rows, width: width,
		tokens: ints[:n], positions: ints[n : 2*n], segments: ints[2*n : 3*n], targets: ints[3*n:],
		behaviour: floats[:n], reference: floats[n : 2*n], advantages: floats[2*n : 3*n], weights: floats[3*n:],
		filled: make([]int, rows), documents: make([]int, rows),
	}
}

// write appends the datum to a row, which must have room.
func (b *batch) write(d policy.Datum, index, row int) {
	start := b.filled[row]
	b.places = append(b.places, place{index, row, start, d.Routing})
	b.filled[row] += length(d)
	b.documents[row]++
	token := func(i int) policy.Token {
		if i < len(d.Prompt) {
			return d.Prompt[i]
		}
		return d.Response[i-len(d.Prompt)]
	}
	for i := range length(d) {
		at := row*b.width + start + i
		b.tokens[at], b.targets[at] = token(i), token(i+1)
		b.positions[at], b.segments[at] = int32(i), int32(b.documents[row])
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
