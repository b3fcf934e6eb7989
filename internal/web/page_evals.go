package web

import (
	"context"
	"math"
	"net/http"
	"slices"

	"github.com/rltrain/rltrain/internal/runlog"
)

// evalsView compares the base with the trained model, set by set.
type evalsView struct {
	frame
	Sets   []setView
	Charts []drawn
	Table  metricTable // the same as Charts
}

// setView is one set of tasks.
type setView struct {
	evalSet
	ID       string
	Changes  []change
	PassK    *drawn
	Curve    []passRow // the same as PassK, for reading
	Crossing crossing
	Crosses  bool         // Crossing is known
	Budgets  []budgetView // other figures that depend on the number of samples
	Tasks    taskTable
}

// taskTable is what became of each task.
type taskTable struct {
	Gained, Lost, Solved, Unsolved int // Solved: right more often than not, before and after
	Rows                           []taskRow
	Which                          string // gained, lost, all
	Total                          int
}

type taskRow struct {
	TaskID        string
	Before, After runlog.TaskResult
}

// maxTasks is how many tasks a table lists.
const maxTasks = 100

func (s *Server) evalsPage(w http.ResponseWriter, r *http.Request) error {
	which := r.URL.Query().Get("tasks")
	if which == "" {
		which = "gained"
	}
	if !slices.Contains([]string{"gained", "lost", "all"}, which) {
		return badValue("tasks", which, "gained, lost or all")
	}
	return s.withRun(r, func(log *runlog.Log) error {
		t, err := read(r.Context(), r.PathValue("run"), log)
		if err != nil {
			return err
		}
		v := evalsView{frame: s.frameOf(r, log, t.Info, "Evals").live()}
		for _, set := range t.sets() {
			view, err := setViewOf(r.Context(), log, set, which)
			if err != nil {
				return err
			}
			v.Sets = append(v.Sets, view)
		}
		charts := evalCharts(t)
		v.Table = tableOfCharts(charts)
		for _, c := range charts {
			v.Charts = append(v.Charts, c.draw(largeWidth, largeHeight-40))
		}
		return s.render(w, "evals", v)
	})
}

// evalCharts follows pass@1 and the format over the steps.
func evalCharts(t told) []chart {
	var out []chart
	for _, c := range []struct {
		id, title, hint, metric string
		percent                 bool
	}{
		{"pass1", "pass@1", "sampled once, with 95 % intervals over tasks", "pass@1", true},
		{"length", "Length", "tokens of a response", "length_mean", false},
	} {
		figure := newChart(c.id, c.title, c.hint)
		figure.Percent, figure.From = c.percent, 0
		for i, set := range repeated(t.sets()) {
			figure.Series = append(figure.Series, set.points(c.metric, i))
		}
		out = append(out, figure)
	}
	return out
}

func setViewOf(ctx context.Context, log *runlog.Log, set evalSet, which string) (setView, error) {
	v := setView{evalSet: set, ID: set.key()}
	for _, m := range set.Last().Metrics {
		v.Changes = append(v.Changes, changeOf(set, m.Name))
	}
	v.Budgets = set.budgets()
	after, err := log.TaskResults(ctx, set.Last().Step, set.Last().Eval)
	if err != nil || len(after) == 0 {
		return v, err
	}
	before := after
	if set.Change() {
		if before, err = log.TaskResults(ctx, set.First().Step, set.First().Eval); err != nil {
			return v, err
		}
	}
	if set.NSamples > 1 {
		c := newChart("passk-"+v.ID, "pass@k", "at least one of k samples is right")
		c.Percent = true
		v.Curve = passCurve(before, after, set.NSamples)
		d := set.overK(c, v.Curve)
		v.PassK = &d
	}
	if set.Change() {
		v.Crossing, v.Crosses = crossingOf(before, after, v.Curve)
		v.Tasks = compare(before, after, which)
	}
	return v, nil
}

// compare pairs the tasks of two evaluations. A task counts as solved where most of its samples are right.
func compare(before, after []runlog.TaskResult, which string) taskTable {
	t := taskTable{Which: which}
	earlier := map[string]runlog.TaskResult{}
	for _, b := range before {
		earlier[b.TaskID] = b
	}
	for _, a := range after {
		b, known := earlier[a.TaskID]
		if !known {
			continue
		}
		t.Total++
		gain := share(a) - share(b)
		switch was, is := share(b) > 0.5, share(a) > 0.5; {
		case is && !was:
			t.Gained++
		case was && !is:
			t.Lost++
		case is:
			t.Solved++
		default:
			t.Unsolved++
		}
		if which == "all" || which == "gained" && gain > 0 || which == "lost" && gain < 0 {
			t.Rows = append(t.Rows, taskRow{a.TaskID, b, a})
		}
	}
	slices.SortStableFunc(t.Rows, func(x, y taskRow) int {
		return compareFloat(math.Abs(share(y.After)-share(y.Before)), math.Abs(share(x.After)-share(x.Before)))
	})
	t.Rows = t.Rows[:min(len(t.Rows), maxTasks)]
	return t
}

func compareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func share(t runlog.TaskResult) float64 {
	if t.Samples == 0 {
		return 0
	}
	return float64(t.Correct) / float64(t.Samples)
}
