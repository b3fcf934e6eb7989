"""Writes the golden files of policy/tokenizer: what the Python tokenizers library makes of many texts.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.22.1
    venv/bin/python gen.py

words/    the tokenizer of the built-in tasks: its pieces, tokenizer.json as the library saves it, and cases
unicode/  a tokenizer with an unknown token, Unicode classes and an added token that is not special

A case is [text, ids or null where the library raises, the decoded ids, the pieces before the look-up].
"""

import json
import pathlib
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

HERE = pathlib.Path(__file__).parent
SPECIAL = ["<pad>", "<bos>", "<eos>"]
WORDS = r"<think>|</think>|<answer>|</answer>|\n| ?[A-Za-z_]+|[0-9]| ?(?:==|>=|<=)| ?[^ \nA-Za-z0-9_]| "
UNICODE = r"<tag>|\n| ?\p{L}+|\d| ?==| ?>=| ?<=| ?[^\s\dA-Za-z_\p{L}]|\s+"

TEXTS = [
    "Using the numbers 3, 7, 2, make 13.\n<think>\n3 * 7 - 2 = 19, not 13. Wait, 3 + 7 + 2 = 12. ",
    "Let me check: 7 * 2 - 3 = 11.\nSo (7 - 2) * 3 = 15.\n</think>\n<answer>(7 - 2) + 8 == 13</answer>",
    "def solve(xs):\n    return sum(x for x in xs if x >= 3 and x <= 45 or x == 6)",
    "Write f that keeps the even_items of xs; doubles each, then adds 1 / 2 % 9 ** 2 != 0 [1:-1] {a} \"s\" 'c'",
]


def make(pieces, pattern, extra):
    vocab = {p: i for i, p in enumerate(SPECIAL + pieces)}
    while len(vocab) % 16:
        vocab[f"<unused{len(vocab) - len(SPECIAL) - len(pieces)}>"] = len(vocab)
    tok = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    tok.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), "isolated")
    tok.decoder = decoders.Fuse()
    tok.add_special_tokens([AddedToken(s, normalized=False, special=True) for s in SPECIAL])
    tok.add_tokens([AddedToken(s, normalized=False) for s in extra])
    return tok


def case(tok, text):
    pieces = [p for p, _ in tok.pre_tokenizer.pre_tokenize_str(text)]
    try:
        ids = tok.encode(text, add_special_tokens=False).ids
    except Exception:  # WordLevel raises a bare Exception for an unknown piece
        return [text, None, "", pieces]
    return [text, ids, tok.decode(ids, skip_special_tokens=True), pieces]


def write(name, tok, pieces, pattern, texts):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    tok.save(str(folder / "tokenizer.json"), pretty=True)
    again = Tokenizer.from_file(str(folder / "tokenizer.json"))
    cases = [case(again, t) for t in texts]
    lines = ",\n".join(json.dumps(c, ensure_ascii=True) for c in cases)
    head = json.dumps({"pattern": pattern, "pieces": pieces})
    (folder / "cases.json").write_text(head[:-1] + ', "cases": [\n' + lines + "\n]}\n")
    print(name, len(cases), "cases,", sum(c[1] is None for c in cases), "of them raise,", tok.get_vocab_size(), "ids")


def main():
    rng = random.Random(7)
    split = pre_tokenizers.Split(Regex(WORDS), "isolated")
    pieces = sorted({p for t in TEXTS for p, _ in split.pre_tokenize_str(t)} | set("0123456789 \n"))
    texts = ["", *TEXTS, *SPECIAL, "<eos><eos>", "<bos>" + TEXTS[0] + "<eos>", "<unused0>", "<think", "a<pad", "<<eos>>"]
    for _ in range(250):  # the language itself, cut and joined anywhere
        some = [rng.choice(pieces) for _ in range(rng.randrange(1, 40))]
        texts.append("".join("\n" + p if p[0].isalpha() else p for p in some))
    for _ in range(80):
        t = rng.choice(TEXTS)
        a, b = sorted((rng.randrange(len(t) + 1), rng.randrange(len(t) + 1)))
        texts.append(t[a:b] + rng.choice(SPECIAL + [""]) + t[:a])
    for _ in range(60):  # mostly outside of it
        texts.append("".join(rng.choice("ab _<>=/?!3 \n\té") for _ in range(rng.randrange(1, 12))))
    write("words", make(pieces, WORDS, []), pieces, WORDS, texts)

    pieces = ["<unk>", "<tag>", "\n", " ", "é", " é", "日本", "==", " ==", "1", "٣", "  ", "<", "\u00a0"]
    letters = list("aé日本1٣²x_<>=!. ") + ["\n", "\t", "\v", "\f", "\r", "\x1c", "\x85", "\u00a0", "\u1680", "\u2003", "\u2028", "\u2029",
               "\u202f", "\u205f", "\u3000", "\u200b", "\ufeff", "\u0301", "\U0001f600", "ſ", "K", "<tag>", "<eos>", "<more>", "<mor", "日本", "=="]
    texts = ["".join(rng.choice(letters) for _ in range(rng.randrange(1, 25))) for _ in range(300)]
    write("unicode", make(pieces, UNICODE, ["<more>", "<more>x"]), pieces, UNICODE, texts + letters)


main()
