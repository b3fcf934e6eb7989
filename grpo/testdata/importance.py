"""Makes importance.json, which importance_test.go compares with: `python3 importance.py > importance.json` (numpy).

The correction as TRL's GRPOTrainer defines it (vllm_importance_sampling_mode, _cap), written out: a ratio of the old
policy to the one that sampled for each token, or for the whole response; capped or masked; and it multiplies the loss
of a token, whereas the Go code scales the advantage.
"""
import json

import numpy as np

rng = np.random.default_rng(11)
CAP, LOW, HIGH = 1.5, 0.2, 0.28
responses = []
for n in (4, 7, 3, 5):
    behaviour = -rng.random(n) * 3
    old = behaviour + rng.normal(0, 0.35, n)
    responses.append({"behaviour": behaviour, "old": old, "new": old + rng.normal(0, 0.2, n), "advantage": float(rng.choice([-0.75, 0.5, 1.25]))})

out = {"cap": CAP, "clip_low": LOW, "clip_high": HIGH, "modes": {}}
for mode in ("token_truncate", "token_mask", "sequence_truncate", "sequence_mask"):
    level, kind = mode.split("_")
    ratios, weights, losses = [], [], []
    for r in responses:
        diff = r["old"] - r["behaviour"]
        ratio = np.exp(diff) if level == "token" else np.exp(diff.sum(keepdims=True))
        weight = np.minimum(ratio, CAP) if kind == "truncate" else np.where(ratio > CAP, 0.0, ratio)
        now = np.exp(r["new"] - r["old"])
        loss = -np.minimum(now * r["advantage"], np.clip(now, 1 - LOW, 1 + HIGH) * r["advantage"]) * weight
        ratios.append(ratio), weights.append(weight), losses.append(loss.tolist())
    flat, capped = np.concatenate(ratios), np.concatenate(weights)
    out["modes"][mode] = {"ratio_mean": flat.mean(), "ratio_max": flat.max(), "weight_mean": capped.mean(), "capped": (flat > CAP).mean(), "losses": losses}
for r in responses:
    for k in ("behaviour", "old", "new"):
        r[k] = r[k].tolist()
gap = np.concatenate([np.abs(np.array(r["old"]) - np.array(r["behaviour"])) for r in responses])
out |= {"responses": responses, "diff_mean": gap.mean(), "diff_max": gap.max()}
print(json.dumps(out, indent=1))
