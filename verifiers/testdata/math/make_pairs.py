"""Makes pairs.jsonl: answers of MATH (MIT licence) in other notations (label true) and changed a little (false).

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make_pairs.py DATASETS/math > pairs.jsonl

DATASETS/math holds train.jsonl.gz (field answer) and test.jsonl.gz (field solution, the answer in its last box).
A label holds by construction; where both sides can be read by latex_sympy.py, it is also checked at 50 digits, and a
pair that fails the check stops the script. The output depends on SEED and the inputs only.
"""
import collections
import gzip
import json
import random
import sys

import latex_sympy
import shapes

SEED = 20261124
PER_KIND = {True: 11, False: 13}   # at most this many pairs of one transformation
PER_GOLD = 2    # and this many with one gold


def boxed(solution):
    start = max(solution.rfind(r"\boxed"), solution.rfind(r"\fbox"))
    if start < 0 or "{" not in solution[start:]:
        return None
    open_, depth = solution.index("{", start), 0
    for i in range(open_, len(solution)):
        depth += {"{": 1, "}": -1}.get(solution[i], 0)
        if depth == 0:
            return solution[open_ + 1:i]
    return None


def golds(folder):
    found = set()
    with gzip.open(f"{folder}/train.jsonl.gz", "rt", encoding="utf-8") as lines:
        found.update(json.loads(line)["answer"] or "" for line in lines)
    with gzip.open(f"{folder}/test.jsonl.gz", "rt", encoding="utf-8") as lines:
        found.update(boxed(json.loads(line)["solution"]) or "" for line in lines)
    return sorted({g.strip().rstrip(".").strip() for g in found} - {""})


def check(gold, answer, label, how):
    a, b = latex_sympy.read(gold), latex_sympy.read(answer)
    if a is None or b is None:
        return "by construction"
    verdict = latex_sympy.same(a, b)
    if verdict is None:
        return "by construction"
    if verdict != label:
        raise SystemExit(f"label {label} is refuted: {gold!r} {answer!r} ({how})")
    return "sympy"


def main():
    rng = random.Random(SEED)
    pool = collections.defaultdict(list)
    all_golds = golds(sys.argv[1])
    rng.shuffle(all_golds)
    for gold in all_golds:
        for answer, label, how in shapes.variants(gold, rng):
            if answer != gold:
                pool[how, label].append((gold, answer))
    used, seen, rows, checked = collections.Counter(), set(), [], collections.Counter()
    for how, label in sorted(pool, key=lambda k: (len(pool[k]), k)):  # the rare ones choose their golds first
        pairs, taken = pool[how, label], 0
        rng.shuffle(pairs)
        for gold, answer in pairs:
            if taken == PER_KIND[label]:
                break
            if used[gold] >= PER_GOLD or (gold, answer) in seen:
                continue
            checked[check(gold, answer, label, how)] += 1
            seen.add((gold, answer))
            used[gold] += 1
            taken += 1
            rows.append((gold, answer, label, how))
    rows.sort(key=lambda r: (not r[2], r[3], r[0], r[1]))
    for i, (gold, answer, label, how) in enumerate(rows):
        print(json.dumps({"id": f"p{i + 1:04}", "gold": gold, "answer": answer, "label": label, "how": how}, ensure_ascii=False))
    print(len(rows), "pairs,", sum(r[2] for r in rows), "equal;", len(pool), "transformations;", dict(checked), file=sys.stderr)


if __name__ == "__main__":
    main()
