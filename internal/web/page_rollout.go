package web

import (
	"io"
	"net/http"

	"github.com/rltrain/rltrain/internal/runlog"
)

// rolloutView is one chain for reading.
type rolloutView struct {
	frame
	Chain    chain
	Prompt   string
	Stderr   string // of a program under test
	Whole    bool   // all of the text was asked for
	Siblings []runlog.Rollout
	History  []historyStep
	Tokens   []tokenCell
	Strip    strip
	Legend   []string
}

// historyStep is how the same task was answered at another step.
type historyStep struct {
	runlog.Answered
	Here bool
}

// A rollout's page shows this much of a chain unless asked for all of it, and of a group's chains that much.
const (
	maxAlone = 200_000
	maxGroup = 8_000
)

func (s *Server) rolloutPage(w http.ResponseWriter, r *http.Request) error {
	id := r.URL.Query().Get("id")
	return s.withRun(r, func(log *runlog.Log) error {
		ctx := r.Context()
		info, err := log.Info(ctx)
		if err != nil {
			return err
		}
		group, err := log.Group(ctx, id)
		if err != nil {
			return err
		}
		v := rolloutView{frame: s.frameOf(r, log, info, "Rollouts"), Whole: r.URL.Query().Get("all") == "1", Legend: categories()}
		for _, sibling := range group {
			if sibling.ID == id {
				if err := s.fill(&v, r, log, sibling); err != nil {
					return err
				}
			}
			sibling.Response = "" // only the list of them is shown
			v.Siblings = append(v.Siblings, sibling)
		}
		v.Title = visible(id) + " · " + v.Run
		return s.render(w, "rollout", v)
	})
}

func (s *Server) fill(v *rolloutView, request *http.Request, log *runlog.Log, r runlog.Rollout) (err error) {
	ctx := request.Context()
	limit := maxAlone
	if v.Whole {
		limit = 0
	}
	if v.Chain, err = readChain(ctx, log, r, limit); err != nil {
		return err
	}
	v.Prompt = visible(r.Prompt)
	answered, err := log.History(ctx, r.TaskID)
	if err != nil {
		return err
	}
	for _, a := range spread(answered, maxHistory) {
		v.History = append(v.History, historyStep{a, a.Step == r.Step && a.Phase == r.Phase})
	}
	drawn, err := log.Drawn(ctx, r.ID)
	if err != nil {
		return err
	}
	v.Stderr = visible(drawn.Stderr)
	v.Tokens, v.Strip = s.cells(log.Dir(), request.URL.Query().Get("color"), drawn)
	return nil
}

// maxHistory is how many other steps are offered for one task.
const maxHistory = 60

// spread picks at most n of the list, evenly, first and last among them.
func spread[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	out := make([]T, n)
	for i := range out {
		out[i] = list[i*(len(list)-1)/(n-1)]
	}
	return out
}

// rawPage is the text as the policy wrote it, byte for byte; a browser shows it as text and nothing else.
func (s *Server) rawPage(w http.ResponseWriter, r *http.Request) error {
	return s.withRun(r, func(log *runlog.Log) error {
		drawn, err := log.Drawn(r.Context(), r.URL.Query().Get("id"))
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Content-Disposition", `inline; filename="response.txt"`)
		_, _ = io.WriteString(w, drawn.Text) // the browser may have gone
		return nil
	})
}

// groupView is all samples of one prompt beside each other.
type groupView struct {
	frame
	First   runlog.Rollout
	Prompt  string
	Chains  []chain
	Correct int
	Spread  bool // the rewards differ, so that there was something to learn
	Legend  []string
}

func (s *Server) groupPage(w http.ResponseWriter, r *http.Request) error {
	return s.withRun(r, func(log *runlog.Log) error {
		info, err := log.Info(r.Context())
		if err != nil {
			return err
		}
		group, err := log.Group(r.Context(), r.URL.Query().Get("id"))
		if err != nil {
			return err
		}
		v := groupView{frame: s.frameOf(r, log, info, "Rollouts"), First: group[0], Prompt: visible(group[0].Prompt), Legend: categories()}
		for _, rollout := range group {
			c, err := readChain(r.Context(), log, rollout, maxGroup)
			if err != nil {
				return err
			}
			if rollout.Verdict == "correct" {
				v.Correct++
			}
			v.Spread = v.Spread || rollout.Reward != group[0].Reward
			v.Chains = append(v.Chains, c)
		}
		return s.render(w, "group", v)
	})
}
