package moe

import (
	"cmp"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Yarn stretches rotary positions beyond the length that a model was trained at (arXiv:2309.00071), under the names
// of Hugging Face's rope_scaling. Slow rotations are interpolated by Factor, fast ones kept, with a ramp between.
type Yarn struct {
	Factor       float64 `json:"factor,omitempty" yaml:"factor"`
	Original     int     `json:"original_max_position_embeddings,omitempty" yaml:"original_max_position_embeddings"`
	BetaFast     float64 `json:"beta_fast,omitempty" yaml:"beta_fast,omitempty"` // rotations over the original length that are kept; 0 is 32
	BetaSlow     float64 `json:"beta_slow,omitempty" yaml:"beta_slow,omitempty"` // rotations that are fully interpolated; 0 is 1
	MScale       float64 `json:"mscale,omitempty" yaml:"mscale,omitempty"`
	MScaleAllDim float64 `json:"mscale_all_dim,omitempty" yaml:"mscale_all_dim,omitempty"`
}

func (y Yarn) on() bool { return y.Factor > 0 }

func (y Yarn) validate() error {
	if y.on() && (y.Factor < 1 || y.Original < 1) {
		return fmt.Errorf("model config: yarn with factor %g over %d positions: want a factor of at least 1 and original_max_position_embeddings", y.Factor, y.Original)
	}
	return nil
}

// magnitude is yarn's 0.1 m ln(factor) + 1.
func (y Yarn) magnitude(m float64) float64 {
	if y.Factor <= 1 {
		return 1
	}
	return 0.1*m*math.Log(y.Factor) + 1
}

// scale is what attention scores are multiplied by; 1 without yarn.
func (y Yarn) scale() float64 {
	if !y.on() || y.MScaleAllDim == 0 {
		return 1
	}
	return y.magnitude(y.MScaleAllDim) * y.magnitude(y.MScaleAllDim)
}

// rotation is what cosines and sines are multiplied by; 1 without yarn.
func (y Yarn) rotation() float64 {
	switch {
	case !y.on():
		return 1
	case y.MScale != 0 && y.MScaleAllDim != 0:
		return y.magnitude(y.MScale) / y.magnitude(y.MScaleAllDim)
	default:
		return y.magnitude(1)
	}
}

// frequency is the angle that pair i of dim/2 turns by from one position to the next.
func (y Yarn) frequency(i, dim int, theta float64) float64 {
	plain := math.Pow(theta, -2*float64(i)/float64(dim))
	if !y.on() {
		return plain
	}
	// The pair that turns so many times over the original length.
	pair := func(rotations float64) float64 {
		return float64(dim) * math.Log(float64(y.Original)/(rotations*2*math.Pi)) / (2 * math.Log(theta))
	}
	low := max(math.Floor(pair(cmp.Or(y.BetaFast, 32))), 0)
	high := min(math.Ceil(pair(cmp.Or(y.BetaSlow, 1))), float64(dim-1))
	if low == high {
		high += 0.001
	}
	interpolated := min(max((float64(i)-low)/(high-low), 0), 1)
	return plain/y.Factor*interpolated + plain*(1-interpolated)
}

// Llama3 stretches rotary positions as Llama 3.1 does, under the names of Hugging Face's rope_scaling: pairs that turn fewer than LowFreq times
// over the original length are slowed by Factor, those that turn more than HighFreq times are kept, with a ramp between.
type Llama3 struct {
	Factor   float64 `json:"factor" yaml:"factor"`
	Original int     `json:"original_max_position_embeddings" yaml:"original_max_position_embeddings"`
	LowFreq  float64 `json:"low_freq_factor" yaml:"low_freq_factor"`
	HighFreq float64 `json:"high_freq_factor" yaml:"high_freq_factor"`
}

func (s Llama3) on() bool { return s.Factor > 0 }

func (s Llama3) validate() error {
	if s.on() && (s.Factor < 1 || s.Original < 1 || s.LowFreq <= 0 || s.HighFreq <= s.LowFreq) {
		return fmt.Errorf("model config: llama3 rope scaling with factor %g over %d positions, low_freq_factor %g, high_freq_factor %g: want a factor of at least 1, "+
			"original_max_position_embeddings, and 0 < low < high", s.Factor, s.Original, s.LowFreq, s.HighFreq)
	}
	return nil
}

// slowed is the angle of a pair that plainly turns by plain from one position to the next.
func (s Llama3) slowed(plain float64) float64 {
	turns := float64(s.Original) * plain / (2 * math.Pi)
	kept := min(max((turns-s.LowFreq)/(s.HighFreq-s.LowFreq), 0), 1)
	return plain*kept + plain/s.Factor*(1-kept)
}

// ropeWidth is the width of the tables of cosines and sines: half of what is rotated, and where layers have a window, as much again for these.
func (c Config) ropeWidth() int {
	half := c.attention().ropeDim() / 2
	if c.LayerKinds != "" {
		return 2 * half
	}
	return half
}

// ropeTable returns cosines and sines [positions, ropeWidth] as constants of a graph.
func (c Config) ropeTable(g *Graph, positions int) (cos, sin *Node) {
	cs, sn := c.ropeValues(positions)
	return ConstTensor(g, tensors.FromFlatDataAndDimensions(cs, positions, c.ropeWidth())),
		ConstTensor(g, tensors.FromFlatDataAndDimensions(sn, positions, c.ropeWidth()))
}

func (c Config) ropeValues(positions int) (cos, sin []float32) {
	half, width := c.attention().ropeDim()/2, c.ropeWidth()
	cos, sin = make([]float32, positions*width), make([]float32, positions*width)
	for i := range width {
		frequency, size := c.frequency(i), c.Yarn.rotation()
		if i >= half { // of layers with a window
			frequency = math.Pow(c.LocalTheta, -float64(i-half)/float64(half))
		}
		for t := range positions {
			angle := float64(t) * frequency
			cos[t*width+i], sin[t*width+i] = float32(size*math.Cos(angle)), float32(size*math.Sin(angle))
		}
	}
	return cos, sin
}

// frequency is the angle that pair i turns by from one position to the next in a layer without a window.
func (c Config) frequency(i int) float64 {
	f := c.Yarn.frequency(i, c.attention().ropeDim(), c.RopeTheta)
	if c.Llama3.on() {
		f = c.Llama3.slowed(f)
	}
	return f / cmp.Or(c.RopeFactor, 1)
}

// ropeTables are the tables of all positions on the device, for decoding. They are made once: a long context's take long.
func (t *Trainer) ropeTables() (cos, sin *tensors.Tensor, err error) {
	if t.sin != nil {
		return t.cos, t.sin, nil
	}
	positions, width := t.Config.MaxPositions, t.Config.ropeWidth()
	cs, sn := t.Config.ropeValues(positions)
	if t.cos, err = toDevice(t.backend(), cs, positions, width); err == nil {
		t.sin, err = toDevice(t.backend(), sn, positions, width)
	}
	return t.cos, t.sin, err
}
