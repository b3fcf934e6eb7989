#!/usr/bin/env bash
# What a training step spends beside sampling and training, on the demo's recipe; how fast rollouts are logged; and how long a
# log of a million of them takes to answer. No network, no peers.
# STEPS: training steps measured. ROLLOUTS: in the long log. RUNS: a folder that keeps the long log for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."
steps=${STEPS:-8} rollouts=${ROLLOUTS:-1000000}
out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
runs=${RUNS:-$out/runs}; mkdir -p "$runs"
runs=$(cd "$runs" && pwd)
value() { awk -v unit="$1" '{for (i = 2; i <= NF; i++) if ($i == unit) print $(i-1)}' "$2" | tail -1; }
row() { printf '%-56s %12s %14s\n' "$@"; }

go build -tags fts5 -o bin/rltrain ./cmd/rltrain
echo "overhead: $steps steps of recipes/r1zero-mini.yaml after two that compile"
go test -tags fts5 -run '^$' -bench '^BenchmarkOverhead$' -benchtime "${steps}x" -timeout 60m ./cmd/rltrain >"$out/overhead" || { cat "$out/overhead" >&2; exit 1; }
echo "the log: 2,048 rollouts a step"
go test -tags fts5 -run '^$' -bench '^BenchmarkRecordStep2048$' ./internal/runlog >"$out/record" || { cat "$out/record" >&2; exit 1; }
echo "a log of $rollouts rollouts"
RLTRAIN_BENCH_ROLLOUTS=$rollouts RLTRAIN_BENCH_RUNS=$runs go test -tags fts5 -run '^$' -bench '^BenchmarkPages$/^rollouts-step$' -benchtime 5x -timeout 60m ./internal/web >"$out/long" ||
  { cat "$out/long" >&2; exit 1; }
ask() { bin/rltrain rollouts "$runs/long" --step 40 --where 'reflections > 1 && verdict == "correct"' --limit 20 >/dev/null; }
ask # once, so that the file is in memory
before=$(date +%s%N); for _ in 1 2 3 4 5; do ask; done; after=$(date +%s%N)

row "" measured bar
row "judge, % of a step" "$(value verify-% "$out/overhead")" ""
row "log, % of a step (in the background of the next)" "$(value log-% "$out/overhead")" ""
row "assemble, % of a step" "$(value assemble-% "$out/overhead")" ""
row "these together, % of a step" "$(value overhead-% "$out/overhead")" "<= 5"
row "logged, rollouts/s" "$(value rollouts/s "$out/record")" ">= 20000"
row "rollouts --step --where on $rollouts, s" "$(awk -v ns=$((after - before)) 'BEGIN {printf "%.3f", ns / 5e9}')" "< 0.2"
