"""Judges labelled pairs of answers with math-verify, one process, one by one, and prints one JSON line.

    math_peer.py PAIRS.jsonl...       lines {"gold", "answer", "label"}

Gold and answer are each parsed from a box with math-verify's defaults, as its README shows.
"""
import json
import logging
import sys
import time

import math_verify
from importlib.metadata import version

logging.disable(logging.CRITICAL)


def accepts(gold, answer):
    try:
        return bool(math_verify.verify(math_verify.parse(rf"\boxed{{{gold}}}"), math_verify.parse(rf"\boxed{{{answer}}}")))
    except Exception:  # what it cannot judge it does not pay
        return False


def main():
    pairs = [json.loads(line) for name in sys.argv[1:] for line in open(name, encoding="utf-8")]
    for pair in pairs[:: max(1, len(pairs) // 20)]:
        accepts(pair["gold"], pair["answer"])  # loads grammars and caches
    took, false_accepts, false_rejects = [], 0, 0
    cpu = time.process_time()
    for pair in pairs:
        start = time.perf_counter()
        got = accepts(pair["gold"], pair["answer"])
        took.append(time.perf_counter() - start)
        false_accepts += got and not pair["label"]
        false_rejects += pair["label"] and not got
    took.sort()
    print(json.dumps({"version": version("math-verify"), "pairs": len(pairs), "cases_s": len(pairs) / sum(took),
                      "cases_cpu_s": len(pairs) / (time.process_time() - cpu),
                      "p50_us": 1e6 * took[len(took) // 2], "p99_us": 1e6 * took[len(took) * 99 // 100], "max_us": 1e6 * took[-1],
                      "agreement": 100 - 100 * (false_accepts + false_rejects) / len(pairs),
                      "false_accepts": false_accepts, "false_rejects": false_rejects}))


if __name__ == "__main__":
    main()
