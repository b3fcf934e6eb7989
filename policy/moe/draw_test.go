package moe

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// newGraph prepares a small graph on the shared engine; what it returns runs it.
func newGraph(t testing.TB, build builder) func(in ...*tensors.Tensor) []*tensors.Tensor {
	t.Helper()
	p, err := newProgram(newSmall(t, 1).backend(), &Compilations{}, "test graph", build)
	require.NoError(t, err)
	return func(in ...*tensors.Tensor) []*tensors.Tensor {
		t.Helper()
		out, err := p.run(asArgs(in...))
		require.NoError(t, err)
		return out
	}
}

func newDraw(t testing.TB, V int) func(in ...*tensors.Tensor) []*tensors.Tensor {
	c := Config{Vocab: V}
	return newGraph(t, func(in []*graph.Node) []*graph.Node {
		return c.draw(in[0], in[1], in[2], cut{}).list()
	})
}

// drawMany draws once for each uniform, from one row of logits or a row each.
func drawMany(draw func(in ...*tensors.Tensor) []*tensors.Tensor, V int, logits, uniforms []float32, temperature float32) (tokens []int32, logps, entropies []float32) {
	B := len(uniforms)
	rows := append([]float32(nil), logits...)
	for len(rows) < B*V {
		rows = append(rows, logits...)
	}
	out := draw(tensors.FromFlatDataAndDimensions(rows, B, V), tensors.FromFlatDataAndDimensions(uniforms, B), tensors.FromScalar(sharpness(temperature)))
	return tensors.MustCopyFlatData[int32](out[0]), tensors.MustCopyFlatData[float32](out[1]), tensors.MustCopyFlatData[float32](out[2])
}

// TestDrawFrequencies bounds chi-square of drawn tokens against softmax(logits / temperature).
func TestDrawFrequencies(t *testing.T) {
	const draws = 8192
	for _, V := range []int{24, 200} {
		draw := newDraw(t, V)
		for i, temperature := range []float32{1, 0.5, 2, 0} {
			r := rand.New(rand.NewPCG(uint64(V), 1))
			logits, uniforms := make([]float32, V), make([]float32, draws)
			for j := range logits {
				logits[j] = float32(r.NormFloat64())
			}
			for j := range uniforms {
				uniforms[j] = uniform(streamKey(uint64(i), "a task", j%64), j/64)
			}
			tokens, logps, entropies := drawMany(draw, V, logits, uniforms, temperature)
			untempered, entropy, best := logSoftmax(logits), 0.0, 0
			for j, logp := range untempered {
				entropy -= math.Exp(logp) * logp
				if logp > untempered[best] {
					best = j
				}
			}
			counts := make([]float64, V)
			for j, token := range tokens {
				counts[token]++
				require.InDelta(t, untempered[token], logps[j], 1e-5)
				require.InDelta(t, entropy, entropies[j], 1e-5)
			}
			if temperature == 0 {
				require.EqualValues(t, draws, counts[best])
				continue
			}
			tempered := make([]float32, V)
			for j := range tempered {
				tempered[j] = logits[j] / temperature
			}
			chi, df, restWant, restGot := 0.0, 0.0, 0.0, 0.0
			for j, logp := range logSoftmax(tempered) {
				want := draws * math.Exp(logp)
				if want < 5 {
					restWant, restGot = restWant+want, restGot+counts[j]
					continue
				}
				chi += (counts[j] - want) * (counts[j] - want) / want
				df++
			}
			if restWant > 5 {
				chi += (restGot - restWant) * (restGot - restWant) / restWant
				df++
			}
			bound := df + 4*math.Sqrt(2*df) + 10 // beyond the 1 - 1e-5 quantile
			require.Lessf(t, chi, bound, "V=%d temperature=%v", V, temperature)
		}
	}
}

// TestDrawNeverPicksTheImpossible puts the uniforms at both ends of [0, 1) and the mass on few tokens.
func TestDrawNeverPicksTheImpossible(t *testing.T) {
	last := math.Nextafter32(1, 0)
	for _, V := range []int{24, 128, 300} {
		var logits, uniforms []float32
		var want []int32
		for _, at := range []int{0, 1, V / 2, V - 1} {
			for _, others := range []float32{-1e9, -30, -20.83} { // the last is just below the floor of 1e-9
				for _, u := range []float32{0, last, 0.5, last - 1e-6} {
					for j := range V {
						logit := others
						if j == at {
							logit = 0
						}
						logits = append(logits, logit)
					}
					uniforms, want = append(uniforms, u), append(want, int32(at))
				}
			}
		}
		tokens, _, _ := drawMany(newDraw(t, V), V, logits, uniforms, 1)
		require.Equal(t, want, tokens)
	}
}

// TestInvert inverts running sums that float64 takes: the place that is picked must be where they pass the threshold, rounding aside.
func TestInvert(t *testing.T) {
	const B = 64
	for _, V := range []int{1, 7, 128, 129, 300, 1000} {
		r := rand.New(rand.NewPCG(uint64(V), 7))
		p, uniforms := make([]float32, B*V), make([]float32, B)
		for i := range p {
			p[i] = max(0, r.Float32()-0.3) // three in ten impossible
			if i%V == V/2 {
				p[i] = 1
			}
		}
		for i := range uniforms {
			uniforms[i] = r.Float32()
		}
		run := newGraph(t, func(in []*graph.Node) []*graph.Node {
			token, total := invert(in[0], in[1])
			return []*graph.Node{token, total}
		})
		out := run(tensors.FromFlatDataAndDimensions(p, B, V), tensors.FromFlatDataAndDimensions(uniforms, B))
		tokens, totals := tensors.MustCopyFlatData[int32](out[0]), tensors.MustCopyFlatData[float32](out[1])
		for b, token := range tokens {
			before, total := 0.0, 0.0
			for i, x := range p[b*V : (b+1)*V] {
				if i < int(token) {
					before += float64(x)
				}
				total += float64(x)
			}
			weight, slack := float64(p[b*V+int(token)]), 1e-5*total
			require.InDelta(t, total, totals[b], slack)
			require.Positive(t, weight, "V=%d row %d", V, b)
			threshold := float64(uniforms[b]) * total
			require.LessOrEqual(t, before, threshold+slack, "V=%d row %d", V, b)
			require.GreaterOrEqual(t, before+weight, threshold-slack, "V=%d row %d", V, b)
		}
	}
}

// TestLargest compares with a plain search, ties among them: the first wins.
func TestLargest(t *testing.T) {
	const B = 16
	for _, V := range []int{1, 7, 128, 129, 1000} {
		r := rand.New(rand.NewPCG(uint64(V), 8))
		x := make([]float32, B*V)
		for i := range x {
			x[i] = float32(r.IntN(50)) - 60
		}
		run := newGraph(t, func(in []*graph.Node) []*graph.Node {
			first, value := largest(in[0])
			return []*graph.Node{first, value}
		})
		out := run(tensors.FromFlatDataAndDimensions(x, B, V))
		places, values := tensors.MustCopyFlatData[int32](out[0]), tensors.MustCopyFlatData[float32](out[1])
		for b := range B {
			row := x[b*V : (b+1)*V]
			require.Equal(t, slices.Max(row), values[b])
			require.EqualValues(t, slices.Index(row, slices.Max(row)), places[b], "V=%d", V)
		}
	}
}

// TestStreams checks range, mean and variance of the uniforms, and that streams that differ in one of seed,
// task and sample, or by a shift, have nothing to do with each other.
func TestStreams(t *testing.T) {
	const n = 4096
	stream := func(seed uint64, task string, sample, shift int) []float64 {
		v := make([]float64, n)
		for i := range v {
			u := uniform(streamKey(seed, task, sample), i+shift)
			require.True(t, u >= 0 && u < 1)
			v[i] = float64(u) - 0.5
		}
		return v
	}
	list := map[string][]float64{
		"base": stream(0, "t", 0, 0), "shifted": stream(0, "t", 0, 1), "seed": stream(1, "t", 0, 0), "task": stream(0, "u", 0, 0),
		"sample": stream(0, "t", 1, 0), "samples": stream(0, "t", 2, 0), "far seed": stream(1<<63, "t", 0, 0), "1/0/t": stream(10, "t", 0, 0),
	}
	sigma := 1.0 / 12 / math.Sqrt(n) // of the covariance of independent streams
	for a, x := range list {
		for b, y := range list {
			mean, cov := 0.0, 0.0
			for i := range x {
				mean += x[i] / n
				cov += x[i] * y[i] / n
			}
			require.Less(t, math.Abs(mean), 5*math.Sqrt(1./12/n), a)
			if a == b {
				require.InDelta(t, 1./12, cov, 0.005, a)
				continue
			}
			require.Lessf(t, math.Abs(cov), 5*sigma, "%s against %s", a, b)
		}
	}
	seen := map[uint64]string{}
	for seed := range uint64(8) {
		for task := range 16 {
			for sample := range 16 {
				name := fmt.Sprint(seed, "/", task, "/", sample)
				key := streamKey(seed, fmt.Sprint(task), sample)
				require.Empty(t, seen[key], name)
				seen[key] = name
			}
		}
	}
}

// plainCut is policy.Cut on probabilities, by sorting: top-k, then top-p of what is left, then min-p.
func plainCut(p []float64, by policy.Cut) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p[b], p[a]) })
	if by.TopK > 0 {
		order = order[:min(by.TopK, len(order))]
	}
	if by.TopP > 0 && by.TopP < 1 {
		total, sum := 0.0, 0.0
		for _, i := range order {
			total += p[i]
		}
		for n, i := range order {
			if sum += p[i]; sum >= float64(by.TopP)*total {
				order = order[:n+1]
				break
			}
		}
	}
	kept, total := make([]float64, len(p)), 0.0
	for _, i := range order {
		if p[i] >= float64(by.MinP)*p[order[0]] {
			kept[i] = p[i]
			total += p[i]
		}
	}
	for i := range kept {
		kept[i] /= total
	}
	return kept
}

// TestDrawCut draws under top-k, top-p and min-p, alone and together: nothing that is cut off comes, all that is kept does,
// and its log-prob is that of what is left.
func TestDrawCut(t *testing.T) {
	const V, draws = 50, 2048
	draw := newGraph(t, func(in []*graph.Node) []*graph.Node {
		return Config{Vocab: V}.draw(in[0], in[1], in[2], cutOf(true, in[3:])).list()
	})
	r := rand.New(rand.NewPCG(3, 9))
	for _, by := range []policy.Cut{
		{}, {TopK: 1}, {TopK: 7}, {TopK: 500}, {TopP: 0.5}, {TopP: 0.95}, {TopP: 1}, {TopP: 1e-6}, {MinP: 0.2}, {MinP: 1},
		{TopK: 20, TopP: 0.8, MinP: 0.1}, {TopK: 3, TopP: 0.9},
	} {
		for _, temperature := range []float32{1, 0.6, 0} {
			logits, tempered := make([]float32, V), make([]float32, V)
			for i := range logits {
				logits[i] = float32(2 * r.NormFloat64())
				tempered[i] = logits[i] * sharpness(temperature)
			}
			p := make([]float64, V)
			for i, logp := range logSoftmax(tempered) {
				p[i] = math.Exp(logp)
			}
			want, seen := plainCut(p, by), make([]bool, V)
			rows, uniforms := make([]float32, 0, V*draws), make([]float32, draws)
			for i := range uniforms {
				rows, uniforms[i] = append(rows, logits...), (float32(i)+0.5)/draws
			}
			topK, topP, minP := cutNumbers(by)
			out := draw(tensors.FromFlatDataAndDimensions(rows, draws, V), tensors.FromFlatDataAndDimensions(uniforms, draws),
				tensors.FromScalar(sharpness(temperature)), tensors.FromScalar(topK), tensors.FromScalar(topP), tensors.FromScalar(minP), tensors.FromFlatDataAndDimensions(banOf(nil, V), V))
			logps, asDrawn := tensors.MustCopyFlatData[float32](out[1]), tensors.MustCopyFlatData[float32](out[3])
			for i, token := range tensors.MustCopyFlatData[int32](out[0]) {
				seen[token] = true
				require.InDelta(t, logSoftmax(logits)[token], logps[i], 1e-5)
				if temperature == 0 {
					require.Zero(t, asDrawn[i])
					continue
				}
				require.NotZero(t, want[token], "%+v T=%g: token %d is cut off", by, temperature, token)
				require.InDelta(t, math.Log(want[token]), asDrawn[i], 1e-4)
			}
			for i, p := range want {
				if temperature > 0 && p > 2./draws {
					require.True(t, seen[i], "%+v T=%g: token %d with probability %g never came", by, temperature, i, p)
				}
			}
		}
	}
}
