package eval

import "github.com/rltrain/rltrain/internal/runlog"

// FewPoints is below how many prefixes a probe says nothing.
const FewPoints = 20

// Pays says whether reflecting pays, as a probe tells it.
type Pays string

// The verdicts of a probe.
const (
	PaysTooFew    Pays = "too few prefixes" // below FewPoints
	PaysUndecided Pays = "whether reflecting pays is not decided"
	PaysYes       Pays = "reflecting pays"
	PaysHarm      Pays = "reflecting does harm"
)

// DoesItPay reads a probe: both differences, of being made to reflect less being kept from it and less a placebo, must lie
// to one side of 0 with their intervals.
func DoesItPay(p runlog.Probe) (verdict Pays, masked, placebo runlog.Metric) {
	masked, placebo = p.Metric(ArmForced+"_minus_"+ArmMasked), p.Metric(ArmForced+"_minus_"+ArmPlacebo)
	switch {
	case p.NPoints < FewPoints:
		return PaysTooFew, masked, placebo
	case masked.Low > 0 && placebo.Low > 0:
		return PaysYes, masked, placebo
	case masked.High < 0 && placebo.High < 0:
		return PaysHarm, masked, placebo
	}
	return PaysUndecided, masked, placebo
}
