package grpo

import (
	"math"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
)

// counted is what the engine has done so far; ok is false for one that keeps no account.
func (l *Loop) counted() (a policy.Account, ok bool) {
	if engine, has := l.Policy.(policy.Accountant); has {
		return engine.Account(), true
	}
	return a, false
}

// describeCost fills in what a step cost; before is the account at its start, sampled what its drawing needed, which may have
// been before. Times must be filled in already.
func (l *Loop) describeCost(s *runlog.Step, before policy.Account, sampled float64, u updateStats) {
	nan := math.NaN()
	s.Compilations, s.SampleFLOPs, s.TrainFLOPs, s.SampleMFU, s.TrainMFU = nan, nan, nan, nan, nan
	s.TrainTokens, s.UsefulShare, s.RoutingAgreement = float64(u.positions), share(u.positions, u.padded), share(u.routesSame, u.routes)
	s.PeakRSS = peakRSS()
	after, ok := l.counted()
	if !ok {
		return
	}
	s.Compilations = float64(after.Compilations - before.Compilations)
	s.SampleFLOPs, s.TrainFLOPs = sampled, after.TrainFLOPs-before.TrainFLOPs
	if l.PeakFLOPs > 0 {
		s.SampleMFU, s.TrainMFU = s.SampleFLOPs/(l.PeakFLOPs*s.SampleS), s.TrainFLOPs/(l.PeakFLOPs*s.TrainS)
	}
}

// share is NaN where there is nothing.
func share(part, whole int) float64 { return float64(part) / float64(whole) }
