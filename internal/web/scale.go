package web

import "math"

// niceTicks returns about n round numbers that enclose low and high.
func niceTicks(low, high float64, n int) []float64 {
	if low == high {
		pad := math.Max(math.Abs(low)*0.1, 1e-9)
		if low == 0 {
			pad = 1
		}
		low, high = low-pad, high+pad
	}
	step := niceStep((high - low) / float64(max(1, n)))
	first, last := math.Floor(low/step+1e-9), math.Ceil(high/step-1e-9)
	var out []float64
	for i := first; i <= last && len(out) < 50; i++ {
		// Through the decimal exponent, so that 3 * 0.1 reads 0.3.
		out = append(out, math.Round(i*step*1e12/scaleOf(step))*scaleOf(step)/1e12)
	}
	if len(out) < 2 {
		out = []float64{low, high}
	}
	return out
}

func scaleOf(step float64) float64 { return math.Pow(10, math.Floor(math.Log10(step))+1) }

// niceStep is the smallest of 1, 2, 5 times a power of ten that is not below step.
func niceStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, f := range []float64{1, 2, 5} {
		if step <= f*power*(1+1e-9) {
			return f * power
		}
	}
	return 10 * power
}

// maxPoints is how many points of a curve are drawn: about two pixels each in a small chart.
const maxPoints = 300

// thin makes at most maxPoints of a curve, each the mean of its share of the steps; undefined values do not count.
func thin(xs, ys []float64) (x, y []float64) {
	n := len(xs)
	if n <= maxPoints {
		return xs, ys
	}
	x, y = make([]float64, maxPoints), make([]float64, maxPoints)
	for i := range x {
		from, to := i*n/maxPoints, (i+1)*n/maxPoints
		x[i], y[i] = math.Round(mean(xs[from:to])), mean(ys[from:to])
	}
	return x, y
}

// mean of the defined values; NaN for none.
func mean(values []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			sum, n = sum+v, n+1
		}
	}
	return sum / float64(n)
}

// smooth is the exponential moving average with weight w on the past, corrected for its start at nothing, so that the
// first values are not pulled towards zero. Undefined values stay undefined and move nothing.
func smooth(values []float64, w float64) []float64 {
	out := make([]float64, len(values))
	sum, weight := 0.0, 0.0
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			out[i] = math.NaN()
			continue
		}
		sum, weight = w*sum+(1-w)*v, w*weight+(1-w)
		out[i] = sum / weight
	}
	return out
}
