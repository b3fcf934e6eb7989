package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"text/tabwriter"

	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
)

// evalReport is a finished evaluation.
type evalReport struct {
	runlog.Eval
	model, template string
	curve           []eval.Point
	rows            []eval.Row
}

// print writes the report as text, or as JSON to the file where one is given.
func (r evalReport) print(jsonTo string, out io.Writer) error {
	if jsonTo != "" {
		return writeJSONFile(r.file(), jsonTo, out)
	}
	fmt.Fprintf(out, "%s: %d tasks x %d samples at temperature %g, template %s\n", r.Tasks, r.NTasks, r.NSamples, r.Temperature, r.template)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "metric\tvalue\t95 % interval")
	for _, m := range r.Metrics {
		fmt.Fprintf(w, "%s\t%.4g\t%s\n", m.Name, m.Value, intervalOf(m))
	}
	if len(r.curve) > 0 {
		fmt.Fprintln(w, "\naccuracy against tokens a task\ttokens\taccuracy\t95 % interval")
	}
	for _, p := range r.curve {
		what := fmt.Sprintf("%d samples (%s)", p.K, p.Name)
		if p.Way == eval.ByLength {
			what = fmt.Sprintf("one chain of at most %d tokens", p.Limit)
		}
		fmt.Fprintf(w, "%s\t%.0f\t%.4g\t%s\n", what, p.Tokens, p.Value, intervalOf(p.Metric))
	}
	return w.Flush()
}

// evalFile is an evaluation as JSON; what is not defined is null.
type evalFile struct {
	Model       string                `json:"model,omitempty"`
	Tasks       string                `json:"tasks"`
	Template    string                `json:"template,omitempty"`
	NTasks      int                   `json:"n_tasks"`
	NSamples    int                   `json:"n_samples"`
	Temperature float64               `json:"temperature"`
	Metrics     map[string]metricFile `json:"metrics"`
	Curve       []pointFile           `json:"test_time,omitempty"`
	Rows        []eval.Row            `json:"per_task,omitempty"`
}

type metricFile struct {
	Value *float64 `json:"value"`
	Low   *float64 `json:"ci_low"`
	High  *float64 `json:"ci_high"`
}

// intervalOf is empty for a plain count, which has none.
func intervalOf(m runlog.Metric) string {
	if math.IsNaN(m.Low) {
		return ""
	}
	return fmt.Sprintf("%.4g to %.4g", m.Low, m.High)
}

// pointFile is a point of accuracy against tokens.
type pointFile struct {
	Way    string   `json:"way"`
	K      int      `json:"k,omitempty"`
	Limit  int      `json:"limit,omitempty"`
	Metric string   `json:"metric"`
	Tokens *float64 `json:"tokens"`
	metricFile
}

func metricOf(m runlog.Metric) metricFile {
	return metricFile{finite(m.Value), finite(m.Low), finite(m.High)}
}

// finite is nil for what JSON has no number for.
func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

func (r evalReport) file() evalFile {
	f := evalFile{
		Model: r.model, Tasks: r.Tasks, Template: r.template, NTasks: r.NTasks, NSamples: r.NSamples, Temperature: r.Temperature,
		Metrics: map[string]metricFile{}, Rows: r.rows,
	}
	for _, m := range r.Metrics {
		f.Metrics[m.Name] = metricOf(m)
	}
	for _, p := range r.curve {
		f.Curve = append(f.Curve, pointFile{Way: p.Way, K: p.K, Limit: p.Limit, Metric: p.Name, Tokens: finite(p.Tokens), metricFile: metricOf(p.Metric)})
	}
	return f
}

// writeJSONFile writes one JSON object to a file; - is standard output.
func writeJSONFile(value any, path string, stdout io.Writer) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if path == "-" {
		_, err = stdout.Write(data)
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
