#!/usr/bin/env bash
# Makes the runs behind docs/results.md: bases of several corpora, then reinforcement learning from each, three
# seeds. About two hours on two cores. It can be stopped at any time and goes on where it was: a base that has its
# weights is kept, a finished run is skipped, an unfinished one is resumed from its newest checkpoint.
#   bench/results.sh [FOLDER]     default: results
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-results}
seeds=${SEEDS:-"1 2 3"}
mkdir -p "$out/bases" "$out/runs"

base() { # NAME SEED [-o key=value ...]
  local folder="$out/bases/$1"; shift
  [ -f "$folder/model.safetensors" ] || bin/rltrain pretrain recipes/base.yaml --out "$folder" --seed "$@"
}
rl() { # CONDITION BASE SEED [-o key=value ...]
  local run="$out/runs/$1/$(basename "$2")-seed$3" model=$2 seed=$3; shift 3
  if [ -d "$run/checkpoints" ]; then
    case "$(bin/rltrain runs list --runs "$(dirname "$run")" | grep "$(basename "$run")" || true)" in
      *finished*) return ;;
    esac
    bin/rltrain train recipes/r1zero-mini.yaml --out "$run" --model "$model" --seed "$seed" "$@" --resume
  else
    bin/rltrain train recipes/r1zero-mini.yaml --out "$run" --model "$model" --seed "$seed" "$@" --force
  fi
}

base reflective-1 1; base reflective-2 2; base reflective-3 3
for b in 1 2 3; do for s in $seeds; do rl rl "$out/bases/reflective-$b" "$s"; done; done
base retry 1 -o corpus.style=retry
base phrase 1 -o corpus.style=phrase
base share-0 1 -o corpus.reflective_share=0
base share-0.1 1 -o corpus.reflective_share=0.001
base share-1 1 -o corpus.reflective_share=0.01
for s in $seeds; do
  rl random-reward "$out/bases/reflective-1" "$s" -o reward.mode=random
  rl format-only "$out/bases/reflective-1" "$s" -o reward.mode=format_only
  rl rejection-sampling "$out/bases/reflective-1" "$s" -o grpo.objective=rft
  for b in retry phrase share-0 share-0.1 share-1; do rl "$b" "$out/bases/$b" "$s"; done
done
bin/rltrain results "$out/runs"
