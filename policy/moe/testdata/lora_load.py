#!/usr/bin/env python3
"""Loads an adapter that rltrain saved with PEFT, and fails unless it gives the log-probs of its one argument, a JSON object."""
import json
import os
import sys
import warnings

os.environ.update(CUDA_VISIBLE_DEVICES="", HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar

disable_progress_bar()
warnings.filterwarnings("ignore")
given = json.loads(sys.argv[1])
with open(os.path.join(given["adapter"], "adapter_config.json")) as f:
    base = json.load(f)["base_model_name_or_path"]
model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="eager").eval()
tokens, want = torch.tensor(given["tokens"]), torch.tensor(given["logprobs"])


def logprobs(model):
    with torch.no_grad():
        return model(tokens).logits[:, :-1].log_softmax(-1).gather(-1, tokens[:, 1:, None])[..., 0]


plain = logprobs(model)
adapted = logprobs(PeftModel.from_pretrained(model, given["adapter"]))
worst, moved = (adapted - want).abs().max().item(), (adapted - plain).abs().max().item()
print(f"log-probs differ by {worst:.2g} at most; the adapter moves them by {moved:.2g}")
sys.exit(worst > 3e-5 or moved < 1e-2)
