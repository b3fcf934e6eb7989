package moe

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/rltrain/rltrain/internal/xla"
)

// Shapes fixes the sizes that graphs are compiled for.
type Shapes struct {
	TrainRows    int    `yaml:"train_rows"`    // rows of a training microbatch
	TrainWidth   int    `yaml:"train_width"`   // positions of a row; no sequence may be longer
	TrainTokens  int    `yaml:"train_tokens"`  // positions of a microbatch at most, rows as wide as the data need; 0: train_rows of train_width
	MaxRows      int    `yaml:"max_rows"`      // completions sampled side by side
	DecodeChunk  int    `yaml:"decode_chunk"`  // tokens drawn between two looks at who has finished
	PromptMargin int    `yaml:"prompt_margin"` // prompt slots are rounded up to this
	Devices      int    `yaml:"devices"`       // devices that share the microbatches of a training step; 0 is 1
	DType        string `yaml:"dtype"`         // of matrix products: float32, or bfloat16; see half.go
	// Recompute makes a gradient compute the inside of each layer twice rather than keep it: less memory, about a third more work.
	Recompute bool `yaml:"recompute"`
}

// DefaultShapes suits the demo model on two cores.
func DefaultShapes() Shapes {
	return Shapes{TrainRows: 16, TrainWidth: 256, MaxRows: 256, DecodeChunk: 16, PromptMargin: 32, Devices: 1, DType: Float32}
}

// Trainer is the embedded policy.Trainer. It is not safe for concurrent use; the Samplers it
// hands out are bound to their weights, but share the device with it: one of them may sample while the Trainer works.
type Trainer struct {
	Config Config
	Shapes Shapes

	engine   *xla.Engine
	programs *programs
	source   source // the files beside the weights of the folder that was opened
	origin   origin // of the adapters

	params        []*tensors.Tensor // never changed in place: snapshots share them
	tuned         []*tensors.Tensor // adapters, which are trained instead; nil without LoRA
	whole         []*tensors.Tensor // params with the adapters added, see merged
	grads         []*tensors.Tensor // running sums since the last OptimStep, of what is trained
	first, second []*tensors.Tensor // optimizer moments, of what is trained
	bias          []float32         // routing bias [M*E]
	load          []float64         // routed slots since the last OptimStep [M*E]
	steps         int               // optimizer steps taken
	account       account
	replicas      replicas        // of the weights, on further devices
	cos, sin      *tensors.Tensor // see ropeTables
}

// New makes a Trainer with random weights drawn from seed.
func New(engine *xla.Engine, config Config, shapes Shapes, seed uint64) (*Trainer, error) {
	t, err := empty(engine, config, shapes)
	if err != nil {
		return nil, err
	}
	return t, t.setParams(config.initial(seed))
}

// empty makes a Trainer without weights.
func empty(engine *xla.Engine, config Config, shapes Shapes) (*Trainer, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if shapes.TrainWidth > config.MaxPositions {
		return nil, fmt.Errorf("train width %d is beyond the model's max_position_embeddings %d: lower train_width", shapes.TrainWidth, config.MaxPositions)
	}
	if shapes.Devices < 0 || shapes.Devices > engine.NumDevices() {
		return nil, fmt.Errorf("shapes.devices is %d, and the engine has %d: want 1 to that many", shapes.Devices, engine.NumDevices())
	}
	if shapes.TrainTokens != 0 && shapes.TrainTokens < shapes.TrainWidth {
		return nil, fmt.Errorf("shapes.train_tokens is %d, less than one row of train_width %d: raise it to that or more, or leave it out", shapes.TrainTokens, shapes.TrainWidth)
	}
	var err error
	if config.half, err = shapes.half(engine); err != nil {
		return nil, err
	}
	t := &Trainer{Config: config, Shapes: shapes, engine: engine}
	t.programs, err = newPrograms(engine, config, shapes)
	if err != nil {
		return nil, err
	}
	t.bias = make([]float32, max(1, config.MoELayers())*max(1, config.Experts))
	t.load = make([]float64, len(t.bias))
	t.clearMoments()
	return t, nil
}

// Compilations tells how much compiling this trainer and its samplers have done.
func (t *Trainer) Compilations() Compilations { return t.programs.meter.read() }

// Steps is the number of optimizer steps behind the present weights.
func (t *Trainer) Steps() int { return t.steps }

func (t *Trainer) backend() compute.Backend { return t.engine.Backend }

func (t *Trainer) setParams(values [][]float32) error {
	list, err := t.place(t.Config.params(), values)
	t.params, t.whole = list, nil
	return err
}

// place puts the values of parameters on the device.
func (t *Trainer) place(params []param, values [][]float32) ([]*tensors.Tensor, error) {
	var list []*tensors.Tensor
	for i, p := range params {
		tensor, err := toDevice(t.backend(), values[i], p.dims...)
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", p.name, err)
		}
		list = append(list, tensor)
	}
	return list, nil
}

func (t *Trainer) clearMoments() {
	t.first, t.second, t.grads = t.likeLearned(), t.likeLearned(), nil
	clear(t.load)
}

// likeLearned is a zero tensor for each one that is trained.
func (t *Trainer) likeLearned() []*tensors.Tensor {
	var list []*tensors.Tensor
	for _, p := range t.Config.trained() {
		list = append(list, zeros(p.dims...))
	}
	return list
}

func (t *Trainer) biasInput() host {
	return host{floats: t.bias, dims: []int{max(1, t.Config.MoELayers()), max(1, t.Config.Experts)}}
}
