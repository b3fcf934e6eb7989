package eval

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// PassAtK is the probability that at least one of k samples is right, estimated without bias
// from n samples of which c are right: 1 - C(n-c, k)/C(n, k), in the product form that neither
// overflows nor cancels ("Evaluating Large Language Models Trained on Code", arXiv:2107.03374).
// It is NaN where n samples cannot tell: k outside 1..n, or c outside 0..n.
func PassAtK(n, c, k int) float64 {
	if k < 1 || k > n || c < 0 || c > n {
		return math.NaN()
	}
	if n-c < k {
		return 1
	}
	miss := 1.0
	for i := n - c + 1; i <= n; i++ {
		miss *= 1 - float64(k)/float64(i)
	}
	return 1 - miss
}

// PassHatK is the probability that all of k samples are right, estimated without bias from n samples of which c are right:
// C(c, k)/C(n, k), pass^k of arXiv:2406.12045. It is NaN where PassAtK is.
func PassHatK(n, c, k int) float64 {
	if k < 1 || k > n || c < 0 || c > n {
		return math.NaN()
	}
	all := 1.0
	for i := range k {
		all *= float64(max(0, c-i)) / float64(n-i)
	}
	return all
}

// BestAtK is the expected greatest of k rewards drawn without replacement from these: what
// the best of k earns if the reward itself does the choosing. With rewards 0 and 1 it is PassAtK.
func BestAtK(rewards []float64, k int) float64 { return ChosenAtK(rewards, rewards, k) }

// ChosenAtK is the expected value of that of k samples, drawn without replacement, which has the greatest score.
func ChosenAtK(values, scores []float64, k int) float64 {
	n := len(values)
	if k < 1 || k > n {
		return math.NaN()
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	// The greatest is order[i] with probability C(i, k-1)/C(n, k); from the top down these
	// are k/n, then each the one above times (i-k+1)/i.
	probability, sum := float64(k)/float64(n), 0.0
	for i := n - 1; i >= k-1; i-- {
		sum += probability * values[order[i]]
		if i > 0 {
			probability *= float64(i-k+1) / float64(i)
		}
	}
	return sum
}

// Vote is one sample's answer. Equal answers vote together; one with no answer ("") abstains.
type Vote struct {
	Answer  string
	Correct bool
}

// votingRounds is the number of random committees where the votes are more than k.
const votingRounds = 256

// MajAtK is the probability that the most frequent answer among k samples is right; ties are
// broken by chance. With k equal to the number of votes it is exact, below it is the mean over
// seeded random choices of k.
func MajAtK(votes []Vote, k int, seed uint64) float64 {
	if k < 1 || k > len(votes) {
		return math.NaN()
	}
	if k == len(votes) {
		return majority(votes)
	}
	random := rand.New(rand.NewPCG(seed, uint64(k)))
	pool := slices.Clone(votes)
	sum := 0.0
	for range votingRounds {
		for i := range k { // the first k places of a shuffle
			j := i + random.IntN(len(pool)-i)
			pool[i], pool[j] = pool[j], pool[i]
		}
		sum += majority(pool[:k])
	}
	return sum / votingRounds
}

// majority is the share of right ones among the answers with the most votes.
func majority(votes []Vote) float64 {
	type class struct{ size, correct int }
	classes := map[string]class{}
	most := 0
	for _, v := range votes {
		if v.Answer == "" {
			continue
		}
		c := classes[v.Answer]
		c.size++
		c.correct += one(v.Correct)
		classes[v.Answer] = c
		most = max(most, c.size)
	}
	leaders, correct := 0, 0
	for _, c := range classes {
		if c.size == most {
			leaders++
			correct += c.correct
		}
	}
	if leaders == 0 {
		return 0
	}
	return float64(correct) / float64(leaders*most)
}
