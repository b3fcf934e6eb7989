package moe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/rltrain/rltrain/internal/xla"
	"github.com/rltrain/rltrain/policy"
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
	groupingCost  float64         // groupingCost; 0 in tests
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

// largeModel is the number of parameters from which on memory counts more than the faults of mapping it.
const largeModel = 64 << 20

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
	if total, _ := config.ParamCount(); total > largeModel {
		xla.MapLargeBlocks()
	}
	var err error
	if config.half, err = shapes.half(engine); err != nil {
		return nil, err
	}
	t := &Trainer{Config: config, Shapes: shapes, engine: engine, groupingCost: groupingCost}
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

func (t *Trainer) biasTensor() (*tensors.Tensor, error) {
	return toDevice(t.backend(), t.bias, max(1, t.Config.MoELayers()), max(1, t.Config.Experts))
}

// batchArgs puts the common inputs of a forward pass on the device: bias, tokens, positions, segments, targets,
// routing, prefixes, scored, slots.
func (t *Trainer) batchArgs(b *batch) ([]*tensors.Tensor, error) {
	bias, err := t.biasTensor()
	if err != nil {
		return nil, err
	}
	list := []*tensors.Tensor{bias}
	for _, values := range [][]int32{b.tokens, b.positions, b.segments, b.targets} {
		tensor, err := toDevice(t.backend(), values, b.rows, b.width)
		if err != nil {
			return nil, err
		}
		list = append(list, tensor)
	}
	slots := t.Config.routeSlots()
	scored, slotOf := b.scored(t.Config.Vocab)
	for _, x := range []host{
		{ints: b.routing(slots), dims: []int{b.rows, b.width, slots}}, {ints: b.prefixes, dims: []int{b.rows, b.width}},
		{ints: scored, dims: []int{len(scored)}}, {ints: slotOf, dims: []int{b.rows * b.width}},
	} {
		tensor, err := toDevice(t.backend(), x.ints, x.dims...)
		if err != nil {
			return nil, err
		}
		list = append(list, tensor)
	}
	return list, nil
}

// ForwardBackward implements policy.Trainer.
func (t *Trainer) ForwardBackward(ctx context.Context, data []policy.Datum, loss policy.Loss) (policy.Stats, error) {
	if err := errors.Join(checkLoss(loss, data), t.Config.checkRouting(data)); err != nil {
		return policy.Stats{}, err
	}
	batches, err := t.pack(data)
	if err != nil {
		return policy.Stats{}, err
	}
	if t.grads == nil {
		t.grads = t.likeLearned()
	}
	sums := statSums{logprobs: make([][]float32, len(data))}
	for _, round := range rounds(batches, max(1, t.Shapes.Devices)) {
		if err := ctx.Err(); err != nil {
			return policy.Stats{}, err
		}
		if err := t.accumulate(round, loss, data, &sums); err != nil {
			return policy.Stats{}, err
		}
	}
	t.account.add(0, t.Config.passes()*t.Config.passFLOPs(data, batches))
	return sums.stats(), nil
}

// checkLoss names what a loss lacks.
func checkLoss(l policy.Loss, data []policy.Datum) error {
	if l.Kind != policy.LossCrossEntropy && !slices.Contains(policy.Losses(), l.Kind) {
		return fmt.Errorf("loss %q is not known: use %q or one of %q", l.Kind, policy.LossCrossEntropy, policy.Losses())
	}
	for i, d := range data {
		if l.KL > 0 && l.Kind != policy.LossCrossEntropy && len(d.Reference) != len(d.Response) {
			return fmt.Errorf("datum %d: %d reference log-probs for %d response tokens: a KL of %g needs one each", i, len(d.Reference), len(d.Response), l.KL)
		}
	}
	return nil
}

// gradArgs puts a microbatch, with share of the call's documents, on the device: a gradient graph's inputs after the weights and sums.
func (t *Trainer) gradArgs(b *batch, loss policy.Loss, share float32) ([]*tensors.Tensor, error) {
	own, err := t.batchArgs(b)
	if err != nil {
		return nil, err
	}
	for _, values := range [][]float32{b.behaviour, b.reference, b.advantages, b.weights} {
		tensor, err := toDevice(t.backend(), values, b.rows, b.width)
		if err != nil {
			return nil, err
		}
		own = append(own, tensor)
	}
	numbers, err := toDevice(t.backend(), constants(loss, share), constCount)
	if err != nil {
		return nil, err
	}
	return append(own, numbers), nil
}

// accumulate adds a round of microbatches, one a device, to the gradient sums.
func (t *Trainer) accumulate(round []*batch, loss policy.Loss, data []policy.Datum, sums *statSums) error {
	if len(round) > 1 {
		if err := t.replicate(); err != nil {
			return err
		}
	}
	n := len(t.grads)
	var args []any
	for d, b := range round {
		own, err := t.gradArgs(b, loss, float32(len(b.places))/float32(len(data)))
		if err != nil {
			return err
		}
		defer release(own...)
		if d == 0 {
			args = asArgs(slices.Concat(t.params, t.tuned, t.grads, own)...)
			continue
		}
		there, err := t.copyTo(d, own)
		if err != nil {
			return err
		}
		defer release(there...)
		args = append(append(args, t.replicas.args(d)...), asArgs(there...)...)
	}
	out, err := t.programs.grad[gradForm{loss.Kind, true}].run(args)
	if err == nil && overflowed(out, n, len(round)) {
		release(out...)
		sums.overflows += len(round)
		out, err = t.programs.grad[gradForm{loss.Kind, false}].run(args)
	}
	if err != nil {
		return err
	}
	release(t.grads...)
	t.grads = out[:n:n]
	defer release(out[n:]...)
	for d, b := range round {
		own := out[d*(n+3):] // of device d: sums, stats, load, log-probs
		for i, v := range tensors.MustCopyFlatData[float32](own[n+1]) {
			t.load[i] += float64(v)
		}
		sums.add(tensors.MustCopyFlatData[float32](own[n]), b)
		b.responses(tensors.MustCopyFlatData[float32](own[n+2]), data, sums.logprobs)
	}
	return nil
}

// overflowed tells whether on any device the grouped experts had no room for all tokens. A device returns n gradient sums,
// then statistics, load and log-probs.
func overflowed(out []*tensors.Tensor, n, devices int) bool {
	for d := range devices {
		if tensors.MustCopyFlatData[float32](out[d*(n+3)+n])[maxOverflow] > 0 {
			return true
		}
	}
	return false
}

// OptimStep implements policy.Trainer.
func (t *Trainer) OptimStep(_ context.Context, o policy.Optim) (policy.Stats, error) {
	if t.grads == nil {
		return policy.Stats{}, fmt.Errorf("optimizer step without a gradient: call ForwardBackward first")
	}
	numbers, err := toDevice(t.backend(), hyper(o, t.steps+1), hyperCount)
	if err != nil {
		return policy.Stats{}, err
	}
	defer release(numbers)
	var owned []*tensors.Tensor
	owned = append(append(append(owned, t.first...), t.second...), t.grads...)
	given, err := donate(t.backend(), owned...)
	if err != nil {
		return policy.Stats{}, err
	}
	out, err := t.programs.apply[o.MuonLR > 0].run(append(append(asArgs(t.learned()...), given...), numbers))
	if err != nil {
		return policy.Stats{}, err
	}
	n := len(t.first)
	t.setLearned(out[:n:n])
	t.first, t.second, t.grads = out[n:2*n:2*n], out[2*n:3*n:3*n], nil
	norm := float64(tensors.ToScalar[float32](out[3*n]))
	if math.IsNaN(norm) || math.IsInf(norm, 0) { // the graph has kept weights and moments
		clear(t.load)
		return policy.Stats{}, fmt.Errorf("%w: its norm is %v after %d steps: lower the learning rate", policy.ErrNotFinite, norm, t.steps)
	}
	t.steps++
	if t.Config.lora != nil { // the base is frozen
		o.BiasRate = 0
	}
	return t.balance(o.BiasRate, norm), nil
}

// balance moves the routing bias against the load of the last step (arXiv:2408.15664) and reports both; a rate of 0 leaves it as it is.
func (t *Trainer) balance(rate float32, norm float64) policy.Stats {
	stats := policy.Stats{GradNorm: norm}
	E := t.Config.Experts
	for m := range t.Config.MoELayers() {
		load, bias := t.load[m*E:(m+1)*E], t.bias[m*E:(m+1)*E]
		total := 0.0
		for _, n := range load {
			total += n
		}
		shares, biases, mean := make([]float64, E), make([]float64, E), float32(0)
		for e := range bias {
			shares[e] = load[e] / max(total, 1)
			switch even := total / float64(E); {
			case load[e] < even:
				bias[e] += rate
			case load[e] > even:
				bias[e] -= rate
			}
			mean += bias[e] / float32(E)
		}
		for e := range bias {
			if rate != 0 {
				bias[e] -= mean
			}
			biases[e] = float64(bias[e])
			load[e] = 0
		}
		stats.ExpertLoad, stats.ExpertBias = append(stats.ExpertLoad, shares), append(stats.ExpertBias, biases)
	}
	return stats
}

// Score implements policy.Trainer.
func (t *Trainer) Score(ctx context.Context, data []policy.Datum) ([][]float32, error) {
	weights, err := t.merged()
	if err != nil {
		return nil, err
	}
	return t.score(ctx, weights, data)
}

// score is Score with the given weights.
func (t *Trainer) score(ctx context.Context, weights []*tensors.Tensor, data []policy.Datum) ([][]float32, error) {
	if err := t.Config.checkRouting(data); err != nil {
		return nil, err
	}
	batches, err := t.pack(data)
	if err != nil {
		return nil, err
	}
	scores := make([][]float32, len(data))
	for _, b := range batches {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		args, err := t.batchArgs(b)
		if err != nil {
			return nil, err
		}
		out, err := t.programs.score.run(asArgs(slices.Concat(weights, args)...))
		release(args...)
		if err != nil {
			return nil, err
		}
		b.responses(tensors.MustCopyFlatData[float32](out[0]), data, scores)
		release(out...)
	}
	t.account.add(0, t.Config.passFLOPs(data, batches))
	return scores, nil
}
