#!/usr/bin/env python3
"""Writes the parity goldens of LoRA: random adapters on two of gen.py's models, and what PEFT computes with them.

    pip install -r requirements.txt && python lora.py         (rewrites lora_* beside this file)

Per adapter: adapter_config.json and adapter_model.safetensors as PEFT writes them (the base by its path from policy/moe), and
golden.safetensors with gen.py's tensors; grad.NAME is that of A and B, and only these are trained. B is random, not zero, so
that A has a gradient.
"""
import json
import os

os.environ.update(CUDA_VISIBLE_DEVICES="", HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar

import gen

ADAPTERS = {
    "lora_qwen2": ("qwen2", dict(r=3, lora_alpha=6, target_modules=["q_proj", "v_proj", "o_proj", "up_proj", "down_proj"])),
    "lora_tiny3": ("tiny3", dict(r=4, lora_alpha=6, target_modules=[
        "q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj"])),
}
HERE = os.path.dirname(os.path.abspath(__file__))


def adapt(base, settings, seed):
    """The base with adapters whose A is uniform as PEFT draws it, and whose B is N(0, STD)."""
    model = AutoModelForCausalLM.from_pretrained(os.path.join(HERE, base), dtype=torch.float32, attn_implementation="eager", experts_implementation="eager")
    model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **settings))
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if "lora_A" in name:
                p.copy_((2 * torch.rand(p.shape, generator=g) - 1) / p.shape[1] ** 0.5)
            elif "lora_B" in name:
                p.copy_(gen.STD * torch.randn(p.shape, generator=g))
    return model.eval()


def golden(model, tokens):
    """As gen.golden, of the adapters."""
    watch, g = gen.Watch(model.get_base_model()), {"tokens": tokens.int()}
    trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
    assert all(".lora_" in n for n in trained)
    logits = model(tokens, use_cache=False).logits
    loss, g["logprobs"] = gen.loss_of(logits, tokens)
    g["logits"], g["loss"] = logits.detach(), loss.detach()
    with torch.no_grad(), model.disable_adapter():
        g["base.logprobs"] = gen.loss_of(model(tokens, use_cache=False).logits, tokens)[1]
    seq, argmax_gap = tokens[:, :gen.PROMPT], float("inf")
    with torch.no_grad():
        for _ in range(gen.NEW):
            top = model(seq, use_cache=False).logits[:, -1].topk(2)
            argmax_gap = min(argmax_gap, (top.values[:, 0] - top.values[:, 1]).min().item())
            seq = torch.cat([seq, top.indices[:, :1]], 1)
    g["greedy"] = seq[:, gen.PROMPT:].int()
    opt, losses = torch.optim.AdamW(trained.values(), **gen.ADAMW), []
    for step in range(gen.STEPS):
        opt.zero_grad()
        loss, _ = gen.loss_of(model(tokens, use_cache=False).logits, tokens)
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            g |= {"grad." + n.replace(".default", ""): p.grad.clone() for n, p in trained.items()}
        opt.step()
    g["losses"] = torch.tensor(losses)
    return {k: v.contiguous() for k, v in g.items()}, min(watch.gap, argmax_gap)


def main():
    disable_progress_bar()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for name, (base, settings) in ADAPTERS.items():
        folder = os.path.join(HERE, name)
        tokens = load_file(os.path.join(HERE, base, "golden.safetensors"))["tokens"].long()
        for seed in range(1000):
            g, gap = golden(adapt(base, settings, seed), tokens)
            if gap > gen.GAP / (1 if base.startswith("tiny") else 10):
                break
        else:
            raise SystemExit(f"{name}: no seed keeps every choice apart")
        model = adapt(base, settings, seed)
        model.save_pretrained(folder)
        os.remove(os.path.join(folder, "README.md"))
        path = os.path.join(folder, "adapter_config.json")
        with open(path) as f:
            config = json.load(f)
        config["base_model_name_or_path"] = "testdata/" + base
        config["target_modules"] = settings["target_modules"]  # PEFT keeps a set, in no fixed order
        with open(path, "w") as f:
            json.dump(config, f, indent=2, sort_keys=True)
            f.write("\n")
        disk = load_file(os.path.join(folder, "adapter_model.safetensors"))
        assert {k[5:] for k in g if k.startswith("grad.")} == set(disk)
        save_file(g, os.path.join(folder, "golden.safetensors"), metadata={"seed": str(seed)})
        for f in os.listdir(folder):
            os.chmod(os.path.join(folder, f), 0o644)
        print(json.dumps({"adapter": name, "seed": seed, "params": sum(v.numel() for v in disk.values()), "min_gap": gap,
                          "losses": [round(x, 6) for x in g["losses"].tolist()], "greedy": g["greedy"].tolist()}))


if __name__ == "__main__":
    main()
