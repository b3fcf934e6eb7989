package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rltrain/rltrain/grpo"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/verifiers"
)

// errNotEqual is what replay ends with where the rollout came out otherwise.
var errNotEqual = errors.New("the rollout was not drawn again as it is stored")

// replay draws a stored rollout again, beside all others of the same call so that batches are the same, and tells whether it came
// out as it is stored.
func replay(ctx context.Context, out, progress io.Writer, log *runlog.Log, id string) error {
	d, err := log.Drawing(ctx, id)
	if err != nil {
		return err
	}
	recipe, err := recipeOf(ctx, log)
	if err != nil {
		return err
	}
	folder, err := weightsBefore(log.Dir(), recipe, d)
	if err != nil {
		return err
	}
	m, err := openModel(ctx, folder, recipe.Device, recipe.Shapes, progress)
	if err != nil {
		return err
	}
	pool, err := recipe.pool(m.tok, verifiers.Rules{})
	if err != nil {
		return err
	}
	requests, err := askedFor(d, recipe, pool.Ends())
	if err != nil {
		return err
	}
	sampler, err := m.Snapshot(ctx)
	if err != nil {
		return err
	}
	samples, err := sampler.Sample(ctx, requests)
	if err != nil {
		return err
	}
	again := pool.Read(samples[d.Group][d.Index]).Sample
	fmt.Fprintf(out, "%s, drawn by %s beside %d others:\n%s\n", escapeText(id), folder, len(requests)*d.NSamples-1,
		margin(escapeLines(m.tok.Decode(again.Tokens)), "  | "))
	return tellReplay(out, m.tok, d, again)
}

// recipeOf is the resolved recipe that a run was started with.
func recipeOf(ctx context.Context, log *runlog.Log) (trainRecipe, error) {
	recipe := defaultTrainRecipe()
	info, err := log.Info(ctx)
	if err != nil {
		return recipe, err
	}
	if err := decodeRecipe([]byte(info.Config), &recipe); err != nil {
		return recipe, fmt.Errorf("read the recipe of run %s: %w", log.Dir(), err)
	}
	return recipe, nil
}

// weightsBefore is the folder of the weights that drew a rollout. Those of step 0 are the model that the run began with.
func weightsBefore(run string, recipe trainRecipe, d runlog.Drawing) (string, error) {
	root := filepath.Join(run, "checkpoints")
	folder := filepath.Join(root, strconv.Itoa(d.DrawnAt))
	if isModel(folder) {
		return folder, nil
	}
	if d.DrawnAt == 0 {
		return recipe.Model, nil
	}
	steps, err := checkpointSteps(root)
	if err != nil {
		return "", err
	}
	return "", fmt.Errorf("%s was drawn by the weights before step %d, and %s is not there (there are %s): replay a rollout of one of these steps, "+
		"or make the weights again, bit for bit: rltrain train %s --out ANOTHER -o checkpoint=1, until it has passed step %d, then replay there",
		d.Rollout.ID, d.DrawnAt, folder, strings.Trim(fmt.Sprint(steps), "[]"), filepath.Join(run, runlog.ConfigFile), d.DrawnAt)
}

// askedFor is what was asked of the sampler in the call that drew a rollout.
func askedFor(d runlog.Drawing, recipe trainRecipe, ends []policy.Token) ([]policy.Request, error) {
	seed := d.Seed
	switch {
	case d.SeedKnown:
	case d.Rollout.Phase == runlog.PhaseEval:
		seed = evalSeed
	case recipe.GRPO.Dynamic.MaxRounds > 0:
		return nil, fmt.Errorf("%s: an older rltrain recorded this run, and did not write down in which round of dynamic sampling the rollout was drawn", d.Rollout.ID)
	default:
		seed = grpo.StepSeed(recipe.Seed, d.Rollout.Step)
	}
	params := recipe.params()
	params.N, params.Seed, params.Stop = d.NSamples, seed, ends
	if d.Rollout.Phase == runlog.PhaseEval {
		params.Temperature = float32(d.Eval.Temperature)
		for _, set := range append(append(recipe.Final[:0:0], recipe.Final...), recipe.Validate.Sets...) {
			if set.Tasks == d.Eval.Tasks && set.Samples == d.Eval.NSamples && set.Temperature == d.Eval.Temperature && set.MaxTokens > 0 {
				params.MaxTokens = set.MaxTokens
			}
		}
	}
	requests := make([]policy.Request, len(d.Groups))
	for i, g := range d.Groups {
		requests[i] = policy.Request{Task: g.TaskID, Prompt: g.Prompt, Params: params}
	}
	return requests, nil
}

// decoder turns tokens into text.
type decoder interface {
	Decode(ids []policy.Token) string
}

// tellReplay compares what was drawn with what is stored, token by token.
func tellReplay(out io.Writer, tok decoder, d runlog.Drawing, again policy.Sample) error {
	if at := firstDifference(d.Tokens, again.Tokens); at >= 0 {
		piece := func(tokens []policy.Token) string {
			if at >= len(tokens) {
				return "the end"
			}
			return strconv.QuoteToASCII(tok.Decode(tokens[at : at+1]))
		}
		fmt.Fprintf(out, "differs at token %d: stored %s (%d tokens in all), drawn %s (%d): other weights, another plug-in, kind of processor, number of threads or shapes than the log's\n",
			at, piece(d.Tokens), len(d.Tokens), piece(again.Tokens), len(again.Tokens))
		return errNotEqual
	}
	far := 0.0
	for i := range min(len(d.Logprobs), len(again.Logprobs)) {
		far = math.Max(far, math.Abs(float64(d.Logprobs[i]-again.Logprobs[i])))
	}
	if far > 0 {
		_, err := fmt.Fprintf(out, "equal: all %d tokens; their log-probs differ by up to %.1e\n", len(d.Tokens), far)
		return err
	}
	_, err := fmt.Fprintf(out, "equal: all %d tokens, and their log-probs bit for bit\n", len(d.Tokens))
	return err
}

// firstDifference is the first place at which two lists differ, -1 where they are equal.
func firstDifference(a, b []policy.Token) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}
