package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// mustRunOf makes a run that was started with a recipe, with a checkpoint at step 5, and returns the checkpoint's folder.
func mustRunOf(t *testing.T, recipe trainRecipe) string {
	t.Helper()
	text, err := yaml.Marshal(recipe)
	require.NoError(t, err)
	run := filepath.Join(t.TempDir(), "trained")
	log, err := runlog.Create(run, runlog.Meta{Run: "trained", Config: text, StartedAt: time.Unix(0, 0)})
	require.NoError(t, err)
	require.NoError(t, log.Close())
	folder := filepath.Join(run, "checkpoints", "5")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config.json"), []byte("{}"), 0o600))
	return folder
}

// The checkpoint of a run is asked as it was trained, whatever its kind of model would be asked by.
func TestEvalOfACheckpointAsksAsTheRunDid(t *testing.T) {
	recipe := defaultTrainRecipe()
	recipe.Tasks = []taskShare{{Name: "arith/rl", Weight: 1}}
	recipe.Prompt = prompting{Template: rollout.FewShot, Shots: 3, Examples: "arith/pretrain"}
	recipe.Sampling.Stop = []string{"END"}
	recipe.Reward.Form, recipe.Reward.Answer = formAnswer, []verifiers.Place{"box"}
	recipe.Price, recipe.PriceCompletion = 3, 0.5
	run, step := runOf(mustRunOf(t, recipe))
	require.Equal(t, 5, step)

	flags := func(args ...string) *evalFlags {
		f := &evalFlags{reward: defaultTrainRecipe().Reward}
		cmd := &cobra.Command{}
		f.addFlags(cmd)
		require.NoError(t, cmd.ParseFlags(append([]string{"--tasks", "arith/test"}, args...)))
		return f
	}
	choose := func(f *evalFlags) rollout.Template {
		stored, err := f.runRecipe(t.Context(), run)
		require.NoError(t, err)
		template, err := f.chooseTemplate(nil, stored)
		require.NoError(t, err)
		return template
	}
	f := flags("--stop", "too")
	got := choose(f)
	want, err := prompting{Template: rollout.FewShot, Shots: 3, Examples: "arith/pretrain", Stop: []string{"END", "too"}}.template("arith/rl")
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, formAnswer, f.reward.Form)
	require.Equal(t, []string{"box"}, f.answer)
	require.Equal(t, eval.Prices{Completion: 0.5, Hour: 3}, f.prices)

	f = flags("--template", rollout.R1Zero, "--price-completion", "2")
	require.Equal(t, rollout.R1Zero, choose(f).Name, "a flag goes before the recipe")
	require.Equal(t, formThink, f.reward.Form)
	require.Empty(t, f.answer)
	require.Equal(t, eval.Prices{Completion: 2}, f.prices)
	require.Len(t, choose(flags("--shots", "1", "--examples", "arith/validation")).Shots, 1)

	f = flags("--tasks", "arith/pretrain")
	stored, err := f.runRecipe(t.Context(), run)
	require.NoError(t, err)
	_, err = f.chooseTemplate(nil, stored)
	require.ErrorContains(t, err, "prompts show tasks of arith/pretrain", "they would give answers away")

	none, err := flags().runRecipe(t.Context(), "")
	require.NoError(t, err)
	require.Nil(t, none)
}

// An hour of the machine is no price of requests that are answered side by side.
func TestPricesOfAServer(t *testing.T) {
	model := mustAnswer(t, func(int, string) string { return "" })
	code, stderr := runArgs(t, "eval", "--model", model, "--tasks", "arith/test", "--price-per-hour", "2")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "--price-completion")
}
