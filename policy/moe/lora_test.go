package moe

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/hf"
)

// goldenAdapters are the folders that testdata/lora.py made.
func goldenAdapters() []string { return []string{"lora_qwen2", "lora_tiny3"} }

func TestParityWithPEFT(t *testing.T) {
	engine, ctx := openEngine(t), context.Background()
	for _, name := range goldenAdapters() {
		t.Run(name, func(t *testing.T) {
			g := openGolden(t, name)
			trainer, err := Open(engine, filepath.Join("testdata", name), smallShapes())
			require.NoError(t, err)
			data := nextTokenData(g.tokens("tokens"))
			scored := func(scorer interface {
				Score(context.Context, []policy.Datum) ([][]float32, error)
			},
			) (flat []float32) {
				scores, err := scorer.Score(ctx, data)
				require.NoError(t, err)
				for _, s := range scores {
					flat = append(flat, s...)
				}
				return flat
			}
			near(t, "logprobs", g.floats("logprobs"), scored(trainer), tolerance)
			base, err := trainer.Base()
			require.NoError(t, err)
			near(t, "the base's logprobs", g.floats("base.logprobs"), scored(base), tolerance)
			checkGreedy(t, trainer, g)

			stats, err := trainer.ForwardBackward(ctx, data, crossEntropy)
			require.NoError(t, err)
			require.InDelta(t, g.floats("loss")[0], stats.Loss, tolerance)
			grads, err := trainer.host(trainer.Config.adapters(), trainer.grads)
			require.NoError(t, err)
			require.Len(t, grads, len(trainer.Config.lora.modules)*2)
			for name, got := range grads {
				want := g.floats("grad." + adapterPrefix + name + ".weight")
				require.NotZero(t, want[0])
				near(t, name, want, got, tolerance)
			}
			trainer.grads = nil
			before := stateOf(t, trainer)
			checkSteps(t, trainer, g, data)
			near(t, "the base's logprobs after ten steps", g.floats("base.logprobs"), scored(base), tolerance)
			after := stateOf(t, trainer)
			require.Equal(t, before.Params, after.Params, "the base is frozen")
			require.Equal(t, before.Bias, after.Bias)
			checkAgreement(t, trainer, data)
		})
	}
}

// checkAgreement holds the sampler to the trainer's log-probs of what it drew.
func checkAgreement(t *testing.T, trainer *Trainer, data []policy.Datum) {
	ctx := context.Background()
	sampler, err := trainer.Snapshot(ctx)
	require.NoError(t, err)
	var requests []policy.Request
	for i, d := range data {
		requests = append(requests, policy.Request{Task: fmt.Sprint(i), Prompt: d.Prompt, Params: policy.Params{N: 4, MaxTokens: 15, Temperature: 1, Seed: 3, Routing: true}})
	}
	samples, err := sampler.Sample(ctx, requests)
	require.NoError(t, err)
	var again []policy.Datum
	var drawn []float32
	for i, group := range samples {
		for _, s := range group {
			again = append(again, policy.Datum{Prompt: requests[i].Prompt, Response: s.Tokens, Routing: s.Routing})
			drawn = append(drawn, s.Logprobs...)
		}
	}
	scores, err := trainer.Score(ctx, again)
	require.NoError(t, err)
	var flat []float32
	for _, s := range scores {
		flat = append(flat, s...)
	}
	near(t, "sampler against trainer", flat, drawn, 1e-4)
}

// adapt opens a golden model with new adapters.
func adapt(t *testing.T, model string, l LoRA, seed uint64) *Trainer {
	trainer, err := Adapt(openEngine(t), filepath.Join("testdata", model), smallShapes(), l, seed)
	require.NoError(t, err)
	return trainer
}

func TestNewAdaptersBeginAsTheBase(t *testing.T) {
	l := LoRA{Rank: 4, Alpha: 8, Targets: []string{allLinear}}
	trainer := adapt(t, "llama", l, 5)
	weights, err := trainer.merged()
	require.NoError(t, err)
	whole, err := trainer.host(trainer.Config.params(), weights)
	require.NoError(t, err)
	require.Equal(t, stateOf(t, trainer).Params, whole)
	tuned, err := trainer.host(trainer.Config.adapters(), trainer.tuned)
	require.NoError(t, err)
	sum, n := 0.0, 0
	for _, p := range trainer.Config.adapters() {
		for _, x := range tuned[p.name] {
			if p.dims[0] != l.Rank { // B
				require.Zero(t, x)
				continue
			}
			bound := 1 / math.Sqrt(float64(p.dims[1]))
			require.Less(t, math.Abs(float64(x)), bound)
			sum, n = sum+float64(x)*float64(x)/(bound*bound), n+1
		}
	}
	require.InDelta(t, 1.0/3, sum/float64(n), 0.02, "uniform")
	other, err := trainer.host(trainer.Config.adapters(), adapt(t, "llama", l, 6).tuned)
	require.NoError(t, err)
	require.NotEqual(t, tuned, other)
}

// learn64 takes steps on random data of a golden model's vocabulary.
func learn64(t *testing.T, trainer *Trainer, steps int) {
	for range steps {
		data := randomData(rand.New(rand.NewPCG(uint64(trainer.steps), 7)), 64, 16, 4)
		_, err := trainer.ForwardBackward(context.Background(), data, crossEntropy)
		require.NoError(t, err)
		_, err = trainer.OptimStep(context.Background(), adam())
		require.NoError(t, err)
	}
}

func TestAdaptersResumeAndExport(t *testing.T) {
	ctx := context.Background()
	for _, model := range []string{"qwen2", "tiny3"} {
		t.Run(model, func(t *testing.T) {
			l := LoRA{Rank: 2, Alpha: 4, Targets: []string{allLinear}}
			unbroken, dir := adapt(t, model, l, 1), t.TempDir()
			learn64(t, unbroken, 2)
			require.NoError(t, unbroken.Save(ctx, dir))
			files, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Len(t, files, 3, "the adapter and its optimizer, no weights of the base")
			learn64(t, unbroken, 2)

			resumed := adapt(t, model, l, 2)
			learn64(t, resumed, 1)
			require.NoError(t, resumed.Load(ctx, dir))
			require.Equal(t, 2, resumed.Steps())
			learn64(t, resumed, 2)
			sameAdapters(t, unbroken, resumed)

			opened, err := Open(openEngine(t), dir, smallShapes())
			require.NoError(t, err)
			require.NoError(t, opened.Load(ctx, dir))
			learn64(t, opened, 2)
			sameAdapters(t, unbroken, opened)

			again, out := t.TempDir(), t.TempDir()
			require.NoError(t, opened.Save(ctx, again)) // keeps the configuration that it was opened with
			require.NoError(t, Export(again, out, 1<<30))
			plain, err := Open(openEngine(t), out, smallShapes())
			require.NoError(t, err)
			data := randomData(rand.New(rand.NewPCG(9, 9)), 64, 16, 6)
			want, err := opened.Score(ctx, data)
			require.NoError(t, err)
			got, err := plain.Score(ctx, data)
			require.NoError(t, err)
			for i := range want {
				near(t, "merged", want[i], got[i], 1e-5)
			}
			require.ErrorContains(t, Export(again, out, 1<<30), "holds a model already")
			saved := t.TempDir()
			require.NoError(t, opened.SaveModel(saved)) // the device's merge against the host's
			sameFloats(t, filepath.Join(out, weightsFile), filepath.Join(saved, weightsFile))
		})
	}
}

// TestAdaptersInHalf: with products in bfloat16 adapters learn in the same direction, and a checkpoint is read back.
func TestAdaptersInHalf(t *testing.T) {
	g := openGolden(t, "lora_qwen2")
	shapes := smallShapes()
	shapes.DType = BFloat16
	half, err := Open(openEngine(t), "testdata/lora_qwen2", shapes)
	require.NoError(t, err)
	_, err = half.ForwardBackward(t.Context(), nextTokenData(g.tokens("tokens")), crossEntropy)
	require.NoError(t, err)
	grads, err := half.host(half.Config.adapters(), half.grads)
	require.NoError(t, err)
	for name, got := range grads {
		want := g.floats("grad." + adapterPrefix + name + ".weight")
		require.NotEqual(t, want, got)
		require.Greater(t, cosine(want, got), 0.99, name)
	}
	dir := t.TempDir()
	require.NoError(t, half.Save(t.Context(), dir))
	require.NoError(t, half.Load(t.Context(), dir))

	whole, err := Open(openEngine(t), "testdata/qwen2", shapes)
	require.NoError(t, err)
	require.NoError(t, whole.Save(t.Context(), dir+"/whole"))
	require.NoError(t, whole.Load(t.Context(), dir+"/whole"))
}

func sameAdapters(t *testing.T, want, got *Trainer) {
	for _, pair := range [][2]*Trainer{{want, got}} {
		a, err := pair[0].host(want.Config.adapters(), pair[0].tuned)
		require.NoError(t, err)
		b, err := pair[1].host(want.Config.adapters(), pair[1].tuned)
		require.NoError(t, err)
		require.Equal(t, a, b)
	}
}

func sameFloats(t *testing.T, want, got string) {
	a, err := hf.Read(want)
	require.NoError(t, err)
	defer a.Close()
	b, err := hf.Read(got)
	require.NoError(t, err)
	defer b.Close()
	require.ElementsMatch(t, a.Names(), b.Names())
	for _, name := range a.Names() {
		x, err := a.Floats(name)
		require.NoError(t, err)
		y, err := b.Floats(name)
		require.NoError(t, err)
		near(t, name, x, y, 1e-6)
	}
}

func TestExportKeepsBytes(t *testing.T) {
	base, err := hf.ReadFolder("testdata/qwen2")
	require.NoError(t, err)
	defer base.Close()
	for from, changed := range map[string]map[string]bool{
		"testdata/qwen2":      {},
		"testdata/lora_qwen2": {"q_proj.weight": true, "v_proj.weight": true, "o_proj.weight": true, "up_proj.weight": true, "down_proj.weight": true},
	} {
		out := t.TempDir()
		require.NoError(t, Export(from, out, 30_000)) // in several files
		got, err := hf.ReadFolder(out)
		require.NoError(t, err)
		defer got.Close()
		require.ElementsMatch(t, base.Names(), got.Names())
		for _, name := range base.Names() {
			a, err := base.Tensor(name)
			require.NoError(t, err)
			b, err := got.Tensor(name)
			require.NoError(t, err)
			kind := name
			for i, dots := len(name)-1, 0; i >= 0 && dots < 2; i-- {
				if name[i] == '.' {
					dots++
				}
				if dots == 2 {
					kind = name[i+1:]
				}
			}
			require.Equal(t, changed[kind], string(a.Data) != string(b.Data), name)
		}
	}
}

func TestAdapterErrors(t *testing.T) {
	dense, err := ReadConfig("testdata/qwen2")
	require.NoError(t, err)
	experts, err := ReadConfig("testdata/tiny")
	require.NoError(t, err)
	for _, x := range []struct {
		config Config
		lora   LoRA
		want   string
	}{
		{dense, LoRA{Rank: 0, Alpha: 8, Targets: []string{"q_proj"}}, "rank is 0: want at least 1"},
		{dense, LoRA{Rank: -4, Alpha: 8, Targets: []string{"q_proj"}}, "rank is -4"},
		{dense, LoRA{Rank: 4, Alpha: 0, Targets: []string{"q_proj"}}, "alpha is 0"},
		{dense, LoRA{Rank: 4, Alpha: 8, Targets: nil}, "targets is empty"},
		{dense, LoRA{Rank: 4, Alpha: 8, Targets: []string{"q_proj"}, Dropout: 0.05}, "dropout is 0.05"},
		{dense, LoRA{Rank: 4, Alpha: 8, Targets: []string{"q_proj", "qkv"}}, `target "qkv" names no linear layer of this qwen2 model: it has q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj`},
		{dense, LoRA{Rank: 4, Alpha: 8, Targets: []string{"lm_head"}}, `target "lm_head" names no linear layer`},
		{dense, LoRA{Rank: 4, Alpha: 8, Targets: []string{"proj"}}, `target "proj" names no linear layer`},
		{experts, LoRA{Rank: 4, Alpha: 8, Targets: []string{"up_proj"}}, "in a model with routed experts PEFT puts such an adapter on the experts, and those have none here: take layers of the attention: q_proj, kv_a_proj_with_mqa, kv_b_proj, o_proj"},
		{experts, LoRA{Rank: 4, Alpha: 8, Targets: []string{"gate"}}, `target "gate" names no linear layer of this deepseek_v3 model`},
	} {
		_, err := x.config.adapterFor(x.lora)
		require.ErrorContains(t, err, x.want)
	}
	for modules, targets := range map[int][]string{2: {"q_proj"}, 3: {"self_attn.q_proj", "layers.1.mlp.up_proj"}, 14: {allLinear}} {
		a, err := dense.adapterFor(LoRA{Rank: 4, Alpha: 8, Targets: targets})
		require.NoError(t, err)
		require.Len(t, a.modules, modules)
	}
	a, err := experts.adapterFor(LoRA{Rank: 4, Alpha: 8, Targets: []string{allLinear}})
	require.NoError(t, err)
	require.Len(t, a.modules, 4*3, "the attention's")
}

func TestAdapterFolderErrors(t *testing.T) {
	engine, ctx := openEngine(t), context.Background()
	copyOf := func(change func(config map[string]any)) string {
		dir := t.TempDir()
		for _, name := range []string{adapterConfigFile, adapterFile} {
			text, err := os.ReadFile(filepath.Join("testdata/lora_qwen2", name))
			require.NoError(t, err)
			if name == adapterConfigFile {
				config := map[string]any{}
				require.NoError(t, json.Unmarshal(text, &config))
				change(config)
				text, err = json.Marshal(config)
				require.NoError(t, err)
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o644))
		}
		return dir
	}
	for key, x := range map[string]struct {
		value any
		want  string
	}{
		"use_dora":                {true, "use_dora is set: this engine runs plain LoRA only"},
		"rank_pattern":            {map[string]int{"q_proj": 8}, "rank_pattern is set"},
		"modules_to_save":         {[]string{"lm_head"}, "modules_to_save is set"},
		"peft_type":               {"IA3", `peft_type is "IA3"`},
		"r":                       {5, "has shape [3 32]"},
		"base_model_name_or_path": {"nowhere", "say where it is in base_model_name_or_path"},
	} {
		_, err := Open(engine, copyOf(func(c map[string]any) { c[key] = x.value }), smallShapes())
		require.ErrorContains(t, err, x.want)
	}
	_, err := Open(engine, copyOf(func(c map[string]any) { c["base_model_name_or_path"] = "testdata/tiny" }), smallShapes())
	require.ErrorContains(t, err, "adapts nothing that takes an adapter in this deepseek_v3 model")

	trained := LoRA{Rank: 3, Alpha: 6, Targets: []string{"q_proj", "v_proj", "o_proj", "up_proj", "down_proj"}}
	_, err = Adapt(engine, "testdata/lora_qwen2", smallShapes(), trained, 1)
	require.NoError(t, err)
	_, err = Adapt(engine, copyOf(func(c map[string]any) { c["lora_dropout"] = 0.05 }), smallShapes(), trained, 1)
	require.ErrorContains(t, err, "lora_dropout is 0.05")
	_, err = Adapt(engine, "testdata/lora_qwen2", smallShapes(), LoRA{Rank: 4, Alpha: 8, Targets: trained.Targets}, 1)
	require.ErrorContains(t, err, "has rank 3 and alpha 6, but rank 4 and alpha 8 are asked for")
	_, err = Adapt(engine, "testdata/lora_qwen2", smallShapes(), LoRA{Rank: 3, Alpha: 6, Targets: []string{"q_proj"}}, 1)
	require.ErrorContains(t, err, "is on 10 modules")

	plain, err := Open(engine, "testdata/qwen2", smallShapes())
	require.NoError(t, err)
	require.ErrorContains(t, plain.Load(ctx, "testdata/lora_qwen2"), "say lora in the recipe")
	_, err = plain.Base()
	require.ErrorContains(t, err, "without adapters")
	adapted := adapt(t, "qwen2", trained, 1)
	require.ErrorContains(t, adapted.Load(ctx, "testdata/qwen2"), "this run trains adapters")
	require.ErrorContains(t, adapted.Load(ctx, "testdata/lora_tiny3"), "adapts nothing")
}

// pythonWithPEFT names an interpreter that has testdata/requirements.txt.
const pythonWithPEFT = "RLTRAIN_PEFT_PYTHON"

// TestPEFTLoadsWhatWeSave holds log-probs of PEFT with adapters trained here to our own.
func TestPEFTLoadsWhatWeSave(t *testing.T) {
	python := os.Getenv(pythonWithPEFT)
	if python == "" {
		t.Skip(pythonWithPEFT + " names no Python with peft")
	}
	for _, model := range []string{"llama", "qwen3", "tiny3", "qwen3_moe", "gemma3"} {
		trainer, dir := adapt(t, model, LoRA{Rank: 4, Alpha: 8, Targets: []string{allLinear}}, 1), t.TempDir()
		learn64(t, trainer, 3)
		require.NoError(t, trainer.Save(context.Background(), dir))
		tokens := openGolden(t, model).tokens("tokens")
		scores, err := trainer.Score(context.Background(), nextTokenData(tokens))
		require.NoError(t, err)
		input, err := json.Marshal(map[string]any{"adapter": dir, "tokens": tokens, "logprobs": scores})
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), python, "testdata/lora_load.py", string(input))
		out, err := cmd.CombinedOutput()
		require.NoErrorf(t, err, "%s: %s", model, out)
		t.Logf("%s: %s", model, out)
	}
}
