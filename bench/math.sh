#!/usr/bin/env bash
# Our math verifier beside math-verify: the labelled pairs of verifiers/testdata/math, one core, one run, in turn.
# Needs python3; math-verify goes into bench/.venv/math the first time.
#   BENCH_MATH_PYTHON: a Python that has math-verify. CORE: which core both run on (default: the last).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${BENCH_MATH_PYTHON:-bench/.venv/math/bin/python}
if [ ! -x "$python" ]; then
  echo "installing math-verify into bench/.venv/math (once)"
  python3 -m venv bench/.venv/math && bench/.venv/math/bin/pip install -q -r bench/requirements-math.txt
fi
pin=()
if command -v taskset >/dev/null; then pin=(taskset -c "${CORE:-$(($(nproc) - 1))}"); fi
out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
go test -tags fts5 -c -o "$out/verifiers.test" ./verifiers
(cd verifiers && GOMAXPROCS=1 "${pin[@]}" "$out/verifiers.test" -test.run '^$' -test.bench '^BenchmarkMathPairs$' -test.benchtime 5x) >"$out/ours"
"${pin[@]}" "$python" bench/math_peer.py verifiers/testdata/math/pairs.jsonl verifiers/testdata/math/hand.jsonl >"$out/theirs"
"$python" - "$out/ours" "$out/theirs" <<'PY'
import json, re, sys
ours = open(sys.argv[1], encoding="utf-8").read(); them = json.load(open(sys.argv[2]))
get = lambda unit: float(re.search(r"([\d.e+]+) " + re.escape(unit) + r"(?:\s|$)", ours).group(1))
rows = [("cases/s", get("cases/s"), them["cases_s"]), ("p50, µs a case", get("p50-µs"), them["p50_us"]),
        ("p99, µs a case", get("p99-µs"), them["p99_us"]), ("longest case, µs", get("max-µs"), them["max_us"]),
        ("agreement, %", get("%agreement"), them["agreement"]),
        ("false accepts", get("false-accepts"), them["false_accepts"]), ("false rejects", get("false-rejects"), them["false_rejects"])]
print(f"{them['pairs']} labelled pairs, one core")
print(f"{'':20}{'rltrain':>12}{'math-verify ' + them['version']:>20}")
for name, a, b in rows:
    print(f"{name:20}{a:12,.1f}{b:20,.1f}")
print(f"{'allocations a case':20}{get('allocs/case'):12,.1f}{'':>20}\n{'bytes a case':20}{get('B/case'):12,.0f}{'':>20}")
ratio = rows[0][1] / rows[0][2]
print(f"rltrain judges {ratio:,.0f} times as many cases a second")
PY
