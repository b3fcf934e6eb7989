"""Writes the golden file of a published tokenizer: what the Python library makes of many texts.

    python real.py OUT.json COUNT TOKENIZER.json      tokenizers==0.22.1
    python real.py OUT.json COUNT MODEL.gguf          tokenizers==0.22.1, gguf==0.19.0: its byte-level BPE is put together here,
                                                      apart from the Go code, from the pre-tokenizer that its name stands for

The output has texts, and ids and decoded for each (null where decoded is the text), blind ids and what they decode to.
"""

import json
import random
import sys

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from texts import texts


def from_gguf(path):
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    if fields["tokenizer.ggml.pre"].contents() != "smollm":
        sys.exit("only SmolLM2's pre-tokenizer is known here")
    pieces, kinds = fields["tokenizer.ggml.tokens"].contents(), fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(m.split(" ")) for m in fields["tokenizer.ggml.merges"].contents()]
    tok = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, merges))
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tok.decoder = decoders.ByteLevel()
    tok.add_special_tokens([AddedToken(p, normalized=False, special=True) for p, k in zip(pieces, kinds) if k == 3])
    return tok


def main():
    out, count, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    tok = from_gguf(path) if path.endswith(".gguf") else Tokenizer.from_file(path)
    tok.no_truncation()
    tok.no_padding()
    added = [a.content for _, a in sorted(tok.get_added_tokens_decoder().items())]
    all_texts = texts(count, added[:12] + added[-12:])
    rng, size = random.Random(5), tok.get_vocab_size()
    ids = [tok.encode(t, add_special_tokens=False).ids for t in all_texts]
    decoded = [tok.decode(i) for i in ids]
    blind = [[rng.randrange(size) for _ in range(rng.randrange(1, 12))] for _ in range(1000)]
    cases = {"texts": all_texts, "ids": ids, "framed": [tok.encode(t).ids for t in all_texts[:100]], "decoded": [None if d == t else d for d, t in zip(decoded, all_texts)], "blind": blind, "seen": [tok.decode(b) for b in blind]}
    with open(out, "w") as f:
        json.dump(cases, f, separators=(",", ":"))
    print(len(all_texts), "texts,", sum(map(len, ids)), "tokens")


main()
