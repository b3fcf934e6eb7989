"""Transformations of tuples, intervals, unions, sets, bare lists and matrices."""
import re

import latex_sympy


def split(text):
    """The parts between commas outside all brackets."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(c, 0)
        if c == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return [*parts, text[start:].strip()]


def values(parts):
    """The parts as sympy values if all are numbers and differ, else None."""
    got = [latex_sympy.read(p) for p in parts]
    if any(v is None or v.free_symbols for v in got) or any(re.search(r"\d,\d{3}", p) for p in parts):
        return None
    return got if len(set(got)) == len(got) else None


def plain(gold):
    return gold.replace("\\left", "").replace("\\right", "").strip()


def variants(g, rng):
    p = plain(g)
    if re.search(r"\d\{,\}\d|,\\!\d|^-?\d{1,3}(,\d{3})+$", p):
        return  # thousands
    if m := re.fullmatch(r"\\begin\{pmatrix\}(.*)\\end\{pmatrix\}", p, re.S):
        yield from matrix(m.group(1).strip())
    elif "\\cup" in p:
        yield from union(p)
    elif re.fullmatch(r"([xyktrn]) *\\in *[\[(].*[\])]", p):
        yield p.split("\\in")[1].strip(), True, "membership left out"
    elif m := re.fullmatch(r"([\[(])(.*)([\])])", p):
        parts = split(m.group(2))
        if "infty" in p or m.group(1) == "[" or m.group(3) == "]":
            if len(parts) == 2:
                yield from interval(m.group(1), *parts, m.group(3))
        elif len(parts) > 1 and not re.search(r"\)\s*\(", p):
            yield from point(parts)
    elif "," in p and "{" not in p.replace("\\frac{", "").replace("\\sqrt{", "") or re.fullmatch(r"\\\{.*\\\}", p):
        braces = p.startswith("\\{")
        parts = split(p[2:-2] if braces else p)
        if len(parts) > 1 and not re.search(r"text|=|[()]", p) and values(parts):
            yield from bare(parts)


def point(parts):
    text = ", ".join(parts)
    vals = values(parts)
    yield "(" + ",".join(parts) + ")", True, "tuple without spaces"
    yield rf"\left( {text} \right)", True, "tuple with left and right"
    yield rf"\bigl({text}\bigr)", True, "tuple with bigl and bigr"
    yield rf"(x, y) = ({text})" if len(parts) == 2 else rf"(a, b, c) = ({text})" if len(parts) == 3 else f"({text})", True, "names before a tuple"
    yield f"({parts[0]}, {text})", False, "tuple with an entry too many"
    yield f"({', '.join(parts[:-1])})" if len(parts) > 2 else f"({parts[0]})", False, "tuple with an entry missing"
    if not vals:
        return
    yield f"({', '.join(parts[::-1])})", False, "tuple reversed"
    yield f"({', '.join([parts[1], parts[0], *parts[2:]])})", False, "tuple reordered"
    if vals[-1] != 0:
        last = parts[-1][1:] if parts[-1].startswith("-") else "-" + parts[-1]
        if not re.search(r"[+-]", last[1:]):
            yield f"({', '.join([*parts[:-1], last])})", False, "sign of an entry flipped"
    if vals[0].is_Integer:
        yield f"({', '.join([str(vals[0] + 1), *parts[1:]])})", False, "entry off by one"
        yield f"({vals[0]}.0, {', '.join(parts[1:])})", True, "entry with point zero"
    if len(parts) == 2:
        yield rf"({text}), ({parts[1]}, {parts[0]})", False, "second tuple added"
        yield rf"\begin{{pmatrix}} {parts[0]} \\ {parts[1]} \end{{pmatrix}}", True, "tuple as a column"


def interval(left, a, b, right):
    for end in (a, b):  # letters have no order
        if "infty" not in end and ((v := latex_sympy.read(end)) is None or v.free_symbols):
            return
    yield f"{left}{a},{b}{right}", True, "interval without spaces"
    yield rf"\left{left}{a}, {b}\right{right}", True, "interval with left and right"
    yield f"x \\in {left}{a}, {b}{right}", True, "membership of an interval"
    low, high = "infty" in a, "infty" in b
    if low and not high:
        yield f"x {'<' if right == ')' else chr(92) + 'le'} {b}", True, "half line as an inequality"
        yield f"x {'<' if right == ']' else chr(92) + 'le'} {b}", False, "inequality, strictness changed"
        yield f"x > {b}", False, "inequality reversed"
    elif high and not low:
        yield f"x {'>' if left == '(' else chr(92) + 'ge'} {a}", True, "half line as an inequality"
        yield f"x {'>' if left == '[' else chr(92) + 'ge'} {a}", False, "inequality, strictness changed"
        yield f"x < {a}", False, "inequality reversed"
    elif not low and not high:
        lt = {"(": "<", "[": r"\le", ")": "<", "]": r"\leq"}
        yield f"{a} {lt[left]} x {lt[right]} {b}", True, "interval as an inequality"
        yield f"{b} {lt[left]} x {lt[right]} {a}", False, "chain with ends swapped"
    other = {"(": "[", "[": "(", ")": "]", "]": ")"}
    if not low:
        yield f"{other[left]}{a},{b}{right}", False, "left bracket changed"
    if not high:
        yield f"{left}{a},{b}{other[right]}", False, "right bracket changed"
    if not low and not high and not (left == "[" and right == "]"):
        yield f"{other[left]}{a},{b}{other[right]}", False, "both brackets changed"
    yield f"{left}{b},{a}{right}", False, "interval ends swapped"
    if not high:
        yield rf"{left}{a},{b}{right} \cup (1000, 1001)", False, "interval added"
    yield rf"\{{{a}, {b}\}}", False, "interval as a set"


def union(p):
    parts = [s.strip() for s in p.split("\\cup")]
    if len(parts) < 2 or any(not re.fullmatch(r"[\[(].*[\])]", s) for s in parts):
        return
    yield r" \cup ".join(parts[::-1]), True, "union reversed"
    yield "∪".join(parts), True, "union sign of unicode"
    yield r" \cup ".join(rf"\left{s[:-1]}\right{s[-1]}" for s in parts), True, "union with left and right"
    yield rf"x \in {p}", True, "membership of a union"
    yield parts[0], False, "part of a union"
    yield parts[-1], False, "part of a union"
    yield p.replace("\\cup", "\\cap"), False, "intersection for union"
    for old, new in (("[", "("), ("]", ")")):
        if old in p:
            yield p.replace(old, new, 1), False, "bracket of a union changed"


def bare(parts):
    text = ", ".join(parts)
    yield ", ".join(parts[::-1]), True, "list reversed"
    yield ",".join(parts), True, "list without spaces"
    yield rf"\{{{text}\}}", True, "list in braces"
    yield rf"\left\{{{text}\right\}}", True, "list in left and right braces"
    yield " and ".join([", ".join(parts[:-1]), parts[-1]]), True, "list with and"
    yield rf"{', '.join(parts[:-1])} \text{{ or }} {parts[-1]}", True, "list with or in text"
    yield "x = " + ", x = ".join(parts), True, "variable before each entry"
    yield ";\\ ".join(parts), True, "list with semicolons"
    yield ", ".join(parts[:-1]), False, "entry missing"
    yield parts[-1], False, "one entry of a list"
    yield f"{text}, 997", False, "entry added"
    yield ", ".join([*parts[:-1], parts[0]]), False, "entry repeated for another"
    first = parts[0][1:] if parts[0].startswith("-") else "-" + parts[0]
    if not re.search(r"[+-]", first[1:]) and latex_sympy.read(first) not in values(parts) and parts[0] != "0":
        yield ", ".join([first, *parts[1:]]), False, "sign of a list entry flipped"


def matrix(body):
    rows = [[c.strip() for c in r.split("&")] for r in body.split("\\\\")]
    flat = [c for r in rows for c in r]
    if any(re.search(r"[^\d/.-]", c) for c in flat):
        return
    write = lambda rs, env="pmatrix": rf"\begin{{{env}}} " + r" \\ ".join(" & ".join(r) for r in rs) + rf" \end{{{env}}}"
    yield write(rows, "bmatrix"), True, "matrix in square brackets"
    tight = r"\begin{pmatrix}" + r"\\".join("&".join(r) for r in rows) + r"\end{pmatrix}"
    yield tight, True, "matrix without spaces"
    yield rf"\left(\begin{{array}}{{{'c' * len(rows[0])}}} " + r" \\ ".join(" & ".join(r) for r in rows) + r" \end{array}\right)", True, "matrix as an array"
    if any("/" in c for c in flat):
        yield re.sub(r"(\d+)/(\d+)", r"\\frac{\1}{\2}", write(rows)), True, "matrix with frac"
    if rows[::-1] != rows:
        yield write(rows[::-1]), False, "matrix rows reversed"
    if len(rows[0]) > 1 and (t := [list(c) for c in zip(*rows)]) != rows:
        yield write(t), False, "matrix transposed"
    if len(rows) > 1 and len(rows[0]) == 1:
        yield write([[c] for c in flat[:-1]]), False, "matrix row missing"
    if re.fullmatch(r"-?\d+", flat[0]):
        changed = [[str(int(flat[0]) + 1), *rows[0][1:]], *rows[1:]]
        yield write(changed), False, "matrix entry off by one"
        if flat[0] != "0":
            changed = [[str(-int(flat[0])), *rows[0][1:]], *rows[1:]]
            yield write(changed), False, "sign of a matrix entry flipped"
