package verifiers

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

// BenchmarkMathPairs judges the labelled pairs one by one, each in a box; an operation is all of them. bench/math.sh sets
// it beside math-verify.
func BenchmarkMathPairs(b *testing.B) {
	pairs := mathPairs(b)
	var falseAccepts, falseRejects int
	for _, p := range pairs { // also warms up
		switch got := accepts(p.Gold, p.Answer); {
		case got && !p.Label:
			falseAccepts++
		case !got && p.Label:
			falseRejects++
		}
	}
	var took []time.Duration
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		for _, p := range pairs {
			start := time.Now()
			accepts(p.Gold, p.Answer)
			took = append(took, time.Since(start))
		}
	}
	runtime.ReadMemStats(&after)
	var sum time.Duration
	for _, t := range took {
		sum += t
	}
	slices.Sort(took)
	n := float64(len(took))
	microseconds := func(t time.Duration) float64 { return float64(t.Nanoseconds()) / 1000 }
	b.ReportMetric(n/sum.Seconds(), "cases/s")
	b.ReportMetric(microseconds(took[len(took)/2]), "p50-µs")
	b.ReportMetric(microseconds(took[len(took)*99/100]), "p99-µs")
	b.ReportMetric(microseconds(took[len(took)-1]), "max-µs")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n, "allocs/case")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/n, "B/case")
	b.ReportMetric(100-100*float64(falseAccepts+falseRejects)/float64(len(pairs)), "%agreement")
	b.ReportMetric(float64(falseAccepts), "false-accepts")
	b.ReportMetric(float64(falseRejects), "false-rejects")
	b.ReportMetric(float64(len(pairs)), "pairs")
}
