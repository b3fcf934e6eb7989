package web

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
)

// budgetView is a figure of an evaluation that depends on how many samples a task has, such as maj@k.
type budgetView struct {
	Name  string // with k in place of the number
	Rows  []passRow
	Chart drawn
}

// budgetTable is the same for reading.
type budgetTable struct {
	Name  string
	Rows  []passRow
	Moved bool // there is a base beside the trained model
}

// passRow is such a figure of the base and of the trained model at one k.
type passRow struct {
	K           int
	First, Last runlog.Metric
}

// budgets finds the recorded figures NAME@K that have several K, in the order of their first one. pass@k is left out:
// its curve is made from the samples.
func (s evalSet) budgets() []budgetView {
	var out []budgetView
	for _, m := range s.Last().Metrics {
		name, k, ok := budgetOf(m.Name)
		if !ok || name == "pass@k" {
			continue
		}
		i := slices.IndexFunc(out, func(b budgetView) bool { return b.Name == name })
		if i < 0 {
			out = append(out, budgetView{Name: name})
			i = len(out) - 1
		}
		out[i].Rows = append(out[i].Rows, passRow{K: k, First: s.First().Metric(m.Name), Last: m})
	}
	out = slices.DeleteFunc(out, func(b budgetView) bool { return len(b.Rows) < 2 })
	for i := range out {
		b := &out[i]
		slices.SortFunc(b.Rows, func(x, y passRow) int { return x.K - y.K })
		c := newChart(chartID(b.Name)+"-"+s.key(), b.Name, budgetHint(b.Name))
		c.Percent = isShare(b.Name)
		b.Chart = s.overK(c, b.Rows)
	}
	return out
}

// budgetOf splits maj@8 into maj@k and 8, and pass^8 into pass^k and 8.
func budgetOf(metric string) (name string, k int, ok bool) {
	i := strings.LastIndexAny(metric, "@^")
	if i <= 0 {
		return "", 0, false
	}
	k, err := strconv.Atoi(metric[i+1:])
	return metric[:i+1] + "k", k, err == nil && k > 0
}

func chartID(name string) string {
	return strings.NewReplacer("@k", "k", "^k", "-all", "_", "-").Replace(name)
}

func budgetHint(name string) string {
	switch name {
	case "maj@k":
		return "the answer that most of k samples give is right"
	case "best@k":
		return "reward of the best of k samples, as the verifier ranks them"
	case "best_logp@k":
		return "of k samples the one with the greatest mean log-prob is right"
	case "pass^k":
		return "all of k samples are right"
	}
	return "from k samples of a task"
}

// overK draws a figure against k: the base beside the trained model, with intervals over tasks.
func (s evalSet) overK(c chart, rows []passRow) drawn {
	c.Log2, c.Bands, c.XName, c.From = true, true, "k", 0
	if c.Percent {
		c.To = 1
	}
	first, last := series{Name: "base", Color: 5, Dots: true}, series{Name: "trained", Color: 0, Dots: true}
	for _, row := range rows {
		first.add(float64(row.K), row.First)
		last.add(float64(row.K), row.Last)
	}
	c.Series = []series{first, last}
	if !s.Change() {
		last.Name = "model"
		c.Series = []series{last}
	}
	return c.draw(smallWidth, smallHeight+30)
}

func (s *series) add(x float64, m runlog.Metric) {
	s.X, s.Y = append(s.X, x), append(s.Y, m.Value)
	s.Low, s.High = append(s.Low, m.Low), append(s.High, m.High)
}

// evalSeed draws the bootstrap's samples, so that a page reads the same twice.
const evalSeed = 1

// passCurve estimates pass@k for the ks that n samples allow: powers of two, and n.
func passCurve(before, after []runlog.TaskResult, n int) []passRow {
	var rows []passRow
	for k := 1; k < n; k *= 2 {
		rows = append(rows, passRow{K: k, First: passAt(before, k), Last: passAt(after, k)})
	}
	return append(rows, passRow{K: n, First: passAt(before, n), Last: passAt(after, n)})
}

func passAt(tasks []runlog.TaskResult, k int) runlog.Metric {
	return interval(passScores(tasks, k))
}

func passScores(tasks []runlog.TaskResult, k int) []float64 {
	scores := make([]float64, len(tasks))
	for i, t := range tasks {
		scores[i] = eval.PassAtK(t.Samples, t.Correct, k)
	}
	return scores
}

func interval(scores []float64) (m runlog.Metric) {
	m.Value, m.Low, m.High = eval.Interval(scores, evalSeed)
	return m
}

// crossing tells whether the base catches up with the trained model where both get more tries: then training made
// right answers likelier and brought none that the base could not give.
type crossing struct {
	At    int           // the least k of the curve at which the base is not behind; 0 for none
	K     int           // the greatest k
	Gain  runlog.Metric // trained less base at K, paired by task
	Clear bool          // Gain's interval does not hold 0
}

func crossingOf(before, after []runlog.TaskResult, curve []passRow) (c crossing, ok bool) {
	if len(curve) < 2 {
		return c, false
	}
	earlier := map[string]runlog.TaskResult{}
	for _, b := range before {
		earlier[b.TaskID] = b
	}
	c.K = curve[len(curve)-1].K
	var gains []float64
	for _, a := range after {
		if b, known := earlier[a.TaskID]; known {
			gains = append(gains, eval.PassAtK(a.Samples, a.Correct, c.K)-eval.PassAtK(b.Samples, b.Correct, c.K))
		}
	}
	c.Gain = interval(gains)
	c.Clear = c.Gain.Low > 0 || c.Gain.High < 0
	for _, row := range curve {
		if row.First.Value >= row.Last.Value {
			c.At = row.K
			break
		}
	}
	return c, !math.IsNaN(c.Gain.Value)
}
