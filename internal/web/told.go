package web

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rltrain/rltrain/internal/runlog"
)

// told is what the log tells of a run without its rollouts.
type told struct {
	Name  string
	Info  runlog.Info
	Steps []runlog.Step
	Evals []runlog.EvalRow
}

func read(ctx context.Context, name string, log *runlog.Log) (t told, err error) {
	t.Name = name
	if t.Info, err = log.Info(ctx); err != nil {
		return t, err
	}
	if t.Steps, err = log.Steps(ctx); err != nil {
		return t, err
	}
	t.Evals, err = log.Evals(ctx)
	return t, err
}

// takeOff is the step at which reflection leaves the interval of the base.
func (t told) takeOff() (step int, ok bool) {
	return runlog.TakeOff(t.Steps, runlog.BaseReflection(t.Evals).High)
}

// evalSet is one evaluation as it was repeated over the steps.
type evalSet struct {
	Tasks            string
	NTasks, NSamples int
	Temperature      float64
	Rows             []runlog.EvalRow
}

// Name tells the set from the others of its run.
func (s evalSet) Name() string {
	if s.Temperature == 0 {
		return s.Tasks + " greedy"
	}
	return s.Tasks
}

// First is the evaluation of the earliest weights, and Last that of the latest.
func (s evalSet) First() runlog.EvalRow { return s.Rows[0] }

// Last is the evaluation of the latest weights.
func (s evalSet) Last() runlog.EvalRow { return s.Rows[len(s.Rows)-1] }

// Change tells whether the set was taken at two steps, so that there is a before and an after.
func (s evalSet) Change() bool { return s.First().Step != s.Last().Step }

// key identifies the set in an address.
func (s evalSet) key() string {
	return s.Tasks + "/t" + strconv.FormatFloat(s.Temperature, 'g', -1, 64) + "/" + strconv.Itoa(s.NTasks) + "x" + strconv.Itoa(s.NSamples)
}

// sets groups the evaluations; test sets come first, since they tell the outcome.
func (t told) sets() []evalSet {
	var out []evalSet
	for _, e := range t.Evals {
		i := slices.IndexFunc(out, func(s evalSet) bool {
			return s.Tasks == e.Tasks && s.NTasks == e.NTasks && s.NSamples == e.NSamples && s.Temperature == e.Temperature
		})
		if i < 0 {
			out = append(out, evalSet{Tasks: e.Tasks, NTasks: e.NTasks, NSamples: e.NSamples, Temperature: e.Temperature})
			i = len(out) - 1
		}
		out[i].Rows = append(out[i].Rows, e)
	}
	slices.SortStableFunc(out, func(a, b evalSet) int { return rank(a) - rank(b) })
	return out
}

func rank(s evalSet) int {
	switch {
	case strings.HasSuffix(s.Tasks, "/test"):
		return 0
	case s.Temperature > 0:
		return 1
	}
	return 2
}

// points makes the dots of a metric over the steps.
func (s evalSet) points(metric string, color int) series {
	out := series{Name: s.Name(), Color: color, Dots: true}
	for _, e := range s.Rows {
		m := e.Metric(metric)
		if math.IsNaN(m.Value) {
			continue
		}
		out.X, out.Y = append(out.X, float64(e.Step)), append(out.Y, m.Value)
		out.Low, out.High = append(out.Low, m.Low), append(out.High, m.High)
	}
	return out
}

// view is how curves are to be looked at: what steps of them, how smooth, and beside which other runs.
type view struct {
	HasFrom, HasTo bool
	From, To       int
	Smooth         float64 // 0 … 0.99
	With           []string
}

func viewOf(r *http.Request) (v view, err error) {
	q := r.URL.Query()
	if v.From, v.HasFrom, err = wholeNumber(q.Get("from"), "from"); err != nil {
		return v, err
	}
	if v.To, v.HasTo, err = wholeNumber(q.Get("to"), "to"); err != nil {
		return v, err
	}
	if text := q.Get("smooth"); text != "" {
		v.Smooth, err = strconv.ParseFloat(text, 64)
		if err != nil || !(v.Smooth >= 0 && v.Smooth < 1) {
			return v, badValue("smooth", text, "a number from 0 up to 0.99")
		}
	}
	for _, name := range q["with"] {
		if name != "" && name != r.PathValue("run") && !slices.Contains(v.With, name) {
			v.With = append(v.With, name)
		}
	}
	return v, nil
}

// Zoomed tells whether only some steps are shown.
func (v view) Zoomed() bool { return v.HasFrom || v.HasTo }

func (v view) shows(step int) bool {
	return !(v.HasFrom && step < v.From) && !(v.HasTo && step > v.To)
}

// curve makes a series of a value of each step, smoothed and thinned out.
func (v view) curve(name string, color int, steps []runlog.Step, value func(runlog.Step) float64) series {
	var xs, ys []float64
	for _, s := range steps {
		xs, ys = append(xs, float64(s.Step)), append(ys, value(s))
	}
	return v.curveOf(name, color, xs, ys)
}

func (v view) curveOf(name string, color int, xs, ys []float64) series {
	shown := ys
	if v.Smooth > 0 {
		shown = smooth(ys, v.Smooth)
	}
	var x, y, raw []float64
	for i := range xs {
		if v.shows(int(xs[i])) {
			x, y, raw = append(x, xs[i]), append(y, shown[i]), append(raw, ys[i])
		}
	}
	out := series{Name: name, Color: color}
	out.X, out.Y = thin(x, y)
	if v.Smooth > 0 {
		_, out.Raw = thin(x, raw)
	}
	return out
}

// cut keeps the dots of the shown steps.
func (v view) cut(s series) series {
	out := series{Name: s.Name, Color: s.Color, Dots: s.Dots}
	for i, x := range s.X {
		if v.shows(int(x)) {
			out.X, out.Y = append(out.X, x), append(out.Y, s.Y[i])
			out.Low, out.High = append(out.Low, s.Low[i]), append(out.High, s.High[i])
		}
	}
	return out
}
