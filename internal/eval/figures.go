package eval

import (
	"fmt"
	"math"
	"slices"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
)

// figure is a metric that each task has by itself; NaN where it is not defined. The evaluation's is the mean over tasks.
type figure struct {
	name  string
	part  bool // between 0 and 1
	value func(task) float64
}

// figures are the ones that depend on a number of samples k, for n samples a task.
func figures(ks []int, n int, seed uint64) []figure {
	ks = slices.DeleteFunc(slices.Clone(ks), func(k int) bool { return k < 1 || k > n })
	choices := ks
	if !slices.Contains(ks, n) {
		choices = append(slices.Clone(ks), n)
	}
	var out []figure
	add := func(name string, ks []int, least int, part bool, value func(t task, k int) float64) {
		for _, k := range ks {
			if k >= least || k == n && least == 1 {
				out = append(out, figure{fmt.Sprintf("%s%d", name, k), part, func(t task) float64 { return value(t, k) }})
			}
		}
	}
	// Where some rollouts of a task could not be judged, all n of it are those that are left.
	left := func(t task, k int) int {
		if k == n {
			return len(t.rewards)
		}
		return k
	}
	add("pass@", ks, 1, true, func(t task, k int) float64 { return PassAtK(len(t.rewards), t.correct, k) })
	add("pass^", ks, 2, true, func(t task, k int) float64 { return PassHatK(len(t.rewards), t.correct, k) })
	choices = slices.DeleteFunc(slices.Clone(choices), func(k int) bool { return k == 1 && n > 1 })
	add("maj@", choices, 1, true, func(t task, k int) float64 {
		if t.kind == "code" {
			return math.NaN()
		}
		return MajAtK(t.votes, left(t, k), seed)
	})
	add("best@", choices, 1, false, func(t task, k int) float64 { return BestAtK(t.rewards, left(t, k)) })
	add("logp@", choices, 2, true, func(t task, k int) float64 {
		if slices.ContainsFunc(t.logps, math.IsNaN) {
			return math.NaN()
		}
		return ChosenAtK(t.right, t.logps, left(t, k))
	})
	return out
}

// over is the mean over tasks with its interval; tasks in which the figure is not defined are left out.
func (f figure) over(tasks []task, seed uint64) runlog.Metric {
	var parts []part
	for _, t := range tasks {
		if v := f.value(t); !math.IsNaN(v) {
			parts = append(parts, part{v, 1})
		}
	}
	if f.part {
		return share(f.name, parts, seed)
	}
	return amount(f.name, parts, seed)
}

// CurveKs are 1, 2, 4, … and n: the ks of a curve up to n samples.
func CurveKs(n int) []int {
	var ks []int
	for k := 1; k < n; k *= 2 {
		ks = append(ks, k)
	}
	return append(ks, n)
}

// meanLogprob is the mean over the tokens whose log-probs are known, NaN without any.
func meanLogprob(s policy.Sample) float64 {
	sum := 0.0
	for _, l := range s.Logprobs {
		sum += float64(l)
	}
	return sum / float64(len(s.Logprobs)) // 0/0 is NaN
}

// Prices are in whatever currency; 0 is not asked about.
type Prices struct {
	Prompt     float64 // of a million prompt tokens
	Completion float64 // of a million tokens of completions
	Hour       float64 // of the machine
}

// Spent is what a solved task cost: all tokens, seconds and money over the number of tasks with a right sample. Seconds are those that
// requests took, side by side or not.
func Spent(groups []rollout.Group, p Prices, seed uint64) []runlog.Metric {
	spent := func(name string, of func(r rollout.Rollout) float64) runlog.Metric {
		parts := make([]part, len(groups))
		for i, g := range groups {
			parts[i].den = float64(one(gather(g).correct > 0))
			for _, r := range g.Rollouts {
				parts[i].num += of(r)
			}
		}
		return amount(name, parts, seed)
	}
	metrics := []runlog.Metric{
		spent("tokens_per_solved", func(r rollout.Rollout) float64 { return float64(r.Length()) }),
		spent("seconds_per_solved", func(r rollout.Rollout) float64 { return r.Seconds }),
	}
	if p != (Prices{}) {
		metrics = append(metrics, spent("cost_per_solved", func(r rollout.Rollout) float64 {
			return (float64(r.PromptTokens)*p.Prompt+float64(r.Length())*p.Completion)/1e6 + r.Seconds/3600*p.Hour
		}))
	}
	return metrics
}
