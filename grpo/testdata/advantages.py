"""Makes advantages.json, which advantage_test.go compares with: `python3 advantages.py > advantages.json` (numpy).

The formulas are written as the papers write them, not as the Go code does: the leave-one-out baseline as a mean over
the other rollouts, the standard deviation by numpy over the rewards themselves. A reward of null could not be judged.
"""
import json

import numpy as np

rng = np.random.default_rng(7)


def group(n, broken):
    rewards = list(np.round(rng.choice([0.0, 0.1, 1.0, 1.1], n) - rng.choice([0.0, 0.25], n), 2))
    for i in rng.choice(n, broken, replace=False):
        rewards[i] = None
    return {"rewards": rewards, "cut": [bool(c) for c in rng.random(n) < 0.3]}


def advantages(groups, baseline, scale, mask):
    judged = [np.array([r for r in g["rewards"] if r is not None]) for g in groups]
    centred_batch = np.concatenate([r - r.mean() for r in judged])
    out = []
    for g, rewards in zip(groups, judged):
        row = []
        for i, (r, cut) in enumerate(zip(g["rewards"], g["cut"])):
            if r is None or mask and cut or len(rewards) < 2 or np.ptp(rewards) == 0:
                row.append(0.0)
                continue
            if baseline == "mean":
                a = r - rewards.mean()
            else:  # RLOO: the mean of the others
                others = [x for j, x in enumerate(g["rewards"]) if j != i and x is not None]
                a = r - np.mean(others)
            if scale == "group":
                a /= np.std(rewards, ddof=1) + 1e-4
            elif scale == "batch":
                a /= np.sqrt((centred_batch**2).sum() / (len(centred_batch) - 1)) + 1e-4
            row.append(float(a))
        out.append(row)
    return out


groups = [group(8, 0), group(8, 2), group(4, 1), group(5, 0)]
groups.append({"rewards": [0.1, 0.1, 0.1], "cut": [False, True, False]})  # nothing to compare
groups.append({"rewards": [None, 1.0], "cut": [False, False]})
cases = [
    {"baseline": b, "scale": s, "mask": m, "want": advantages(groups, b, s, m)}
    for b in ("mean", "leave_one_out")
    for s in ("none", "group", "batch")
    for m in (False, True)
]

# DAPO, equation 13, with its own symbols; the penalty factor is verl's.
def overlong(length, l_max, l_cache, factor):
    if length <= l_max - l_cache:
        return 0.0
    if length <= l_max:
        return factor * ((l_max - l_cache) - length) / l_cache
    return -factor


lengths = [0, 1, 150, 192, 193, 200, 223, 224, 225, 300]
punishments = [
    {"limit": l, "buffer": c, "penalty": p, "lengths": lengths, "want": [overlong(n, l, c, p) for n in lengths]}
    for l, c, p in [(224, 32, 1.0), (224, 64, 0.5), (256, 1, 1.0)]
]
print(json.dumps({"groups": groups, "cases": cases, "overlong": punishments}))
