package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rltrain/rltrain/internal/runlog"
)

// runRow is a line of the list of runs.
type runRow struct {
	Name, Status, Recipe string
	Started              time.Time
	Seed                 uint64
	runlog.Summary
	Evals []change
	Error string // why it cannot be read
}

// change is a figure at the first and at the last evaluation of a set.
type change struct {
	Set         string
	Metric      string
	First, Last runlog.Metric
	Moved       bool // there are two evaluations
	NTasks      int
	StepFirst   int
	StepLast    int
}

// Gain is the difference between the two.
func (c change) Gain() float64 { return c.Last.Value - c.First.Value }

func changeOf(s evalSet, metric string) change {
	first, last := s.First(), s.Last()
	return change{Set: s.Name(), Metric: metric, First: first.Metric(metric), Last: last.Metric(metric), Moved: s.Change(),
		NTasks: s.NTasks, StepFirst: first.Step, StepLast: last.Step}
}

// runsPage lists the runs, the newest first.
func (s *Server) runsPage(w http.ResponseWriter, r *http.Request) error {
	names, err := runlog.List(s.options.Runs)
	if err != nil {
		return err
	}
	var rows []runRow
	for _, name := range names {
		row, err := s.runRow(r.Context(), name)
		if err != nil {
			row = runRow{Name: name, Error: visible(err.Error())}
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b runRow) int { return b.Started.Compare(a.Started) })
	return s.render(w, "runs", struct {
		frame
		Folder string
		Rows   []runRow
	}{frame{Title: "Runs", Events: "/events"}, s.options.Runs, rows})
}

func (s *Server) runRow(ctx context.Context, name string) (row runRow, err error) {
	log, err := s.open(name)
	if err != nil {
		return row, err
	}
	defer log.Close()
	info, err := log.Info(ctx)
	if err != nil {
		return row, err
	}
	row = runRow{Name: name, Status: statusNow(info, log), Recipe: info.Recipe, Started: info.StartedAt, Seed: info.Seed}
	if row.Summary, err = log.Summary(ctx); err != nil {
		return row, err
	}
	evals, err := log.Evals(ctx)
	if err != nil {
		return row, err
	}
	row.Evals = headlines(told{Evals: evals})
	return row, nil
}

// headlines is pass@1 of the sets that tell the outcome.
func headlines(t told) []change {
	var out []change
	for _, s := range t.headlineSets() {
		out = append(out, changeOf(s, "pass@1"))
	}
	return out
}

// headlineSets are the sampled test sets or, without any, all sampled sets; of several evaluations of the same tasks the first.
func (t told) headlineSets() (out []evalSet) {
	sets := t.sets()
	hasTest := slices.ContainsFunc(sets, func(s evalSet) bool { return rank(s) == 0 && s.Change() })
	for _, s := range sets {
		switch {
		case hasTest && !strings.HasSuffix(s.Tasks, "/test"), s.Temperature == 0 && len(out) > 0:
		case slices.ContainsFunc(out, func(o evalSet) bool { return o.Tasks == s.Tasks }):
		default:
			out = append(out, s)
		}
	}
	return out
}

// comparePage turns the ticked runs into the address of the first one's page with the others beside it.
func (s *Server) comparePage(w http.ResponseWriter, r *http.Request) error {
	chosen := r.URL.Query()["run"]
	if len(chosen) == 0 {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	to := runPath(chosen[0])
	if len(chosen) > 1 {
		to += "?" + url.Values{"with": chosen[1:]}.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
