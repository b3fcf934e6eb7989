package eval

import (
	"math"
	"slices"
	"strconv"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// The two ways of spending more tokens on a task.
const (
	BySamples = "samples" // K samples, and the answer that most of them give
	ByLength  = "length"  // one chain of at most Limit tokens
)

// Point is one point of the curve of accuracy against tokens spent on a task.
type Point struct {
	Way           string
	K, Limit      int // whichever the way has
	Tokens        float64
	runlog.Metric // accuracy; the name is that of the metric
}

// TestTime is accuracy against tokens, by more samples and by longer chains. For code, whose answers cannot vote, the samples'
// accuracy is logp@k. A chain longer than the limit counts as unsolved: what it would have said in fewer tokens is not known.
func TestTime(groups []rollout.Group, ks []int, seed uint64) []Point {
	var tasks []task
	var judged []rollout.Group
	n, longest := 0, 0
	for _, g := range groups {
		if t := gather(g); len(t.rewards) > 0 {
			tasks, judged = append(tasks, t), append(judged, g)
			n = max(n, len(g.Rollouts))
			for _, r := range g.Rollouts {
				longest = max(longest, r.Length())
			}
		}
	}
	if len(tasks) == 0 {
		return nil
	}
	var points []Point
	tokens := amount("", tokenParts(judged, longest), seed).Value
	for _, k := range ks {
		accuracy := samplesAccuracy(tasks, k, n, seed)
		if accuracy.Name != "" {
			points = append(points, Point{Way: BySamples, K: k, Tokens: float64(k) * tokens, Metric: accuracy})
		}
	}
	for _, limit := range limits(longest) {
		points = append(points, Point{Way: ByLength, Limit: limit, Tokens: amount("", tokenParts(judged, limit), seed).Value, Metric: withinLimit(judged, limit, seed)})
	}
	return points
}

// samplesAccuracy is pass@1 for k = 1, else maj@k, else logp@k; without a name if there is none of these.
func samplesAccuracy(tasks []task, k, n int, seed uint64) runlog.Metric {
	wanted := []string{"maj@", "logp@"}
	if k == 1 {
		wanted = []string{"pass@"}
	}
	all := figures([]int{k}, n, seed)
	for _, prefix := range wanted {
		i := slices.IndexFunc(all, func(f figure) bool { return f.name == prefix+strconv.Itoa(k) })
		if i < 0 {
			continue
		}
		if m := all[i].over(tasks, seed); !math.IsNaN(m.Value) {
			return m
		}
	}
	return runlog.Metric{}
}

// limits are powers of two from 16 up to the longest chain, and that.
func limits(longest int) []int {
	var out []int
	for l := 16; l < longest; l *= 2 {
		out = append(out, l)
	}
	return append(out, longest)
}

// tokenParts is the mean number of tokens of a rollout that is cut at a limit.
func tokenParts(groups []rollout.Group, limit int) []part {
	parts := make([]part, len(groups))
	for i, g := range groups {
		for _, r := range g.Rollouts {
			parts[i].num += float64(min(r.Length(), limit))
		}
		parts[i].den = float64(len(g.Rollouts))
	}
	return parts
}

// withinLimit is the share of rollouts that are right and end within the limit.
func withinLimit(groups []rollout.Group, limit int, seed uint64) runlog.Metric {
	parts := make([]part, len(groups))
	for i, g := range groups {
		for _, r := range g.Rollouts {
			if r.Verdict.Kind == verifiers.Error {
				continue
			}
			parts[i].den++
			parts[i].num += float64(one(r.Verdict.Kind == verifiers.Correct && r.Length() <= limit))
		}
	}
	return share("accuracy", parts, seed)
}
