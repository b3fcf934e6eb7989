"""Writes bpe/: small byte-pair encodings of every published family, trained here, and what the Python library makes of many texts.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.22.1
    venv/bin/python bpe.py

texts.json    the texts, for all of them
NAME/         tokenizer.json, and cases.json: for each text its ids, its ids with the special tokens around it, and the decoded ids, null where they are the text;
              and for sequences of ids drawn blindly what they decode to
"""

import json
import pathlib
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from texts import CODE, MARKS, WORDS, texts

OUT = pathlib.Path(__file__).parent / "bpe"
SPECIALS = ["<|begin|>", "<|end|>", "<|pad|>"]
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
CJK = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"
DEEPSEEK = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
CORPUS = [" ".join(WORDS), *CODE, " ".join(MARKS), "the tokens of the text and the text of the tokens in the other then there they", "   \n\n\t\t    x    ", "20 200 2000 1999 12"] * 3


def split(pattern):
    return pre_tokenizers.Split(Regex(pattern), "isolated")


def bytes_after(*first):
    return pre_tokenizers.Sequence([*first, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def trained(pre, normalizer=None, size=480, alphabet=True, **model):
    tok = Tokenizer(models.BPE(**model))
    tok.normalizer, tok.pre_tokenizer = normalizer or tok.normalizer, pre or tok.pre_tokenizer
    start = pre_tokenizers.ByteLevel.alphabet() if alphabet else []
    extra = ["<unk>"] + [f"<0x{b:02X}>" for b in range(256)] if model.get("byte_fallback") else []
    tok.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=size + len(extra), initial_alphabet=start, special_tokens=extra, show_progress=False, limit_alphabet=120 if extra else 1000))
    if extra:  # as published: stand-ins are part of the vocabulary, not added tokens
        file = json.loads(tok.to_str())
        file["added_tokens"] = [a for a in file["added_tokens"] if a["content"] == "<unk>"]
        tok = Tokenizer.from_str(json.dumps(file))
    return tok


def family():
    template = processors.TemplateProcessing(single="<|begin|> $A", pair="<|begin|> $A $B", special_tokens=[("<|begin|>", 480)])
    gpt2 = trained(pre_tokenizers.ByteLevel(add_prefix_space=True))
    gpt2.decoder, gpt2.post_processor = decoders.ByteLevel(), processors.ByteLevel()
    smol = trained(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]))
    smol.decoder = decoders.ByteLevel()
    llama3 = trained(bytes_after(split(LLAMA3)), ignore_merges=True)
    llama3.decoder, llama3.post_processor = decoders.ByteLevel(), processors.Sequence([processors.ByteLevel(), template])
    qwen = trained(bytes_after(split(LLAMA3.replace("{1,3}", ""))), normalizers.NFC())
    qwen.decoder = decoders.ByteLevel()
    deepseek = trained(bytes_after(split(r"\p{N}{1,3}"), split(CJK), split(DEEPSEEK)), normalizers.Sequence([]))
    deepseek.decoder = decoders.ByteLevel()
    o200k = trained(bytes_after(split(O200K)))
    o200k.decoder = decoders.ByteLevel()
    gemma = trained(pre_tokenizers.Split(" ", "merged_with_previous"), normalizers.Replace(" ", "▁"), alphabet=False, byte_fallback=True, fuse_unk=True, unk_token="<unk>")
    gemma.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    llama2 = trained(None, normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), alphabet=False, byte_fallback=True, fuse_unk=True, unk_token="<unk>")
    llama2.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    meta = trained(pre_tokenizers.Sequence([pre_tokenizers.Metaspace(prepend_scheme="first"), pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.Digits()]), normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()]), alphabet=False)
    meta.decoder = decoders.Metaspace(prepend_scheme="first")
    odd = trained(pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex("[aeiou]"), "merged_with_next"), pre_tokenizers.Split("-", "removed")]), normalizers.Strip(), alphabet=False)
    return {"gpt2": gpt2, "smol": smol, "llama3": llama3, "qwen": qwen, "deepseek": deepseek, "o200k": o200k, "gemma": gemma, "llama2": llama2, "meta": meta, "odd": odd}


def add(name, tok):
    tok.add_special_tokens([AddedToken(s, normalized=False, special=True) for s in SPECIALS])
    tok.add_tokens([AddedToken("<think>", normalized=False), AddedToken("<tool▁sep>", normalized=True), AddedToken("é!", normalized=True)])
    if name in ("meta", "odd", "qwen"):
        tok.add_tokens([AddedToken("[L]", lstrip=True, normalized=False), AddedToken("[R]", rstrip=True), AddedToken("word", single_word=True), AddedToken("Caf\u0065\u0301", normalized=True)])
    return ["[L]", "[R]", "word", "Cafe\u0301", "Café", *SPECIALS, "<think>", "<tool▁sep>", "é!"]


def save(name, tok, all_texts):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    file = json.loads(tok.to_str())
    if name in ("gpt2", "smol"):  # the older spelling of merges
        file["model"]["merges"] = [" ".join(m) for m in file["model"]["merges"]]
    (folder / "tokenizer.json").write_text(json.dumps(file, ensure_ascii=False))
    tok = Tokenizer.from_file(str(folder / "tokenizer.json"))
    rng = random.Random(5)
    ids = [tok.encode(t, add_special_tokens=False).ids for t in all_texts]
    blind = [[rng.randrange(tok.get_vocab_size()) for _ in range(rng.randrange(1, 12))] for _ in range(150)]
    cases = {
        "ids": ids, "framed": [tok.encode(t).ids for t in all_texts[:20]], "decoded": [None if tok.decode(i) == t else tok.decode(i) for i, t in zip(ids, all_texts)],
        "blind": blind, "seen": [tok.decode(b) for b in blind],
    }
    (folder / "cases.json").write_text(json.dumps(cases, separators=(",", ":")))
    print(name, tok.get_vocab_size(), "ids,", sum(map(len, ids)), "tokens")


def main():
    made = family()
    for name, tok in made.items():
        specials = add(name, tok)
    all_texts = texts(700, specials)[::2]
    OUT.mkdir(exist_ok=True)
    (OUT / "texts.json").write_text(json.dumps(all_texts, separators=(",", ":")))
    for name, tok in made.items():
        save(name, tok, all_texts)


main()
