package moe

import (
	"fmt"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
)

// The letters of Config.LayerKinds.
const (
	windowKind = 'w'
	fullKind   = 'f'
)

// windowed tells whether layer l attends to a window only.
func (c Config) windowed(l int) bool { return c.LayerKinds != "" && c.LayerKinds[l] == windowKind }

// validateKinds checks what a model with windows needs.
func (c Config) validateKinds() error {
	if c.LayerKinds == "" {
		return nil
	}
	if len(c.LayerKinds) != c.Layers || strings.Trim(c.LayerKinds, string([]rune{windowKind, fullKind})) != "" {
		return fmt.Errorf("model config: layer_types name %d layers (%s), and num_hidden_layers is %d: want sliding_attention or full_attention for each", len(c.LayerKinds), c.LayerKinds, c.Layers)
	}
	if c.Window < 1 || !(c.LocalTheta > 0) || c.KVHeads < 1 {
		return fmt.Errorf("model config: sliding_window is %d, rope_local_base_freq %g, num_key_value_heads %d: want positive numbers", c.Window, c.LocalTheta, c.KVHeads)
	}
	return nil
}

// outlook is how a layer sees the other positions: its angles, which broadcast to half of what is rotated, and what is hidden from it, in a
// form H.
type outlook[H any] struct {
	cos, sin *Node
	hidden   H
}

// sight has the outlook of each layer of a forward pass.
type sight[H any] struct {
	Config
	full, window outlook[H]
}

// sightOf makes the outlooks from rows [...,ropeWidth] of the tables, and from what is hidden with a window (0 is none).
func sightOf[H any](c Config, cos, sin *Node, hidden func(window int) H) sight[H] {
	if c.LayerKinds == "" {
		return sight[H]{Config: c, full: outlook[H]{cos, sin, hidden(0)}}
	}
	cosFull, cosWindow := halves(cos)
	sinFull, sinWindow := halves(sin)
	return sight[H]{c, outlook[H]{cosFull, sinFull, hidden(0)}, outlook[H]{cosWindow, sinWindow, hidden(c.Window)}}
}

// of is the outlook of layer l.
func (s sight[H]) of(l int) outlook[H] {
	if s.windowed(l) {
		return s.window
	}
	return s.full
}

// attended sums up how many positions those from … to-1 of a sequence attend to, on average over the layers.
func (c Config) attended(from, to int) float64 {
	n := float64(to - from)
	all := n * float64(from+to+1) / 2 // position t attends to t+1
	inside := 0.0
	if c.Window > 0 {
		edge := min(max(c.Window, from), to) // from here on the window is full
		inside = float64(edge-from)*float64(from+edge+1)/2 + float64(to-edge)*float64(c.Window)
	}
	share := float64(strings.Count(c.LayerKinds, string(windowKind))) / float64(c.Layers)
	return share*inside + (1-share)*all
}
