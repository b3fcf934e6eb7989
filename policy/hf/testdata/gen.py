"""Writes the golden files of policy/hf: what the Python safetensors library makes of small tensors.

    python3 -m venv venv && venv/bin/pip install numpy==2.3.4 ml_dtypes==0.5.3 safetensors==0.6.2
    venv/bin/python gen.py

golden.safetensors holds every type that numpy knows, names and metadata that need escaping, empty tensors and a
scalar; floats.json the values of its float tensors as float32; shards/ a model in two files.
"""

import json
import pathlib

import ml_dtypes
import numpy as np
from safetensors import serialize_file
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
NAMES = {"float32": "float32", "float16": "float16", "bfloat16": "bfloat16"}


def floats(dtype):
    edge = [0.0, -0.0, 1.0, -2.5, 0.1, 65504.0, 6e-8, 3e-5, float("inf"), float("-inf"), float("nan"), 1e-40]
    with np.errstate(over="ignore"):
        return np.array(edge, dtype=np.float32).astype(dtype).reshape(3, 4)


def main():
    tensors = {
        "model.embed.weight": floats(np.float32),
        "model.layers.10.w": np.arange(6, dtype=np.float32).reshape(2, 3),
        "model.layers.9.w": -np.arange(6, dtype=np.float32).reshape(3, 2),
        "half": floats(np.float16),
        "brain": floats(ml_dtypes.bfloat16),
        "double": np.array([1.5, -3.0], dtype=np.float64),
        "i64": np.array([1, -1], dtype=np.int64),
        "u64": np.array([1, 2**63], dtype=np.uint64),
        "i32": np.array([[1], [-1]], dtype=np.int32),
        "u32": np.array([7], dtype=np.uint32),
        "i16": np.array([300, -300, 5], dtype=np.int16),
        "u16": np.array([300], dtype=np.uint16),
        "i8": np.array([1, -1, 3], dtype=np.int8),
        "u8": np.array([255], dtype=np.uint8),
        "bool": np.array([True, False, True], dtype=np.bool_),
        "scalar": np.array(42, dtype=np.float32),
        "empty": np.zeros((0, 3), dtype=np.float32),
        'quote " back \\ tab \t line \n bell \x07 del \x7f é \u2028 <&>': np.array([1], dtype=np.float32),
    }
    raw = {k: {"dtype": str(v.dtype), "shape": list(v.shape), "data": v.tobytes()} for k, v in tensors.items()}
    serialize_file(raw, str(HERE / "golden.safetensors"), metadata={"format": "pt \"é\" \x01"})
    values = {k: [repr(float(x)) for x in v.astype(np.float32).reshape(-1)] for k, v in tensors.items() if str(v.dtype) in NAMES}
    (HERE / "floats.json").write_text(json.dumps(values, indent=1) + "\n")

    shards = HERE / "shards"
    shards.mkdir(exist_ok=True)
    parts = {"model-00001-of-00002.safetensors": ["a", "b"], "model-00002-of-00002.safetensors": ["c"]}
    for file, names in parts.items():
        save_file({n: np.full((2, 2), ord(n), dtype=np.float32) for n in names}, str(shards / file), metadata={"format": "pt"})
    index = {"metadata": {"total_size": 48}, "weight_map": {n: f for f, names in parts.items() for n in names}}
    (shards / "model.safetensors.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")


main()
