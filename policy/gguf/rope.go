package gguf

import (
	"errors"
	"fmt"
	"math"
)

// ropeFactors is a tensor of factors by which the wavelengths of the rotary embedding grow.
const ropeFactors = "rope_freqs.weight"

// ropeScaling is rope_scaling of config.json, nil where there is none. Files keep what Llama 3.1
// asks for as the factors that come out, so those are compared with what its published settings give.
func (f *File) ropeScaling(arch string, c dims) (map[string]any, error) {
	if _, ok := f.tensors[ropeFactors]; ok {
		return f.llama3Scaling(c)
	}
	switch kind := f.String(arch + ".rope.scaling.type"); kind {
	case "", "none":
		return nil, nil
	case "linear", "yarn":
		factor, ok := f.Float(arch + ".rope.scaling.factor")
		if !ok {
			return nil, fmt.Errorf("its metadata lack %s.rope.scaling.factor (get it again)", arch)
		}
		out := map[string]any{"rope_type": kind, "factor": short(factor)}
		if n, ok := f.Int(arch + ".rope.scaling.original_context_length"); ok {
			out["original_max_position_embeddings"] = n
		}
		return out, nil
	default:
		return nil, fmt.Errorf("its rope scaling %q is not supported, only linear, yarn and Llama 3's: take the model's Hugging Face folder", kind)
	}
}

func (f *File) llama3Scaling(c dims) (map[string]any, error) {
	have, err := f.Floats(ropeFactors)
	if err != nil {
		return nil, err
	}
	const low, high, original = 1.0, 4.0, 8192.0
	for _, factor := range []float64{8, 32} {
		if len(have) == c.headDim/2 && near(have, llama3Factors(c, factor, low, high, original)) {
			return map[string]any{"rope_type": "llama3", "factor": factor, "low_freq_factor": low, "high_freq_factor": high, "original_max_position_embeddings": int(original)}, nil
		}
	}
	return nil, errors.New("the factors in its " + ropeFactors + " are those of no published Llama: take the model's Hugging Face folder")
}

// llama3Factors is how much longer each wavelength becomes: not at all below one bound, factor times
// above another, and in between a blend of both.
func llama3Factors(c dims, factor, low, high, original float64) []float64 {
	out := make([]float64, c.headDim/2)
	for i := range out {
		wavelength := 2 * math.Pi * math.Pow(c.theta, 2*float64(i)/float64(c.headDim))
		switch {
		case wavelength < original/high:
			out[i] = 1
		case wavelength > original/low:
			out[i] = factor
		default:
			smooth := (original/wavelength - low) / (high - low)
			out[i] = 1 / ((1-smooth)/factor + smooth)
		}
	}
	return out
}

func near(have []float32, want []float64) bool {
	for i, x := range have {
		if math.Abs(float64(x)-want[i]) > 1e-3*want[i] {
			return false
		}
	}
	return true
}
