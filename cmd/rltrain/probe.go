package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/verifiers"
)

// A probe looks for a prefix in so many chains of each task, and goes on from it so often in each arm.
const (
	probeFree    = 4
	probeSamples = 4
)

// probe intervenes on reflection in the checkpoint of a run (the newest one, or that of a step), and records what came of it.
func probe(ctx context.Context, out, progress io.Writer, dir string, o rolloutsOptions) error {
	if o.probe < 1 {
		return fmt.Errorf("--probe %d: give the number of tasks to look at, such as 256", o.probe)
	}
	log, err := runlog.Open(dir)
	if err != nil {
		return err
	}
	defer log.Close()
	recipe, err := recipeOf(ctx, log)
	if err != nil {
		return err
	}
	name := dir
	if o.hasStep {
		name = fmt.Sprintf("%s@%d", dir, o.step)
	}
	folder, err := modelFolder(name)
	if err != nil {
		return err
	}
	step, err := strconv.Atoi(filepath.Base(folder))
	if err != nil {
		return fmt.Errorf("probe run %s: %s is no checkpoint", dir, folder)
	}
	p, tasks, done, err := recipe.probe(o.probe)
	if err != nil {
		return err
	}
	defer done()
	m, err := openModel(ctx, folder, recipe.Device, recipe.Shapes, progress)
	if err != nil {
		return err
	}
	p.Pool.Tokenizer = m.tok
	sampler, err := m.Snapshot(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "probing %s on %d tasks of %s\n", folder, len(p.Tasks), tasks)
	found, err := p.Run(ctx, sampler)
	if err != nil {
		return err
	}
	record := runlog.Probe{Step: step, Tasks: tasks, NTasks: len(p.Tasks), NPoints: found.NPoints, NSamples: p.Samples, Seed: p.Seed, Metrics: found.Metrics}
	if err := errors.Join(writeProbe(filepath.Join(dir, fmt.Sprintf("probe-%d.jsonl", step)), found), log.RecordProbe(ctx, record)); err != nil {
		return err
	}
	return tellProbe(out, record, m.tok, found.Banned)
}

// probe is the recipe's first final evaluation as a probe of n tasks, or the first one during the run, or the training tasks.
func (r *trainRecipe) probe(n int) (p eval.Probe, name string, done func(), err error) {
	var tasks []datasets.Task
	sets := append(append(r.Final[:0:0], r.Final...), r.Validate.Sets...)
	if len(sets) > 0 {
		name = sets[0].Tasks
		tasks, err = datasets.Load(name)
	} else {
		name = r.Tasks[0].Name
		tasks, err = r.Tasks[0].load()
	}
	if err != nil {
		return p, name, nil, err
	}
	sandbox := r.Reward.sandbox(false)
	rules, end, err := r.rules(sandbox)
	if err != nil {
		return p, name, nil, err
	}
	done = func() { end(); sandbox.Close() }
	pool, err := r.pool(nil, rules)
	if err != nil {
		done()
		return p, name, nil, err
	}
	return eval.Probe{Pool: *pool, Tasks: tasks[:min(n, len(tasks))], Free: probeFree, Samples: probeSamples, Seed: evalSeed}, name, done, nil
}

// probedRollout is a line of RUN/probe-STEP.jsonl.
type probedRollout struct {
	Task     string         `json:"task"`
	Arm      string         `json:"arm"`
	Sample   int            `json:"sample"`
	Prefix   int            `json:"prefix_tokens"`
	Response string         `json:"response"`
	Verdict  verifiers.Kind `json:"verdict"`
	Tokens   []policy.Token `json:"tokens"`
}

// writeProbe keeps the chains of all arms.
func writeProbe(path string, found eval.Probed) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("keep the probe's chains: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffer := bufio.NewWriter(file)
	lines := json.NewEncoder(buffer)
	for _, arm := range eval.Arms() {
		for i, g := range found.Groups[arm] {
			for j, r := range g.Rollouts {
				if err := lines.Encode(probedRollout{g.Task.ID, arm, j, found.Prefix[i], r.Text, r.Verdict.Kind, r.Tokens}); err != nil {
					return err
				}
			}
		}
	}
	return buffer.Flush()
}

// tellProbe prints a probe in full.
func tellProbe(out io.Writer, p runlog.Probe, tok decoder, banned []policy.Token) error {
	if len(banned) > 0 {
		fmt.Fprint(out, "tokens that begin a reflection, taken away in the arms masked and placebo:")
		for _, token := range banned {
			fmt.Fprintf(out, " %s", strconv.QuoteToASCII(tok.Decode([]policy.Token{token})))
		}
		fmt.Fprintln(out)
	}
	for _, m := range p.Metrics {
		fmt.Fprintf(out, "%-22s %s\n", m.Name, withInterval(m, "%.3f"))
	}
	_, err := fmt.Fprintf(out, "\n%s\n", verdictOf(p))
	return err
}

// withInterval is a metric's value and interval.
func withInterval(m runlog.Metric, format string) string {
	if math.IsNaN(m.Low) || math.IsNaN(m.High) {
		return strconv.FormatFloat(m.Value, 'g', 4, 64)
	}
	return fmt.Sprintf(format+" ["+format+", "+format+"]", m.Value, m.Low, m.High)
}

// verdictOf says in words what a probe found.
func verdictOf(p runlog.Probe) string {
	head := fmt.Sprintf("probe at step %d (%s, %d prefixes of %d tasks, %d continuations each): ", p.Step, escapeText(p.Tasks), p.NPoints, p.NTasks, p.NSamples)
	verdict, masked, placebo := eval.DoesItPay(p)
	if verdict == eval.PaysTooFew {
		return head + fmt.Sprintf("too few prefixes at which the policy reflects to say anything; %d are needed", eval.FewPoints)
	}
	return head + fmt.Sprintf("%s. Made to reflect, P(correct) is higher by %s than kept from it, and by %s than after a placebo of equal length",
		verdict, withInterval(masked, "%+.3f"), withInterval(placebo, "%+.3f"))
}
