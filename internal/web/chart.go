package web

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// chart is what one figure shows; draw turns it into SVG coordinates, and templates/parts.html into SVG.
type chart struct {
	ID, Title, Hint string
	Percent         bool
	Log2            bool // the x axis, for pass@k
	Bands           bool // intervals are drawn as bands instead of whiskers
	XName           string
	From            float64 // the y axis shows at least From..To; NaN to follow the data
	To              float64
	Series          []series
	Marks           []mark
}

// series is one curve, or the points of one evaluation with their intervals.
type series struct {
	Name      string
	Color     int // class c0, c1, … of static/style.css
	Dots      bool
	X, Y      []float64
	Low, High []float64 // of dots; NaN where there is no interval
	Raw       []float64 // the values before smoothing, drawn faintly
}

// mark is a vertical line at an event, such as the take-off of reflection.
type mark struct {
	X     float64
	Label string
	Color int
}

// newChart returns a chart over steps whose y axis follows the data.
func newChart(id, title, hint string) chart {
	return chart{ID: id, Title: title, Hint: hint, XName: "step", From: math.NaN(), To: math.NaN()}
}

// drawn is a chart in the coordinates of its picture.
type drawn struct {
	chart
	Width, Height            int
	Left, Right, Top, Bottom float64
	X0, X1, Y0, Y1           float64 // the values at the edges
	XTicks, YTicks           []tick
	Lines                    []line
	Flags                    []flag
	Empty                    bool
}

type tick struct {
	At    float64
	Label string
}

// line is a drawn series; DataX and DataY repeat its values for reading them under the pointer.
type line struct {
	Name                string
	Color               int
	Path, Faint, Whisks string
	Band                string
	Dots                []dot
	DataX, DataY        string
	DataLow, DataHigh   string
	Last                string
	IsDots              bool
}

type dot struct{ X, Y float64 }

type flag struct {
	X     float64
	Label string
	Color int
	Left  bool // the label stands to the left of its line
}

// draw lays the chart out for a picture of that size.
func (c chart) draw(width, height int) drawn {
	d := drawn{chart: c, Width: width, Height: height, Left: 46, Right: float64(width) - 10, Top: 12, Bottom: float64(height) - 24}
	d.X0, d.X1 = c.extent(func(s series) [][]float64 { return [][]float64{s.X} })
	y0, y1 := c.extent(func(s series) [][]float64 { return [][]float64{s.Y, s.Low, s.High} })
	if math.IsNaN(y0) {
		d.Empty = true
		return d
	}
	if d.X0 == d.X1 {
		d.X0, d.X1 = d.X0-0.5, d.X1+0.5
	}
	ticks := niceTicks(fmin(y0, c.From), fmax(y1, c.To), height/44)
	d.Y0, d.Y1 = ticks[0], ticks[len(ticks)-1]
	for _, v := range ticks {
		d.YTicks = append(d.YTicks, tick{d.y(v), c.label(v, ticks[1]-ticks[0])})
	}
	d.XTicks = d.xTicks()
	for _, s := range c.Series {
		d.Lines = append(d.Lines, d.line(s))
	}
	for _, m := range c.Marks {
		if m.X >= d.X0 && m.X <= d.X1 {
			d.Flags = append(d.Flags, flag{d.x(m.X), m.Label, m.Color, d.x(m.X) > (d.Left+d.Right)/2})
		}
	}
	return d
}

func (d drawn) xTicks() []tick {
	var out []tick
	if d.Log2 {
		for v := 1.0; v <= d.X1; v *= 2 {
			if v >= d.X0 {
				out = append(out, tick{d.x(v), number(v)})
			}
		}
		return out
	}
	for _, v := range niceTicks(d.X0, d.X1, max(3, d.Width/80)) {
		if v >= d.X0 && v <= d.X1 && v == math.Trunc(v) {
			out = append(out, tick{d.x(v), number(v)})
		}
	}
	return out
}

// extent is the range of all defined values; NaN, NaN if there are none.
func (c chart) extent(values func(series) [][]float64) (low, high float64) {
	low, high = math.NaN(), math.NaN()
	for _, s := range c.Series {
		for _, list := range values(s) {
			for _, v := range list {
				if !math.IsInf(v, 0) {
					low, high = fmin(low, v), fmax(high, v)
				}
			}
		}
	}
	return low, high
}

func (d drawn) x(v float64) float64 {
	if d.Log2 {
		return d.Left + (d.Right-d.Left)*math.Log2(v/d.X0)/math.Log2(d.X1/d.X0)
	}
	return d.Left + (d.Right-d.Left)*(v-d.X0)/(d.X1-d.X0)
}

func (d drawn) y(v float64) float64 {
	return d.Bottom - (d.Bottom-d.Top)*(v-d.Y0)/(d.Y1-d.Y0)
}

// label writes the ticks of an axis alike: with as many decimals as the step between them needs.
func (c chart) label(v, step float64) string {
	unit := ""
	if c.Percent {
		v, step, unit = 100*v, 100*step, "%"
	}
	decimals := int(math.Max(0, math.Ceil(-math.Log10(step)-1e-9)))
	switch {
	case v == 0:
		return "0" + unit
	case decimals > 4 || step >= 1e6:
		return power(strconv.FormatFloat(v, 'e', 1, 64)) + unit
	case decimals == 0:
		return thousands(int(math.Round(v))) + unit
	}
	return strconv.FormatFloat(v, 'f', decimals, 64) + unit
}

func (c chart) value(v float64) string {
	if c.Percent {
		return percent(v)
	}
	return number(v)
}

func (d drawn) line(s series) line {
	l := line{Name: s.Name, Color: s.Color, IsDots: s.Dots, Path: d.path(s.X, s.Y), DataX: values(s.X), DataY: values(s.Y), Last: none}
	for i := len(s.Y) - 1; i >= 0; i-- {
		if !math.IsNaN(s.Y[i]) {
			l.Last = d.value(s.Y[i])
			break
		}
	}
	if s.Raw != nil {
		l.Faint = d.path(s.X, s.Raw)
	}
	if !s.Dots {
		return l
	}
	l.DataLow, l.DataHigh = values(s.Low), values(s.High)
	if d.Bands {
		l.Band = d.band(s)
	}
	var whisks strings.Builder
	for i, v := range s.Y {
		if math.IsNaN(v) {
			continue
		}
		l.Dots = append(l.Dots, dot{d.x(s.X[i]), d.y(v)})
		if !d.Bands && i < len(s.Low) && !math.IsNaN(s.Low[i]+s.High[i]) {
			fmt.Fprintf(&whisks, "M%.1f %.1fV%.1f", d.x(s.X[i]), d.y(s.Low[i]), d.y(s.High[i]))
		}
	}
	l.Whisks = whisks.String()
	return l
}

// band is the area between the ends of the intervals, along the points that have one.
func (d drawn) band(s series) string {
	var there, back []string
	for i, x := range s.X {
		if i < len(s.Low) && !math.IsNaN(s.Low[i]+s.High[i]) {
			there = append(there, fmt.Sprintf("%.1f %.1f", d.x(x), d.y(s.High[i])))
			back = append(back, fmt.Sprintf("%.1f %.1f", d.x(x), d.y(s.Low[i])))
		}
	}
	if len(there) < 2 {
		return ""
	}
	slices.Reverse(back)
	return "M" + strings.Join(append(there, back...), "L") + "Z"
}

// path leaves a gap where a value is not defined; a value alone between gaps becomes a short dash.
func (d drawn) path(xs, ys []float64) string {
	var out strings.Builder
	pen := false
	for i, v := range ys {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			pen = false
			continue
		}
		if pen {
			fmt.Fprintf(&out, "L%.1f %.1f", d.x(xs[i]), d.y(v))
		} else {
			fmt.Fprintf(&out, "M%.1f %.1fh.01", d.x(xs[i]), d.y(v))
		}
		pen = true
	}
	return out.String()
}

// values writes numbers for the script: separated by spaces, nothing defined as a dash.
func values(list []float64) string {
	var out strings.Builder
	for i, v := range list {
		if i > 0 {
			out.WriteByte(' ')
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			out.WriteByte('-')
		} else {
			fmt.Fprintf(&out, "%.5g", v)
		}
	}
	return out.String()
}

// fmin and fmax ignore NaN.
func fmin(a, b float64) float64 {
	if math.IsNaN(a) || b < a {
		return b
	}
	return a
}

func fmax(a, b float64) float64 {
	if math.IsNaN(a) || b > a {
		return b
	}
	return a
}
