#!/usr/bin/env python3
"""One or more TRL GRPO steps on a random model, with the time split. On the CPU, or with --device cuda on one GPU.

Needs: torch, transformers, trl, datasets, tokenizers (see requirements.txt). No network.
  OMP_NUM_THREADS=1 python trl_grpo.py --arch llama --steps 2
Shapes by default: d 256, 6 layers, 4 heads, ff 704, byte-level vocab 512;
32 prompts x 8 generations, exactly 224 new tokens each (EOS is suppressed), 1 optimizer step per batch.
Prints one JSON line: seconds per step, split into generate / reward+old-logprob / train, tokens per second.
"""
import argparse, json, os, random, resource, tempfile, time
ap = argparse.ArgumentParser()
ap.add_argument("--arch", choices=["llama", "qwen3", "deepseek_v3"], default="llama")
ap.add_argument("--steps", type=int, default=2)
ap.add_argument("--prompts", type=int, default=32)
ap.add_argument("--group", type=int, default=8)
ap.add_argument("--new", type=int, default=224)
ap.add_argument("--dim", type=int, default=256)
ap.add_argument("--layers", type=int, default=6)
ap.add_argument("--micro", type=int, default=32, help="sequences per backward pass")
ap.add_argument("--threads", type=int, default=1)
ap.add_argument("--seed", type=int, default=0)
ap.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
ap.add_argument("--config", help="folder with a config.json instead of --arch, --dim and --layers")
a = ap.parse_args()
os.environ.update(OMP_NUM_THREADS=str(a.threads), HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false",
                  TRL_EXPERIMENTAL_SILENCE="1")
if a.device == "cpu": os.environ["CUDA_VISIBLE_DEVICES"] = ""
t_import = time.time()
import torch
if a.device == "cuda" and not torch.cuda.is_available(): raise SystemExit("trl_grpo.py: torch sees no CUDA device: check nvidia-smi, or --device cpu")
torch.set_num_threads(a.threads); torch.manual_seed(a.seed); random.seed(a.seed)
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers, decoders
from transformers import (AutoConfig, AutoModelForCausalLM, DeepseekV3Config, LlamaConfig, PreTrainedTokenizerFast, Qwen3Config)
import transformers, trl
from trl import GRPOConfig, GRPOTrainer
t_import = time.time() - t_import

vocab = {"<pad>": 0, "<bos>": 1, "<eos>": 2}
for c in sorted(pre_tokenizers.ByteLevel.alphabet()): vocab[c] = len(vocab)
while len(vocab) < 512: vocab[f"<unused{len(vocab)}>"] = len(vocab)
tk = Tokenizer(models.BPE(vocab=vocab, merges=[]))
tk.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False); tk.decoder = decoders.ByteLevel()
tok = PreTrainedTokenizerFast(tokenizer_object=tk, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>", padding_side="left")

d = dict(vocab_size=512, hidden_size=a.dim, num_hidden_layers=a.layers, num_attention_heads=4, num_key_value_heads=4,
         intermediate_size=704 * a.dim // 256, max_position_embeddings=1024, bos_token_id=1, eos_token_id=2, pad_token_id=0,
         tie_word_embeddings=False)
if a.config: cfg = AutoConfig.from_pretrained(a.config)
elif a.arch == "llama": cfg = LlamaConfig(head_dim=a.dim // 4, **d)
elif a.arch == "qwen3": cfg = Qwen3Config(head_dim=a.dim // 4, **d)
else: cfg = DeepseekV3Config(moe_intermediate_size=176 * a.dim // 256, n_routed_experts=8, n_shared_experts=1, num_experts_per_tok=2,
    n_group=1, topk_group=1, first_k_dense_replace=1, q_lora_rank=None, kv_lora_rank=64, qk_rope_head_dim=32, qk_nope_head_dim=32,
    v_head_dim=64, **d)
model = AutoModelForCausalLM.from_config(cfg, dtype=torch.float32)

r = random.Random(a.seed)
rows = []
for _ in range(a.prompts * a.steps):
    x, y = r.randint(10, 99), r.randint(10, 99)
    rows.append({"prompt": f"Question: {x:2d} + {y:2d} = ? Answer:", "gold": str(x + y)})
def reward(prompts, completions, gold, **kw): return [float(g in c) for g, c in zip(gold, completions)]

KEYS = ("generate", "score_total", "train"); LEN = []
W = dict.fromkeys(KEYS, 0.0); C = dict.fromkeys(KEYS, 0.0)  # wall seconds, CPU seconds of this process (robust on a shared machine)
def now():
    if a.device == "cuda": torch.cuda.synchronize()
    return time.time()
class Clock:
    def __init__(self, key, minus=None): self.k, self.m = key, minus
    def __enter__(self): self.w, self.c, self.mw, self.mc = now(), time.process_time(), W.get(self.m, 0), C.get(self.m, 0)
    def __exit__(self, *e):
        W[self.k] += now() - self.w - (W.get(self.m, 0) - self.mw); C[self.k] += time.process_time() - self.c - (C.get(self.m, 0) - self.mc)
class Timed(GRPOTrainer):
    def _generate_single_turn(self, *x, **k):
        with Clock("generate"): return super()._generate_single_turn(*x, **k)
    def _generate_and_score_completions(self, *x, **k):
        with Clock("score_total"): o = super()._generate_and_score_completions(*x, **k)
        LEN.append(int(o["completion_mask"].sum())); return o
    def training_step(self, *x, **k):
        with Clock("train", "score_total"): return super().training_step(*x, **k)
out = tempfile.mkdtemp(prefix="trl_grpo_")
args = GRPOConfig(output_dir=out, use_cpu=a.device == "cpu", bf16=False, fp16=False, per_device_train_batch_size=a.micro,
    gradient_accumulation_steps=a.prompts * a.group // a.micro, num_generations=a.group, max_completion_length=a.new,
    temperature=1.0, top_p=1.0, top_k=0, beta=0.0, num_iterations=1, learning_rate=1e-4, max_steps=a.steps, logging_steps=1,
    save_strategy="no", report_to=[], seed=a.seed, gradient_checkpointing=False, dataloader_num_workers=0, disable_tqdm=True,
    generation_kwargs={"min_new_tokens": a.new})
tr = Timed(model=model, reward_funcs=reward, args=args, train_dataset=Dataset.from_list(rows), processing_class=tok)
t0, c0 = now(), time.process_time(); tr.train(); wall, cpu = now() - t0, time.process_time() - c0
n, ntok = a.steps, sum(LEN)
def split(X, tot): return {"step": round(tot / n, 2), "generate": round(X["generate"] / n, 2), "score_rest": round((X["score_total"] - X["generate"]) / n, 2),
                           "train": round(X["train"] / n, 2), "optim_and_rest": round((tot - X["score_total"] - X["train"]) / n, 2)}
device = "CPU" if a.device == "cpu" else torch.cuda.get_device_name(0)
print(json.dumps({"arch": a.config or a.arch, "device": device, "peak_gpu_mb": 0 if a.device == "cpu" else torch.cuda.max_memory_allocated() // 2**20, "params": sum(p.numel() for p in model.parameters()), "steps": n, "threads": a.threads,
  "prompts": a.prompts, "group": a.group, "new": a.new, "completion_tokens_per_step": ntok // n,
  "wall_s_per_step": split(W, wall), "cpu_s_per_step": split(C, cpu),
  "import_s": round(t_import, 1), "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
  "torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__}))
