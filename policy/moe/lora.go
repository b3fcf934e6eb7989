package moe

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// LoRA asks for low-rank adapters (arXiv:2106.09685) in the words of PEFT's LoraConfig: the matrix W of each target becomes
// W + alpha/rank * B A, where W is frozen and A and B are trained.
type LoRA struct {
	Rank    int      `yaml:"rank"` // r
	Alpha   float64  `yaml:"alpha"`
	Targets []string `yaml:"targets"`           // the ends of modules' names, such as q_proj or mlp.up_proj; or allLinear
	Dropout float64  `yaml:"dropout,omitempty"` // 0, the only one there is
}

// DefaultLoRA has the rank and alpha of TRL, and PEFT's targets for Llama, Qwen and Gemma.
func DefaultLoRA() LoRA { return LoRA{Rank: 16, Alpha: 32, Targets: []string{"q_proj", "v_proj"}} }

// allLinear is PEFT's name for all linear layers but the head.
const allLinear = "all-linear"

// UnmarshalYAML fills in the defaults.
func (l *LoRA) UnmarshalYAML(decode func(any) error) error {
	type plain LoRA
	if l.Rank == 0 && l.Alpha == 0 && l.Targets == nil {
		*l = DefaultLoRA()
	}
	return decode((*plain)(l))
}

// Validate names the first value that makes no adapter, whatever the model.
func (l LoRA) Validate() error {
	switch {
	case l.Rank < 1:
		return fmt.Errorf("lora: rank is %d: want at least 1, such as 16", l.Rank)
	case !(l.Alpha > 0) || math.IsInf(l.Alpha, 0):
		return fmt.Errorf("lora: alpha is %g: want a positive number, such as 2 times the rank", l.Alpha)
	case l.Dropout != 0:
		return fmt.Errorf("lora: dropout is %g: this engine trains adapters without dropout: want 0", l.Dropout)
	case len(l.Targets) == 0:
		return errors.New("lora: targets is empty: name linear layers, such as [q_proj, v_proj], or [all-linear]")
	}
	return nil
}

// linear is a published linear layer, and where its matrix [out,in] lies in ours.
type linear struct {
	module  string // its published name, such as model.layers.0.self_attn.q_proj
	param   string // our parameter [in,width] that holds it
	in, out int
	first   int   // its first column there
	rows    []int // column first+i is the published row rows[i]; nil where that is i
	barred  bool  // of the feed-forward of a model with routed experts: PEFT puts adapters of these names on the experts, which have none here
}

// linears lists the linear layers of the model in the order of views; those of one parameter by ascending columns.
func (c Config) linears() []linear {
	byName := map[string]param{}
	for _, p := range c.params() {
		byName[p.name] = p
	}
	var list []linear
	for _, v := range c.views() {
		p := byName[v.param]
		module, ok := strings.CutSuffix(v.name, ".weight")
		if !ok || v.cols == 0 || !p.kind.matrix() {
			continue
		}
		m := linear{module: module, param: p.name, in: v.cols, out: v.rows, barred: c.MoELayers() > 0 && strings.Contains(module, ".mlp.")}
		if !m.barred {
			m.first, m.rows = v.columns(p.dims[1])
		}
		list = append(list, m)
	}
	return list
}

// columns tells where the rows of a published matrix lie in our parameter of so many columns, as linear does.
func (v view) columns(width int) (first int, rows []int) {
	columns := make([]int, v.rows)
	for r := range columns {
		columns[r] = v.at(r, 0) % width
	}
	first = slices.Min(columns)
	rows = make([]int, v.rows)
	for r, column := range columns {
		rows[column-first] = r
	}
	if slices.IsSorted(rows) {
		rows = nil
	}
	return first, rows
}

// adapter is LoRA on modules of one architecture.
type adapter struct {
	rank    int
	scale   float64 // alpha/rank
	modules []linear
}

// adapterFor finds the modules that l targets.
func (c Config) adapterFor(l LoRA) (*adapter, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	all, chosen := c.linears(), map[string]bool{}
	for _, target := range l.Targets {
		found, barred := false, ""
		for _, m := range all {
			switch {
			case !m.matches(target), m.barred && target == allLinear:
			case m.barred:
				barred = m.module
			default:
				found, chosen[m.module] = true, true
			}
		}
		switch {
		case barred != "":
			return nil, fmt.Errorf("lora: target %q (%s): in a model with routed experts PEFT puts such an adapter on the experts, and those have none here: take layers of the attention: %s",
				target, barred, strings.Join(kinds(all), ", "))
		case !found:
			return nil, fmt.Errorf("lora: target %q names no linear layer of this %s model: it has %s", target, c.family(), strings.Join(kinds(all), ", "))
		}
	}
	a := &adapter{rank: l.Rank, scale: l.Alpha / float64(l.Rank)}
	for _, m := range all {
		if chosen[m.module] {
			a.modules = append(a.modules, m)
		}
	}
	return a, nil
}

// matches tells whether a target names the module, by PEFT's rule.
func (m linear) matches(target string) bool {
	return target == allLinear || m.module == target || strings.HasSuffix(m.module, "."+target)
}

// kinds are the last parts of the names of all layers that may have adapters.
func kinds(all []linear) []string {
	var names []string
	for _, m := range all {
		name := m.module[strings.LastIndex(m.module, ".")+1:]
		if !m.barred && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
