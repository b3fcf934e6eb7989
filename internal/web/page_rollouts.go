package web

import (
	"bufio"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
)

// How many rollouts a page lists, how many characters of each, and how long a condition may search at once.
const (
	perPage    = 40
	excerpt    = 320
	whereTakes = 1500 * time.Millisecond
)

// filterForm is the form as it was filled in.
type filterForm struct {
	Step, Phase, Task, Kind, Verdict    string
	MinReward, MaxReward, Reflections   string
	Effect, Search, Where, Sort, Before string
	Offset                              int
}

func formOf(q url.Values) filterForm {
	return filterForm{Step: q.Get("step"), Phase: q.Get("phase"), Task: q.Get("task"), Kind: q.Get("kind"), Verdict: q.Get("verdict"),
		MinReward: q.Get("min_reward"), MaxReward: q.Get("max_reward"), Reflections: q.Get("reflections"), Effect: q.Get("effect"),
		Search: q.Get("q"), Where: q.Get("where"), Sort: q.Get("sort"), Before: q.Get("before")}
}

// More tells whether a filter of the less usual ones is set, so that they stand open.
func (f filterForm) More() bool {
	return f.MinReward != "" || f.MaxReward != "" || f.Where != "" || f.Kind != "" || f.Sort != ""
}

// query reads the form.
func (f filterForm) query(offset string) (q runlog.Query, err error) {
	q = runlog.Query{Effect: reflect.Effect(f.Effect), Clip: excerpt}
	q.Phase, q.TaskID, q.Kind, q.Verdict, q.Search, q.Sort, q.Limit = f.Phase, f.Task, f.Kind, f.Verdict, f.Search, f.Sort, perPage
	if q.Step, q.HasStep, err = wholeNumber(f.Step, "step"); err != nil {
		return q, err
	}
	if q.MinReward, err = realNumber(f.MinReward, "least reward"); err != nil {
		return q, err
	}
	if q.MaxReward, err = realNumber(f.MaxReward, "greatest reward"); err != nil {
		return q, err
	}
	if q.MinReflections, _, err = wholeNumber(f.Reflections, "reflections"); err != nil {
		return q, err
	}
	before, _, err := wholeNumber(f.Before, "before")
	if err != nil {
		return q, err
	}
	q.Before = int64(before)
	if q.Offset, _, err = wholeNumber(offset, "offset"); err != nil {
		return q, err
	}
	if f.Where != "" {
		q.Match, err = runlog.CompileWhere(f.Where)
		q.Budget = whereTakes
		if err != nil {
			return q, badRequest{fmt.Errorf("condition %q: %w", oneLine(f.Where, 80), err)}
		}
	}
	return q, nil
}

// rolloutsView is the list of rollouts. Its form is sent before the log is searched.
type rolloutsView struct {
	frame
	Form                            filterForm
	Phases, Verdicts, Kinds, Orders []option
	Effects                         []option
	Step                            stepLinks

	flush  func()
	search func() (found, error)
}

// option is one choice of a menu.
type option struct {
	Value, Label string
	On           bool
}

func options(chosen string, values ...string) []option {
	var out []option
	for i := 0; i+1 < len(values); i += 2 {
		out = append(out, option{values[i], values[i+1], values[i] == chosen})
	}
	if !slices.ContainsFunc(out, func(o option) bool { return o.On }) && chosen != "" {
		out = append(out, option{chosen, visible(chosen), true})
	}
	return out
}

// stepLinks lead to the steps around the chosen one.
type stepLinks struct{ Earlier, Later string }

// found is one page of the list.
type found struct {
	Rows   []foundRow
	Next   string // address of the next page; "" for none
	Looked int
	Late   bool
	Took   time.Duration
	Error  string
}

type foundRow struct {
	runlog.Rollout
	Excerpt []piece
	More    bool // than the excerpt
}

// Flush sends what is made so far: a search over a long run takes its time.
func (v rolloutsView) Flush() string {
	v.flush()
	return ""
}

// Found searches.
func (v rolloutsView) Found() found {
	f, err := v.search()
	if err != nil {
		f.Error = visible(err.Error())
	}
	return f
}

func (s *Server) rolloutsPage(w http.ResponseWriter, r *http.Request) error {
	form := formOf(r.URL.Query())
	query, err := form.query(r.URL.Query().Get("offset"))
	if err != nil {
		return err
	}
	return s.withRun(r, func(log *runlog.Log) error {
		info, err := log.Info(r.Context())
		if err != nil {
			return err
		}
		v := rolloutsView{frame: s.frameOf(r, log, info, "Rollouts"), Form: form}
		v.Phases = options(form.Phase, "", "any", "train", "training", "eval", "evaluation")
		v.Verdicts = options(form.Verdict, "", "any", "correct", "correct", "wrong", "wrong", "no_answer", "no answer",
			"unparseable", "unparseable", "timeout", "timeout", "error", "error")
		v.Kinds = options(form.Kind, "", "any", "countdown", "countdown", "code", "code", "math", "math")
		v.Effects = options(form.Effect, "", "any", "good", "wrong → right", "bad", "right → wrong")
		v.Orders = options(form.Sort, "", "newest first", "oldest", "oldest first", "-reward", "greatest reward", "reward", "least reward",
			"-advantage", "greatest advantage", "advantage", "least advantage", "-tokens", "longest", "tokens", "shortest", "-reflections", "most reflections")
		v.Step = stepsAround(v.Run, r.URL.Query(), query)
		v.search = func() (found, error) { return find(r, log, query) }
		return s.stream(w, "rollouts", &v)
	})
}

// stream sends the page as it is made.
func (s *Server) stream(w http.ResponseWriter, page string, v *rolloutsView) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	out := bufio.NewWriterSize(w, 64<<10)
	v.flush = func() {
		_ = out.Flush() // the browser may have gone
		_ = http.NewResponseController(w).Flush()
	}
	if err := s.pages[page].Execute(out, v); err != nil {
		// The head is on its way: all that is left is to say so where the rest would stand.
		fmt.Fprintf(out, "<p role=\"alert\">%s</p>", template.HTMLEscapeString(visible(err.Error())))
	}
	_ = out.Flush() // the browser may have gone
	return nil
}

func find(r *http.Request, log *runlog.Log, query runlog.Query) (f found, err error) {
	started := time.Now()
	page, err := log.Browse(r.Context(), query)
	if err != nil {
		return f, err
	}
	f = found{Looked: page.Looked, Late: page.Late, Took: time.Since(started).Round(time.Millisecond)}
	for _, rollout := range page.Rollouts {
		c, err := readChain(r.Context(), log, rollout, 0)
		if err != nil {
			return f, err
		}
		f.Rows = append(f.Rows, foundRow{rollout, c.Pieces, len(rollout.Response) >= excerpt})
	}
	if page.More {
		next := r.URL.Query()
		switch query.Sort {
		case "", runlog.Newest, runlog.Oldest:
			next.Set("before", strconv.FormatInt(page.Next, 10))
		default:
			next.Set("offset", strconv.Itoa(page.Offset))
		}
		f.Next = "?" + next.Encode()
	}
	return f, nil
}

func stepsAround(run string, values url.Values, query runlog.Query) (links stepLinks) {
	if !query.HasStep {
		return links
	}
	at := func(step int) string {
		next := url.Values{}
		for key, list := range values {
			next[key] = list
		}
		next.Del("before")
		next.Del("offset")
		next.Set("step", strconv.Itoa(step))
		return runPath(run, "rollouts") + "?" + next.Encode()
	}
	if query.Step > 0 {
		links.Earlier = at(query.Step - 1)
	}
	links.Later = at(query.Step + 1)
	return links
}
