package eval

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/rollout"
)

// Row is what an evaluation found for one task.
type Row struct {
	ID      string             `json:"id"`
	Samples int                `json:"samples"` // that could be judged
	Correct int                `json:"correct"`
	Scores  map[string]float64 `json:"scores"` // what the counts do not tell
}

// Rows are the tasks of an evaluation, one by one.
func Rows(groups []rollout.Group, ks []int, seed uint64) []Row {
	n := MostSamples(groups)
	var rows []Row
	for _, g := range groups {
		t := gather(g)
		row := Row{ID: g.Task.ID, Samples: len(t.rewards), Correct: t.correct, Scores: map[string]float64{}}
		if row.Samples > 0 {
			for _, f := range figures(ks, n, seed) {
				if v := f.value(t); !math.IsNaN(v) {
					row.Scores[f.name] = v
				}
			}
			judged := float64(row.Samples)
			row.Scores["length_mean"] = float64(t.tokens) / judged
			row.Scores["truncated_frac"] = float64(t.cut) / judged
			row.Scores["no_answer_frac"] = float64(t.silent) / judged
		}
		rows = append(rows, row)
	}
	return rows
}

// Comparison is what changed from one evaluation to another on the tasks that both have.
type Comparison struct {
	Tasks, Left  int // compared; left out because one of the two has no judged sample of them
	Samples      int // of each task on either side, at least
	Changes      []Change
	Gained, Lost []string // tasks that only the second, only the first solved in any sample
	Crossover    Crossover
}

// Change is the difference of a metric, second minus first, task by task.
type Change struct {
	runlog.Metric
	Before, After float64
}

// Crossover tells from which k on the first evaluation's pass@k is above the second's, as arXiv:2504.13837 looks for it: training that
// only sharpens makes likely answers likelier, and loses against the base once that has enough samples.
type Crossover struct {
	Better bool // the second is better at k = 1
	K      int  // the first is better from here on; 0 if that is not seen up to Most
	Most   int
	// At Most, the difference of pass@k with its interval: what the answer hangs on.
	Last Change
}

// Compare pairs two evaluations task by task.
func Compare(before, after []Row, seed uint64) (Comparison, error) {
	var c Comparison
	other := map[string]Row{}
	for _, r := range after {
		other[r.ID] = r
	}
	var a, b []Row
	for _, r := range before {
		if o, ok := other[r.ID]; ok && o.Samples > 0 && r.Samples > 0 {
			a, b = append(a, r), append(b, o)
		}
	}
	c.Tasks = len(a)
	c.Left = len(before) + len(after) - 2*len(a)
	if c.Tasks == 0 {
		return c, fmt.Errorf("the two evaluations have no task in common: compare two of the same task set")
	}
	c.Samples = math.MaxInt
	for i := range a {
		c.Samples = min(c.Samples, a[i].Samples, b[i].Samples)
		switch {
		case a[i].Correct == 0 && b[i].Correct > 0:
			c.Gained = append(c.Gained, a[i].ID)
		case a[i].Correct > 0 && b[i].Correct == 0:
			c.Lost = append(c.Lost, a[i].ID)
		}
	}
	for _, k := range CurveKs(c.Samples) {
		c.Changes = append(c.Changes, changeAt("pass@", k, PassAtK, a, b, seed))
	}
	for _, k := range CurveKs(c.Samples) {
		if k > 1 {
			c.Changes = append(c.Changes, changeAt("pass^", k, PassHatK, a, b, seed))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a[0].Scores)) {
		if !slices.ContainsFunc(c.Changes, func(x Change) bool { return x.Name == name }) {
			if x, ok := changeOf(name, a, b, seed); ok {
				c.Changes = append(c.Changes, x)
			}
		}
	}
	c.Crossover = crossover(a, b, c.Samples, seed)
	return c, nil
}

// changeAt compares a figure that the counts tell.
func changeAt(prefix string, k int, of func(n, c, k int) float64, a, b []Row, seed uint64) Change {
	x, y := make([]float64, len(a)), make([]float64, len(a))
	for i := range a {
		x[i], y[i] = of(a[i].Samples, a[i].Correct, k), of(b[i].Samples, b[i].Correct, k)
	}
	return changeFrom(fmt.Sprintf("%s%d", prefix, k), x, y, seed)
}

// changeOf compares a stored score; ok is false where a task lacks it.
func changeOf(name string, a, b []Row, seed uint64) (c Change, ok bool) {
	x, y := make([]float64, len(a)), make([]float64, len(a))
	for i := range a {
		var okA, okB bool
		x[i], okA = a[i].Scores[name]
		y[i], okB = b[i].Scores[name]
		if !okA || !okB {
			return c, false
		}
	}
	return changeFrom(name, x, y, seed), true
}

func changeFrom(name string, x, y []float64, seed uint64) Change {
	difference := make([]float64, len(x))
	for i := range x {
		difference[i] = y[i] - x[i]
	}
	before, _, _ := Interval(x, seed)
	after, _, _ := Interval(y, seed)
	return Change{Metric: interval(name, difference, seed), Before: before, After: after}
}

func crossover(a, b []Row, most int, seed uint64) Crossover {
	pass := func(rows []Row, k int) float64 {
		sum := 0.0
		for _, r := range rows {
			sum += PassAtK(r.Samples, r.Correct, k)
		}
		return sum
	}
	c := Crossover{Better: pass(b, 1) > pass(a, 1), Most: most, Last: changeAt("pass@", most, PassAtK, a, b, seed)}
	const slack = 1e-9 // sums of floats
	for k := most; k >= 1 && pass(a, k) > pass(b, k)+slack; k-- {
		c.K = k
	}
	return c
}
