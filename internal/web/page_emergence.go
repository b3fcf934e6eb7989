package web

import (
	"math"
	"net/http"
	"slices"

	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
)

// categories are the kinds of reflection in the order of the colours.
func categories() []string {
	return []string{string(reflect.Backtracking), string(reflect.Reconsideration), string(reflect.Verification),
		string(reflect.Subgoal), string(reflect.BackwardChaining), string(reflect.LanguageSwitch)}
}

// emergence is how reflection comes up in a run.
type emergence struct {
	frame
	view
	Steps      int
	Charts     []drawn
	Table      metricTable // the same as Charts
	Phrases    []phraseRow
	Totals     []categoryRow
	TakeOff    int
	HasTakeOff bool
	Probes     []probeRow
	Mixing     bool // there is a chain that mixes languages
}

// phraseRow is one phrase over the whole run.
type phraseRow struct {
	runlog.PhraseCount
	Color int
	Spark string // path of a line of 120 by 20
}

type categoryRow struct {
	Category     string
	Color        int
	N, Good, Bad int
	First        int
}

// probeRow is what an intervention told: P(correct) of chains made to reflect less that of chains kept from it, and less
// that of chains given a placebo.
type probeRow struct {
	runlog.Probe
	Verdict         string
	Masked, Placebo runlog.Metric
}

// maxPhrases is how many phrases are listed.
const maxPhrases = 30

func (s *Server) emergencePage(w http.ResponseWriter, r *http.Request) error {
	v, err := viewOf(r)
	if err != nil {
		return err
	}
	return s.withRun(r, func(log *runlog.Log) error {
		ctx := r.Context()
		t, err := read(ctx, r.PathValue("run"), log)
		if err != nil {
			return err
		}
		outcomes, err := log.Outcomes(ctx)
		if err != nil {
			return err
		}
		counts, err := log.CategorySteps(ctx)
		if err != nil {
			return err
		}
		e := emergence{frame: s.frameOf(r, log, t.Info, "Emergence").live(), view: v, Steps: len(t.Steps)}
		e.TakeOff, e.HasTakeOff = t.takeOff()
		sums := sumOutcomes(t.Steps, outcomes)
		charts := e.charts(t, sums, counts)
		e.Table = tableOfCharts(charts)
		for _, c := range charts {
			e.Charts = append(e.Charts, c.draw(largeWidth, largeHeight-40))
		}
		e.Totals = totals(counts)
		top, err := log.TopPhrases(ctx, maxPhrases)
		if err != nil {
			return err
		}
		e.Phrases, err = phraseRows(r, log, top, t.Steps)
		if err != nil {
			return err
		}
		probes, err := log.Probes(ctx)
		if err != nil {
			return err
		}
		for _, p := range probes {
			verdict, masked, placebo := eval.DoesItPay(p)
			e.Probes = append(e.Probes, probeRow{p, string(verdict), masked, placebo})
		}
		return s.render(w, "emergence", e)
	})
}

// outcomeSums are the rollouts of each step by what became of them.
type outcomeSums struct {
	xs, rollouts      []float64
	right, wrong, mix []float64 // mean tokens of right and of other chains; share of language mixing
}

func sumOutcomes(steps []runlog.Step, outcomes []runlog.Outcome) outcomeSums {
	n := len(steps)
	sums := outcomeSums{xs: make([]float64, n), rollouts: make([]float64, n), right: make([]float64, n), wrong: make([]float64, n), mix: make([]float64, n)}
	rights, wrongs := make([]float64, n), make([]float64, n)
	at := map[int]int{}
	for i, s := range steps {
		at[s.Step], sums.xs[i] = i, float64(s.Step)
	}
	for _, o := range outcomes {
		i, known := at[o.Step]
		if !known {
			continue // recorded between the two queries
		}
		sums.rollouts[i] += float64(o.Rollouts)
		sums.mix[i] += o.LanguageMix
		switch o.Verdict {
		case "correct":
			sums.right[i], rights[i] = sums.right[i]+float64(o.Tokens), rights[i]+float64(o.Rollouts)
		case "error":
		default:
			sums.wrong[i], wrongs[i] = sums.wrong[i]+float64(o.Tokens), wrongs[i]+float64(o.Rollouts)
		}
	}
	for i := range n { // 0/0 is NaN: no such chain
		sums.right[i] /= rights[i]
		sums.wrong[i] /= wrongs[i]
		sums.mix[i] /= sums.rollouts[i]
	}
	return sums
}

func (e *emergence) charts(t told, sums outcomeSums, counts []runlog.PhraseCount) []chart {
	kinds := newChart("categories", "Reflections by kind", "per rollout")
	kinds.From = 0
	for i, name := range categories() {
		ys := perStep(t.Steps, sums, counts, name)
		if slices.ContainsFunc(ys, func(y float64) bool { return y > 0 }) {
			kinds.Series = append(kinds.Series, e.curveOf(words(name), i, sums.xs, ys))
		}
	}
	right := newChart("correct", "Share right, with and without reflection",
		"descriptive: hard problems call for reflection, so a gap is no effect of it")
	right.Percent, right.From = true, 0
	right.Series = []series{e.curve("chain reflects", 0, t.Steps, func(s runlog.Step) float64 { return s.PCorrectReflect }),
		e.curve("chain does not", 1, t.Steps, func(s runlog.Step) float64 { return s.PCorrectNoReflect })}
	flips := newChart("flips", "What reflections did to the answer", "reflections of a step that turned it")
	flips.From = 0
	flips.Series = []series{e.curve("wrong to right", 0, t.Steps, func(s runlog.Step) float64 { return float64(s.FlipsGood) }),
		e.curve("right to wrong", 1, t.Steps, func(s runlog.Step) float64 { return float64(s.FlipsBad) })}
	length := newChart("lengths", "Length of right and wrong chains", "mean tokens")
	length.From = 0
	length.Series = []series{e.curveOf("right", 0, sums.xs, sums.right), e.curveOf("not right", 1, sums.xs, sums.wrong)}
	all := []chart{kinds, right, flips, length}
	if e.Mixing = slices.ContainsFunc(sums.mix, func(m float64) bool { return m > 0 }); e.Mixing {
		mix := newChart("mixing", "Language mixing", "mean share of a chain in its second script")
		mix.Percent, mix.From = true, 0
		mix.Series = []series{e.curveOf("", 0, sums.xs, sums.mix)}
		all = append(all, mix)
	}
	marks := takeOffs([]told{t})
	for i := range all {
		all[i].Marks = unlabelled(marks)
	}
	all[0].Marks = marks
	return all
}

// perStep is how many reflections of a kind a rollout has on average, step by step.
func perStep(steps []runlog.Step, sums outcomeSums, counts []runlog.PhraseCount, category string) []float64 {
	n := map[int]float64{}
	for _, c := range counts {
		if string(c.Category) == category {
			n[c.Step] += float64(c.N)
		}
	}
	ys := make([]float64, len(steps))
	for i, s := range steps {
		ys[i] = n[s.Step] / sums.rollouts[i]
	}
	return ys
}

// totals sums each kind over the run.
func totals(counts []runlog.PhraseCount) []categoryRow {
	var out []categoryRow
	for i, name := range categories() {
		row := categoryRow{Category: name, Color: i, First: math.MaxInt}
		for _, c := range counts {
			if string(c.Category) == name {
				row.N, row.Good, row.Bad, row.First = row.N+c.N, row.Good+c.Good, row.Bad+c.Bad, min(row.First, c.Step)
			}
		}
		if row.N > 0 {
			out = append(out, row)
		}
	}
	return out
}

// phraseRows adds to each phrase its line over the steps.
func phraseRows(r *http.Request, log *runlog.Log, top []runlog.PhraseCount, steps []runlog.Step) ([]phraseRow, error) {
	if len(top) == 0 || len(steps) == 0 {
		return nil, nil
	}
	var names []string
	for _, p := range top {
		names = append(names, p.Phrase)
	}
	counts, err := log.PhraseSteps(r.Context(), names)
	if err != nil {
		return nil, err
	}
	type key struct {
		category reflect.Category
		phrase   string
	}
	first, last := steps[0].Step, steps[len(steps)-1].Step
	bins := map[key][]float64{}
	for _, c := range counts {
		k := key{c.Category, c.Phrase}
		if bins[k] == nil {
			bins[k] = make([]float64, min(60, last-first+1))
		}
		if i := (c.Step - first) * len(bins[k]) / (last - first + 1); i >= 0 && i < len(bins[k]) {
			bins[k][i] += float64(c.N)
		}
	}
	var out []phraseRow
	for _, p := range top {
		out = append(out, phraseRow{p, slices.Index(categories(), string(p.Category)), spark(bins[key{p.Category, p.Phrase}])})
	}
	return out, nil
}

// spark is the path of a small line without axes, 120 wide and 20 high.
func spark(values []float64) string {
	if len(values) == 0 {
		return ""
	}
	top := 1e-9
	for _, v := range values {
		top = math.Max(top, v)
	}
	d := drawn{Left: 1, Right: 119, Top: 2, Bottom: 19, X1: math.Max(1, float64(len(values)-1)), Y1: top}
	xs := make([]float64, len(values))
	for i := range xs {
		xs[i] = float64(i)
	}
	return d.path(xs, values)
}
