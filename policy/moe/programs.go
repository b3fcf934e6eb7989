package moe

import (
	"github.com/rltrain/rltrain/internal/xla"
	"github.com/rltrain/rltrain/policy"
)

// programs are the compiled graphs of one Trainer and its Samplers.
type programs struct {
	meter   Compilations
	grad    map[gradForm]*program
	score   *program
	apply   map[bool]*program // by muon
	prepare *program
	merge   *program          // nil without LoRA
	prefill map[bool]*program // by whether a policy.Cut applies
	decode  map[bool]*program
	rows    *program
	resize  map[bool]*program // by whether recent slots become past
}

// gradForm names a gradient graph: its loss, and the form of the experts.
type gradForm struct {
	kind    policy.LossKind
	experts expertForm
}

func newPrograms(engine *xla.Engine, c Config, shapes Shapes) (*programs, error) {
	p := &programs{
		grad: map[gradForm]*program{}, apply: map[bool]*program{},
		prefill: map[bool]*program{}, decode: map[bool]*program{}, resize: map[bool]*program{},
	}
	var err error
	add := func(name string, build builder) *program {
		var made *program
		if err == nil {
			made, err = newProgram(engine.Backend, &p.meter, name, build)
		}
		return made
	}
	gradient := func(name string, build builder) *program {
		if shapes.Devices < 2 || err != nil {
			return add(name, build)
		}
		var made *program
		made, err = newParallelProgram(engine.Backend, &p.meter, name, shapes.Devices, len(c.trained()), build)
		return made
	}
	for _, kind := range append(policy.Losses(), policy.LossCrossEntropy) {
		for _, form := range c.expertForms() {
			p.grad[gradForm{kind, form}] = gradient("gradient of "+string(kind), c.gradGraph(kind, form, shapes.Recompute))
		}
	}
	p.apply[false], p.apply[true] = add("AdamW step", c.applyGraph(false)), add("Muon step", c.applyGraph(true))
	p.score = add("score", c.scoreGraph())
	p.prepare = add("snapshot", c.prepareGraph())
	if c.lora != nil {
		p.merge = add("merge of adapters", c.mergeGraph())
	}
	for _, filtered := range []bool{false, true} {
		p.prefill[filtered] = add("prefill", c.prefillGraph(filtered))
		p.decode[filtered] = add("decode", c.decodeGraph(engine.DynamicSlice, filtered))
	}
	p.rows = add("rows", c.rowsGraph())
	for _, grow := range []bool{false, true} {
		p.resize[grow] = add("resize", c.resizeGraph(grow))
	}
	return p, err
}
