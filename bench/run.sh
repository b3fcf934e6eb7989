#!/usr/bin/env bash
# Our engine beside TRL's GRPOTrainer, same shapes, same thread count, one run, in turn.
# Needs python3; the peers' packages (several GB) go into bench/.venv the first time.
set -euo pipefail
cd "$(dirname "$0")/.."
threads=${THREADS:-$(nproc)}
python=${BENCH_PYTHON:-bench/.venv/bin/python}
if [ ! -x "$python" ]; then
  echo "installing the peers into bench/.venv (torch, transformers, trl: several GB, once)"
  python3 -m venv bench/.venv && bench/.venv/bin/pip install -q -r bench/requirements.txt
fi
out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
echo "rltrain, $threads threads: 32 prompts x 8 x 224 tokens, DeepSeek-V3 style, 8.0 M parameters"
PJRT_NPROC=$threads go test -tags fts5 -run '^$' -bench GRPOStep -benchtime 2x -timeout 30m ./policy/moe | tee "$out/ours"
echo "TRL, $threads threads: the same shapes"
"$python" bench/trl_grpo.py --arch deepseek_v3 --threads "$threads" --steps 2 2>"$out/trl.err" | tail -1 | tee "$out/trl" || { cat "$out/trl.err" >&2; exit 1; }
echo "types of products, shipped base: rates, log-probs of sampler against trainer"
PJRT_NPROC=$threads go test -tags fts5 -run '^$' -bench '^BenchmarkDType$' -benchtime 3x -timeout 30m ./policy/moe | grep '^Benchmark'
"$python" - "$out/ours" "$out/trl" <<'PY'
import json, re, sys
ours = open(sys.argv[1]).read(); trl = json.loads(open(sys.argv[2]).read())
get = lambda unit: float(re.search(r"([\d.]+) " + re.escape(unit), ours).group(1))
w = trl["wall_s_per_step"]; n = trl["completion_tokens_per_step"]
rows = [("sampling tokens/s", get("sampled_tok/s"), n / w["generate"]),
        ("training tokens/s", get("trained_tok/s"), n / (w["step"] - w["generate"])),
        ("seconds per GRPO step", get("s/step"), w["step"])]
print(f"{'':24}{'rltrain':>12}{'TRL ' + trl['trl']:>12}{'ratio':>8}")
for name, a, b in rows:
    print(f"{name:24}{a:12.1f}{b:12.1f}{(b / a if 'seconds' in name else a / b):8.2f}")
PY
