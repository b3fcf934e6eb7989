package web

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
)

func TestNiceTicks(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		n         int
		want      []float64
	}{
		{0, 1, 5, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{0.11, 0.29, 4, []float64{0.1, 0.15, 0.2, 0.25, 0.3}},
		{0, 59, 3, []float64{0, 20, 40, 60}},
		{-3, 3, 3, []float64{-4, -2, 0, 2, 4}},
		{5, 5, 2, []float64{4.5, 5, 5.5}},
		{0, 0, 2, []float64{-1, 0, 1}},
		{1e-8, 3e-8, 2, []float64{1e-8, 2e-8, 3e-8}},
	} {
		require.InDeltaSlice(t, test.want, niceTicks(test.low, test.high, test.n), 1e-12, "%v", test)
	}
}

func TestSmoothBeginsAtItsFirstValueAndSkipsGaps(t *testing.T) {
	got := smooth([]float64{4, math.NaN(), 4, 8}, 0.5)
	require.Equal(t, 4.0, got[0])
	require.True(t, math.IsNaN(got[1]))
	require.Equal(t, 4.0, got[2])
	require.InDelta(t, (0.5*0.5*0.5*4+0.5*0.5*4+0.5*8)/(1-0.125), got[3], 1e-12)
}

func TestThinKeepsMeansAndGaps(t *testing.T) {
	var xs, ys []float64
	for i := range 10 * maxPoints {
		xs, ys = append(xs, float64(i)), append(ys, float64(i/10))
	}
	for i := range 10 {
		ys[i] = math.NaN()
	}
	x, y := thin(xs, ys)
	require.Len(t, x, maxPoints)
	require.True(t, math.IsNaN(y[0]))
	require.Equal(t, 7.0, y[7])
	require.Equal(t, 75.0, x[7])
}

func TestDrawLeavesGapsAndIgnoresWhatIsNoNumber(t *testing.T) {
	c := newChart("x", "X", "")
	c.Series = []series{{X: []float64{0, 1, 2, 3}, Y: []float64{1, math.NaN(), math.Inf(1), 2}}}
	c.Marks = []mark{{X: 2, Label: "here"}, {X: 9, Label: "outside"}}
	d := c.draw(300, 150)
	require.False(t, d.Empty)
	require.Equal(t, "1 - - 2", d.Lines[0].DataY)
	require.Regexp(t, `^M[\d.]+ [\d.]+h\.01M[\d.]+ [\d.]+h\.01$`, d.Lines[0].Path)
	require.Len(t, d.Flags, 1)
	c.Series[0].Y = []float64{math.NaN(), math.NaN(), math.NaN(), math.NaN()}
	require.True(t, c.draw(300, 150).Empty)
}

func TestBandFollowsTheIntervals(t *testing.T) {
	c := newChart("x", "X", "")
	c.Bands, c.From, c.To = true, 0, 1
	nan := math.NaN()
	c.Series = []series{{Dots: true, X: []float64{0, 1, 2}, Y: []float64{0.5, 0.5, 0.5}, Low: []float64{0, nan, 0.5}, High: []float64{1, nan, 1}}}
	d := c.draw(156, 136) // an axis from 46 to 146 and from 112 up to 12
	require.Equal(t, "M46.0 12.0L146.0 12.0L146.0 62.0L46.0 112.0Z", d.Lines[0].Band)
	require.Empty(t, d.Lines[0].Whisks)
	c.Series[0].Low[2] = nan
	require.Empty(t, c.draw(156, 136).Lines[0].Band, "one interval has no area")
}

func TestTableOfCharts(t *testing.T) {
	shares, counts := newChart("a", "Share", ""), newChart("b", "Flips", "")
	shares.Percent = true
	shares.Series = []series{{X: []float64{0, 2}, Y: []float64{0.5, math.NaN()}}}
	counts.Series = []series{{Name: "good", X: []float64{2, 5}, Y: []float64{1, 2}}}
	got := tableOfCharts([]chart{shares, counts})
	require.Equal(t, []string{"Share", "Flips: good"}, got.Columns)
	require.Equal(t, []metricRow{{0, []string{"50.0 %", none}}, {2, []string{none, "1"}}, {5, []string{none, "2"}}}, got.Rows)

	var long series
	for i := range 3*maxRows + 1 {
		long.X, long.Y = append(long.X, float64(i)), append(long.Y, 1)
	}
	got = tableOfCharts([]chart{{Title: "long", Series: []series{long}}})
	require.Equal(t, 4, got.Every)
	require.LessOrEqual(t, len(got.Rows), maxRows)
}

func TestNumbersForReading(t *testing.T) {
	for text, v := range map[string]float64{"–": math.NaN(), "∞": math.Inf(1), "0": 0, "12,345": 12345.4, "2.6e-5": 2.6e-5, "1.5e7": 1.5e7, "0.123": 0.12345, "119.4": 119.44} {
		require.Equal(t, text, number(v))
	}
	require.Equal(t, "0.024 %", percent(0.00024))
	require.Equal(t, "78.1 %", percent(0.7812))
	require.Equal(t, "−0.11", signed(-0.11))
	require.Equal(t, "-1,234,567", thousands(-1234567))
	require.Equal(t, "2e-7", newChart("", "", "").label(2e-7, 1e-7))
	require.Equal(t, "0.10", newChart("", "", "").label(0.1, 0.05))
}

func TestPiecesMarkReflections(t *testing.T) {
	text := "a Wait b \x1bNo c"
	got := pieces(text, []reflect.Reflection{
		{Offset: 2, Phrase: "Wait", Category: reflect.Reconsideration, Before: "3", Effect: reflect.Good},
		{Offset: 3, Phrase: "ait b", Category: reflect.Backtracking}, // overlaps: left out
		{Offset: 10, Phrase: "No", Category: reflect.Backtracking, Effect: reflect.Bad},
		{Offset: 14, Phrase: "beyond the end", Category: reflect.Subgoal},
		{Offset: -1, Phrase: "x", Category: reflect.Subgoal},
	})
	require.Equal(t, []piece{{Text: "a "}, {Text: "Wait", Category: reflect.Reconsideration, Flip: "good", Title: "reconsideration: held 3 before, nothing after: wrong to right"},
		{Text: ` b \x1b`}, {Text: "No", Category: reflect.Backtracking, Flip: "bad", Title: "backtracking: right to wrong"}, {Text: " c"}}, got)
}

func TestCutKeepsRunesWhole(t *testing.T) {
	text, more := cut("aéz", 2)
	require.Equal(t, "a", text)
	require.True(t, more)
}

func TestDifferencesAreShown(t *testing.T) {
	a, b := told{Name: "a"}, told{Name: "b"}
	a.Info.Config, b.Info.Config = "reward: {formula: \"1\"}\n", "reward: {formula: \"\\e[2J\"}\ngrpo: {lr: 2}\n"
	require.Equal(t, []runlog.Difference{{Key: "grpo.lr", Values: []string{none, "2"}}, {Key: "reward.formula", Values: []string{"1", `\x1b[2J`}}}, differences([]told{a, b}))
	require.Empty(t, differences([]told{a}))
}

// A chart of something that no run has measured is left out: the KL to the first model, where none is kept.
func TestChartsOfNothingAreLeftOut(t *testing.T) {
	titles := func(steps ...runlog.Step) map[string]bool {
		_, small := overviewCharts(view{}, []told{{Steps: steps}})
		drawn := map[string]bool{}
		for _, c := range small {
			drawn[c.ID] = true
		}
		return drawn
	}
	without := runlog.Step{KLReference: math.NaN()}
	require.NotContains(t, titles(without, without), "kl_reference")
	require.Contains(t, titles(without, without), "kl")
	require.Contains(t, titles(without, runlog.Step{Step: 1, KLReference: 0.02}), "kl_reference")
}
