#!/usr/bin/env python3
"""Answers the prompts of `rltrain eval --prompts-out FILE` with transformers, greedily, and writes them as a file of samples.

  python smollm2_score.py FOLDER PROMPTS.jsonl SAMPLES.jsonl --tasks arith/test --max-tokens 12

`rltrain eval --regrade SAMPLES.jsonl` then judges them by the same rules as its own, and `rltrain eval --compare` sets both side by side.
"""
import argparse
import json
import os

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
import torch
import transformers

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("folder")
ap.add_argument("prompts")
ap.add_argument("samples")
ap.add_argument("--tasks", required=True)
ap.add_argument("--form", default="answer")
ap.add_argument("--answer", default="", help="places where an answer may stand, as eval's own --answer")
ap.add_argument("--max-tokens", type=int, default=12)
ap.add_argument("--batch", type=int, default=32)
a = ap.parse_args()

tokenizer = transformers.AutoTokenizer.from_pretrained(a.folder)
model = transformers.AutoModelForCausalLM.from_pretrained(a.folder, dtype=torch.float32).eval()
lines = [json.loads(line) for line in open(a.prompts)]
header = {"rltrain_samples": 1, "model": f"{a.folder} in transformers {transformers.__version__}", "tasks": a.tasks, "template": "few-shot", "form": a.form,
          "answer": a.answer, "temperature": 0, "max_tokens": a.max_tokens, "seed": 0}
with open(a.samples, "w") as out:
    print(json.dumps(header), file=out)
    for start in range(0, len(lines), a.batch):
        some = lines[start:start + a.batch]
        width = max(len(p["tokens"]) for p in some)
        ids = torch.tensor([[0] * (width - len(p["tokens"])) + p["tokens"] for p in some])
        mask = torch.tensor([[0] * (width - len(p["tokens"])) + [1] * len(p["tokens"]) for p in some])
        with torch.inference_mode():
            got = model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=a.max_tokens, eos_token_id=some[0]["stop"], pad_token_id=0)
        for p, row in zip(some, got[:, width:].tolist()):
            ends = [i for i, t in enumerate(row) if t in p["stop"]]
            drawn = row[:ends[0]] if ends else row
            print(json.dumps({"task": p["task"], "number": 0, "prompt_sha256": "", "text": tokenizer.decode(drawn, skip_special_tokens=False),
                              "tokens": len(drawn) + bool(ends), "stop_reason": "stop" if ends else "length", "seconds": 0,
                              "verdict": {"kind": "wrong", "reward": 0}}), file=out)
