# The candidate's process. Everything here is in the hands of the program once it runs: nothing secret ever enters, and
# nobody believes what leaves, beyond its being the values that the program chose to return.
import atexit, builtins, gc, io, os, sys, threading, traceback, types

import wire

CHANNEL = 3


def main(job):
    gc.enable()
    if job["script"]:
        _script()
    else:
        _Server(CHANNEL).serve()
    os._exit(0)


def make_streams():
    """Makes sys.stdin, stdout and stderr, once for all candidates: they find their own descriptors 0, 1 and 2 there. While
    they are made, pipes stand in, since streams remember whether they can seek."""
    reading, writing = os.pipe()
    null, errors = os.open(os.devnull, os.O_RDWR), os.dup(2)
    for i, fd in enumerate((reading, writing, writing)):
        os.dup2(fd, i)
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8", "replace")
    sys.stdout = sys.__stdout__ = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), "utf-8", "replace")
    sys.stderr = sys.__stderr__ = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), "utf-8", "backslashreplace", write_through=True)
    for i, fd in enumerate((null, null, errors)):
        os.dup2(fd, i)
    for fd in (reading, writing, null, errors):
        os.close(fd)


def _module(name):
    for ours in ("kernel", "jail", "judge", "task", "wire", "zygote", "candidate"):
        sys.modules.pop(ours, None)
    module = types.ModuleType(name)
    module.__builtins__ = builtins
    sys.modules[name] = module
    sys.argv = ["solution.py"]
    return module


def _read_all(fd):
    with open(fd, "rb") as file:
        return file.read()


def _script():
    """A whole program that reads standard input and writes standard output."""
    source = _read_all(CHANNEL)
    code = 0
    try:
        exec(compile(source, "solution.py", "exec"), _module("__main__").__dict__)
    except SystemExit as leave:
        code = leave.code
        if code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except SyntaxError:
        code = 65
        traceback.print_exc(limit=0)
    except BaseException:
        code = 1
        traceback.print_exc()
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
    except BaseException:
        code = code or 1
    os._exit((code or 0) & 255)


class _Server:
    """Answers the judge's requests: load the program, call a function, get or set an attribute."""

    def __init__(self, fd):
        self.fd, self.objects, self.names = fd, [], {}

    def serve(self):
        while True:
            try:
                request = wire.Decoder(wire.receive(self.fd), self.object).decode()
            except wire.Closed:
                return
            try:
                answer = ("value",) + getattr(self, "do_" + request[0])(*request[1:])
                data = wire.Encoder(self.keep).encode(answer)
            except wire.Unsupported as fault:
                data = wire.Encoder().encode(("unsupported", str(fault)))
            except BaseException as fault:
                data = wire.Encoder().encode(("raised",) + _described(fault))
            wire.send(self.fd, data)

    def object(self, number, truth):
        return self.objects[number]

    def keep(self, value):
        self.objects.append(value)
        return len(self.objects) - 1

    def do_load(self, source, wanted):
        try:
            code = compile(source, "solution.py", "exec")
        except (SyntaxError, ValueError, MemoryError, RecursionError) as fault:
            return ("syntax", "%s: %s" % (type(fault).__name__, fault))
        module = _module("solution")
        self.names = module.__dict__
        exec(code, self.names)
        functions = [n for n, v in list(self.names.items()) if isinstance(v, types.FunctionType) and v.__module__ == "solution"]
        return ("loaded", {n: self.sort_of(self.names[n]) for n in wanted if n in self.names}, functions)

    def sort_of(self, value):
        if isinstance(value, type):
            return "class"
        if isinstance(value, types.ModuleType):
            return "module"
        return "function" if callable(value) else "value"

    def do_name(self, name):
        return (self.names[name],)

    def do_get(self, number, name):
        value = getattr(self.objects[number], name)
        return (True, None) if callable(value) else (False, value)

    def do_set(self, number, name, value):
        setattr(self.objects[number], name, value)
        return ()

    def do_call(self, owner, name, args, named):
        function = self.names[name] if owner is None else getattr(self.objects[owner], name)
        before = [_image(a) for a in args]
        result = function(*args, **named)
        changed = {i: a for i, a in enumerate(args) if before[i] is not None and _image(a) != before[i]}
        return (result, changed)


def _image(value):
    """What the judge knows of an argument that a call may change in place; None for what cannot change."""
    if type(value) not in (list, dict, set, bytearray, wire.collections.deque):
        return None
    return wire.Encoder(lambda v: id(v) & 0xFFFFFFFF).encode(value)


def _described(fault):
    try:
        text = str(fault)
    except BaseException:
        text = ""
    try:
        traceback.print_exception(fault, limit=-8)
    except BaseException:
        pass
    return type(fault).__name__, text[:500]
