package web

import (
	"fmt"
	"html/template"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rltrain/rltrain/internal/runlog"
)

// formats are the functions of the templates.
func formats() template.FuncMap {
	return template.FuncMap{
		"percent": percent, "number": number, "signed": signed, "duration": duration, "visible": visible,
		"runPath": runPath, "rolloutPath": rolloutPath, "groupPath": groupPath, "count": count, "words": words,
		"date": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") + " UTC" },
		"join": strings.Join, "thousands": thousands, "points": points,
		"figure": figureName, "metric": cellsOf, "metricGain": metricGain,
		"budget": func(name string, rows []passRow, moved bool) budgetTable { return budgetTable{name, rows, moved} },
		"curves": func(run string, t metricTable) curvesTable { return curvesTable{run, t} },
		"pct":    func(share float64) float64 { return 100 * share },
		"add":    func(a, b float64) float64 { return a + b },
		"ramp":   func() []int { return []int{0, 1, 2, 3, 4, 5, 6, 7, 8} },
	}
}

// none stands for a figure that is not defined.
const none = "–"

func percent(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return none
	}
	if p := math.Abs(100 * v); p > 0 && p < 0.95 {
		return strconv.FormatFloat(100*v, 'g', 2, 64) + " %"
	}
	return strconv.FormatFloat(100*v, 'f', 1, 64) + " %"
}

// points is a difference of shares in percentage points.
func points(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return none
	}
	return strings.Replace(fmt.Sprintf("%+.1f", 100*v), "-", "−", 1)
}

func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return none
	case math.IsInf(v, 0):
		return "∞"
	case math.Abs(v) < 1e6 && (v == math.Trunc(v) || math.Abs(v) >= 1000):
		return thousands(int(math.Round(v)))
	case math.Abs(v) >= 1e6 || math.Abs(v) < 1e-3:
		return power(strconv.FormatFloat(v, 'e', 1, 64))
	case math.Abs(v) >= 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// power shortens 2.0e-07 to 2e-7.
func power(text string) string {
	digits, exponent, _ := strings.Cut(text, "e")
	sign := strings.TrimLeft(exponent[:1], "+")
	return strings.TrimSuffix(digits, ".0") + "e" + sign + strings.TrimLeft(exponent[1:], "0")
}

func signed(v float64) string {
	if v > 0 {
		return "+" + number(v)
	}
	return strings.Replace(number(v), "-", "−", 1)
}

func duration(seconds float64) string {
	if math.IsNaN(seconds) {
		return none
	}
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return strings.TrimSuffix(d.Round(time.Second).String(), "0s")
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// thousands groups the digits, so that a million is seen to be one.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	var out []byte
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			out = append(out, ',')
		}
		out = append(out, digits[i])
	}
	return string(out)
}

// words turns a name of the log into one for reading.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

func runPath(run string, page ...string) string {
	return "/runs/" + url.PathEscape(run) + strings.Join(append([]string{""}, page...), "/")
}

func rolloutPath(run, id string) string {
	return runPath(run, "rollout") + "?" + url.Values{"id": {id}}.Encode()
}

func groupPath(run, id string) string {
	return runPath(run, "group") + "?" + url.Values{"id": {id}}.Encode()
}

// figureName says what a metric of an evaluation is.
func figureName(metric string) string {
	switch metric {
	case "reflect_frac":
		return "chains that reflect"
	case "length_mean":
		return "tokens of a response"
	case "attempts":
		return "attempts in a chain"
	case "hits_per_attempt":
		return "attempts that are right"
	case "repeats":
		return "attempts tried before"
	case "format":
		return "in the asked-for form"
	case "truncated_frac":
		return "cut off by the limit"
	case "errors":
		return "could not be judged"
	}
	return visible(metric)
}

// isShare tells the metrics that are shares from those on a scale of their own.
func isShare(metric string) bool {
	switch metric {
	case "length_mean", "attempts", "errors":
		return false
	}
	return !strings.HasPrefix(metric, "best@") && !strings.HasPrefix(metric, "tokens_") && !strings.HasPrefix(metric, "seconds_")
}

// figureCells are a value and its interval as they stand beside each other in a table.
type figureCells struct{ Value, Interval string }

func cellsOf(metric string, m runlog.Metric) figureCells {
	show := number
	if isShare(metric) {
		show = percent
	}
	cells := figureCells{Value: show(m.Value)}
	if !math.IsNaN(m.Low) && !math.IsNaN(m.High) {
		cells.Interval = strings.TrimSuffix(show(m.Low), " %") + " – " + show(m.High)
	}
	return cells
}

// metricGain is a difference: of shares in percentage points.
func metricGain(metric string, v float64) string {
	if isShare(metric) {
		return points(v)
	}
	return signed(v)
}
