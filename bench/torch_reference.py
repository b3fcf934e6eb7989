#!/usr/bin/env python3
"""Sampling and training rates of transformers + torch on a tiny random model, CPU only, without any trainer around them.

  python torch_reference.py --threads 2                                 both measurements at the default shapes
  python torch_reference.py --threads 2 --only sample --batch 64
  python torch_reference.py --threads 2 --only train --rows 64 --micro 8

The model is the one of trl_grpo.py (d 256, 6 layers, 4 heads, vocab 512; 8 experts, 2 active, 1 shared). No network.
sample: model.generate on --batch random prompts of --prompt tokens, exactly --new tokens each, temperature 1, KV cache.
train:  next-token cross entropy on [--rows, --length] random tokens in backward passes of --micro rows, then gradient
        clipping to norm 1 and one fused AdamW step; the rate counts rows * length tokens.
Each runs --repeats times after a warm-up (8 new tokens; one step); the fastest is reported, all walls are listed.
Prints one JSON line.
"""
import argparse
import json
import os
import resource
import time

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--arch", choices=["deepseek_v3", "llama"], default="deepseek_v3")
ap.add_argument("--threads", type=int, default=1)
ap.add_argument("--only", choices=["sample", "train"], help="default: both")
ap.add_argument("--repeats", type=int, default=2)
ap.add_argument("--seed", type=int, default=0)
ap.add_argument("--dim", type=int, default=256)
ap.add_argument("--layers", type=int, default=6)
ap.add_argument("--vocab", type=int, default=512)
ap.add_argument("--batch", type=int, default=256, help="sample: sequences generated together")
ap.add_argument("--prompt", type=int, default=32, help="sample: prompt tokens")
ap.add_argument("--new", type=int, default=224, help="sample: new tokens")
ap.add_argument("--rows", type=int, default=8, help="train: sequences per optimizer step")
ap.add_argument("--length", type=int, default=256, help="train: tokens per sequence")
ap.add_argument("--micro", type=int, default=0, help="train: sequences per backward pass (0: all rows)")
ap.add_argument("--experts", help="eager, grouped_mm or batched_mm (default: what transformers picks)")
ap.add_argument("--attn", help="eager or sdpa (default: what transformers picks)")
a = ap.parse_args()
micro = a.micro or a.rows
if a.rows % micro:
    ap.error(f"--rows {a.rows} is not a multiple of --micro {micro}")

os.environ.update(OMP_NUM_THREADS=str(a.threads), CUDA_VISIBLE_DEVICES="", HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
import torch
import transformers
from transformers import AutoModelForCausalLM, DeepseekV3Config, LlamaConfig

torch.set_num_threads(a.threads)
torch.manual_seed(a.seed)


def build():
    d = dict(vocab_size=a.vocab, hidden_size=a.dim, num_hidden_layers=a.layers, num_attention_heads=4, num_key_value_heads=4,
             intermediate_size=704 * a.dim // 256, max_position_embeddings=max(1024, a.prompt + a.new, a.length),
             bos_token_id=1, eos_token_id=2, pad_token_id=0, tie_word_embeddings=False)
    if a.arch == "llama":
        config = LlamaConfig(head_dim=a.dim // 4, **d)
    else:
        config = DeepseekV3Config(moe_intermediate_size=176 * a.dim // 256, n_routed_experts=8, n_shared_experts=1,
                                  num_experts_per_tok=2, n_group=1, topk_group=1, first_k_dense_replace=1, q_lora_rank=None,
                                  kv_lora_rank=64, qk_rope_head_dim=32, qk_nope_head_dim=32, v_head_dim=64, **d)
    kw = {k: v for k, v in dict(attn_implementation=a.attn, experts_implementation=a.experts).items() if v}
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32, **kw)


def measure(work, tokens, warm_up):
    """Runs warm_up once and then work --repeats times."""
    warm_up()
    runs = []
    for _ in range(a.repeats):
        w, c = time.perf_counter(), time.process_time()
        work()
        runs.append((time.perf_counter() - w, time.process_time() - c))
    wall, cpu = min(runs)
    return {"tok_per_s": round(tokens / wall, 1), "tok_per_cpu_s": round(tokens / cpu, 1),
            "wall_s": round(wall, 3), "cpu_s": round(cpu, 3), "walls_s": [round(w, 3) for w, _ in runs]}


def sample(model):
    model.eval()
    prompts = torch.randint(3, a.vocab, (a.batch, a.prompt))

    def work(new=a.new):
        with torch.inference_mode():
            out = model.generate(prompts, attention_mask=torch.ones_like(prompts), do_sample=True, temperature=1.0, top_p=1.0,
                                 top_k=0, min_new_tokens=new, max_new_tokens=new)
        assert out.shape == (a.batch, a.prompt + new), out.shape
    return {"batch": a.batch, "prompt": a.prompt, "new": a.new} | measure(work, a.batch * a.new, lambda: work(min(8, a.new)))


def train(model):
    model.train()
    tokens = torch.randint(3, a.vocab, (a.rows, a.length))
    opt = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    losses = []

    def work():
        total = 0.0
        for rows in tokens.split(micro):
            loss = model(rows, labels=rows, use_cache=False).loss * (micro / a.rows)
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        opt.zero_grad()
        losses.append(round(total, 4))
    return {"rows": a.rows, "length": a.length, "micro": micro} | measure(work, a.rows * a.length, work) | {"losses": losses}


model = build()
out = {"arch": a.arch, "params": sum(p.numel() for p in model.parameters()), "threads": a.threads,
       "dim": a.dim, "layers": a.layers, "vocab": a.vocab,
       "attn": model.config._attn_implementation, "experts": model.config._experts_implementation}
if a.only != "train":
    out["sample"] = sample(model)
if a.only != "sample":
    out["train"] = train(model)
print(json.dumps(out | {"peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                        "torch": torch.__version__, "transformers": transformers.__version__}))
