package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/rltrain/rltrain/internal/eval"
)

// compareEvals prints what changed from one evaluation to another.
func compareEvals(before, after string, seed uint64, jsonTo string, out io.Writer) error {
	a, err := readRows(before, seed)
	if err != nil {
		return err
	}
	b, err := readRows(after, seed)
	if err != nil {
		return err
	}
	c, err := eval.Compare(a, b, seed)
	if err != nil {
		return fmt.Errorf("compare %s with %s: %w", before, after, err)
	}
	if jsonTo != "" {
		return writeJSONFile(compareFileOf(c), jsonTo, out)
	}
	return printComparison(c, out)
}

// readRows reads the tasks of a result of --json, or of a file of samples.
func readRows(path string, seed uint64) ([]eval.Row, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("compare: %w: give a result of --json or a file of samples", err)
	}
	if !bytes.HasPrefix(data, []byte(`{"rltrain_samples"`)) {
		var file evalFile
		if err := json.Unmarshal(data, &file); err != nil || len(file.Rows) == 0 {
			return nil, fmt.Errorf("%s is neither a result of eval --json with per_task nor a file of samples", path)
		}
		return file.Rows, nil
	}
	header, lines, err := eval.ReadSamples(path)
	if err != nil {
		return nil, err
	}
	tasks, err := eval.Set{Tasks: header.Tasks}.Load()
	if err != nil {
		return nil, err
	}
	groups := eval.GroupsOf(tasks, lines)
	return eval.Rows(groups, eval.CurveKs(eval.MostSamples(groups)), seed), nil
}

func printComparison(c eval.Comparison, out io.Writer) error {
	fmt.Fprintf(out, "%d tasks in both", c.Tasks)
	if c.Left > 0 {
		fmt.Fprintf(out, " (%d rows left out: the other side has no judged sample of them)", c.Left)
	}
	fmt.Fprintf(out, ", at least %d samples of each\n", c.Samples)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "metric\tbefore\tafter\tdifference\t95 % interval (paired)")
	for _, x := range c.Changes {
		mark := ""
		if x.Low > 0 || x.High < 0 {
			mark = "*"
		}
		fmt.Fprintf(w, "%s\t%.4g\t%.4g\t%+.4g%s\t%+.4g to %+.4g\n", x.Name, x.Before, x.After, x.Value, mark, x.Low, x.High)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out, "* the interval is on one side of 0")
	list := func(what string, ids []string) { fmt.Fprintf(out, "%s: %d%s\n", what, len(ids), listed(ids)) }
	list("solved after and not before, in any sample", c.Gained)
	list("solved before and not after, in any sample", c.Lost)
	_, err := fmt.Fprintln(out, verdictOn(c.Crossover))
	return err
}

// listed names some of the tasks.
func listed(ids []string) string {
	const most = 20
	switch {
	case len(ids) == 0:
		return ""
	case len(ids) > most:
		return fmt.Sprintf(" (%s, … all in --json)", strings.Join(ids[:most], ", "))
	}
	return " (" + strings.Join(ids, ", ") + ")"
}

// verdictOn says what the crossover means.
func verdictOn(c eval.Crossover) string {
	last := fmt.Sprintf("difference of pass@%d %+.4g (%+.4g to %+.4g)", c.Most, c.Last.Value, c.Last.Low, c.Last.High)
	switch {
	case !c.Better && c.K == 1:
		return "the first is better for every k: " + last
	case !c.Better:
		return "at k = 1 the second is no better than the first: no crossover to look for; " + last
	case c.K > 0 && c.Last.High < 0:
		return fmt.Sprintf("crossover at k = %d: from there on the first has the better pass@k: the second is only sharper; %s", c.K, last)
	case c.K > 0:
		return fmt.Sprintf("crossover at k = %d, which may be chance: more tasks or samples would tell; %s", c.K, last)
	case c.Last.Low > 0:
		return fmt.Sprintf("no crossover up to k = %d: the second solves what the first did not find in as many samples; %s", c.Most, last)
	}
	return fmt.Sprintf("no crossover up to k = %d, and no sure difference there: more samples would tell new ability from sharpening; %s", c.Most, last)
}

// compareFile is a comparison as JSON.
type compareFile struct {
	Tasks     int                   `json:"n_tasks"`
	Left      int                   `json:"rows_left_out"`
	Samples   int                   `json:"n_samples"`
	Changes   map[string]changeFile `json:"metrics"`
	Gained    []string              `json:"gained"`
	Lost      []string              `json:"lost"`
	Crossover struct {
		Better bool   `json:"after_better_at_1"`
		K      int    `json:"k"` // 0: none
		Most   int    `json:"looked_up_to"`
		Text   string `json:"verdict"`
	} `json:"crossover"`
}

type changeFile struct {
	Before     *float64   `json:"before"`
	After      *float64   `json:"after"`
	Difference metricFile `json:"difference"`
}

func compareFileOf(c eval.Comparison) compareFile {
	f := compareFile{Tasks: c.Tasks, Left: c.Left, Samples: c.Samples, Changes: map[string]changeFile{}, Gained: append([]string{}, c.Gained...), Lost: append([]string{}, c.Lost...)}
	for _, x := range c.Changes {
		f.Changes[x.Name] = changeFile{finite(x.Before), finite(x.After), metricOf(x.Metric)}
	}
	f.Crossover.Better, f.Crossover.K, f.Crossover.Most, f.Crossover.Text = c.Crossover.Better, c.Crossover.K, c.Crossover.Most, verdictOn(c.Crossover)
	return f
}
