#!/usr/bin/env bash
# How rates and memory of our engine grow with batch, layers, experts and length: one process a case, tables in Markdown. No peer.
# AXES="batch layers" runs some of them.
set -euo pipefail
cd "$(dirname "$0")/.."
axes=${AXES:-batch layers experts length-latent length-plain drawn-latent drawn-plain}
out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
go test -c -tags fts5 -o "$out/moe.test" ./policy/moe
declare -A sizes=([batch]="8 32 128 256" [layers]="2 4 8 16" [experts]="8 16 64 256"
  [length-latent]="256 512 1024 2048 4096 8192" [length-plain]="256 512 1024 2048 4096 8192"
  [drawn-latent]="256 512 1024 2048 4096 8192" [drawn-plain]="256 512 1024 2048 4096 8192")
cd policy/moe # tests find their files from there
for axis in $axes; do
  for size in ${sizes[$axis]}; do
    echo "load $(cut -d' ' -f1 /proc/loadavg)" >>"$out/results"
    "$out/moe.test" -test.run '^$' -test.bench "^BenchmarkGrowth\$/^$axis\$/^$size\$" -test.benchtime 1x -test.timeout 30m >"$out/one" || { cat "$out/one" >&2; exit 1; }
    grep '^Benchmark' "$out/one" | tee -a "$out/results" >&2
  done
done
python3 - "$out/results" <<'PY'
import re, sys
columns = [("sampled_tok/s", "sampled tokens/s"), ("sampled_tok/cpu-s", "a processor second"), ("prompt_tok/s", "prompt tokens/s"), ("trained_tok/s", "trained tokens/s"),
           ("trained_tok/cpu-s", "a processor second"), ("peak_MB", "peak memory, MB"), ("cache_MB", "cache of a sequence, MB")]
axes, loads = {}, []
for line in open(sys.argv[1]):
    if line.startswith("load "):
        loads.append(float(line.split()[1]))
        continue
    axis, size = re.match(r"BenchmarkGrowth/([\w-]+?)/(\d+)", line).groups()
    values = {unit: float(number) for number, unit in re.findall(r"([\d.]+) (\S+)", line)}
    axes.setdefault(axis, []).append((size, values))
for axis, rows in axes.items():
    shown = [(unit, title) for unit, title in columns if unit in rows[0][1]]
    print(f"\n| {axis} | " + " | ".join(title for _, title in shown) + " |")
    print("| --- " * (len(shown) + 1) + "|")
    for size, values in rows:
        print(f"| {int(size):,} | " + " | ".join(f"{values[unit]:,.0f}" if values[unit] >= 10 else f"{values[unit]:.2f}" for unit, _ in shown) + " |")
print(f"\nload of the machine before a case: {min(loads):.1f} to {max(loads):.1f}")
PY
