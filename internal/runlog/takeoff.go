package runlog

import (
	"math"
	"strings"
)

// TakeOffSteps is how many steps in a row must lie above the base for reflection to have taken off.
const TakeOffSteps = 3

// BaseReflection is the share of reflecting chains before training: of the sampled evaluation at step 0 with the most rollouts, test
// sets before others, the first of equals; NaN where there is none.
func BaseReflection(evals []EvalRow) Metric {
	base, most, tested := Metric{Name: "reflect_frac", Value: math.NaN(), Low: math.NaN(), High: math.NaN()}, -1, false
	for _, e := range evals {
		m, n, test := e.Metric("reflect_frac"), e.NTasks*e.NSamples, strings.HasSuffix(e.Tasks, "/test")
		if e.Step != 0 || e.Temperature == 0 || math.IsNaN(m.High) || tested && !test {
			continue
		}
		if n > most || test && !tested {
			base, most, tested = m, n, test
		}
	}
	return base
}

// TakeOff is the first of TakeOffSteps steps in a row whose share of reflecting rollouts lies above high, the upper end
// of the base's 95 % interval; ok is false if there is none, or if high is not known (NaN).
func TakeOff(steps []Step, high float64) (step int, ok bool) {
	above := 0
	for _, s := range steps {
		if s.ReflectFrac > high && !math.IsNaN(high) {
			above++
		} else {
			above = 0
		}
		if above == TakeOffSteps {
			return s.Step - TakeOffSteps + 1, true
		}
	}
	return 0, false
}
