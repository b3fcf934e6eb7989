package eval

import (
	"context"
	"fmt"
	"slices"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// The arms of a probe. All go on from the same prefix, which ends where the policy itself began to reflect.
const (
	ArmMasked  = "masked"  // reflection cannot be started any more
	ArmForced  = "forced"  // the policy's own reflective phrase is put there, then it is free
	ArmPlacebo = "placebo" // as many tokens without content are put there, then as masked
)

// Arms lists them.
func Arms() []string { return []string{ArmMasked, ArmForced, ArmPlacebo} }

// Probe is an intervention on reflection. Tasks are answered freely, and each one in which the policy reflects gives a prefix
// from which all arms go on.
type Probe struct {
	Pool    rollout.Pool
	Tasks   []datasets.Task
	Free    int // chains of each task, in which a prefix is looked for
	Samples int // continuations of each prefix and arm
	Seed    uint64
}

// Probed is what a probe found.
type Probed struct {
	NPoints int // tasks that gave a prefix
	Metrics []runlog.Metric
	Banned  []policy.Token             // that start a reflection, and were taken away
	Groups  map[string][]rollout.Group // by arm, one group a prefix
	Prefix  []int                      // its length in tokens
}

// point is a prefix at which the policy reflects.
type point struct {
	task   datasets.Task
	prefix []policy.Token
	phrase []policy.Token // how it went on
}

// rounds bounds how often masking is tried again with the tokens that still started a reflection.
const rounds = 3

// Run draws all chains and compares the arms.
func (p Probe) Run(ctx context.Context, s policy.Sampler) (out Probed, err error) {
	free := p.Pool
	free.Params.N = p.Free
	batch, err := free.Collect(ctx, s, p.Tasks, p.Seed)
	if err != nil {
		return out, fmt.Errorf("probe: %w", err)
	}
	starts := newStarts(p.Pool.Tokenizer)
	starts.add(batch.Groups, nil)
	points := p.points(batch.Groups)
	if out.NPoints = len(points); out.NPoints == 0 {
		out.Metrics = []runlog.Metric{count("points", 0)}
		return out, nil
	}
	out.Groups = map[string][]rollout.Group{}
	for _, point := range points {
		out.Prefix = append(out.Prefix, len(point.prefix))
	}
	for round := 0; ; round++ {
		out.Banned = starts.tokens()
		for _, arm := range []string{ArmMasked, ArmPlacebo} {
			if out.Groups[arm], err = p.arm(ctx, s, arm, points, out.Banned); err != nil {
				return out, err
			}
			starts.add(out.Groups[arm], points)
		}
		if round == rounds || slices.Equal(out.Banned, starts.tokens()) {
			break
		}
	}
	if out.Groups[ArmForced], err = p.arm(ctx, s, ArmForced, points, nil); err != nil {
		return out, err
	}
	out.Metrics = p.compare(out.Groups, points)
	return out, nil
}

// points are the first reflections of the tasks, one a task: where a phrase begins, after at least as many tokens.
func (p Probe) points(groups []rollout.Group) []point {
	var out []point
	for _, g := range groups {
		for _, r := range g.Rollouts {
			phrases, _ := spoken(p.Pool.Tokenizer, r)
			if len(phrases) == 0 {
				continue
			}
			if at := phrases[0]; at.begin >= at.end-at.begin && at.end < p.Pool.Params.MaxTokens {
				out = append(out, point{g.Task, r.Tokens[:at.begin:at.begin], r.Tokens[at.begin:at.end:at.end]})
				break
			}
		}
	}
	return out
}

// span is a range of a rollout's tokens.
type span struct{ begin, end int }

// spoken are the tokens of a rollout's reflective phrases, in order, and where its thought ends. A switch of language is not among them:
// it takes no phrase to start one.
func spoken(tok rollout.Tokenizer, r rollout.Rollout) (phrases []span, thought int) {
	ends := make([]int, len(r.Tokens)) // in bytes of the text
	for i := range ends {
		ends[i] = len(tok.Decode(r.Tokens[:i+1]))
	}
	holding := func(offset int) int { // the token that holds a byte
		at, _ := slices.BinarySearch(ends, offset+1)
		return at
	}
	for _, x := range r.Reflections {
		if !x.Silent() && x.Category != reflect.LanguageSwitch {
			phrases = append(phrases, span{holding(x.Offset), min(holding(x.Offset+len(x.Phrase)-1)+1, len(ends))})
		}
	}
	_, end := verifiers.ThinkSpan(r.Text)
	return phrases, min(holding(end), len(ends))
}

// placebo is n tokens without content after a prefix: its own last ones, once more.
func placebo(prefix []policy.Token, n int) []policy.Token { return prefix[len(prefix)-n:] }

// arm draws the continuations of one arm.
func (p Probe) arm(ctx context.Context, s policy.Sampler, arm string, points []point, banned []policy.Token) ([]rollout.Group, error) {
	tasks, forced := make([]datasets.Task, len(points)), make([][]policy.Token, len(points))
	for i, point := range points {
		tasks[i], forced[i] = point.task, slices.Clone(point.prefix)
		switch arm {
		case ArmForced:
			forced[i] = append(forced[i], point.phrase...)
		case ArmPlacebo:
			forced[i] = append(forced[i], placebo(point.prefix, len(point.phrase))...)
		}
	}
	pool := p.Pool
	pool.Params.N, pool.Params.Banned, pool.Params.Routing = p.Samples, banned, false
	batch, err := pool.CollectForced(ctx, s, tasks, p.Seed+1, forced)
	if err != nil {
		return nil, fmt.Errorf("probe, arm %s: %w", arm, err)
	}
	return batch.Groups, nil
}

// compare gives P(correct) of each arm and the differences, task by task, with intervals over tasks.
func (p Probe) compare(groups map[string][]rollout.Group, points []point) []runlog.Metric {
	metrics := []runlog.Metric{count("points", len(points))}
	scores := map[string][]float64{}
	for _, arm := range Arms() {
		scores[arm] = TaskScores(groups[arm], 1)
		metrics = append(metrics, interval("p_"+arm, scores[arm], p.Seed))
	}
	for _, pair := range [][2]string{{ArmForced, ArmMasked}, {ArmForced, ArmPlacebo}, {ArmPlacebo, ArmMasked}} {
		change := make([]float64, len(points))
		for i := range change {
			change[i] = scores[pair[0]][i] - scores[pair[1]][i]
		}
		metrics = append(metrics, interval(pair[0]+"_minus_"+pair[1], change, p.Seed))
	}
	for _, arm := range Arms() {
		metrics = append(metrics, interval("reflects_"+arm, reflecting(p.Pool.Tokenizer, groups[arm], points), p.Seed),
			interval("tokens_"+arm, lengths(groups[arm], points), p.Seed))
	}
	return metrics
}

func interval(name string, scores []float64, seed uint64) runlog.Metric {
	mean, low, high := Interval(scores, seed)
	return runlog.Metric{Name: name, Value: mean, Low: low, High: high}
}

// reflecting is, for each prefix, the share of continuations in which a reflective phrase begins after it.
func reflecting(tok rollout.Tokenizer, groups []rollout.Group, points []point) []float64 {
	out := make([]float64, len(groups))
	for i, g := range groups {
		for _, r := range g.Rollouts {
			phrases, _ := spoken(tok, r)
			if len(phrases) > 0 && phrases[len(phrases)-1].begin >= len(points[i].prefix) {
				out[i] += 1 / float64(len(g.Rollouts))
			}
		}
	}
	return out
}

// lengths is the mean number of tokens after each prefix.
func lengths(groups []rollout.Group, points []point) []float64 {
	out := make([]float64, len(groups))
	for i, g := range groups {
		for _, r := range g.Rollouts {
			out[i] += float64(len(r.Tokens)-len(points[i].prefix)) / float64(len(g.Rollouts))
		}
	}
	return out
}

// starts learns which tokens begin reflective phrases.
type starts struct {
	tok          rollout.Tokenizer
	begins, seen map[policy.Token]int
}

// mostly is the share of a token's occurrences that must begin a phrase for it to be taken away: "Wait" does, "that" does not.
const mostly = 0.5

func newStarts(tok rollout.Tokenizer) *starts {
	return &starts{tok, map[policy.Token]int{}, map[policy.Token]int{}}
}

// add counts the thoughts of groups, after the prefixes where points are given.
func (s *starts) add(groups []rollout.Group, points []point) {
	for i, g := range groups {
		from := 0
		if points != nil {
			from = len(points[i].prefix)
		}
		for _, r := range g.Rollouts {
			phrases, thought := spoken(s.tok, r)
			for _, at := range phrases {
				if at.begin >= from {
					s.begins[r.Tokens[at.begin]]++
				}
			}
			for _, token := range r.Tokens[min(from, thought):thought] {
				s.seen[token]++
			}
		}
	}
}

// tokens are those that mostly begin a phrase, in order.
func (s *starts) tokens() []policy.Token {
	var out []policy.Token
	for token, n := range s.begins {
		if float64(n) >= mostly*float64(s.seen[token]) {
			out = append(out, token)
		}
	}
	slices.Sort(out)
	return out
}
