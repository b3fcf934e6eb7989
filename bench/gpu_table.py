#!/usr/bin/env python3
"""The table of bench/gpu.sh: gpu_table.py FOLDER DEVICE SHAPE SIZE... reads SIZE.ours (go test -bench) and SIZE.trl (trl_grpo.py)."""
import json
import pathlib
import re
import subprocess
import sys

folder, device, shape, *sizes = sys.argv[1:]
folder = pathlib.Path(folder)


def ours(size):
    text = (folder / f"{size}.ours").read_text()
    return {unit: float(value) for value, unit in re.findall(r"([\d.e+]+) ([A-Za-z_]+(?:/s|/step|_%|params|active))(?=\s)", text)}


def trl(size):
    path = folder / f"{size}.trl"
    if not path.exists() or not path.read_text().strip():
        return None
    t = json.loads(path.read_text())
    w, n = t["wall_s_per_step"], t["completion_tokens_per_step"]
    return {"sampled": n / w["generate"], "trained": n / (w["step"] - w["generate"]), "step": w["step"], "versions": f"TRL {t['trl']}, torch {t['torch']}, transformers {t['transformers']}",
            "device": t["device"]}


def card():
    if device == "cpu":
        return "CPU, a dry run: these figures say only that all parts work"
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    return subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()[0]


commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip() or "unknown"
results = {size: (ours(size), trl(size)) for size in sizes}
versions = next((t["versions"] for _, t in results.values() if t), "TRL not installed, so not run")
print(f"{card()}. rltrain {commit}, {versions}. A step is {shape} tokens (prompts x samples x new), float32, TF32 off.\n")
print("| model | parameters (active) | | sampling tok/s | training tok/s | s/step | MFU sampling | MFU training | matmul peak |")
print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
for size, (o, t) in results.items():
    print(f"| {size} | {o['Gparams']:.3f} B ({o['Gactive']:.3f}) | rltrain | {o['sampled_tok/s']:,.0f} | {o['trained_tok/s']:,.0f} | {o['s/step']:.2f} | "
          f"{o['sampling_MFU_%']:.1f} % | {o['training_MFU_%']:.1f} % | {o['peak_TFLOP/s']:.2f} TFLOP/s |")
    if t:
        print(f"| {size} | | TRL | {t['sampled']:,.0f} | {t['trained']:,.0f} | {t['step']:.2f} | | | |")
        print(f"| {size} | | ratio | {o['sampled_tok/s'] / t['sampled']:.2f} | {o['trained_tok/s'] / t['trained']:.2f} | {t['step'] / o['s/step']:.2f} | | | |")
