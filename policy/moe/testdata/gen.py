#!/usr/bin/env python3
"""Writes the parity goldens of package moe: tiny random models of each family and what transformers computes from them.

    pip install -r requirements.txt && python gen.py          (rewrites the folders beside this file)
    python gen.py --out DIR                                   (the same, elsewhere)

Per model: config.json and model.safetensors as save_pretrained writes them, and golden.safetensors (F32; ids I32):
  tokens     [B,T]      the batch
  logits     [B,T,V]    of that batch
  logprobs   [B,T-1]    log p(tokens[:,t+1] | tokens[:,:t+1])
  loss       []         mean of -logprobs
  grad.NAME  as NAME    d loss / d NAME, for every trained tensor of model.safetensors (all but e_score_correction_bias)
  losses     [10]       loss before each of ten AdamW steps on the batch, so losses[0] = loss; settings below
  greedy     [B,10]     argmax continuation of tokens[:,:4], the whole sequence recomputed for each token
  hidden.L   [B,T,D]    output of decoder layer L (the residual stream, before the final norm)
  routing.L  [B,T,K]    ids of the experts chosen by MoE layer L, ascending

A top-k choice that hangs on the last bit would make every other implementation look wrong, so a seed is taken only if no
router choice and no greedy argmax is closer than GAP, in the ten training steps too.
"""
import argparse
import json
import os

os.environ.update(CUDA_VISIBLE_DEVICES="", HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar

B, T, PROMPT, NEW, STEPS, STD, GAP = 2, 12, 4, 10, 10, 0.2, 1e-3
ADAMW = dict(lr=1e-2, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.01)  # on every parameter, norms included; no clipping

TINY = dict(
    model_type="deepseek_v3", vocab_size=64, hidden_size=32, num_hidden_layers=3, first_k_dense_replace=1,
    num_attention_heads=4, num_key_value_heads=4, q_lora_rank=None, kv_lora_rank=16,
    qk_nope_head_dim=8, qk_rope_head_dim=8, v_head_dim=12, intermediate_size=48, moe_intermediate_size=24,
    n_routed_experts=4, num_experts_per_tok=2, n_shared_experts=1, n_group=1, topk_group=1,
    routed_scaling_factor=1.0, norm_topk_prob=True, tie_word_embeddings=False, max_position_embeddings=64,
    rope_parameters={"rope_type": "default", "rope_theta": 10000.0}, rope_interleave=True, num_mtp_layers=0,
)
DENSE = dict(
    model_type="llama", vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
    intermediate_size=48, tie_word_embeddings=False, max_position_embeddings=64,
    rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
)
MODELS = {
    "tiny": TINY,
    "tiny2": TINY | dict(hidden_size=48, first_k_dense_replace=2, n_routed_experts=8, num_experts_per_tok=3,
                         n_shared_experts=2, routed_scaling_factor=2.5),
    "tiny3": TINY | dict(q_lora_rank=20, n_routed_experts=8, n_group=4, topk_group=2, num_experts_per_tok=3, norm_topk_prob=False,
                         routed_scaling_factor=1.5, rope_parameters={
                             "rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 16,
                             "beta_fast": 4.0, "beta_slow": 0.5, "mscale": 0.7, "mscale_all_dim": 1.0}),
    "llama": DENSE | dict(tie_word_embeddings=True, num_key_value_heads=1),
    "llama3": DENSE | dict(rope_parameters={"rope_type": "llama3", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 16,
                                            "low_freq_factor": 1.0, "high_freq_factor": 4.0}),
    "qwen2": DENSE | dict(model_type="qwen2", rope_parameters={"rope_type": "default", "rope_theta": 1000000.0}),
    "qwen3": DENSE | dict(model_type="qwen3", head_dim=12, tie_word_embeddings=True),
    "gemma3": DENSE | dict(model_type="gemma3_text", num_hidden_layers=4, query_pre_attn_scalar=12, sliding_window=5, tie_word_embeddings=True, pad_token_id=None,
                           layer_types=["sliding_attention", "sliding_attention", "full_attention", "sliding_attention"], rope_parameters={
                               "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
                               "full_attention": {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}}),
    "qwen3_moe": DENSE | dict(model_type="qwen3_moe", num_experts=8, num_experts_per_tok=3, moe_intermediate_size=24, norm_topk_prob=True,
                              decoder_sparse_step=1, mlp_only_layers=[]),
}


def build(config, seed):
    """A model whose every tensor is random: norms near 1, a router bias that changes choices, all else N(0, STD)."""
    options = dict(experts_implementation="eager") if "moe_intermediate_size" in config else {}
    model = AutoModelForCausalLM.from_config(
        AutoConfig.for_model(**config), dtype=torch.float32, attn_implementation="eager", **options)
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(list(model.named_parameters()) + list(model.named_buffers())):
            if name.endswith(("inv_freq", "embed_scale")):
                continue
            noise = torch.randn(p.shape, generator=g)
            if name.endswith("norm.weight") and config["model_type"] == "gemma3_text":  # whose gain is 1 + weight
                p.copy_(0.1 * noise)
            elif name.endswith("norm.weight"):
                p.copy_(1 + 0.1 * noise)
            elif name.endswith("e_score_correction_bias"):
                p.copy_(0.1 * noise)
            else:
                p.copy_(STD * noise)
    tokens = torch.randint(config["vocab_size"], (B, T), generator=g)
    return model.eval(), tokens


class Watch:
    """Records, through hooks, what the layers put out and the smallest margin of any router choice so far."""

    def __init__(self, model):
        self.gap, self.bias_matters, self.hidden, self.routing = float("inf"), 0, {}, {}
        for i, layer in enumerate(model.model.layers):
            layer.register_forward_hook(lambda m, a, out, i=i: self.hidden.__setitem__(i, out.detach()))
            if hasattr(layer.mlp, "gate"):
                layer.mlp.gate.register_forward_hook(lambda m, a, out, i=i: self.router(m, out, i))

    def router(self, gate, out, layer):
        logits, _, ids = out
        if not hasattr(gate, "e_score_correction_bias"):  # Qwen3-MoE
            top = logits.detach().softmax(-1).topk(gate.top_k + 1).values
            self.gap = min(self.gap, (top[:, -2] - top[:, -1]).min().item())
            self.routing[layer] = ids.sort().values
            return
        scores = logits.detach().sigmoid()
        preference = scores + gate.e_score_correction_bias
        if gate.num_group > 1:
            members = preference.view(len(preference), gate.num_group, -1)
            worth = members.topk(2).values.sum(-1)
            top = worth.topk(gate.topk_group + 1)
            self.gap = min(self.gap, (top.values[:, -2] - top.values[:, -1]).min().item())
            closed = torch.ones_like(worth).scatter(1, top.indices[:, :-1], 0).bool()
            preference = members.masked_fill(closed[..., None], float("-inf")).view(preference.shape)
        top = preference.topk(gate.top_k + 1).values
        self.gap = min(self.gap, (top[:, -2] - top[:, -1]).min().item())
        plain = scores.topk(gate.top_k).indices.sort().values
        self.routing[layer] = ids.sort().values
        self.bias_matters += (plain != self.routing[layer]).any(-1).sum().item()


def disk_names(name, grad, inter):
    """Splits the fused in-memory expert tensors into the per-expert ones that the file holds."""
    stem, _, leaf = name.rpartition(".")
    if not stem.endswith("mlp.experts"):
        return {name: grad}
    out = {}
    for e, w in enumerate(grad):
        if leaf == "gate_up_proj":
            out[f"{stem}.{e}.gate_proj.weight"], out[f"{stem}.{e}.up_proj.weight"] = w[:inter], w[inter:]
        else:
            out[f"{stem}.{e}.{leaf}.weight"] = w
    return out


def loss_of(logits, tokens):
    logprobs = logits[:, :-1].log_softmax(-1).gather(-1, tokens[:, 1:, None])[..., 0]
    return -logprobs.mean(), logprobs.detach()


def golden(model, tokens, inter):
    """The golden tensors, and the margins that decide whether this seed may be used. Trains the model away."""
    watch, g = Watch(model), {"tokens": tokens.int()}
    logits = model(tokens, use_cache=False).logits
    loss, g["logprobs"] = loss_of(logits, tokens)
    biased = watch.bias_matters
    hf = model(tokens, labels=tokens, use_cache=False).loss
    assert abs(hf.item() - loss.item()) < 2e-6, (hf.item(), loss.item())
    g["logits"], g["loss"] = logits.detach(), loss.detach()
    g |= {f"hidden.{i}": h for i, h in watch.hidden.items()}
    g |= {f"routing.{i}": r.view(B, T, -1).int() for i, r in watch.routing.items()}

    seq, argmax_gap = tokens[:, :PROMPT], float("inf")
    with torch.no_grad():
        for _ in range(NEW):
            top = model(seq, use_cache=False).logits[:, -1].topk(2)
            argmax_gap = min(argmax_gap, (top.values[:, 0] - top.values[:, 1]).min().item())
            seq = torch.cat([seq, top.indices[:, :1]], 1)
    g["greedy"] = seq[:, PROMPT:].int()

    opt, losses = torch.optim.AdamW(model.parameters(), **ADAMW), []
    for step in range(STEPS):
        opt.zero_grad()
        loss, _ = loss_of(model(tokens, use_cache=False).logits, tokens)
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            for name, p in model.named_parameters():
                g |= {"grad." + n: w.clone() for n, w in disk_names(name, p.grad, inter).items()}
        opt.step()
    g["losses"] = torch.tensor(losses)
    return {k: v.contiguous() for k, v in g.items()}, min(watch.gap, argmax_gap), biased


def save(model, folder):
    model.save_pretrained(folder)
    os.remove(os.path.join(folder, "generation_config.json"))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", default=os.path.dirname(os.path.abspath(__file__)))
    ap.add_argument("models", nargs="*", help=f"of {', '.join(MODELS)}; all by default")
    args = ap.parse_args()
    out, only = args.out, args.models
    disable_progress_bar()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for name in only or MODELS:
        config = MODELS[name]
        inter, folder = config.get("moe_intermediate_size", 0), os.path.join(out, name)
        for seed in range(1000):
            model, tokens = build(config, seed)
            g, gap, biased = golden(model, tokens, inter)
            # Softmax scores lie closer together than sigmoids.
            if (gap > GAP and biased > 0) if config["model_type"] == "deepseek_v3" else gap > GAP / 10:
                break
        else:
            raise SystemExit(f"{name}: no seed keeps every choice {GAP} apart")
        model, _ = build(config, seed)
        save(model, folder)
        disk = load_file(os.path.join(folder, "model.safetensors"))
        for n, p in model.named_parameters():  # the file holds the released layout, and the split of gradients matches it
            for k, w in disk_names(n, p.detach(), inter).items():
                assert torch.equal(disk[k], w), k
        trained = {k for k in disk if not k.endswith("e_score_correction_bias")}
        assert {k[5:] for k in g if k.startswith("grad.")} == trained
        save_file(g, os.path.join(folder, "golden.safetensors"), metadata={"seed": str(seed)})
        for f in os.listdir(folder):
            os.chmod(os.path.join(folder, f), 0o644)
        print(json.dumps({
            "model": name, "seed": seed, "params": sum(p.numel() for p in model.parameters()), "min_gap": gap,
            "choices_changed_by_bias": biased, "loss": g["loss"].item(),
            "losses": [round(x, 6) for x in g["losses"].tolist()], "greedy": g["greedy"].tolist(),
            "max_abs_logit": g["logits"].abs().max().item(),
            "grad_norm": sum(v.square().sum() for k, v in g.items() if k.startswith("grad.")).sqrt().item()}))


if __name__ == "__main__":
    main()
