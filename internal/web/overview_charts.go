package web

import (
	"fmt"
	"math"
	"slices"

	"github.com/rltrain/rltrain/internal/runlog"
)

// The sizes of charts, in pixels at full scale. Text in them keeps its size on a phone, where small charts fill the width.
const (
	largeWidth, largeHeight = 560, 280
	smallWidth, smallHeight = 360, 180
)

// metric is a value of a step that an overview shows.
type metric struct {
	id, title, hint string
	percent         bool
	lines           []metricLine
}

type metricLine struct {
	name  string // "" where the chart has one line
	value func(runlog.Step) float64
}

// known tells whether any step of the runs has a value of the metric.
func (m metric) known(runs []told) bool {
	for _, run := range runs {
		for _, line := range m.lines {
			if slices.ContainsFunc(run.Steps, func(s runlog.Step) bool { return !math.IsNaN(line.value(s)) }) {
				return true
			}
		}
	}
	return false
}

func one(value func(runlog.Step) float64) []metricLine { return []metricLine{{"", value}} }

// metrics are the small charts of the overview in their order.
func metrics() []metric {
	return []metric{
		{"reward", "Reward", "mean over rollouts", false, one(func(s runlog.Step) float64 { return s.RewardMean })},
		{"length", "Length", "tokens of a response", false, one(func(s runlog.Step) float64 { return s.LengthMean })},
		{"entropy", "Entropy", "nats per token", false, one(func(s runlog.Step) float64 { return s.Entropy })},
		{"kl", "KL", "from the policy that sampled", false, one(func(s runlog.Step) float64 { return s.KL })},
		{"kl_reference", "KL to the first model", "nats per token, of the policy to the model that the run began with", false, one(func(s runlog.Step) float64 { return s.KLReference })},
		{"clip", "Clip fraction", "tokens that a bound cut", true, []metricLine{
			{"high", func(s runlog.Step) float64 { return s.ClipHighFrac }}, {"low", func(s runlog.Step) float64 { return s.ClipLowFrac }}}},
		{"logp", "Log-prob difference", "sampler against trainer", false, one(func(s runlog.Step) float64 { return s.LogpDiffMean })},
		{"grad", "Gradient norm", "before clipping", false, one(func(s runlog.Step) float64 { return s.GradNorm })},
		{"zero", "Groups without spread", "all rewards equal", true, one(func(s runlog.Step) float64 { return s.FracZeroStd })},
		{"speed", "Tokens per second", "sampled, over the whole step", false, one(func(s runlog.Step) float64 { return float64(s.Tokens) / s.StepS })},
	}
}

// overviewCharts draws the two questions large and everything else small.
func overviewCharts(v view, runs []told) (large, small []drawn) {
	accuracy := newChart("accuracy", "Accuracy", "training rollouts; pass@1 and pass@k of the evaluations with 95 % intervals")
	accuracy.Percent, accuracy.From = true, 0
	share := newChart("reflection", "Reflection", "share of rollouts that check, go back or reconsider")
	share.Percent, share.From = true, 0
	for i, run := range runs {
		accuracy.Series = append(accuracy.Series, v.curve(lineName(runs, i, "training"), i, run.Steps, func(s runlog.Step) float64 { return s.Accuracy }))
		share.Series = append(share.Series, v.curve(lineName(runs, i, "training"), i, run.Steps, func(s runlog.Step) float64 { return s.ReflectFrac }))
		for j, set := range repeated(run.sets()) {
			color := i
			if len(runs) == 1 {
				color = j + 1
			}
			for chart, name := range map[*chart]string{&accuracy: "pass@1", &share: "reflect_frac"} {
				dots := v.cut(set.points(name, color))
				dots.Name = evalName(runs, i, set)
				chart.Series = append(chart.Series, dots)
			}
		}
		for j, set := range repeated(withTries(run.sets())) {
			name := fmt.Sprintf("pass@%d", set.tries())
			color := i
			if len(runs) == 1 {
				color = (len(repeated(run.sets())) + j + 1) % colors
			}
			dots := v.cut(set.points(name, color))
			dots.Name = name + " " + evalName(runs, i, set)
			accuracy.Series = append(accuracy.Series, dots)
		}
	}
	marks := takeOffs(runs)
	for _, c := range []chart{accuracy, share} {
		c.Marks = marks
		large = append(large, c.draw(largeWidth, largeHeight))
	}
	for _, m := range metrics() {
		if !m.known(runs) {
			continue
		}
		c := newChart(m.id, m.title, m.hint)
		c.Percent, c.Marks = m.percent, unlabelled(marks)
		for i, run := range runs {
			for j, line := range m.lines {
				color := i
				if len(runs) == 1 {
					color = j
				}
				c.Series = append(c.Series, v.curve(lineName(runs, i, line.name), color, run.Steps, line.value))
			}
		}
		small = append(small, c.draw(smallWidth, smallHeight))
	}
	return large, small
}

// repeated picks the sets that make a curve; where none was taken three times, all do.
func repeated(sets []evalSet) []evalSet {
	var often []evalSet
	for _, s := range sets {
		if len(s.Rows) >= 3 {
			often = append(often, s)
		}
	}
	if often == nil {
		return sets
	}
	return often
}

// colors is how many colours of curves static/style.css has.
const colors = 6

// tries is the greatest k for which the set has pass@k; 1 if there is no other.
func (s evalSet) tries() int {
	most := 1
	for _, m := range s.Last().Metrics {
		if name, k, ok := budgetOf(m.Name); ok && name == "pass@k" {
			most = max(most, k)
		}
	}
	return most
}

// withTries picks the sets that have pass@k beyond pass@1.
func withTries(sets []evalSet) []evalSet {
	return slices.DeleteFunc(slices.Clone(sets), func(s evalSet) bool { return s.tries() == 1 })
}

func lineName(runs []told, i int, name string) string {
	switch {
	case len(runs) == 1:
		return name
	case name == "" || name == "training":
		return runs[i].Name
	}
	return runs[i].Name + " " + name
}

func evalName(runs []told, i int, set evalSet) string {
	if len(runs) == 1 {
		return set.Name()
	}
	return runs[i].Name + ": " + set.Name()
}

// takeOffs marks where reflection takes off, in each run.
func takeOffs(runs []told) []mark {
	var out []mark
	for i, run := range runs {
		if step, ok := run.takeOff(); ok {
			label := "reflection takes off"
			if len(runs) > 1 {
				label = fmt.Sprintf("step %d", step)
			}
			out = append(out, mark{float64(step), label, i})
		}
	}
	return out
}

func unlabelled(marks []mark) []mark {
	out := make([]mark, len(marks))
	for i, m := range marks {
		out[i] = mark{X: m.X, Color: m.Color}
	}
	return out
}

// metricTable is the same as the charts, for reading without them.
type metricTable struct {
	Columns []string
	Rows    []metricRow
	Every   int // steps between two rows; 1 for all
}

type metricRow struct {
	Step   int
	Values []string
}

// maxRows is how many steps a table lists.
const maxRows = 120

func tableOf(v view, steps []runlog.Step) metricTable {
	var shown []runlog.Step
	for _, s := range steps {
		if v.shows(s.Step) {
			shown = append(shown, s)
		}
	}
	t := metricTable{Columns: runlog.StepColumns(), Every: (len(shown) + maxRows - 1) / maxRows}
	for i := 0; i < len(shown); i += t.Every {
		row := metricRow{Step: shown[i].Step}
		for _, column := range t.Columns {
			value, _ := shown[i].Value(column)
			row.Values = append(row.Values, number(value))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
