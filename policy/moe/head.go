package moe

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// The head of a published model is wide: its logits for all positions of a batch would take more memory than all layers, most of
// them for positions of prompts, which nobody scores. So they are made for the positions that are scored only, and in parts.

// Widths of the head.
const (
	wideVocab = 4096     // from here on only scored positions get logits
	maxLogits = 32 << 20 // numbers of one part
)

// places are the positions whose predictions are scored.
type places struct {
	scored *Node // int32 [L] indices into the positions B*T, filled up with 0
	slots  *Node // int32 [B*T] where a position stands among the scored, L where it does not
	part   int   // positions whose logits are made at a time
}

func (c Config) places(scored, slots *Node) places {
	return places{scored, slots, max(1, maxLogits/c.Vocab)}
}

// scored lists the positions that predict a token of a response, and for each position its place in the list. The length of the list is
// the number of positions halved as often as they still fit, so that few shapes are compiled; with a narrow head it is all of them.
func (b *batch) scored(vocab int) (at, slots []int32) {
	n, count := b.rows*b.width, 0
	for _, r := range b.spans {
		count += r[1] - r[0]
	}
	length := n
	for vocab >= wideVocab && length%2 == 0 && length/2 >= max(count, 32) {
		length /= 2
	}
	at, slots = make([]int32, 0, length), make([]int32, n)
	for i := range slots {
		slots[i] = int32(length)
		if length == n {
			at, slots[i] = append(at, int32(i)), int32(i)
		}
	}
	if length == n {
		return at, slots
	}
	for _, r := range b.spans {
		for i := r[0]; i < r[1]; i++ {
			slots[i] = int32(len(at))
			at = append(at, int32(i))
		}
	}
	return at[:length], slots
}

// logProbs returns the log-probs of targets[B,T] under hidden[B,T,D]: [B,T], 0 where a position is not scored.
func (c Config) logProbs(w weights, hidden, targets *Node, p places) *Node {
	B, T, L := targets.Shape().Dimensions[0], targets.Shape().Dimensions[1], p.scored.Shape().Dimensions[0]
	if L == B*T {
		return c.predicted(w, hidden, targets)
	}
	at := InsertAxes(p.scored, -1)
	x, y := Gather(Reshape(hidden, B*T, c.Width), at), Gather(Reshape(targets, -1), at)
	var parts []*Node
	for from := 0; from < L; from += p.part {
		some := AxisRange(from, min(from+p.part, L))
		part := SliceAxis(x, 0, some).Checkpoint() // a gradient makes the logits again
		parts = append(parts, c.predicted(w, part, SliceAxis(y, 0, some)).StopCheckpoint())
	}
	parts = append(parts, Zeros(x.Graph(), shapes.Make(x.DType(), 1)))
	return Reshape(Gather(Concatenate(parts, 0), InsertAxes(p.slots, -1)), B, T)
}

// predicted are the log-probs of targets[...] under hidden[...,D].
func (c Config) predicted(w weights, hidden, targets *Node) *Node {
	logits := w.logits(hidden)
	picked := ReduceSum(Mul(logits, OneHot(targets, c.Vocab, dtypes.Float32)), -1)
	return Sub(picked, logSumExp(logits))
}
