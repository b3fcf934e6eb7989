// Package policy holds the vocabulary that a language model policy and its users share:
// what to sample, what came out, what to learn from. It has data types and interfaces
// and no behaviour; engines (policy/moe, later others) implement it, and nothing above it
// imports an engine.
//
// The two verbs of the seam are those of the Tinker API: a Sampler draws completions from
// one fixed version of the weights; a Trainer accumulates gradients, applies them, and hands
// out Samplers. Rewards, advantages, length normalisation and masks have become plain
// per-token numbers by the time they reach a Trainer, so no engine knows what GRPO is.
package policy

import (
	"context"
	"errors"
)

// Token is an index into the tokenizer's vocabulary.
type Token = int32

// Params says how to draw the completions of one prompt.
type Params struct {
	N           int     // completions to draw
	MaxTokens   int     // limit on each completion, its stop token included
	Temperature float32 // 0 is greedy; log-probs are of the untempered policy either way
	Cut
	Seed uint64  // with the task id, the sample index and the position, fixes every draw
	Stop []Token // a completion ends after any of these
	// StopStrings end a completion before any of them. An engine that sees tokens only does not know them: whoever reads the
	// text cuts it there.
	StopStrings  []string
	Banned       []Token // never drawn; the others share what is left
	Routing      bool    // fill in Sample.Routing
	Alternatives int     // likeliest tokens to tell at each place, for engines that do; 0 for none
}

// Cut keeps the likelier tokens only, as transformers and vLLM do: first TopK, then TopP of what is left, then MinP. The zero
// Cut keeps all.
type Cut struct {
	TopK int     // the TopK likeliest; 0 keeps all
	TopP float32 // the fewest whose probabilities reach TopP; 0 and 1 keep all
	MinP float32 // those at least MinP times as likely as the likeliest
}

// Request asks for Params.N completions of one prompt.
type Request struct {
	Task   string // names the prompt's random stream; two requests with equal Task and Seed draw alike
	First  int    // index of the first completion: those drawn are First … First+N-1 of the stream
	Prompt []Token
	// Text is the prompt for an engine that has a tokenizer of its own, such as a server: a text to continue, or with Chat
	// a message to answer. Other engines read Prompt alone.
	Text string
	Chat bool
	// Forced, where set, is a completion prefix that is not drawn but given: the sampler
	// continues after it. Its tokens count towards MaxTokens and are part of Sample.Tokens.
	Forced []Token
	Params
}

// StopReason tells why a completion ended.
type StopReason string

// The reasons for which a completion ends.
const (
	StopToken  StopReason = "stop"   // a stop token was drawn
	StopLength StopReason = "length" // MaxTokens was reached
)

// Sample is one completion.
type Sample struct {
	Tokens   []Token   // the completion, its stop token included
	Logprobs []float32 // log p(token), untempered and uncut, one each token (0 for forced tokens)
	// DrawLogprobs are log p(token) under what it was drawn from: tempered, cut, without banned tokens, made to sum to 1. Nil where
	// that is Logprobs itself (temperature 1, no Cut, nothing banned).
	DrawLogprobs []float32
	Entropies    []float32 // entropy in nats of the untempered distribution each token was drawn from
	Stop         StopReason
	Version      int // number of optimizer steps behind the weights that drew it
	// Routing are the experts that the routers chose, if Params.Routing asked for them and the model has any: for each position of prompt and
	// completion but the last, for each layer with experts, the numbers of the chosen ones, best first.
	Routing []uint16

	PromptTokens int     // that were computed for it: 0 where another sample's prompt served this one too, or the engine does not tell
	Seconds      float64 // its share of the time that it was drawn in; 0 where the engine does not tell

	// What an engine with a tokenizer of its own reports; it may know the text and a count without the tokens.
	Text         string
	Alternatives [][]Alternative // the likeliest first, for each token, if Params.Alternatives asked for them
	TextTokens   int             // how many of Text
}

// Length is the number of tokens drawn.
func (s Sample) Length() int { return max(len(s.Tokens), s.TextTokens) }

// Sampler draws from one version of the weights. It takes the whole set of requests at once,
// so that the make-up of its batches never depends on goroutine timing. The result has one
// slice a request, in the order of the requests.
type Sampler interface {
	Sample(ctx context.Context, requests []Request) ([][]Sample, error)
}

// Streamer is a Sampler whose completions do not wait for each other. Stream hands over each one when it is there, named
// by the index of its request and its number in the task's stream. done may be called by several goroutines at a time, and by the one
// that draws: it should leave what takes long to others. An error leaves what was handed over valid.
type Streamer interface {
	Sampler
	Stream(ctx context.Context, requests []Request, done func(request, number int, s Sample) error) error
}

// Datum is one sequence to learn from. The slices of floats have one entry a response token.
type Datum struct {
	Prompt, Response []Token
	Logprobs         []float32 // log-probs that the ratio is taken against: of the policy that drew the response, or of the step's start
	Reference        []float32 // log-probs under the frozen reference policy; needed where Loss.KL > 0
	Advantages       []float32
	Weights          []float32 // share of each token in the loss; all normalisation and masking is in here
	Routing          []uint16  // Sample.Routing; nil is none. Score replays it, ForwardBackward compares, and replays where Loss.Replay says so
}

// LossKind names a token loss.
type LossKind string

// The losses a Trainer knows. r is the ratio exp(new log-prob - Datum.Logprobs), A the advantage, w the weight,
// clip(r) is r within 1-ClipLow … 1+ClipHigh, and sg stops the gradient.
const (
	// LossCrossEntropy is sum w * -log p(token).
	LossCrossEntropy LossKind = "cross_entropy"
	// LossPolicyGradient is sum w * -min(r A, clip(r, 1-ClipLow, 1+ClipHigh) A): the clipped surrogate
	// of PPO (arXiv:1707.06347) that GRPO (arXiv:2402.03300) uses, with DAPO's separate bounds.
	LossPolicyGradient LossKind = "policy_gradient"
	// LossCISPO is sum w * -sg(clip(r)) A log p(token): no token loses its gradient (MiniMax-M1, arXiv:2506.13585).
	LossCISPO LossKind = "cispo"
	// LossGSPO is LossPolicyGradient with r the same for all tokens of a response: the geometric mean of its
	// tokens' ratios over those with w > 0 (arXiv:2507.18071).
	LossGSPO LossKind = "gspo"
)

// Losses lists the losses in which advantages count.
func Losses() []LossKind { return []LossKind{LossPolicyGradient, LossCISPO, LossGSPO} }

// Loss is a token loss with its constants.
type Loss struct {
	Kind              LossKind
	ClipLow, ClipHigh float32
	// DualClip > 1 bounds what a token with A < 0 can cost: -min(…) is at most -DualClip A (arXiv:1912.09729).
	// 0 is off. Used by LossPolicyGradient and LossGSPO.
	DualClip float32
	// KL > 0 adds sum w * KL * sg(r) * (log p - reference)²/2. Of the usual estimators k2 is the one whose gradient,
	// as a loss, is that of KL(policy || reference); k3's is that of KL(reference || policy). Not with cross-entropy.
	KL float32
	// Replay sends tokens to the experts of Datum.Routing instead of those that the present router would choose. The gates are the present
	// router's in either case.
	Replay bool
}

// ErrNotFinite is wrapped by OptimStep's error where the gradient is NaN or infinite. Weights, moments and
// the number of steps are then as before, and the gradient is cleared.
var ErrNotFinite = errors.New("gradient is not finite")

// Optim is one optimizer step: AdamW for every tensor, or, where MuonLR > 0, Muon
// (orthogonalised momentum) for the matrices and AdamW for the rest.
type Optim struct {
	LR, Beta1, Beta2, Eps float32
	WeightDecay           float32 // decoupled, AdamW's own tensors
	ClipNorm              float32 // global gradient norm is clipped to this
	MuonLR                float32 // 0: AdamW everywhere
	MuonMomentum          float32
	MuonWeightDecay       float32
	BiasRate              float32 // step of the routing bias of auxiliary-loss-free balancing; 0 leaves it alone
}

// Stats is what a Trainer reports of a call. ForwardBackward fills the loss part, OptimStep the rest.
type Stats struct {
	Tokens       int     // tokens with a non-zero weight
	Positions    int     // positions of the data: tokens of prompts and responses but the last
	Padded       int     // positions computed, padding included; Positions over this is the useful share
	Overflows    int     // microbatches that an engine had to compute twice for lack of room
	Loss         float64 // sum over tokens of weight * loss
	KL           float64 // mean over tokens of r - 1 - log r (k3 of the behaviour policy against this one)
	KLReference  float64 // mean over tokens of the k3 estimate of KL(policy || reference); 0 without one
	ClipLowFrac  float64 // share of tokens whose gradient the lower bound cut
	ClipHighFrac float64
	RatioMax     float64
	RoutingSlots int     // recorded experts in Datum.Routing
	RoutingSame  int     // of these, how many the present router would choose as well
	LogpDiffMean float64 // mean |new log-prob - behaviour log-prob|
	LogpDiffMax  float64
	GradNorm     float64 // before clipping
	// Logprobs are those of each datum's response under the weights that the gradient is of; nil where the engine does not tell.
	Logprobs   [][]float32
	ExpertLoad [][]float64
	ExpertBias [][]float64 // both [MoE layer][expert]; load is the share of the routed slots, 1/experts when even
}

// Imbalance is the worst (largest load / mean load) - 1 over the layers of a Stats.ExpertLoad, and how many experts
// got nothing.
func Imbalance(load [][]float64) (violation float64, dead int) {
	for _, layer := range load {
		for _, share := range layer {
			violation = max(violation, share*float64(len(layer))-1)
			if share == 0 {
				dead++
			}
		}
	}
	return violation, dead
}

// Account sums up what an engine has done since it was made: graphs that it compiled, and what its tokens needed by the formula of the
// architecture (2 for each weight that a token meets forward, 6 in training), whatever the engine computed beside.
type Account struct {
	Compilations            int
	SampleFLOPs, TrainFLOPs float64
}

// Accountant is a Trainer that keeps an Account of itself and its Samplers.
type Accountant interface {
	Account() Account
}

// Trainer learns. ForwardBackward adds to the gradient; OptimStep applies and clears it.
type Trainer interface {
	// Snapshot returns a Sampler bound to the present weights; later steps do not change it. One of them may sample in
	// another goroutine while the Trainer works.
	Snapshot(ctx context.Context) (Sampler, error)
	// Score returns the log-probs of each datum's response tokens under the present weights.
	Score(ctx context.Context, data []Datum) ([][]float32, error)
	ForwardBackward(ctx context.Context, data []Datum, loss Loss) (Stats, error)
	OptimStep(ctx context.Context, optim Optim) (Stats, error)
	// Save writes weights and optimizer state into dir, Load reads them back bit for bit.
	Save(ctx context.Context, dir string) error
	Load(ctx context.Context, dir string) error
}
