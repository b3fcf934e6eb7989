"""The transformations of make_pairs.py, by the shape of the gold. Each yields (answer, label, name)."""
import re

import expressions
import lists
import rationals


def variants(gold, rng):
    """All pairs that can be made of one gold."""
    out = []
    for maker in (rationals.variants, lists.variants, expressions.variants, words, any_gold):
        out.extend(maker(gold, rng))
    return [(a, label, how) for a, label, how in out if len(a) < 300]


def any_gold(g, rng):
    """Changes of layout that hold for every answer."""
    if re.search(r"text|mbox|[A-Z]{2}", g) or "$" in g or len(g) < 2 or re.fullmatch(r"-?\d+", g):
        return
    yield f"${g}$", True, "dollar signs"
    yield rf"\({g}\)", True, "round maths brackets"
    yield rf"\displaystyle {g}", True, "displaystyle"
    if "\\frac{" in g:
        yield g.replace("\\frac{", "\\dfrac{"), True, "dfrac"
        yield g.replace("\\frac{", "\\tfrac{"), True, "tfrac"
    if "\\left(" not in g and "(" in g and g.count("(") == g.count(")"):
        yield g.replace("(", r"\left(").replace(")", r"\right)"), True, "left and right"
    if "\\left" in g:
        yield g.replace("\\left", "").replace("\\right", ""), True, "no left and right"
    if " " in g and "\\" not in g:
        yield g.replace(" ", ""), True, "no spaces"
    if re.fullmatch(r"[\w+^()=,-]+", g):
        yield re.sub(r"([+=,])", r" \1 ", g), True, "more spaces"
    if "\\pi" in g:
        yield re.sub(r"\\pi *", "π", g), True, "unicode pi"
    if "-" in g:
        yield g.replace("-", "−"), True, "unicode minus"
    if re.search(r"\^\d(?!\d)", g) and "\\circ" not in g:
        yield re.sub(r"\^(\d)", r"^{\1}", g), True, "braces round exponents"


def words(g, rng):
    """Answers in words, choices, and numbers with units."""
    if m := re.fullmatch(r"\\(?:text|mbox|textbf)\{\(?([A-F])\)?\}|([A-F])", g):
        c = m.group(1) or m.group(2)
        yield c, True, "bare choice"
        yield f"({c})", True, "choice in brackets"
        yield rf"\textbf{{({c})}}", True, "bold choice"
        yield rf"\mathrm{{{c}}}", True, "roman choice"
        other = "ABCDEF"[("ABCDEF".index(c) + 1) % 6]
        yield rf"\text{{({other})}}", False, "neighbouring choice"
        yield f"{c} or {other}", False, "two choices"
        yield f"{c}, {other}", False, "two choices"
    elif m := re.fullmatch(r"\\(?:text|mbox)\{([A-Za-z]{3,})\}", g):
        w = m.group(1)
        yield w, True, "bare word"
        yield rf"\mathrm{{{w}}}", True, "roman word"
        yield rf"\textbf{{{w.capitalize()}}}", True, "bold capital word"
        yield w[:-1], False, "word cut"
        yield rf"\text{{not {w}}}", False, "negated word"
        yield rf"\text{{{w} or neither}}", False, "hedged word"
    if m := re.fullmatch(r"(-?[\d.]+) *\\(?:text|mbox)\{ *([a-z ]+)\}", g):
        n, unit = m.groups()
        yield f"{n} {unit}", True, "unit outside text"
        yield rf"{n}\mathrm{{ {unit}}}", True, "roman unit"
        yield n, True, "unit left out"
        if "." not in n:
            yield rf"{int(n) + 1}\text{{ {unit}}}", False, "off by one with unit"
            yield rf"{n}0 \text{{ {unit}}}", False, "ten times with unit"
    if m := re.fullmatch(r"(\d+)_\{?(\d+)\}?", g):
        digits, base = m.groups()
        yield f"{digits}_{{{base}}}" if "{" not in g else f"{digits}_{base}", True, "base with or without braces"
        yield rf"{digits}_{{\text{{{base}}}}}", True, "base in text"
        if len(digits) > 1:
            yield f"{digits}_{{{int(base) + 1}}}", False, "neighbouring base"
        if int(base) < 10 and len(digits) > 1 and int(digits, int(base)) != int(digits):
            yield rf"{int(digits, int(base))}_{{10}}", True, "base ten"
            yield rf"{int(digits)}_{{10}}", False, "digits read in base ten"
        if len(digits) > 1 and digits[-1] != digits[-2]:
            yield f"{digits[:-2]}{digits[-1]}{digits[-2]}_{{{base}}}", False, "digits swapped in a base"
    if m := re.fullmatch(r"(\d+) *: *(\d+)", g):
        a, b = m.groups()
        yield f"{a} : {b}", True, "ratio with spaces"
        yield f"{a}:{b}", True, "ratio without spaces"
        if a != b:
            yield f"{b}:{a}", False, "ratio reversed"
        yield f"{a}:{int(b) + 1}", False, "ratio off by one"
