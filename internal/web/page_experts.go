package web

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/rltrain/rltrain/internal/runlog"
)

// expertsView is how the tokens are dealt to the experts.
type expertsView struct {
	frame
	view
	Layers []layerMap
	Charts []drawn
	Table  metricTable // the same as Charts
	Every  int         // steps between two columns of the maps
}

// layerMap is the heat map of one layer: a row for each expert, a column for each of some steps.
type layerMap struct {
	Layer         int
	Width, Height float64
	Steps         []int
	StepText      string // for the script
	Ticks         []tick
	Rows          []expertRow
	Dead          int // experts without a token at the last step

	xs, bias []float64 // the greatest bias at each of the steps
}

type expertRow struct {
	Expert      int
	Y, H        float64
	Cells       []cell
	First, Last float64 // load as a multiple of the even share
	Least, Most float64
	Bias        float64 // at the last step
	DeadSteps   int     // of the steps shown
	Loads       string  // for the script
	Even        float64
}

// cell is a step of an expert; Level is one of the classes h0 (nothing), h1 (far below the even share) … h4 (even) … h8 (over twice).
type cell struct {
	X, W  float64
	Level int
}

// A page draws at most so many cells; more layers, experts or steps make the columns fewer.
const (
	maxCellsDrawn = 12_000
	maxColumns    = 120
	maxLayers     = 64
	heatWidth     = 560.0
)

func (s *Server) expertsPage(w http.ResponseWriter, r *http.Request) error {
	v, err := viewOf(r)
	if err != nil {
		return err
	}
	return s.withRun(r, func(log *runlog.Log) error {
		t, err := read(r.Context(), r.PathValue("run"), log)
		if err != nil {
			return err
		}
		e := expertsView{frame: s.frameOf(r, log, t.Info, "Experts").live(), view: v}
		var steps []int
		for _, step := range t.Steps {
			if v.shows(step.Step) {
				steps = append(steps, step.Step)
			}
		}
		if len(steps) > 0 {
			if e.Layers, err = layersOf(r, log, steps); err != nil {
				return err
			}
		}
		violation := newChart("violation", "Imbalance", "greatest load over mean load, minus 1, in the worst layer")
		violation.From = 0
		violation.Series = []series{v.curve("", 0, t.Steps, func(s runlog.Step) float64 { return s.MoEMaxViolation })}
		dead := newChart("dead", "Dead experts", "experts without a token")
		dead.From, dead.To = 0, 1
		dead.Series = []series{v.curve("", 0, t.Steps, func(s runlog.Step) float64 { return float64(s.MoEDead) })}
		difference := newChart("agree", "Sampler against trainer", "mean difference of log-probs: routing that does not agree shows here")
		difference.From = 0
		difference.Series = []series{v.curve("", 0, t.Steps, func(s runlog.Step) float64 { return s.LogpDiffMean })}
		charts := append([]chart{violation, biasChart(e.Layers), dead, difference}, agreement(v, t.Steps)...)
		e.Table = tableOfCharts(charts)
		for _, c := range charts {
			e.Charts = append(e.Charts, c.draw(smallWidth, smallHeight))
		}
		return s.render(w, "experts", e)
	})
}

// agreement follows how often sampler and trainer send a token to the same experts, in runs that measured it.
func agreement(v view, steps []runlog.Step) []chart {
	share := func(s runlog.Step) float64 {
		value, _ := s.Value("routing_agreement")
		return value
	}
	if !slices.ContainsFunc(steps, func(s runlog.Step) bool { return !math.IsNaN(share(s)) }) {
		return nil
	}
	c := newChart("routing", "Routing agreement", "the sampler's choices of experts that the trainer makes too, first update of a step")
	c.Percent = true
	c.Series = []series{v.curve("", 0, steps, share)}
	return []chart{c}
}

// maxBiasLines is how many layers are told apart in the chart of the bias.
const maxBiasLines = 6

// biasChart follows the greatest bias of each layer, up or down: how hard the router is being corrected.
func biasChart(layers []layerMap) chart {
	c := newChart("bias", "Routing bias", "greatest of a layer, up or down")
	c.From = 0
	for i, l := range layers[:min(len(layers), maxBiasLines)] {
		c.Series = append(c.Series, series{Name: fmt.Sprintf("layer %d", l.Layer), Color: i, X: l.xs, Y: l.bias})
	}
	return c
}

// layersOf reads as many steps as can be drawn.
func layersOf(r *http.Request, log *runlog.Log, steps []int) ([]layerMap, error) {
	last, err := log.Experts(r.Context(), steps[len(steps)-1])
	if err != nil || len(last) == 0 {
		return nil, err
	}
	columns := max(2, min(maxColumns, maxCellsDrawn/len(last)))
	shown := spread(steps, columns)
	loads, err := log.ExpertLoads(r.Context(), shown)
	if err != nil {
		return nil, err
	}
	table := map[int]map[int][]runlog.ExpertLoad{} // layer, expert
	for _, l := range loads {
		if table[l.Layer] == nil {
			table[l.Layer] = map[int][]runlog.ExpertLoad{}
		}
		table[l.Layer][l.Expert.Expert] = append(table[l.Layer][l.Expert.Expert], l)
	}
	var out []layerMap
	for layer := 0; layer < maxLayers && table[layer] != nil; layer++ {
		out = append(out, mapOf(layer, table[layer], shown))
	}
	return out, nil
}

func mapOf(layer int, experts map[int][]runlog.ExpertLoad, steps []int) layerMap {
	n := 0
	for expert := range experts {
		n = max(n, expert+1)
	}
	height := math.Max(3, math.Min(18, 220/float64(n)))
	m := layerMap{Layer: layer, Width: heatWidth, Height: height*float64(n) + 22, Steps: steps, StepText: strings.Trim(fmt.Sprint(steps), "[]")}
	column := map[int]int{}
	for i, step := range steps {
		column[step] = i
		m.xs, m.bias = append(m.xs, float64(step)), append(m.bias, math.NaN())
	}
	for _, loads := range experts {
		for _, l := range loads {
			m.bias[column[l.Step]] = fmax(m.bias[column[l.Step]], math.Abs(l.Bias))
		}
	}
	width := (heatWidth - 46 - 10) / float64(len(steps))
	for _, v := range niceTicks(float64(steps[0]), float64(steps[len(steps)-1]), 6) {
		if i, ok := column[int(v)]; ok {
			m.Ticks = append(m.Ticks, tick{46 + width*(float64(i)+0.5), number(v)})
		}
	}
	for expert := range n {
		row := rowOf(expert, 1/float64(n), experts[expert], column, width)
		row.Y, row.H = float64(expert)*height, height-1
		if len(row.Cells) > 0 && row.Last == 0 {
			m.Dead++
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

func rowOf(expert int, even float64, loads []runlog.ExpertLoad, column map[int]int, width float64) expertRow {
	row := expertRow{Expert: expert, Even: even, First: math.NaN(), Last: math.NaN(), Least: math.NaN(), Most: math.NaN(), Bias: math.NaN()}
	var texts []string
	for _, l := range loads {
		times := l.Load / even
		row.Cells = append(row.Cells, cell{46 + width*float64(column[l.Step]), math.Max(width-0.5, 0.5), heatLevel(times)})
		texts = append(texts, fmt.Sprintf("%.2f", times))
		if math.IsNaN(row.First) {
			row.First = times
		}
		row.Last, row.Bias = times, l.Bias
		row.Least, row.Most = fmin(row.Least, times), fmax(row.Most, times)
		if times == 0 {
			row.DeadSteps++
		}
	}
	row.Loads = strings.Join(texts, " ")
	return row
}

// heatLevel puts the even share into the middle, h4; a tenth more or less shows.
func heatLevel(times float64) int {
	if math.IsNaN(times) || times == 0 {
		return 0
	}
	level := 1
	for _, bound := range []float64{0.5, 0.75, 0.9, 1.1, 1.25, 1.5, 2} {
		if times > bound {
			level++
		}
	}
	return level
}
