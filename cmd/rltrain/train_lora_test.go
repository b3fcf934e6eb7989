package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy/moe"
)

// adapterRecipe trains adapters on the shipped base, held to it by a KL.
const adapterRecipe = `
model: ../../models/base
tasks: [{name: countdown/rl, weight: 1}]
lora: {rank: 4, targets: [q_proj, o_proj]}
sampling: {group: 4, max_tokens: 32}
reward: {mode: random}
grpo: {steps: 3, prompts: 4, kl: 0.1}
shapes: {train_rows: 8, train_width: 96, max_rows: 8}
checkpoint: 1
`

// A run of adapters goes on after a stop as if there had been none, its checkpoints hold adapters only, and one of them can be exported,
// looked at, trained further, but not taken for a whole model.
func TestTrainAdapters(t *testing.T) {
	needPlugin(t)
	dir := t.TempDir()
	recipe, whole, cut := mustWrite(t, "lora.yaml", adapterRecipe), filepath.Join(dir, "whole"), filepath.Join(dir, "cut")
	mustRun(t, "train", recipe, "--out", whole)
	mustRun(t, "train", recipe, "--out", cut, "--steps", "1")
	mustRun(t, "train", recipe, "--out", cut, "--resume")
	last := func(run string) string { return filepath.Join(run, "checkpoints", "3") }
	for _, file := range []string{"adapter_model.safetensors", "adapter_config.json", "optimizer.safetensors", "cursor.json", "tokenizer.json"} {
		require.True(t, bytes.Equal(mustRead(t, last(whole), file), mustRead(t, last(cut), file)), "%s differs", file)
	}
	require.NoFileExists(t, filepath.Join(last(whole), "model.safetensors"))
	require.NotEqual(t, mustRead(t, last(whole), "adapter_model.safetensors"), mustRead(t, whole, "checkpoints", "2", "adapter_model.safetensors"))

	adapter, err := moe.ReadAdapter(last(whole))
	require.NoError(t, err)
	require.Equal(t, moe.LoRA{Rank: 4, Alpha: 32, Targets: []string{"o_proj", "q_proj"}}, adapter.LoRA)
	out, err := modelOutput(t, "info", whole+"@3")
	require.NoError(t, err)
	require.Regexp(t, `adapter +LoRA of rank 4, alpha 32, on o_proj, q_proj: 8.19 k parameters; the rest is of its base /`, out)

	plain := filepath.Join(dir, "plain")
	_, err = modelOutput(t, "export", whole+"@3", plain)
	require.NoError(t, err)
	ask := func(model string) string {
		out, err := command(t, "sample", "--model", model, "--n", "2", "--max-tokens", "24", "make 36 from 2 8 22").Output()
		require.NoError(t, err)
		return string(out)
	}
	require.Equal(t, ask(whole), ask(plain))

	code, stderr := runArgs(t, "train", recipe, "--out", filepath.Join(dir, "more"), "--model", whole, "-o", "lora=null")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "is a LoRA adapter: say lora in the recipe to train it on")
	mustRun(t, "train", recipe, "--out", filepath.Join(dir, "more"), "--model", whole, "--steps", "1")
	require.Equal(t, mustRead(t, last(whole), "adapter_model.safetensors"), mustRead(t, dir, "more", "checkpoints", "0", "adapter_model.safetensors"))
}
