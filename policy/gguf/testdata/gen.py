"""Writes the golden files of policy/gguf with the Python library.

    python3 -m venv venv && venv/bin/pip install gguf==0.19.0 numpy==2.4.6
    venv/bin/python gen.py

blocks.json    for each type random blocks (hex) and the bits of the float32 they stand for
"""

import json
import pathlib

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T
from gguf.quants import dequantize

HERE = pathlib.Path(__file__).parent


def blocks(rng, kind, count):
    _, size = GGML_QUANT_SIZES[kind]
    raw = rng.integers(0, 256, (count, size), dtype=np.uint8)
    halves = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208]}
    for at in halves.get(kind, []):  # scales: finite halves, some of them subnormal
        raw[:, at : at + 2] = (rng.standard_normal(count) * rng.choice([1e-6, 1e-3, 1, 1000], count)).astype(np.float16).view(np.uint8).reshape(count, 2)
    return raw


def main():
    rng = np.random.default_rng(3)
    out = {}
    for kind in [T.F16, T.BF16, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q8_0, T.Q4_K, T.Q5_K, T.Q6_K]:
        raw = blocks(rng, kind, 256 if kind in (T.F16, T.BF16) else 6)
        want = raw.reshape(-1).view(np.float16).astype(np.float32) if kind == T.F16 else dequantize(raw, kind).reshape(-1)
        out[kind.name] = {"raw": raw.tobytes().hex(), "bits": want.astype(np.float32).tobytes().hex()}
    (HERE / "blocks.json").write_text(json.dumps(out, indent=0))


main()
