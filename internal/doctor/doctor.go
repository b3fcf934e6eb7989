// Package doctor says in words what is wrong with a training run: what was seen, the number, and what to try. It looks
// at the steps' metrics and at counts of verdicts, never at the weights, so that it can be asked during a run and after
// it. A run may do well and have a finding; a run without one may do badly all the same.
package doctor

import (
	"math"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// Finding is one thing that is wrong.
type Finding struct {
	Code     string // a stable name
	From, To int    // the steps in which it was seen
	Text     string // what, with the number, and what to try
}

// Window is how many steps are looked at together: single steps vary too much.
const Window = 5

// Examine returns what is wrong at the last of the steps, which are in order, as are the tallies. It needs Window steps,
// and says nothing before.
func Examine(steps []runlog.Step, tallies []runlog.Tally) []Finding {
	if len(steps) < Window {
		return nil
	}
	v := view{first: steps[:Window], last: steps[len(steps)-Window:], all: len(steps)}
	from, to := v.last[0].Step, v.last[Window-1].Step
	for _, t := range tallies {
		if from <= t.Step && t.Step <= to {
			v.add(t)
		}
	}
	var found []Finding
	for _, look := range checks() {
		if code, text := look(v); code != "" {
			found = append(found, Finding{code, from, to, text})
		}
	}
	return found
}

// History returns what was wrong at any time, each finding once: from the first step to the last in which it was seen, in
// the words of the last time.
func History(steps []runlog.Step, tallies []runlog.Tally) []Finding {
	var all []Finding
	at := map[string]int{}
	seen := 0
	for n := Window; n <= len(steps); n++ {
		for seen < len(tallies) && tallies[seen].Step < steps[n-Window].Step {
			seen++ // older than the window
		}
		for _, f := range Examine(steps[:n], tallies[seen:]) {
			i, known := at[f.Code]
			if !known {
				at[f.Code] = len(all)
				all = append(all, f)
				continue
			}
			f.From = all[i].From
			all[i] = f
		}
	}
	return all
}

// Count is the tally of a step's groups.
func Count(step int, groups []rollout.Group) runlog.Tally {
	t := runlog.Tally{Step: step}
	for _, g := range groups {
		for _, r := range g.Rollouts {
			paid := 0
			if r.Verdict.Kind != verifiers.Error && r.Verdict.Reward > 0 {
				paid = 1
			}
			t.Add(string(r.Verdict.Kind), 1, paid)
		}
	}
	return t
}

// view is what the checks look at.
type view struct {
	first, last []runlog.Step // Window steps each; the same ones in a young run
	all         int           // steps so far
	runlog.Tally
}

func (v *view) add(t runlog.Tally) {
	v.Rollouts += t.Rollouts
	v.NoAnswer += t.NoAnswer
	v.Unparseable += t.Unparseable
	v.Timeout += t.Timeout
	v.Error += t.Error
	v.PaidNoAnswer += t.PaidNoAnswer
}

// share is n of the window's rollouts.
func (v view) share(n int) float64 { return float64(n) / math.Max(1, float64(v.Rollouts)) }

// mean is a metric's mean over steps; undefined values are left out, NaN where all are.
func mean(steps []runlog.Step, metric func(runlog.Step) float64) float64 {
	sum, n := 0.0, 0.0
	for _, s := range steps {
		if x := metric(s); !math.IsNaN(x) {
			sum, n = sum+x, n+1
		}
	}
	return sum / n
}

func greatest(steps []runlog.Step, metric func(runlog.Step) float64) float64 {
	high := math.Inf(-1)
	for _, s := range steps {
		high = math.Max(high, metric(s))
	}
	return high
}
