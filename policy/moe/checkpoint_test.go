package moe

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/hf"
)

func adam() policy.Optim {
	return policy.Optim{LR: 1e-2, Beta1: .9, Beta2: .95, Eps: 1e-8, WeightDecay: .01, ClipNorm: 1, BiasRate: 1e-2}
}

func muon() policy.Optim {
	o := adam()
	o.MuonLR, o.MuonMomentum, o.MuonWeightDecay = 2e-2, .95, .01
	return o
}

// train takes steps on data that the step number fixes.
func train(t testing.TB, trainer *Trainer, steps int, o policy.Optim) {
	t.Helper()
	for range steps {
		data := randomData(rand.New(rand.NewPCG(uint64(trainer.steps), 77)), 24, 32, 5)
		_, err := trainer.ForwardBackward(context.Background(), data, crossEntropy)
		require.NoError(t, err)
		_, err = trainer.OptimStep(context.Background(), o)
		require.NoError(t, err)
	}
}

// state is all that a checkpoint must keep.
type state struct {
	Params, First, Second map[string][]float32
	Bias                  []float32
	Steps                 int
}

func stateOf(t testing.TB, trainer *Trainer) state {
	t.Helper()
	s := state{Bias: slices.Clone(trainer.bias), Steps: trainer.steps}
	for into, list := range map[*map[string][]float32][]*tensors.Tensor{&s.Params: trainer.params, &s.First: trainer.first, &s.Second: trainer.second} {
		params := trainer.Config.trained()
		if into == &s.Params {
			params = trainer.Config.params()
		}
		values, err := trainer.host(params, list)
		require.NoError(t, err)
		*into = values
	}
	return s
}

// sameState requires equal bits, and names what differs without printing it.
func sameState(t testing.TB, want, got state) {
	t.Helper()
	require.Equal(t, want.Steps, got.Steps)
	require.Equal(t, want.Bias, got.Bias)
	for _, pair := range [][2]map[string][]float32{{want.Params, got.Params}, {want.First, got.First}, {want.Second, got.Second}} {
		require.Len(t, pair[1], len(pair[0]))
		for name, values := range pair[0] {
			require.Truef(t, slices.Equal(values, pair[1][name]), "%s differs", name)
		}
	}
}

func TestResumeIsExact(t *testing.T) {
	ctx := context.Background()
	for name, o := range map[string]policy.Optim{"AdamW": adam(), "Muon": muon()} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			unbroken := newSmall(t, 1)
			train(t, unbroken, 3, o)
			require.NoError(t, unbroken.Save(ctx, dir))
			saved := stateOf(t, unbroken)
			train(t, unbroken, 3, o)

			resumed := newSmall(t, 2) // other weights, and a step begun
			train(t, resumed, 1, o)
			_, err := resumed.ForwardBackward(ctx, randomData(rand.New(rand.NewPCG(1, 1)), 24, 32, 3), crossEntropy)
			require.NoError(t, err)
			require.NoError(t, resumed.Load(ctx, dir))
			sameState(t, saved, stateOf(t, resumed))
			train(t, resumed, 3, o)
			sameState(t, stateOf(t, unbroken), stateOf(t, resumed))
			require.NotEqual(t, saved.Params, stateOf(t, resumed).Params)

			require.NoError(t, os.Remove(filepath.Join(dir, optimizerFile))) // a bare model starts the optimizer afresh
			require.NoError(t, resumed.Load(ctx, dir))
			bare := stateOf(t, resumed)
			require.Equal(t, saved.Params, bare.Params)
			require.Zero(t, bare.Steps)
			require.Zero(t, slices.Max(bare.Second["head"]))
		})
	}
}

// TestCheckpointKeepsGenerationConfig: of a model that was brought in, its own file, byte for byte, through two checkpoints.
func TestCheckpointKeepsGenerationConfig(t *testing.T) {
	folder, first, second := t.TempDir(), t.TempDir(), t.TempDir()
	require.NoError(t, newSmall(t, 1).SaveModel(folder))
	brought := []byte("{\"eos_token_id\": [7, 9],\n \"temperature\": 0.6}\n")
	require.NoError(t, os.WriteFile(filepath.Join(folder, generationFile), brought, 0o600))
	for _, step := range [][2]string{{folder, first}, {first, second}} {
		trainer, err := Open(shared.engine, step[0], shapesOfSmall())
		require.NoError(t, err)
		require.NoError(t, trainer.Save(t.Context(), step[1]))
		kept, err := os.ReadFile(filepath.Join(step[1], generationFile))
		require.NoError(t, err)
		require.Equal(t, brought, kept)
	}
	plain := t.TempDir() // a model of ours has none
	require.NoError(t, newSmall(t, 1).Save(t.Context(), plain))
	require.NoFileExists(t, filepath.Join(plain, generationFile))
}

// rewrite replaces a safetensors file by what change makes of its tensors.
func rewrite(t testing.TB, path string, change func(tensors map[string]hf.Tensor, metadata map[string]string)) {
	t.Helper()
	file, err := hf.Read(path)
	require.NoError(t, err)
	all := map[string]hf.Tensor{}
	for _, name := range file.Names() {
		if all[name], err = file.Tensor(name); err != nil {
			require.NoError(t, err)
		}
	}
	metadata := maps.Clone(file.Metadata)
	require.NoError(t, file.Close())
	change(all, metadata)
	require.NoError(t, hf.Write(path, slices.Collect(maps.Values(all)), metadata))
}

func TestLoadRefusesDamage(t *testing.T) {
	ctx := context.Background()
	whole := t.TempDir()
	source := newSmall(t, 1)
	train(t, source, 1, adam())
	require.NoError(t, source.Save(ctx, whole))
	cut := func(t *testing.T, path string, keep float64) {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, data[:int(keep*float64(len(data)))], 0o644))
	}
	for _, c := range []struct {
		name   string
		want   []string
		damage func(t *testing.T, dir string)
	}{
		{"cut in the data", []string{"model.safetensors"}, func(t *testing.T, dir string) { cut(t, filepath.Join(dir, weightsFile), .7) }},
		{"cut in the header", []string{"model.safetensors"}, func(t *testing.T, dir string) { cut(t, filepath.Join(dir, weightsFile), .01) }},
		{"empty file", []string{"model.safetensors"}, func(t *testing.T, dir string) { cut(t, filepath.Join(dir, weightsFile), 0) }},
		{"no weights", []string{"model.safetensors"}, func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, weightsFile))) }},
		{"cut optimizer", []string{"optimizer.safetensors"}, func(t *testing.T, dir string) { cut(t, filepath.Join(dir, optimizerFile), .5) }},
		{"missing folder", []string{"config.json", "no such file"}, func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(dir)) }},
		{"config is no JSON", []string{"config.json", "parse model config"}, func(t *testing.T, dir string) { cut(t, filepath.Join(dir, "config.json"), .5) }},
		{"missing tensor", []string{"lacks the tensor", `"model.norm.weight"`}, func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, weightsFile), func(all map[string]hf.Tensor, _ map[string]string) { delete(all, "model.norm.weight") })
		}},
		{"unknown tensor", []string{`"model.extra"`, "does not account for"}, func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, weightsFile), func(all map[string]hf.Tensor, _ map[string]string) {
				all["model.extra"] = hf.NewFloat32s("model.extra", []int{1}, []float32{1})
			})
		}},
		{"wrong shape", []string{`"lm_head.weight"`, "[16 24]", "[24 16]"}, func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, weightsFile), func(all map[string]hf.Tensor, _ map[string]string) {
				head := all["lm_head.weight"]
				head.Shape = []int{16, 24}
				all["lm_head.weight"] = head
			})
		}},
		{"missing moment", []string{"optimizer.safetensors", `"second.layer1.router"`}, func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, optimizerFile), func(all map[string]hf.Tensor, _ map[string]string) { delete(all, "second.layer1.router") })
		}},
		{"bad step count", []string{"optimizer.safetensors", `step count "many"`}, func(t *testing.T, dir string) {
			rewrite(t, filepath.Join(dir, optimizerFile), func(_ map[string]hf.Tensor, m map[string]string) { m["steps"] = "many" })
		}},
		{"another architecture", []string{"another architecture", "Layers:1"}, func(t *testing.T, dir string) { editConfig(t, dir, "num_hidden_layers", 1) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "model")
			require.NoError(t, os.CopyFS(dir, os.DirFS(whole)))
			c.damage(t, dir)
			err := newSmall(t, 1).Load(ctx, dir)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func editConfig(t testing.TB, dir, key string, value any) {
	t.Helper()
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	all := map[string]any{}
	require.NoError(t, json.Unmarshal(data, &all))
	all[key] = value
	data, err = json.Marshal(all)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data, 0o644))
}

func TestConfigRefusesWhatItCannotCompute(t *testing.T) {
	for _, c := range []struct {
		key   string
		value any
		want  string
	}{
		{"model_type", "deepseek_v2", "model_type is deepseek_v2: this engine runs deepseek_v3, gemma3, gemma3_text, llama, qwen2, qwen3 and qwen3_moe only"},
		{"q_lora_rank", -8, "q_lora_rank is -8"},
		{"n_group", 3, "8 experts in 3 groups"},
		{"n_group", 8, "8 experts in 8 groups"},
		{"rope_scaling", map[string]any{"type": "yarn", "factor": 40}, "yarn with factor 40 over 0 positions"},
		{"rope_scaling", map[string]any{"type": "linear", "factor": 40}, "rope_scaling.type is linear"},
		{"rope_parameters", map[string]any{"rope_type": "yarn", "rope_theta": 1e4}, "rope_parameters.factor is 0"},
		{"rope_parameters", map[string]any{"rope_type": "yarn", "factor": 2, "truncate": false}, "rope_parameters.truncate is false"},
		{"rope_parameters", map[string]any{"rope_type": "llama3", "factor": 2, "rope_theta": 1e4}, "rope_parameters.rope_type is llama3"},
		{"scoring_func", "softmax", "scoring_func is softmax"},
		{"rope_interleave", false, "rope_interleave is false"},
		{"tie_word_embeddings", true, "tie_word_embeddings is true"},
		{"attention_bias", true, "attention_bias is true"},
		{"hidden_act", "gelu", "hidden_act is gelu: this engine runs silu only"},
		{"hidden_size", 0, "hidden_size is 0"},
		{"vocab_size", "many", "parse model config"},
		{"qk_rope_head_dim", 7, "qk_rope_head_dim is 7: want an even number"},
		{"num_experts_per_tok", 9, "8 experts of width 6, 9 chosen"},
		{"intermediate_size", 0, "intermediate_size is 0 with 1 dense layers"},
	} {
		t.Run(c.key, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, small().writeConfig(dir))
			config, err := ReadConfig(dir)
			require.NoError(t, err)
			require.Equal(t, small(), config)
			editConfig(t, dir, c.key, c.value)
			_, err = ReadConfig(dir)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, filepath.Join(dir, "config.json"))
			require.False(t, strings.Contains(err.Error(), "\n"))
		})
	}
}
