"""Transformations of symbolic answers: radicals, multiples of pi, complex numbers, polynomials, equations."""
import re

import sympy as sp

import latex_sympy


def variants(g, rng):
    if re.fullmatch(r"-?[\d.,\\!{}]*", g) or len(g) > 80 or re.fullmatch(r"-?(\\[dt]?frac\{?-?\d+\}?\{?\d+\}?|\d+/\d+)", g):
        return
    if m := re.fullmatch(r"([a-z](?:\([a-z]\))?) *= *(.*)", g):
        yield from assignment(m.group(1), m.group(2))
    elif re.fullmatch(r"[^=]*= *0", g):
        yield from implicit(g)
    if (e := latex_sympy.read(g)) is None or not isinstance(e, sp.Expr):
        return
    if not e.free_symbols:
        yield from constant(g, e, rng)
    else:
        yield from symbolic(g, e, rng)


def plain(e):
    return str(e).replace("**", "^").replace("I", "i").replace("E", "e")


def proven(g, e, text, label, how):
    """Yields the pair only if reading the text back gives the label at 50 digits."""
    back = latex_sympy.read(text)
    if back is not None and latex_sympy.same(e, back) is label:
        yield text, label, how


def constant(g, e, rng):
    kind = "complex" if e.has(sp.I) else "pi" if e.has(sp.pi) else "radical" if "sqrt" in g else "power"
    for text, how in ((sp.latex(e), "as sympy writes it"), (plain(e), "in plain text"), (sp.latex(sp.expand(e)), "expanded"),
                      (sp.latex(sp.factor(e)), "factored"), (sp.latex(sp.together(e)), "over one bar"),
                      (sp.latex(sp.radsimp(e)), "rationalised"), (sp.latex(e, mul_symbol="dot"), "with dots")):
        yield from proven(g, e, text, True, f"{kind} {how}")
    if kind == "radical" and (m := re.fullmatch(r"(\d+) *\\sqrt\{(\d+)\}", g)):
        a, b = map(int, m.groups())
        yield rf"\sqrt{{{a * a * b}}}", True, "factor under the root"
        yield rf"{a}*sqrt({b})", True, "root in plain text"
        yield rf"{a}√{b}", True, "root sign of unicode"
        yield rf"{b}\sqrt{{{a}}}", a == b, "factor and radicand swapped"
        yield rf"\sqrt{{{a * b}}}", a == 1, "factor under the root unsquared"
        yield rf"{a}\sqrt{{{b + 1}}}", False, "radicand off by one"
        yield rf"{a}\sqrt[3]{{{b}}}", False, "cube root for square root"
        yield rf"\frac{{{a * b}}}{{\sqrt{{{b}}}}}", True, "root in the denominator"
    if kind == "radical" and (m := re.fullmatch(r"\\frac\{(.+)\}\{(\d+)\}", g)):
        yield rf"\frac{{1}}{{{m.group(2)}}}\left({m.group(1)}\right)", True, "bar as a factor"
        yield f"({m.group(1)})/{m.group(2)}", True, "bar as a slash"
    near = [(-e, "sign flipped"), (e + 1, "one added"), (2 * e, "doubled"), (1 / e, "reciprocal"), (e ** 2, "squared")]
    if kind == "complex":
        near.append((sp.conjugate(e), "conjugated"))
        near.append((sp.expand(e * sp.I), "times i"))
    if kind == "pi":
        near += [(e / sp.pi, "without pi"), (e * sp.pi, "with pi squared")]
    for other, how in near:
        yield from proven(g, e, sp.latex(other), False, f"{kind}, {how}")
    if e.is_real and not e.is_rational:
        places = rng.choice((2, 3, 6))
        yield from proven(g, e, str(round(float(e), places)), False, f"{kind} rounded")
    other = sp.latex(e + 1)
    yield rf"{g} \text{{ or }} {other}", False, f"{kind} hedged"


def shuffled(e, rng):
    terms = list(sp.Add.make_args(e))
    if len(terms) < 2:
        return None
    turned = terms[::-1] if rng.random() < 0.5 else rng.sample(terms, len(terms))
    text = sp.latex(turned[0])
    for t in turned[1:]:
        piece = sp.latex(t)
        text += f" - {piece[1:].strip()}" if piece.startswith("-") else f" + {piece}"
    return text


def symbolic(g, e, rng):
    forms = [(sp.latex(sp.expand(e)), "expanded"), (sp.latex(sp.factor(e)), "factored"), (plain(e), "in plain text"),
             (sp.latex(sp.together(e)), "over one bar"), (sp.latex(e, mul_symbol="dot"), "with dots"),
             (sp.latex(e, mul_symbol="times"), "with crosses"), (plain(e).replace("*", "*").replace("^", "**"), "in Python's notation")]
    x = sorted(e.free_symbols, key=str)[0]
    if e.is_polynomial(*e.free_symbols) and len(e.free_symbols) == 1:
        forms.append((sp.latex(sp.horner(e)), "in Horner's form"))
    if text := shuffled(sp.expand(e), rng):
        forms.append((text, "reordered"))
    for text, how in forms:
        yield from proven(g, e, text, True, f"expression {how}")
    ex = sp.expand(e)
    near = [(ex + 1, "one added"), (ex - 1, "one subtracted"), (-ex, "sign flipped"), (ex.subs(x, -x), "variable negated"), (ex + x, "x added"),
            (ex.subs(x, x + 1), "variable shifted"), (2 * ex, "doubled"), (x * ex, "wrong exponent"), (sp.diff(ex, x), "derivative")]
    terms = sp.Add.make_args(ex)
    if len(terms) > 1:
        near.append((ex - terms[rng.randrange(len(terms))], "term left out"))
        t = terms[rng.randrange(len(terms))]
        near.append((ex - 2 * t, "sign of a term flipped"))
    for other, how in near:
        yield from proven(g, e, sp.latex(other), False, f"expression, {how}")
    free = next(c for c in "wzuvq" if sp.Symbol(c) not in e.free_symbols)
    yield from proven(g, e, sp.latex(ex.subs(x, sp.Symbol(free))), False, "expression, other variable")
    yield f"f(x) = {g}" if str(x) == "x" and len(e.free_symbols) == 1 else g, True, "function name before an expression"


def assignment(name, right):
    yield f"{name}={right.replace(' ', '')}" if "\\" not in right else f"{name}= {right}", True, "equation, other spaces"
    yield f"{right} = {name}", True, "equation, sides swapped"
    e = latex_sympy.read(right)
    if e is None:
        return
    other = next(c for c in "wzuv" if c != name and sp.Symbol(c) not in e.free_symbols)
    if not e.free_symbols:
        yield right, True, "variable left out"
        yield f"{name} = {sp.latex(e + 1)}", False, "assignment off by one"
        yield f"{other} = {right}", False, "assignment to another variable"
        return
    if len(name) > 1:
        return
    y = sp.Symbol(name)
    yield f"{sp.latex(sp.expand(y - e))} = 0", True, "equation brought to zero"
    yield f"{sp.latex(2 * y)} = {sp.latex(sp.expand(2 * e))}", True, "equation doubled"
    yield f"{name} = {sp.latex(sp.expand(e + 1))}", False, "equation, one added"
    yield f"{name} = {sp.latex(sp.expand(-e))}", False, "equation, sign of the right side"
    yield f"{other} = {right}", False, "equation, other left side"


def implicit(g):
    left = latex_sympy.read(g.split("=")[0])
    if left is None:
        return
    yield f"{sp.latex(sp.expand(-left))} = 0", True, "implicit equation negated"
    yield f"{sp.latex(sp.expand(3 * left))} = 0", True, "implicit equation tripled"
    yield f"0 = {sp.latex(left)}", True, "implicit equation, sides swapped"
    const = left.as_coeff_Add()[0]
    if const:
        yield f"{sp.latex(left - const)} = {sp.latex(-const)}", True, "implicit equation, constant moved"
        yield f"{sp.latex(left - const)} = {sp.latex(const)}", False, "implicit equation, constant moved wrongly"
    yield f"{sp.latex(left + 1)} = 0", False, "implicit equation off by one"
    x = sorted(left.free_symbols, key=str)[0]
    yield f"{sp.latex(sp.expand(left.subs(x, -x)))} = 0", False, "implicit equation, sign of a term"
