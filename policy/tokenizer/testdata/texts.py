"""Varied texts for the golden files of this folder: the same ones for the same count, on any machine."""

import random

WORDS = """the of and to in I'm you're WE'LL it's they'd I've don't DON'T naïve café résumé Straße ﬁnance İstanbul ſ's 'S 'LL \u212aelvin
tokenization antidisestablishmentarianism supercalifragilistic Hello, world! however (see p. 3) e.g. i.e. U.S.A. o'clock rock'n'roll
привет мир Здравствуйте ελληνικά Ἀθῆναι שלום עולם السلام عليكم مرحبا हिन्दी नमस्ते ภาษาไทย ไทย 日本語 東京タワー こんにちは カタカナ 中文字符 你好世界 龥龦 한국어 안녕하세요
Tiếng_Việt ქართული հայերեն ትግርኛ தமிழ் বাংলা ᚠᛇᚻ 𝒜𝓁𝑔 𐍈𐌰 ⅷ ² ½ ① ٣٤٥ ४५६ 𝟘𝟙 〇 三 1 12 123 1234 12345 1234567890 3.14159 -42 1e-9 0xFF 2026-11-24""".split()

CODE = [
    "def f(x):\n    return [i ** 2 for i in range(x) if i % 2 == 0]\n", "for (int i = 0; i < n; ++i) {\n\t\tsum += a[i];\n\t}\n",
    "SELECT * FROM t WHERE a <> 'b' AND c IS NOT NULL;--x", "#include <stdio.h>\r\nint main() { printf(\"%d\\n\", 1); }\r\n", "\\frac{a}{b} \\left( x^{2}_{i} \\right)",
    "<div class=\"a\"><p>&nbsp;&amp;</p></div>", "https://example.org/a?b=c&d=%20#e", "user@example.com", "{\"a\": [1, 2.5, null], \"b\": {}}", "x = y -> z => w != v === u ...", "```go\nfunc main() {}\n```",
]

SIGNS = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["...", "--", "—", "“q”", "‘s", "’s", "…", "€", "£", "©", "™", "→", "∑", "≤", "、", "。", "！", "「x」", "،", "؟", "।", "«»", "\u2060", "\u00ad"]

SPACES = [" ", "  ", "   ", "     ", "\t", "\t\t", " \t ", "\n", "\n\n", "\n\n\n", " \n", "\n ", "\r\n", "\r", "\r\n\r\n", "\u00a0", "\u3000", "\u2003", "\u2028", "\u0085", "\v", "\f", "\u200b", "\ufeff", "\x1c", "        ", " \n \n "]

MARKS = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "🏳️‍🌈", "❤️", "1️⃣", "e\u0301", "a\u0308\u0323", "\u1100\u1161\u11a8", "n\u0303", "\u0e33", "\u0958", "\ufb2a", "\u2126", "\u00c5", "\u0344", "Z\u0351\u036b\u0343", "\ufffd", "\x00", "\x07", "\x7f", "\u0080", "\uffff", "\U0010ffff", "\ue000", "\U000e0041", "ﷺ", "ǅ", "ŉ", "ﬃ", "㎏", "Å"]


def invalid(rng):
    """Bytes that are no UTF-8, as a reader that replaces them shows them."""
    raw = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 12)))
    cut = "日é😀ж".encode()[: rng.randrange(1, 11)]
    return (raw + cut).decode("utf-8", "replace")


def anything(rng):
    """Characters from anywhere, surrogates apart."""
    out = []
    for _ in range(rng.randrange(1, 20)):
        top = rng.choice([0x80, 0x100, 0x800, 0x3000, 0x10000, 0x20000])
        c = rng.randrange(top)
        out.append(chr(c) if not 0xD800 <= c < 0xE000 else "?")
    return "".join(out)


def special(rng, specials):
    s = rng.choice(specials)
    return rng.choice([s, s, " " + s + " ", "x" + s + "x", s + s, s[:-1], s[1:], s + "\n", s.upper(), "  " + s + "\t\n"])


def one(rng, specials):
    kinds = [
        lambda: rng.choice(WORDS), lambda: rng.choice(WORDS), lambda: " " + rng.choice(WORDS), lambda: " " + rng.choice(WORDS), lambda: rng.choice(SPACES), lambda: rng.choice(SIGNS),
        lambda: rng.choice(SPACES) * rng.randrange(1, 4), lambda: rng.choice(SIGNS) * rng.randrange(1, 5), lambda: rng.choice(CODE), lambda: rng.choice(MARKS), lambda: str(rng.randrange(10 ** rng.randrange(1, 12))),
        lambda: special(rng, specials), lambda: anything(rng), lambda: invalid(rng), lambda: rng.choice(WORDS).upper(), lambda: rng.choice("abz'éЖ中 ") * rng.randrange(1, 40),
    ]
    weights = [14, 14, 20, 20, 8, 8, 5, 4, 3, 6, 5, 4, 2, 1, 3, 1]
    return "".join(k() for k in rng.choices(kinds, weights, k=rng.choice([1, 2, 3, 5, 8, 13, 30])))


def texts(count, specials, seed=11):
    rng = random.Random(seed)
    fixed = ["", " ", "\n", *WORDS, *CODE, *SIGNS, *SPACES, *MARKS, *specials]
    made = [one(rng, specials) for _ in range(max(0, count - len(fixed)))]
    return (fixed + made)[:count]
