package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/moe"
	"github.com/rltrain/rltrain/policy/openai"
	"github.com/rltrain/rltrain/policy/tokenizer"
	"github.com/rltrain/rltrain/rollout"
)

// evalModel is a model of any kind, ready to be sampled from.
type evalModel struct {
	sampler policy.Sampler
	pool    rollout.Pool // without verifier and parameters
	header  eval.Header
	run     string // folder of the run whose checkpoint it is; "" for none
	step    int
}

// autoTemplate is the template of the run whose checkpoint it is, else the one that goes with the kind of model.
const autoTemplate = "auto"

// open opens what --model names, and chooses the template.
func (f *evalFlags) open(ctx context.Context, progress io.Writer) (*evalModel, error) {
	m := &evalModel{header: eval.Header{Model: f.model, Tasks: f.set.Tasks, Temperature: f.set.Temperature, MaxTokens: f.set.MaxTokens, Seed: f.seed}}
	var err error
	if f.alternatives < 0 || f.alternatives > 20 {
		return nil, usageError{fmt.Errorf("--top-logprobs %d: want 0 to 20, which is what servers give", f.alternatives)}
	}
	if !openai.IsName(f.model) && (f.alternatives > 0 || f.record != "") {
		return nil, usageError{fmt.Errorf("--top-logprobs and --record are for models on a server; %s is a folder, whose engine tells no alternatives and whose run is known", f.model)}
	}
	if openai.IsName(f.model) {
		err = f.openServer(ctx, m, progress)
	} else {
		err = f.openFolder(ctx, m, progress)
	}
	if err != nil {
		return nil, err
	}
	t := m.pool.Template
	m.header.Template, m.header.Shots, m.header.Form = t.Name, len(t.Shots), f.reward.Form
	m.header.Answer, m.header.Stop = strings.Join(f.answer, ","), strings.Join(t.Stop, "|")
	return m, nil
}

func (f *evalFlags) openServer(ctx context.Context, m *evalModel, progress io.Writer) (err error) {
	if f.control != "" {
		return usageError{fmt.Errorf("--control %s with a model on a server: take a model in a folder", f.control)}
	}
	if err := f.pricedByTokens(f.model); err != nil {
		return err
	}
	if err := f.recordAt(m); err != nil {
		return err
	}
	recipe, err := f.runRecipe(ctx, m.run)
	if err != nil {
		return err
	}
	f.prices.Hour = 0 // of the machine that the recipe means
	o := f.server
	if o.BaseURL, o.Model, err = openai.ParseName(f.model); err != nil {
		return usageError{err}
	}
	o.APIKey = os.Getenv(f.keyEnv)
	o.Say = func(text string) { fmt.Fprintln(progress, text) }
	if m.pool.Template, err = f.chooseTemplate(nil, recipe); err != nil {
		return err
	}
	m.sampler, err = openai.Open(ctx, o)
	return err
}

func (f *evalFlags) openFolder(ctx context.Context, m *evalModel, progress io.Writer) error {
	folder, err := modelFolder(f.model)
	if err != nil {
		return err
	}
	m.run, m.step = runOf(folder)
	recipe, err := f.runRecipe(ctx, m.run)
	if err != nil {
		return err
	}
	if m.header.Weights, err = weightsVersion(folder); err != nil {
		return err
	}
	opened, err := openModel(ctx, f.model, f.device, moe.DefaultShapes(), progress)
	if err != nil {
		return err
	}
	m.pool.Tokenizer = opened.tok
	if m.pool.Template, err = f.chooseTemplate(opened.tok, recipe); err != nil {
		return err
	}
	m.sampler, err = opened.Snapshot(ctx)
	return err
}

// recordAt finds the run that --record names, and its checkpoint.
func (f *evalFlags) recordAt(m *evalModel) error {
	if f.record == "" {
		return nil
	}
	folder, err := modelFolder(f.record)
	if err != nil {
		return usageError{fmt.Errorf("--record: %w", err)}
	}
	if m.run, m.step = runOf(folder); m.run == "" {
		return usageError{fmt.Errorf("--record %s is no checkpoint of a run: want RUN@STEP", f.record)}
	}
	return nil
}

// runRecipe is the recipe of the run whose checkpoint is evaluated, nil for none. Its prices hold where no flag gives others.
func (f *evalFlags) runRecipe(ctx context.Context, run string) (*trainRecipe, error) {
	if run == "" {
		return nil, nil
	}
	log, err := runlog.OpenReadOnly(run)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	recipe, err := recipeOf(ctx, log)
	if err != nil {
		return nil, err
	}
	if f.prices == (eval.Prices{}) {
		f.prices = recipe.prices()
	}
	return &recipe, nil
}

// pricedByTokens refuses a price of hours for a model elsewhere: its requests go on side by side, and their seconds are no machine's.
func (f *evalFlags) pricedByTokens(model string) error {
	if f.prices.Hour != 0 {
		return usageError{fmt.Errorf("--price-per-hour with %s, whose requests are answered side by side: price its tokens by --price-prompt and --price-completion", model)}
	}
	return nil
}

// asTrained puts tasks to a model as its run did: with the template, the stops, the form of a response and the places of an answer
// that the recipe says, as far as no flag says otherwise.
func (f *evalFlags) asTrained(recipe *trainRecipe) (rollout.Template, error) {
	if f.reward.Form == "" {
		f.reward.Form = recipe.Reward.Form
	}
	if len(f.answer) == 0 {
		for _, place := range recipe.Reward.Answer {
			f.answer = append(f.answer, string(place))
		}
	}
	p := recipe.Prompt
	if p.Examples != "" && p.Examples == f.set.Tasks {
		return rollout.Template{}, fmt.Errorf("the run's prompts show tasks of %s, which are asked: choose other prompts by --template, or other --tasks", p.Examples)
	}
	p.Stop = append(slices.Clone(recipe.Sampling.Stop), f.prompt.Stop...)
	return p.template(recipe.Tasks[0].Name)
}

// chooseTemplate is the one asked for, the one that the run was trained with, or the one that the model's kind knows; a model on a
// server has no tokenizer here.
func (f *evalFlags) chooseTemplate(tok *tokenizer.Tokenizer, recipe *trainRecipe) (rollout.Template, error) {
	p := f.prompt
	switch {
	case p.Template != autoTemplate:
	case p.Shots > 0 || p.Examples != "":
		p.Template = rollout.FewShot
	case recipe != nil:
		t, err := f.asTrained(recipe)
		if err != nil {
			return t, usageError{err}
		}
		return t, nil
	case tok == nil:
		p.Template = rollout.ChatOne
	default:
		p.Template = kindTemplate(tok, f.set.Tasks)
	}
	if f.reward.Form == "" {
		f.reward.Form = formThink
		if p.Template == rollout.ChatOne || p.Template == rollout.FewShot {
			f.reward.Form = formAnswer
		}
	}
	t, err := p.template(f.set.Tasks)
	if err != nil {
		return t, usageError{err}
	}
	return t, nil
}

// kindTemplate is chat for a model that came with a chat template; for a base model worked examples where that is the benchmark's
// custom, else r1-zero; and plain for one that knows the words of the built-in tasks only.
func kindTemplate(tok *tokenizer.Tokenizer, tasks string) string {
	if _, ok := tok.ChatTemplate(); ok {
		return rollout.ChatOne
	}
	if _, err := tok.Encode((rollout.Template{Name: rollout.R1Zero}).Text(datasets.Task{})); err != nil {
		return rollout.Plain
	}
	if datasets.HasShots(tasks) {
		return rollout.FewShot
	}
	return rollout.R1Zero
}

// runOf is the run whose checkpoint a folder is, and the checkpoint's step.
func runOf(folder string) (run string, step int) {
	checkpoints := filepath.Dir(folder)
	step, err := strconv.Atoi(filepath.Base(folder))
	if err != nil || filepath.Base(checkpoints) != "checkpoints" || !exists(filepath.Join(filepath.Dir(checkpoints), runlog.DBFile)) {
		return "", 0
	}
	return filepath.Dir(checkpoints), step
}

// weightsVersion changes where the weights of a folder are written anew.
func weightsVersion(folder string) (string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.safetensors"))
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, path := range files {
		if filepath.Base(path) == "optimizer.safetensors" { // goes when a newer checkpoint is there
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return "", fmt.Errorf("weights of %s: %w", folder, err)
		}
		fmt.Fprintln(hash, filepath.Base(path), info.Size(), info.ModTime().UnixNano())
	}
	return hex.EncodeToString(hash.Sum(nil)[:6]), nil
}

// defaultSamples is the file of an evaluation that names none: another one for each header.
func defaultSamples(h eval.Header) string {
	text, _ := json.Marshal(h) // its numbers are finite: Validate saw them
	sum := sha256.Sum256(text)
	other := regexp.MustCompile(`[^A-Za-z0-9.]+`)
	short := func(name string) string {
		name = strings.Trim(other.ReplaceAllString(name, "-"), "-")
		return name[max(0, len(name)-40):]
	}
	return filepath.Join("evals", short(h.Model)+"_"+short(h.Tasks)+"_"+hex.EncodeToString(sum[:4])+".jsonl")
}

// record writes the evaluation into the log of the run whose checkpoint the model is.
func (m *evalModel) record(ctx context.Context, e runlog.Eval, groups []rollout.Group, progress io.Writer) error {
	if m.run == "" {
		return nil
	}
	log, err := runlog.Open(m.run)
	if err != nil {
		return fmt.Errorf("the result is not in the run's log: %w", err)
	}
	defer log.Close()
	if err := log.RecordEval(ctx, m.step, e, groups); err != nil {
		return err
	}
	fmt.Fprintf(progress, "recorded in v_evals of %s at step %d\n", m.run, m.step)
	return nil
}
