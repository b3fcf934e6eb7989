package moe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rltrain/rltrain/internal/xla"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/hf"
)

// An adapter folder is PEFT's: adapter_config.json, which names the base, and adapter_model.safetensors.
const (
	adapterConfigFile = "adapter_config.json"
	adapterFile       = "adapter_model.safetensors"
	adapterPrefix     = "base_model.model." // of a module's name in the file
)

// IsAdapter tells whether a folder holds a LoRA adapter in PEFT's layout.
func IsAdapter(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, adapterConfigFile))
	return err == nil
}

// origin is where the adapters of a Trainer came from.
type origin struct {
	base   string // folder of the base
	lora   LoRA
	config []byte // the adapter_config.json that was opened; nil for new adapters
}

// peft lists the keys of adapter_config.json that decide what is computed.
type peft struct {
	Type            string          `json:"peft_type"`
	Base            string          `json:"base_model_name_or_path"`
	Rank            int             `json:"r"`
	Alpha           float64         `json:"lora_alpha"`
	Dropout         float64         `json:"lora_dropout"`
	RSLoRA          bool            `json:"use_rslora"`
	DoRA            bool            `json:"use_dora"`
	LoRABias        bool            `json:"lora_bias"`
	FanInFanOut     bool            `json:"fan_in_fan_out"`
	Bias            string          `json:"bias"`
	RankPattern     map[string]any  `json:"rank_pattern"`
	AlphaPattern    map[string]any  `json:"alpha_pattern"`
	ModulesToSave   []string        `json:"modules_to_save"`
	Parameters      []string        `json:"target_parameters"`
	Replication     json.RawMessage `json:"layer_replication"`
	TrainableTokens json.RawMessage `json:"trainable_token_indices"`
}

// readPEFT reads adapter_config.json and refuses what would be computed differently here.
func readPEFT(dir string) (p peft, text []byte, err error) {
	path := filepath.Join(dir, adapterConfigFile)
	if text, err = os.ReadFile(path); err != nil {
		return p, nil, fmt.Errorf("read adapter: %w", err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, nil, fmt.Errorf("read adapter %s: %w", path, err)
	}
	given := func(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
	for _, key := range []struct {
		name string
		set  bool
	}{
		{"use_dora", p.DoRA}, {"use_rslora", p.RSLoRA}, {"lora_bias", p.LoRABias}, {"fan_in_fan_out", p.FanInFanOut}, {"bias", p.Bias != "" && p.Bias != "none"},
		{"rank_pattern", len(p.RankPattern) > 0}, {"alpha_pattern", len(p.AlphaPattern) > 0}, {"modules_to_save", len(p.ModulesToSave) > 0},
		{"target_parameters", len(p.Parameters) > 0}, {"layer_replication", given(p.Replication)}, {"trainable_token_indices", given(p.TrainableTokens)},
	} {
		if key.set {
			return p, nil, fmt.Errorf("adapter %s: %s is set: this engine runs plain LoRA only; merge the adapter with PEFT (merge_and_unload) and take the merged model", path, key.name)
		}
	}
	switch {
	case p.Type != "LORA":
		return p, nil, fmt.Errorf("adapter %s: peft_type is %q: this engine runs LORA only", path, p.Type)
	case p.Rank < 1 || !(p.Alpha > 0):
		return p, nil, fmt.Errorf("adapter %s: r is %d, lora_alpha %g: want positive numbers", path, p.Rank, p.Alpha)
	}
	return p, text, nil
}

// Adapter tells what an adapter folder holds.
type Adapter struct {
	Base string // folder of the model that it is for
	LoRA        // with the last parts of its modules' names as targets
	Size int    // numbers of all A and B
}

// ReadAdapter looks into an adapter folder.
func ReadAdapter(dir string) (Adapter, error) {
	p, _, err := readPEFT(dir)
	if err != nil {
		return Adapter{}, err
	}
	file, err := hf.Read(filepath.Join(dir, adapterFile))
	if err != nil {
		return Adapter{}, err
	}
	defer file.Close()
	a := Adapter{Base: p.Base, LoRA: LoRA{Rank: p.Rank, Alpha: p.Alpha}}
	for _, name := range file.Names() {
		module, ok := adaptedModule(name)
		if !ok {
			return a, notLoRA(dir, name)
		}
		if target := module[strings.LastIndex(module, ".")+1:]; !slices.Contains(a.Targets, target) {
			a.Targets = append(a.Targets, target)
		}
		stat, _ := file.Stat(name)
		a.Size += param{dims: stat.Shape}.size()
	}
	return a, nil
}

func notLoRA(path, tensor string) error {
	return fmt.Errorf("adapter %s: tensor %q is neither A nor B of a linear layer: this is no plain LoRA", path, tensor)
}

// adapterIn finds the modules that have adapters in a file.
func (c Config) adapterIn(file *hf.File, path string, p peft) (*adapter, error) {
	known, chosen := map[string]bool{}, map[string]bool{}
	for _, m := range c.linears() {
		known[m.module] = !m.barred
	}
	for _, name := range file.Names() {
		module, ok := adaptedModule(name)
		if !ok || !known[module] {
			return nil, fmt.Errorf("adapter %s: tensor %q adapts nothing that takes an adapter in this %s model: is it for another base than %s?", path, name, c.family(), p.Base)
		}
		chosen[module] = true
	}
	a := &adapter{rank: p.Rank, scale: p.Alpha / float64(p.Rank)}
	for _, m := range c.linears() {
		if chosen[m.module] {
			a.modules = append(a.modules, m)
		}
	}
	if len(a.modules) == 0 {
		return nil, fmt.Errorf("adapter %s is empty: get or save it again", path)
	}
	return a, nil
}

// adaptedModule is the module whose A or B a tensor of an adapter file is.
func adaptedModule(tensor string) (string, bool) {
	name, ok := strings.CutPrefix(tensor, adapterPrefix)
	for _, end := range []string{".lora_A.weight", ".lora_B.weight"} {
		if module, is := strings.CutSuffix(name, end); ok && is {
			return module, true
		}
	}
	return "", false
}

// Adapt opens a model folder to train adapters on it: new ones, drawn from seed, or where dir is an adapter folder those in it, which must
// be what l asks for.
func Adapt(engine *xla.Engine, dir string, shapes Shapes, l LoRA, seed uint64) (*Trainer, error) {
	if IsAdapter(dir) {
		return continueAdapter(engine, dir, shapes, l)
	}
	config, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	if config.lora, err = config.adapterFor(l); err != nil {
		return nil, err
	}
	t, err := openBase(engine, dir, config, shapes)
	if err != nil {
		return nil, err
	}
	t.origin = origin{base: dir, lora: l}
	if absolute, err := filepath.Abs(dir); err == nil {
		t.origin.base = absolute
	}
	t.tuned, err = t.place(config.adapters(), config.initialAdapters(seed))
	return t, err
}

func continueAdapter(engine *xla.Engine, dir string, shapes Shapes, l LoRA) (*Trainer, error) {
	t, err := openAdapter(engine, dir, shapes)
	if err != nil {
		return nil, err
	}
	asked, err := t.Config.adapterFor(l)
	if err != nil {
		return nil, err
	}
	if err := sameAdapter(dir, t.Config.lora, asked); err != nil {
		return nil, err
	}
	var p peft
	if err := json.Unmarshal(t.origin.config, &p); err != nil {
		return nil, err
	}
	if p.Dropout != 0 {
		return nil, fmt.Errorf("adapter %s: lora_dropout is %g: this engine trains adapters without dropout only; set it to 0 in %s", dir, p.Dropout, adapterConfigFile)
	}
	return t, nil
}

// sameAdapter names the first difference between the adapter of a folder and another.
func sameAdapter(dir string, have, want *adapter) error {
	names := func(a *adapter) (list []string) {
		for _, m := range a.modules {
			list = append(list, m.module)
		}
		return list
	}
	switch {
	case have.rank != want.rank || have.scale != want.scale:
		return fmt.Errorf("adapter %s has rank %d and alpha %g, but rank %d and alpha %g are asked for: take the same, or merge it first (rltrain model export)",
			dir, have.rank, have.scale*float64(have.rank), want.rank, want.scale*float64(want.rank))
	case !slices.Equal(names(have), names(want)):
		return fmt.Errorf("adapter %s is on %d modules (%s, …), but lora.targets name %d (%s, …): take the same targets, or merge it first (rltrain model export)",
			dir, len(have.modules), have.modules[0].module, len(want.modules), want.modules[0].module)
	}
	return nil
}

// openAdapter opens an adapter folder with its base.
func openAdapter(engine *xla.Engine, dir string, shapes Shapes) (*Trainer, error) {
	p, text, err := readPEFT(dir)
	if err != nil {
		return nil, err
	}
	config, err := ReadConfig(p.Base)
	if err != nil {
		return nil, fmt.Errorf("the base of adapter %s: %w: say where it is in base_model_name_or_path of %s", dir, err, adapterConfigFile)
	}
	path := filepath.Join(dir, adapterFile)
	file, err := hf.Read(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if config.lora, err = config.adapterIn(file, path, p); err != nil {
		return nil, err
	}
	t, err := openBase(engine, p.Base, config, shapes)
	if err != nil {
		return nil, err
	}
	t.origin = origin{p.Base, LoRA{Rank: p.Rank, Alpha: p.Alpha}, text}
	return t, t.readAdapter(file, path)
}

// readAdapter takes the adapters from a file.
func (t *Trainer) readAdapter(file *hf.File, path string) error {
	var values [][]float32
	for _, p := range t.Config.adapters() {
		v, err := readTensor(file, path, adapterPrefix+p.name+".weight", p.dims)
		if err != nil {
			return err
		}
		values = append(values, v)
	}
	list, err := t.place(t.Config.adapters(), values)
	if err == nil {
		t.setLearned(list)
	}
	return err
}

// loadAdapter is the part of Load that reads an adapter folder; the base stays.
func (t *Trainer) loadAdapter(dir string) error {
	p, _, err := readPEFT(dir)
	if err != nil {
		return fmt.Errorf("%w: this run trains adapters (lora in its recipe), and goes on from a folder that holds some only", err)
	}
	path := filepath.Join(dir, adapterFile)
	file, err := hf.Read(path)
	if err != nil {
		return err
	}
	defer file.Close()
	have, err := t.Config.adapterIn(file, path, p)
	if err != nil {
		return err
	}
	if err := sameAdapter(dir, have, t.Config.lora); err != nil {
		return err
	}
	return t.readAdapter(file, path)
}

// saveAdapter writes the adapters as PEFT reads them.
func (t *Trainer) saveAdapter(dir string) error {
	values, err := t.host(t.Config.adapters(), t.tuned)
	if err != nil {
		return err
	}
	var list []hf.Tensor
	for _, p := range t.Config.adapters() {
		list = append(list, hf.NewFloat32s(adapterPrefix+p.name+".weight", p.dims, values[p.name]))
	}
	if err := hf.Write(filepath.Join(dir, adapterFile), list, map[string]string{"format": "pt"}); err != nil {
		return err
	}
	path := filepath.Join(dir, adapterConfigFile)
	if t.origin.config != nil {
		return os.WriteFile(path, t.origin.config, 0o644)
	}
	l := t.origin.lora
	targets := l.Targets
	if slices.Contains(targets, allLinear) { // by name: PEFT's own choice is another one where there are experts
		targets = kinds(t.Config.lora.modules)
	}
	return writeJSON(path, map[string]any{
		"base_model_name_or_path": t.origin.base, "bias": "none", "fan_in_fan_out": false, "inference_mode": true, "init_lora_weights": true,
		"lora_alpha": l.Alpha, "lora_dropout": 0.0, "modules_to_save": nil, "peft_type": "LORA", "r": l.Rank, "target_modules": targets,
		"task_type": "CAUSAL_LM", "use_dora": false, "use_rslora": false,
	})
}

// Frozen is the base of a Trainer of adapters: the model as it was before them, without a copy of its weights.
type Frozen struct{ t *Trainer }

// Base is the model without the adapters.
func (t *Trainer) Base() (Frozen, error) {
	if t.Config.lora == nil {
		return Frozen{}, errors.New("the base of a model without adapters is the model itself: open it once more")
	}
	return Frozen{t}, nil
}

// Score returns the log-probs of each datum's response tokens under the base.
func (f Frozen) Score(ctx context.Context, data []policy.Datum) ([][]float32, error) {
	return f.t.score(ctx, f.t.params, data)
}
