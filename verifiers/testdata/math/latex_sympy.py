"""A small reader of LaTeX and plain mathematics into sympy, for labelling pairs.

It reads what make_pairs.py needs and refuses everything else (returns None), so that a label never rests
on a guess. It shares no code with the Go verifier.
"""
import re

import sympy as sp

FUNCS = {"sin": sp.sin, "cos": sp.cos, "tan": sp.tan, "ln": sp.log, "log": sp.log, "exp": sp.exp, "sqrt": sp.sqrt}
CLEAN = [(r"\left", ""), (r"\right", ""), (r"\dfrac", r"\frac"), (r"\tfrac", r"\frac"), (r"\cfrac", r"\frac"), (r"\!", ""), (r"\,", ""),
         (r"\;", ""), (r"\:", ""), (r"\ ", ""), ("{,}", ""), (r"\cdot", "*"), (r"\times", "*"), ("×", "*"), ("·", "*"), ("−", "-"),
         (r"\div", "/"), ("π", r"\pi"), ("√", r"\sqrt"), ("²", "^2"), ("³", "^3"), ("½", r"\frac12"), ("**", "^"), (r"\operatorname", "")]


class Refused(Exception):
    """The text is beyond this reader."""


def read(text):
    """The expression, or None."""
    if len(text) > 300:
        return None
    text = re.sub(r"(?<=\d)(,\\!|\{,\})(?=\d{3}(\D|$))", "", text)
    for old, new in CLEAN:
        text = text.replace(old, new)
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text.strip(" $")):
        text = text.replace(",", "")
    text = re.sub(r"(\d+) *(\\frac\{\d+\}\{\d+\}|\\frac\d\d)", r"(\1+\2)", text)  # mixed numbers
    text = re.sub(r"(?<!\d)(\d+) (\d+/\d+)(?!\d)", r"(\1+\2)", text)
    reader = Reader(text.strip().strip("$"))
    try:
        expr = reader.sum()
        reader.skip()
        return expr if reader.i == len(reader.s) else None
    except (Refused, IndexError, RecursionError, ZeroDivisionError, ValueError):
        return None


class Reader:
    def __init__(self, s):
        self.s, self.i = s, 0

    def skip(self):
        while self.i < len(self.s) and self.s[self.i].isspace():
            self.i += 1

    def peek(self):
        self.skip()
        return self.s[self.i] if self.i < len(self.s) else ""

    def take(self, want):
        if self.peek() != want:
            raise Refused(want)
        self.i += 1

    def sum(self):
        total = self.signed()
        while self.peek() in ("+", "-") and self.peek():
            op = self.peek()
            self.i += 1
            term = self.product()
            total = total + term if op == "+" else total - term
        return total

    def signed(self):
        if self.peek() == "-":
            self.i += 1
            return -self.product()
        if self.peek() == "+":
            self.i += 1
        return self.product()

    def product(self):
        value = self.power()
        while True:
            c = self.peek()
            if c == "*":
                self.i += 1
                value = value * self.operand()
            elif c == "/":
                self.i += 1
                value = value / self.operand()
            elif c and (c.isalpha() or c in "({\\"):
                if c == "\\" and not re.match(r"\\(frac|sqrt|pi|sin|cos|tan|ln|log)", self.s[self.i:]):
                    return value
                value = value * self.power()
            elif c and c.isdigit():
                raise Refused("digits glued to a value")
            else:
                return value

    def operand(self):
        if self.peek() == "-":
            self.i += 1
            return -self.power()
        return self.power()

    def power(self):
        base = self.atom()
        while self.peek() == "!":
            self.i += 1
            if not (base.is_Integer and 0 <= base < 100):
                raise Refused("factorial")
            base = sp.factorial(base)
        if self.peek() == "^":
            self.i += 1
            exponent = self.argument(signed=True)
            if base.is_Integer and exponent.is_Integer and abs(exponent) * int(base).bit_length() > 1000:
                raise Refused("too large")
            base = base ** exponent
        return base

    def argument(self, signed=False):
        """What stands after \\frac, \\sqrt or ^: a group, or one digit, letter or command."""
        c = self.peek()
        if c == "{":
            return self.bracket("{", "}")
        if c == "(":
            return self.bracket("(", ")")
        if signed and c == "-":
            self.i += 1
            return -self.number()
        if c.isdigit():
            if signed:
                return self.number()
            self.i += 1
            return sp.Integer(int(c))
        return self.atom()

    def bracket(self, opened, closed):
        self.take(opened)
        value = self.sum()
        self.take(closed)
        return value

    def number(self):
        m = re.compile(r"\d+(\.\d+)?|\.\d+").match(self.s, self.i)
        if not m:
            raise Refused("number")
        self.i = m.end()
        return sp.Rational(m.group())

    def atom(self):
        c = self.peek()
        if c == "(":
            return self.bracket("(", ")")
        if c == "{":
            return self.bracket("{", "}")
        if c.isdigit() or c == ".":
            return self.number()
        if c == "\\":
            return self.command()
        m = re.compile(r"[A-Za-z]+").match(self.s, self.i)
        if not m:
            raise Refused(c)
        if m.group() in FUNCS or m.group() == "pi":
            self.i = m.end()
            return sp.pi if m.group() == "pi" else FUNCS[m.group()](self.bracket("(", ")"))
        if len(m.group()) > 2 or m.group() in ("or", "cm"):
            raise Refused("a word")
        if c in "fghP" and self.s[self.i + 1:].lstrip().startswith("("):
            raise Refused("a function of no known meaning")
        self.i += 1
        return {"i": sp.I, "e": sp.E}.get(c, sp.Symbol(c))

    def command(self):
        m = re.compile(r"\\([A-Za-z]+)").match(self.s, self.i)
        if not m:
            raise Refused("command")
        self.i = m.end()
        name = m.group(1)
        if name == "pi":
            return sp.pi
        if name == "frac":
            top = self.argument()
            return top / self.argument()
        if name == "sqrt":
            degree = 2
            if self.peek() == "[":
                degree = self.bracket("[", "]")
            return self.argument() ** (sp.Integer(1) / degree)
        if name in FUNCS:
            return FUNCS[name](self.bracket("(", ")"))
        raise Refused(name)


def same(a, b):
    """True, False, or None where three points at 50 digits do not tell."""
    names = sorted((a.free_symbols | b.free_symbols), key=str)
    verdicts = set()
    for k in (1, 2, 3):
        at = {n: sp.Rational(17 * k + 5 * j + 3, 7 + 2 * k + 3 * j) for j, n in enumerate(names)}
        try:
            x, y = (sp.N(e.subs(at), 50) for e in (a, b))
        except (TypeError, ZeroDivisionError, ValueError):
            return None
        if not (x.is_number and y.is_number) or x.has(sp.nan, sp.zoo, sp.oo):
            return None
        gap, size = abs(x - y), max(abs(x), abs(y), sp.Integer(1))
        if gap < size * sp.Float("1e-40", 50):
            verdicts.add(True)
        elif gap > size * sp.Float("1e-25", 50):
            verdicts.add(False)
        else:
            return None
    return verdicts == {True} or (False if False in verdicts else None)
