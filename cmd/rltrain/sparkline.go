package main

import (
	"math"
	"strings"
)

// sparkline draws at most width values as bars between their least and greatest, each bar the
// mean of its share of the values; a gap stands for an undefined one.
func sparkline(values []float64, width int) string {
	return sparklines(width, values)[0]
}

// sparklines draws curves of equal length on one scale, so that bars of equal height are equal values.
func sparklines(width int, curves ...[]float64) []string {
	bars := make([][]float64, len(curves))
	low, high := math.Inf(1), math.Inf(-1)
	for i, curve := range curves {
		bars[i] = binMeans(curve, min(width, len(curve)))
		for _, v := range bars[i] {
			if !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	lines := make([]string, len(curves))
	for i := range bars {
		lines[i] = drawBars(bars[i], low, high)
	}
	return lines
}

// binMeans is the mean of each of n shares of the values, NaN where none of a share is finite.
func binMeans(values []float64, n int) []float64 {
	means := make([]float64, n)
	for i := range means {
		sum, count := 0.0, 0
		for _, v := range values[i*len(values)/n : (i+1)*len(values)/n] {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				sum, count = sum+v, count+1
			}
		}
		means[i] = sum / float64(count)
	}
	return means
}

func drawBars(bars []float64, low, high float64) string {
	var line strings.Builder
	for _, v := range bars {
		switch {
		case math.IsNaN(v):
			line.WriteByte(' ')
		case high == low:
			line.WriteRune('▄')
		default:
			line.WriteRune([]rune("▁▂▃▄▅▆▇█")[int(math.Min(7, 8*(v-low)/(high-low)))])
		}
	}
	return line.String()
}
