// Package moe is the embedded engine: a DeepSeek-V3 style decoder (arXiv:2412.19437) as GoMLX
// graphs, run by XLA. It implements policy.Trainer and policy.Sampler.
//
// Letters in shape comments: B rows of a batch, T positions, D model width, H heads,
// N/P widths of a head without/with rotary position (nope/rope), U width of a value head,
// R rank of the key-value latent, F hidden width of an expert, E routed experts, K experts
// chosen per token, L layers, M layers with experts, V vocabulary, S slots of the cache.
//
// One set of graph builders (layers.go, experts.go) serves training, scoring, prefill and decode,
// so a new architecture costs its forward pass only. Weights live in the layout that the matmuls
// want; checkpoint.go translates to and from the published Hugging Face key layout.
package moe
