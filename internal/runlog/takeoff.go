package runlog

import "math"

// TakeOffSteps is how many steps in a row must lie above the base for reflection to have taken off.
const TakeOffSteps = 3

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
