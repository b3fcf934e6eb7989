# What can be known of a task before a program is judged by it: its tests compiled, each assert made countable, and the
# names that the tests take from the program. A judge keeps this for the many programs that answer one task.
import ast, builtins, importlib, sys

TRUSTED = ("math", "collections", "itertools", "functools", "typing", "datetime", "fractions", "decimal", "cmath")


class Fault(BaseException):
    """We cannot judge: the task's fault or ours."""


class Task:
    def __init__(self, tests, setup, prompt, entry):
        trees = [_parsed(text, i) for i, text in enumerate(tests)]
        setup = [_parsed(text, i) for i, text in enumerate(setup)]
        self.prompt, functions, known = _prompt(prompt)
        self.calls_check = _calls_check(trees)
        self.entry = entry or (functions[-1] if functions and self.calls_check else "")
        self.wanted = self._wanted(setup + trees, known)
        self.trusted = self._trusted()
        self.one_text, self.total = len(trees) == 1, len(trees)
        self.counted = 0
        if self.one_text:
            self.counted = _split(trees[0])
            self.total = max(self.counted, 1)
        self.setup = [compile(tree, "setup.py", "exec") for tree in setup]
        self.tests = [compile(tree, "tests.py", "exec") for tree in trees]

    def _wanted(self, trees, known):
        loads, stores = set(), set()
        for tree in trees:
            _names(tree, loads, stores)
        free = {n for n in loads - stores if n not in known}
        names = {n for n in free if n not in vars(builtins)}
        if not names and not self.entry:
            names = free & _called(trees)  # a function named like a built-in one: sum(10, 15)
        return tuple(sorted(names | ({self.entry} if self.entry else set())))

    def _trusted(self):
        """Names that mean the standard library's own objects. Not the function under test, whatever its name."""
        found = {n: _library(n) for n in self.wanted if n != self.entry}
        found = {n: thing for n, thing in found.items() if thing is not None}
        return found if self.entry or len(found) < len(self.wanted) else {}


def _parsed(text, index):
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError) as fault:
        raise Fault("test %d is no Python: %s" % (index + 1, fault)) from None


def _prompt(text):
    """Helpers that a prompt defines, and its tests use, come from the prompt and not from the candidate."""
    for source in (text, text + "\n    pass\n"):
        names = {"__builtins__": builtins}
        try:
            code = compile(source, "prompt.py", "exec")
            exec(code, names)
        except Exception:
            continue  # a prompt may be any text
        return code, [n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)], set(names)
    return None, [], set()


def _check(tree):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "check":
            return node
    return None


def _calls_check(trees):
    """Whether check(candidate) is defined and left for us to call."""
    plain = [n for t in trees for n in t.body if not isinstance(n, ast.FunctionDef)]
    return any(map(_check, trees)) and "check" not in _called(plain)


def _split(tree):
    """Makes each assert of the module, or of check, a test of its own, so that all are counted."""
    check, count = _check(tree), 0
    for body in [tree.body] + ([check.body] if check else []):
        for i, node in enumerate(body):
            if isinstance(node, ast.Assert):
                body[i] = _guarded(node, count)
                count += 1
    ast.fix_missing_locations(tree)
    return count


def _guarded(node, number):
    """try: assert … except BaseException as fault: unit(number, fault) else: unit(number, None), by names that no source can spell."""
    def tell(fault):
        return ast.Expr(ast.Call(ast.Name("unit!", ast.Load()), [ast.Constant(number), fault], []))
    handler = ast.ExceptHandler(ast.Name("BaseException!", ast.Load()), "fault!", [tell(ast.Name("fault!", ast.Load()))])
    return ast.copy_location(ast.Try([node], [handler], [tell(ast.Constant(None))], []), node)


def _names(tree, loads, stores):
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (loads if isinstance(node.ctx, ast.Load) else stores).add(node.id)
        elif isinstance(node, ast.arg):
            stores.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            stores.add(node.name)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            stores.add(node.name)
        elif isinstance(node, ast.alias):
            stores.add((node.asname or node.name).split(".")[0])


def _called(trees):
    return {n.func.id for t in trees for n in ast.walk(t) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}


def _library(name):
    """The standard library's module of this name, or what a common module calls so."""
    if name in sys.stdlib_module_names:
        try:
            return importlib.import_module(name)
        except ImportError:
            return None
    for module in TRUSTED:
        if not name.startswith("_") and hasattr(sys.modules.get(module), name):
            return getattr(sys.modules[module], name)
    return None
