#!/usr/bin/env bash
# Makes the runs behind docs/results.md: bases of several corpora, then reinforcement learning from each, three
# seeds. About two hours on two cores. It can be stopped at any time and goes on where it was: a base that has its
# weights is kept, a finished run is not made again, an unfinished one is resumed from its newest checkpoint.
#   bench/results.sh [FOLDER]     default: results
# TOKENS: what each base reads; STEPS: of reinforcement learning. Fewer than the demo has, to stay within the two hours.
# SEEDS: of reinforcement learning. JOBS: how many jobs at a time, each on a core of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-results}
export out STEPS=${STEPS:-40} TOKENS=${TOKENS:-5000000}
seeds=${SEEDS:-"1 2 3"}
workers=${JOBS:-$(nproc)}
mkdir -p "$out/bases" "$out/runs" "$out/logs"

# On its core, with a log of its own.
pinned() { # NAME COMMAND...
  local log=$out/logs/$1.log; shift
  local pin=()
  if command -v taskset >/dev/null; then pin=(taskset -c "$SLOT"); fi
  "${pin[@]}" "$@" >>"$log" 2>&1 || { echo "failed: $* (see $log)" >&2; return 1; }
}
base() { # NAME SEED [-o key=value ...]
  local name=$1 folder="$out/bases/$1"; shift
  [ -f "$folder/model.safetensors" ] || pinned "base-$name" bin/rltrain pretrain recipes/base.yaml --out "$folder" -o "train.tokens=$TOKENS" --seed "$@"
  measure "$name" step0 --tasks countdown/rl --samples 2
  measure "$name" retry --tasks countdown/test --problems 512 --control retry
  measure "$name" best --tasks countdown/test --problems 512 --samples 3 --control own-verdict
  echo "base $name"
}
measure() { # BASE FILE FLAGS: what the base does before training
  local name=$1 file="$out/bases/$1/$2.json"; shift 2
  [ -f "$file" ] || pinned "base-$name" bin/rltrain eval --model "$out/bases/$name" --max-tokens 256 "$@" --json "$file"
}
rl() { # CONDITION BASE SEED [-o key=value ...]
  local run="$out/runs/$1/$2-seed$3" name="$1-$2-seed$3" model="$out/bases/$2" seed=$3 how=--force; shift 3
  [ -d "$run/checkpoints" ] && how=--resume # a finished run has nothing left to do
  until [ -f "$model/model.safetensors" ]; do sleep 5; done
  pinned "$name" bin/rltrain train recipes/r1zero-mini.yaml --out "$run" --model "$model" --seed "$seed" --steps "$STEPS" "$@" "$how" \
    -o 'final=[{tasks: countdown/test, problems: 512, samples: 2, temperature: 1, k: [1]}, {tasks: code-mini/test, samples: 2, temperature: 1, k: [1]}]'
  echo "run $name"
}
export -f pinned base measure rl

# The shipped base stands beside the bases made here, under the name base.
mkdir -p "$out/bases" && ln -sfn "$PWD/models/base" "$out/bases/base"

every_job() { # one a line; a run waits for its base, which stands before it
  cat <<END
base reflective-1 1
base reflective-2 2
base reflective-3 3
base share-0 1 -o corpus.reflective_share=0
base retry 1 -o corpus.style=retry
base phrase 1 -o corpus.style=phrase
base share-0.1 1 -o corpus.reflective_share=0.001
base share-1 1 -o corpus.reflective_share=0.01
END
  for s in $seeds; do
    for b in 1 2 3; do echo "rl reinforcement reflective-$b $s"; done
    for b in share-0 retry phrase; do echo "rl $b $b $s"; done
    echo "rl random-reward reflective-1 $s -o reward.mode=random"
    echo "rl format-only reflective-1 $s -o reward.mode=format_only"
    echo "rl rejection-sampling reflective-1 $s -o grpo.objective=rft"
    for b in share-0.1 share-1; do echo "rl $b $b $s"; done
    algorithms "$s"
  done
}
algorithms() { # SEED: the field's algorithms on the shipped base, as their authors set them where the recipe does not say otherwise
  echo "rl ours base $1"
  echo "rl grpo base $1 -o grpo.scale=group -o grpo.aggregation=seq-mean-token-mean -o grpo.clip_high=0.2 -o grpo.kl=0.04"
  echo "rl dapo base $1 -o grpo.scale=group -o grpo.aggregation=token-mean -o grpo.dynamic.max_rounds=3 -o grpo.overlong.buffer=64 -o grpo.overlong.penalty=1"
  echo "rl gspo base $1 -o grpo.scale=group -o grpo.aggregation=seq-mean-token-mean -o grpo.loss=gspo -o grpo.clip_low=3e-4 -o grpo.clip_high=4e-4"
  echo "rl cispo base $1 -o grpo.scale=group -o grpo.aggregation=token-mean -o grpo.loss=cispo -o grpo.clip_low=1"
}
every_job | xargs -P "$workers" -I{} --process-slot-var=SLOT bash -c 'set -euo pipefail; {}'
bin/rltrain results "$out"
