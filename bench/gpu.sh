#!/usr/bin/env bash
# Our engine beside TRL with HF generate on one GPU: random weights, same config.json, float32 without TF32, one run, in turn.
# DEVICE=cpu is a dry run with a tiny model: it tells whether all parts work, and its figures mean nothing.
# TRL comes from bench/.venv (several GB, once) or BENCH_PYTHON; on the CPU it is left out unless one of them is there.
set -euo pipefail
cd "$(dirname "$0")/.."
device=${DEVICE:-cuda}
threads=${THREADS:-$(nproc)}
case $device in
  cuda) sizes=${SIZES:-0.1b 0.5b 1.5b} shape=${SHAPE:-32x8x224} repeats=2x ;;
  cpu)  sizes=${SIZES:-tiny} shape=${SHAPE:-4x4x16} repeats=1x ;;
  *) echo "bench/gpu.sh: DEVICE is $device: want cuda or cpu" >&2; exit 1 ;;
esac
IFS=x read -r prompts group new <<<"$shape"
bin/rltrain doctor | grep -E '^(system|cores|gpu|plug-in)'
if [ "$device" = cuda ]; then
  nvidia-smi >/dev/null || { echo "bench/gpu.sh: no NVIDIA device here (nvidia-smi): try make bench-gpu DEVICE=cpu for a dry run" >&2; exit 1; }
fi
bin/rltrain plugin --device "$device" >/dev/null
python=${BENCH_PYTHON:-bench/.venv/bin/python}
if [ ! -x "$python" ] && [ "$device" = cuda ]; then
  echo "installing the peers into bench/.venv (torch, transformers, trl: several GB, once)"
  python3 -m venv bench/.venv && bench/.venv/bin/pip install -q -r bench/requirements.txt
fi
out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
for size in $sizes; do
  echo "$size: $shape tokens, ours"
  RLTRAIN_BENCH_CONFIG=$PWD/bench/gpu/$size RLTRAIN_BENCH_SHAPE=$shape RLTRAIN_BENCH_DEVICE=$device PJRT_NPROC=$threads \
    go test -tags fts5 -run '^$' -bench '^BenchmarkDevice$' -benchtime "$repeats" -timeout 60m ./policy/moe | tee "$out/$size.ours"
  if [ -x "$python" ]; then
    echo "$size: $shape tokens, TRL"
    "$python" bench/trl_grpo.py --config "bench/gpu/$size" --device "$device" --threads "$threads" --steps 2 --prompts "$prompts" --group "$group" \
      --new "$new" --micro $((group < 16 ? group : 16)) 2>"$out/trl.err" | tail -1 >"$out/$size.trl" || { tail -5 "$out/trl.err" >&2; rm -f "$out/$size.trl"; }
  fi
done
table=${TABLE:-$out/table.md}
[ "$device" = cpu ] || table=${TABLE:-bench/gpu-table.md}
python3 bench/gpu_table.py "$out" "$device" "$shape" $sizes >"$table"
cat "$table"
[ "$table" = "$out/table.md" ] || echo "written: $table"
