package web

import (
	"context"
	"math"
	"net/http"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
)

// overview is what the first page of a run shows.
type overview struct {
	frame
	view
	told
	Results     []change
	Reflection  []change
	Length      change
	HasLength   bool
	TakeOff     int
	HasTakeOff  bool
	Spent       spent
	Show        *showcase
	Large       []drawn
	Small       []drawn
	Colors      []runColor // the runs on the charts
	Choices     []choice   // runs that may be laid beside this one
	Differences []runlog.Difference
	Table       metricTable
	Config      string
}

// spent is where the time went.
type spent struct {
	Seconds, Sample, Verify, Train, Other float64 // the shares of Seconds
	Tokens                                int
}

type runColor struct {
	Name  string
	Color int
}

type choice struct {
	Name string
	On   bool
}

// showcase is one problem before and after, for reading.
type showcase struct {
	Prompt string
	Chains []chain // before and after
}

// chain is a rollout for reading.
type chain struct {
	runlog.Rollout
	Pieces []piece
	Cut    bool // there is more text than is shown
}

func (s *Server) overviewPage(w http.ResponseWriter, r *http.Request) error {
	v, err := viewOf(r)
	if err != nil {
		return err
	}
	return s.withRun(r, func(log *runlog.Log) error {
		t, err := read(r.Context(), r.PathValue("run"), log)
		if err != nil {
			return err
		}
		all, err := s.alongside(r.Context(), v, t)
		if err != nil {
			return err
		}
		o := overview{frame: s.frameOf(r, log, t.Info, "Overview").live(), view: v, told: t, Config: visible(t.Info.Config)}
		o.headline()
		if o.Show, err = showOne(r.Context(), log, t); err != nil {
			return err
		}
		o.Large, o.Small = overviewCharts(v, all)
		for i, run := range all {
			o.Colors = append(o.Colors, runColor{run.Name, i})
		}
		for _, name := range o.Others {
			o.Choices = append(o.Choices, choice{name, contains(v.With, name)})
		}
		o.Differences = differences(all)
		o.Table = tableOf(v, t.Steps)
		return s.render(w, "overview", o)
	})
}

func contains(list []string, name string) bool {
	for _, s := range list {
		if s == name {
			return true
		}
	}
	return false
}

// maxRuns is how many runs are told apart on one chart.
const maxRuns = 6

// alongside reads the runs that are laid beside the first.
func (s *Server) alongside(ctx context.Context, v view, first told) ([]told, error) {
	all := []told{first}
	if len(v.With) >= maxRuns {
		return nil, badValue("with", v.With[maxRuns-1], "at most 5 runs beside this one")
	}
	for _, name := range v.With {
		log, err := s.open(name)
		if err != nil {
			return nil, err
		}
		t, err := read(ctx, name, log)
		log.Close()
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func (o *overview) headline() {
	o.Results = headlines(o.told)
	for _, s := range o.headlineSets() {
		c := changeOf(s, "reflect_frac")
		if !math.IsNaN(c.First.Value) {
			o.Reflection = append(o.Reflection, c)
		}
		if l := changeOf(s, "length_mean"); !o.HasLength && !math.IsNaN(l.First.Value) {
			o.Length, o.HasLength = l, true
		}
	}
	o.TakeOff, o.HasTakeOff = o.takeOff()
	for _, s := range o.Steps {
		for _, part := range []struct {
			sum *float64
			v   float64
		}{{&o.Spent.Seconds, s.StepS}, {&o.Spent.Sample, s.SampleS}, {&o.Spent.Verify, s.VerifyS}, {&o.Spent.Train, s.TrainS}} {
			if !math.IsNaN(part.v) {
				*part.sum += part.v
			}
		}
		o.Spent.Tokens += s.Tokens
	}
	if all := o.Spent.Seconds; all > 0 {
		o.Spent.Other = math.Max(0, all-o.Spent.Sample-o.Spent.Verify-o.Spent.Train) / all
		o.Spent.Sample, o.Spent.Verify, o.Spent.Train = o.Spent.Sample/all, o.Spent.Verify/all, o.Spent.Train/all
	}
}

// Rate is the tokens sampled in a second of all that a step does.
func (s spent) Rate() float64 { return float64(s.Tokens) / s.Seconds }

// showOne picks a problem whose answer became right by a reflection.
func showOne(ctx context.Context, log *runlog.Log, t told) (*showcase, error) {
	for _, s := range t.sets() {
		if !s.Change() {
			continue
		}
		before, after, ok, err := log.Showcase(ctx, s.First().Step, s.Last().Step)
		if err != nil || !ok {
			return nil, err
		}
		b, err1 := readChain(ctx, log, before, maxShown)
		a, err2 := readChain(ctx, log, after, maxShown)
		if err1 != nil || err2 != nil {
			return nil, firstOf(err1, err2)
		}
		return &showcase{Prompt: visible(before.Prompt), Chains: []chain{b, a}}, nil
	}
	return nil, nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// maxShown is how many bytes of a chain stand among others; its own page shows more.
const maxShown = 6000

// readChain adds the reflections to a rollout and cuts its text into pieces.
func readChain(ctx context.Context, log *runlog.Log, r runlog.Rollout, limit int) (chain, error) {
	var found []reflect.Reflection
	if r.Reflections > 0 {
		var err error
		if found, err = log.Reflections(ctx, r.ID); err != nil {
			return chain{}, err
		}
	}
	c := chain{Rollout: r}
	var text string
	text, c.Cut = cut(r.Response, limit)
	c.Pieces = pieces(text, found)
	return c, nil
}
