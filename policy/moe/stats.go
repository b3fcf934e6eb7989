package moe

import "github.com/rltrain/rltrain/policy"

// statSums gathers the sums of several microbatches.
type statSums struct {
	total     [statCount]float64
	padded    int
	positions int // that hold a token
	overflows int // microbatches computed anew with more room for experts
	logprobs  [][]float32
}

func (s *statSums) add(v []float32, b *batch) {
	for i := range maxRatio {
		s.total[i] += float64(v[i])
	}
	for i := maxRatio; i < statCount; i++ {
		s.total[i] = max(s.total[i], float64(v[i]))
	}
	s.padded += b.rows * b.width
	for _, n := range b.filled {
		s.positions += n
	}
}

func (s *statSums) stats() policy.Stats {
	n := max(s.total[sumTokens], 1)
	return policy.Stats{
		Tokens: int(s.total[sumTokens]), Positions: s.positions, Padded: s.padded, Loss: s.total[sumLoss],
		KL: s.total[sumKL] / n, KLReference: s.total[sumKLReference] / n, ClipLowFrac: s.total[sumClipLow] / n, ClipHighFrac: s.total[sumClipHigh] / n,
		RoutingSlots: int(s.total[sumRecorded]), RoutingSame: int(s.total[sumAgreed]),
		Overflows: s.overflows, Logprobs: s.logprobs, LogpDiffMean: s.total[sumLogpDiff] / n, RatioMax: s.total[maxRatio], LogpDiffMax: s.total[maxLogpDiff],
	}
}
