"""Transformations of numbers: integers, fractions, decimals, per cent, degrees, money."""
import re
from fractions import Fraction


def value(g):
    """The rational number that a gold writes in one of the plain ways, and how; or None."""
    t = re.sub(r"(?<=\d)(,\\!|\{,\}|,)(?=\d{3}(\D|$))", "", g)
    if re.fullmatch(r"-?\d+", t):
        return Fraction(int(t)), "integer"
    if re.fullmatch(r"-?\d*\.\d+", t):
        return Fraction(t), "decimal"
    if m := re.fullmatch(r"(-?)\\[dt]?frac\{(-?\d+)\}\{(\d+)\}|(-?)\\[dt]?frac(\d)(\d)|(-?)(\d+)/(\d+)", t):
        s, a, b = [x for x in m.groups() if x is not None]
        return Fraction(int(a), int(b)) * (-1 if s else 1), "fraction"
    return None


def exact_decimal(q):
    """q written out, or None if it does not end within eight places."""
    for places in range(0, 9):
        if (q * 10 ** places).denominator == 1:
            n = abs(q * 10 ** places).numerator
            digits = str(n).rjust(places + 1, "0")
            text = digits[:-places] + "." + digits[-places:] if places else digits
            return ("-" if q < 0 else "") + text
    return None


def frac(a, b, style="frac"):
    return ("-" if a < 0 else "") + rf"\{style}{{{abs(a)}}}{{{b}}}"


def variants(g, rng):
    if got := value(g):
        q, kind = got
        yield from {"integer": integer, "decimal": decimal, "fraction": fraction}[kind](q, g, rng)
    elif m := re.fullmatch(r"(-?[\d.]+) *\^(?:\\circ|\{\\circ\})", g):
        yield from degrees(m.group(1))
    elif m := re.fullmatch(r"([\d.]+) *\\%", g):
        yield from per_cent(m.group(1))
    elif m := re.fullmatch(r"\\\$ *([\d.]+)", g):
        yield from money(m.group(1))


def integer(q, g, rng):
    n = int(q)
    sign, size = ("-" if n < 0 else ""), abs(n)
    k = rng.randint(2, 9)
    yield f"{n}.0", True, "integer with point zero"
    yield f"${n}$", True, "integer in dollar signs"
    yield f"x = {n}", True, "variable before an integer"
    yield rf"\text{{{n}}}", True, "integer in text"
    yield rf"\mathbf{{{n}}}", True, "bold integer"
    yield f"({n})", True, "integer in brackets"
    yield rf"\frac{{{n * k}}}{{{k}}}", True, "integer as a fraction"
    yield f"{n} units", True, "integer with a unit"
    if size >= 1000:
        yield f"{n:,}", True, "thousands commas"
        yield f"{n:,}".replace(",", "{,}"), True, "thousands commas in braces"
        yield f"{n:,}".replace(",", r"\,"), True, "thousands thin spaces"
        yield f"{n:,}".replace(",", ",\\!"), True, "thousands commas and negative space"
        yield f"{n // 1000 if n > 0 else -(size // 1000)},{size % 1000 // 10:02}", False, "broken thousands"
    if g != str(n):
        yield str(n), True, "separators left out"
    if size >= 10 and size % 10 == 0:
        mantissa, e = size, 0
        while mantissa % 10 == 0:
            mantissa, e = mantissa // 10, e + 1
        yield rf"{sign}{mantissa} \times 10^{{{e}}}", True, "scientific notation"
        yield rf"{sign}{mantissa}\cdot10^{e}" if e < 10 else rf"{sign}{mantissa}\cdot10^{{{e}}}", True, "scientific notation with a dot"
        yield rf"{sign}{mantissa} \times 10^{{{e + 1}}}", False, "scientific notation, wrong exponent"
    if size >= 100:
        digits = str(size)
        yield rf"{sign}{digits[0]}.{digits[1:]} \times 10^{{{len(digits) - 1}}}", True, "normalised scientific notation"
        yield f"{sign}{digits[0]}.{digits[1:]}e{len(digits) - 1}", True, "scientific notation with e"
    if n > 3 and (root := next((b for b in range(2, 12) if b ** size.bit_length() >= n and any(b ** e == n for e in range(2, 40))), None)):
        e = next(e for e in range(2, 40) if root ** e == n)
        yield f"{root}^{{{e}}}", True, "integer as a power"
        yield f"{root}^{{{e + 1}}}", False, "power, wrong exponent"
    if n:
        yield str(-n), False, "sign flipped"
    yield str(n + 1), False, "off by one"
    yield str(n - 1), False, "off by one"
    digits = str(size)
    swaps = [i for i in range(len(digits) - 1) if digits[i] != digits[i + 1] and not (i == 0 and digits[1] == "0")]
    if swaps:
        i = rng.choice(swaps)
        yield sign + digits[:i] + digits[i + 1] + digits[i] + digits[i + 2:], False, "digits swapped"
    if len(digits) > 2:
        yield sign + digits[:-1], False, "digit dropped"
    if n:
        yield f"{n}0", False, "ten times"
    yield f"{n} or {n + 1}", False, "hedging with or"
    yield rf"{n} \text{{ or }} {n + 1}", False, "hedging with or in text"
    yield f"{n}, {n + 1}", False, "hedging with a list"
    yield rf"{n - 1} \text{{ and }} {n}", False, "hedging with and"
    yield f"{n}.5", False, "half added"
    if size > 1:
        yield f"{n}x", False, "variable added"
        yield rf"\frac{{1}}{{{size}}}", False, "reciprocal"
        yield rf"{n}\pi", False, "pi added"
        yield rf"{n}i", False, "i added"
        yield rf"\sqrt{{{size}}}", False, "root taken"
        yield rf"\pm {size}", False, "both signs for one"
        yield rf"x > {n}", False, "inequality for a number"
        yield rf"{n}.000001", False, "a millionth more"
    if n == 0:
        yield rf"\emptyset", False, "empty set for zero"


def fraction(q, g, rng):
    a, b = q.numerator, q.denominator
    k = rng.randint(2, 7)
    if b == 1:
        return
    yield f"{a}/{b}", True, "slash"
    yield f"({a})/({b})", True, "slash with brackets"
    yield rf"{a}\div{b}" if a > 0 else f"-{-a} / {b}", True, "division sign or spaces"
    yield frac(a, b, "dfrac"), True, "dfrac"
    yield frac(a, b, "cfrac"), True, "cfrac"
    yield rf"\frac{{{a * k}}}{{{b * k}}}", True, "not in lowest terms"
    yield f"x={frac(a, b)}", True, "variable before a fraction"
    if 0 < abs(a) < 10 and b < 10:
        yield ("-" if a < 0 else "") + rf"\frac{abs(a)}{b}", True, "frac without braces"
        yield ("-" if a < 0 else "") + rf"\frac {abs(a)} {b}", True, "frac with spaces"
    if a < 0:
        yield rf"\frac{{{a}}}{{{b}}}", True, "sign in the numerator"
        yield rf"\frac{{{-a}}}{{-{b}}}", True, "sign in the denominator"
    if abs(a) > b:
        whole, rest = divmod(abs(a), b)
        sign = "-" if a < 0 else ""
        yield rf"{sign}{whole}\frac{{{rest}}}{{{b}}}", True, "mixed number"
        yield f"{sign}{whole} {rest}/{b}", True, "mixed number with slash"
        yield rf"{sign}{whole + 1}\frac{{{rest}}}{{{b}}}", False, "mixed number, whole part off by one"
        if whole > 1:
            yield rf"{sign}\frac{{{whole * rest}}}{{{b}}}", False, "mixed number read as a product"
    if d := exact_decimal(q):
        yield d, True, "exact decimal"
        yield d + "0", True, "exact decimal with a zero"
        if d.lstrip("-").startswith("0."):
            yield d.replace("0.", ".", 1), True, "exact decimal without zero"
        yield d + "1", False, "decimal with a digit too many"
    else:
        short = f"{float(q):.{rng.randint(2, 3)}f}"
        if Fraction(short) != 0:
            yield short, False, "fraction rounded"
        yield f"{float(q):.8f}", False, "fraction rounded to eight places"
    yield frac(-a, b), False, "sign of a fraction flipped"
    if abs(a) != 1 and abs(a) != b:
        yield frac(b if a > 0 else -b, abs(a)), False, "numerator and denominator swapped"
    yield frac(a + 1, b), False, "numerator off by one"
    yield frac(a, b + 1), False, "denominator off by one"
    yield rf"{frac(a, b)} \text{{ or }} {frac(a + 1, b)}", False, "hedging with fractions"
    yield frac(a, b) + r"\pi", False, "pi added to a fraction"
    yield str(a), False, "numerator only"
    yield f"{a}.{b}", False, "point for the bar"
    yield rf"\left({frac(a, b)}\right)^2", False, "fraction squared"


def decimal(q, g, rng):
    d = exact_decimal(q)
    if d is None:
        return
    if q.denominator == 1:
        yield d, True, "zeros after the point left out"
        return
    yield frac(q.numerator, q.denominator), True, "decimal as a fraction"
    yield f"{q.numerator}/{q.denominator}", True, "decimal as a slash fraction"
    yield d + "0", True, "decimal with a zero"
    if g.startswith("."):
        yield "0" + g, True, "zero before the point"
    elif g.startswith("0."):
        yield g[1:], True, "no zero before the point"
    yield rf"{d}\text{{ cm}}", True, "decimal with a unit"
    yield rf"{exact_decimal(q * 100)} \times 10^{{-2}}", True, "decimal in scientific notation"
    yield exact_decimal(q * 10), False, "point moved"
    yield d + "5", False, "digit appended"
    yield exact_decimal(-q), False, "sign of a decimal flipped"
    yield exact_decimal(q + Fraction(1, 10 ** len(d.split(".")[-1]))), False, "last place off by one"
    if len(d.split(".")[-1]) > 1:
        yield d[:-1], False, "last place cut"
    yield f"{d} or {exact_decimal(q + 1)}", False, "hedging with decimals"


def degrees(n):
    yield n, True, "degree sign left out"
    yield rf"{n}^{{\circ}}", True, "degree sign in braces"
    yield f"{n}°", True, "degree sign of unicode"
    yield rf"{n} \text{{ degrees}}", True, "degrees in words"
    yield f"{n} degrees", True, "degrees in plain words"
    yield rf"{n}\degree", True, "degree command"
    if "." not in n:
        yield rf"{int(n) + 1}^\circ", False, "degrees off by one"
        yield rf"{180 - int(n)}^\circ", n == "90", "supplementary angle"
        yield rf"{90 - int(n)}^\circ", n == "45", "complementary angle"
        yield rf"-{n}^\circ" if n[0] != "-" else rf"{n[1:]}^\circ", False, "sign of an angle"


def per_cent(n):
    q = Fraction(n)
    yield f"{n}%", True, "bare per cent sign"
    yield n, True, "per cent sign left out"
    yield rf"{n} \text{{ percent}}", True, "per cent in words"
    yield exact_decimal(q / 100), True, "per cent as a decimal"
    yield frac((q / 100).numerator, (q / 100).denominator), True, "per cent as a fraction"
    yield rf"{exact_decimal(q + 1)}\%", False, "per cent off by one"
    yield rf"{exact_decimal(q * 10)}\%", False, "ten times the per cent"
    yield exact_decimal(q * 100), False, "per cent the wrong way"
    yield rf"{exact_decimal(q / 100)}\%", False, "per cent of per cent"


def money(n):
    q = Fraction(n)
    yield n, True, "dollar left out"
    yield f"${n}", True, "bare dollar"
    yield f"{n} dollars", True, "dollars in words"
    yield rf"{n}\text{{ dollars}}", True, "dollars in text"
    yield rf"\$\,{n}", True, "dollar with space"
    if q >= 1:
        yield rf"\${exact_decimal(q + 1)}", False, "dollar off by one"
        yield rf"\${exact_decimal(q + Fraction(1, 100))}", False, "a cent too many"
        yield rf"\${exact_decimal(q * 10)}", False, "ten times the money"
