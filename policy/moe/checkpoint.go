package moe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/rltrain/rltrain/internal/xla"
	"github.com/rltrain/rltrain/policy/hf"
)

const (
	configFile    = "config.json"
	weightsFile   = "model.safetensors"
	optimizerFile = "optimizer.safetensors"
)

// Open makes a Trainer from a model folder in the Hugging Face layout (config.json, *.safetensors), or from an adapter folder in PEFT's,
// which names its base. Of the latter the adapters are trained.
func Open(engine *xla.Engine, dir string, shapes Shapes) (*Trainer, error) {
	if IsAdapter(dir) {
		return openAdapter(engine, dir, shapes)
	}
	config, err := ReadConfig(dir)
	if err != nil {
		return nil, err
	}
	return openBase(engine, dir, config, shapes)
}

// openBase opens a model folder whose configuration has been read; config may have adapters, which stay unset.
func openBase(engine *xla.Engine, dir string, config Config, shapes Shapes) (*Trainer, error) {
	t, err := empty(engine, config, shapes)
	if err != nil {
		return nil, err
	}
	if t.source, err = readSource(dir); err != nil {
		return nil, err
	}
	return t, t.loadWeights(dir)
}

// SaveModel writes config.json and model.safetensors into dir, as transformers reads them: of a model that was opened, its own config.json.
// Adapters are merged.
func (t *Trainer) SaveModel(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	if err := t.writeConfig(dir); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	weights, err := t.merged()
	if err != nil {
		return err
	}
	values, err := t.host(t.Config.params(), weights)
	if err != nil {
		return err
	}
	var list []hf.Tensor
	for _, v := range t.Config.views() {
		source := t.bias
		if v.param != "" {
			source = values[v.param]
		}
		out := make([]float32, v.rows*max(1, v.cols))
		v.each(func(published, ours int) { out[published] = source[ours] })
		list = append(list, hf.NewFloat32s(t.source.name(v.name), v.shape(), out))
	}
	others, err := t.source.otherTensors()
	if err != nil {
		return err
	}
	list = append(list, others...)
	return hf.Write(filepath.Join(dir, weightsFile), list, map[string]string{"format": "pt"})
}

// Save implements policy.Trainer: the model, or of one with adapters these alone, and in optimizer.safetensors the moments and the step count.
// All files are complete before the first takes its place, so that a full disk leaves an older checkpoint whole.
func (t *Trainer) Save(_ context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	temp, err := os.MkdirTemp(dir, ".saving-")
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	defer os.RemoveAll(temp)
	if err := t.saveAll(temp); err != nil {
		return err
	}
	made, err := os.ReadDir(temp)
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	for _, file := range made {
		if err := os.Rename(filepath.Join(temp, file.Name()), filepath.Join(dir, file.Name())); err != nil {
			return fmt.Errorf("save checkpoint: %w", err)
		}
	}
	return nil
}

func (t *Trainer) saveAll(dir string) error {
	save := t.SaveModel
	if t.Config.lora != nil {
		save = t.saveAdapter
	}
	if err := save(dir); err != nil {
		return err
	}
	return t.saveMoments(filepath.Join(dir, optimizerFile))
}

func (t *Trainer) saveMoments(path string) error {
	var list []hf.Tensor
	for prefix, moments := range map[string][]*tensors.Tensor{"first.": t.first, "second.": t.second} {
		values, err := t.host(t.Config.trained(), moments)
		if err != nil {
			return err
		}
		for _, p := range t.Config.trained() {
			list = append(list, hf.NewFloat32s(prefix+p.name, p.dims, values[p.name]))
		}
	}
	slices.SortFunc(list, func(a, b hf.Tensor) int { return strings.Compare(a.Name, b.Name) })
	return hf.Write(path, list, map[string]string{"steps": strconv.Itoa(t.steps)})
}

// Load implements policy.Trainer. A folder without optimizer state starts the optimizer afresh.
func (t *Trainer) Load(_ context.Context, dir string) error {
	load := t.loadModel
	if t.Config.lora != nil {
		load = t.loadAdapter
	}
	if err := load(dir); err != nil {
		return err
	}
	t.clearMoments()
	t.steps = 0
	path := filepath.Join(dir, optimizerFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return t.loadMoments(path)
}

// loadModel is the part of Load that reads a model folder.
func (t *Trainer) loadModel(dir string) error {
	if IsAdapter(dir) {
		return fmt.Errorf("%s holds a LoRA adapter, and this trainer trains all weights: say lora in the recipe, as when it was made", dir)
	}
	config, err := ReadConfig(dir)
	if err != nil {
		return err
	}
	config.half = t.Config.half // of the recipe, not of the model
	if config != t.Config {
		return fmt.Errorf("%s holds another architecture than this trainer's: %+v, not %+v", dir, config, t.Config)
	}
	return t.loadWeights(dir)
}

func (t *Trainer) loadWeights(dir string) error {
	file, err := hf.ReadFolder(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := t.source.look(file, t.Config.Layers); err != nil {
		return err
	}
	if t.Config.lora != nil && t.source.prefix != plainPrefix {
		return fmt.Errorf("model %s also sees, and PEFT names its layers otherwise: train adapters on the decoder alone (model_type %s)", dir, familyGemma3)
	}
	values := map[string][]float32{}
	for _, p := range t.Config.params() {
		values[p.name] = make([]float32, p.size())
	}
	known, bias := map[string]bool{}, make([]float32, len(t.bias))
	for _, v := range t.Config.views() {
		name := t.source.name(v.name)
		known[name] = true
		got, err := readTensor(file, dir, name, v.shape())
		if err != nil {
			return err
		}
		into := bias
		if v.param != "" {
			into = values[v.param]
		}
		v.each(func(published, ours int) { into[ours] = got[published] })
	}
	for _, name := range file.Names() {
		if !known[name] && !file.IsScale(name) && !slices.Contains(t.source.others, name) {
			return fmt.Errorf("model %s has a tensor %q that its config.json does not account for", dir, name)
		}
	}
	ordered := make([][]float32, 0, len(values))
	for _, p := range t.Config.params() {
		ordered = append(ordered, values[p.name])
	}
	t.bias = bias
	return t.setParams(ordered)
}

// readTensor reads a tensor and insists on its shape.
func readTensor(file *hf.File, dir, name string, shape []int) ([]float32, error) {
	stat, ok := file.Stat(name)
	if !ok {
		return nil, fmt.Errorf("model %s lacks the tensor %q, which its config.json asks for: get or save it again", dir, name)
	}
	if !slices.Equal(stat.Shape, shape) {
		return nil, fmt.Errorf("model %s: tensor %q has shape %v, but config.json asks for %v", dir, name, stat.Shape, shape)
	}
	return file.Floats(name)
}

func (t *Trainer) loadMoments(path string) error {
	file, err := hf.Read(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for prefix, moments := range map[string][]*tensors.Tensor{"first.": t.first, "second.": t.second} {
		for i, p := range t.Config.trained() {
			values, err := readTensor(file, path, prefix+p.name, p.dims)
			if err != nil {
				return err
			}
			if moments[i], err = toDevice(t.backend(), values, p.dims...); err != nil {
				return err
			}
		}
	}
	t.steps, err = strconv.Atoi(file.Metadata["steps"])
	if err != nil {
		return fmt.Errorf("%s: step count %q is no number", path, file.Metadata["steps"])
	}
	return nil
}

// host copies one tensor per parameter back from the device.
func (t *Trainer) host(params []param, list []*tensors.Tensor) (map[string][]float32, error) {
	values := map[string][]float32{}
	for i, p := range params {
		v, err := tensors.CopyFlatData[float32](list[i])
		if err != nil {
			return nil, fmt.Errorf("copy %s from the device: %s", p.name, firstLine(err))
		}
		values[p.name] = v
	}
	return values, nil
}
