# The judge's process: runs the tests, which are trusted, against stubs that stand for the candidate's functions. Each call
# goes to the candidate as plain values and comes back as plain values; all comparing is done here, by the tests themselves.
# It serves one job after another, and is replaced when one of them did not end well.
import builtins, gc, json, os, socket, traceback

import wire
from task import Fault, Task

CONTROL = 3
KEPT = 256  # tasks remembered
JOBS = 2000  # until it is replaced by a fresh one


def serve():
    gc.enable()
    control, tasks = socket.socket(fileno=CONTROL), {}
    for _ in range(JOBS):
        message, fds, _, _ = socket.recv_fds(control, 16, 2)
        if not message:
            break
        link, report = fds
        wire.send(report, json.dumps(_judge(tasks, link, report)).encode())
        os.close(link)
        os.close(report)
        control.send(b"done")
    os._exit(0)


def _judge(tasks, link, report):
    try:
        with open(report, "rb", closefd=False) as file:
            told = json.loads(file.readline())
        return Judge(_task(tasks, told), told["program"], Link(link)).run()
    except Fault as fault:
        return {"fault": str(fault)}
    except BaseException as fault:
        return {"fault": "the judge failed: " + _line(fault) + "\n" + traceback.format_exc(limit=-4)}


def _task(tasks, told):
    key = told["tests"], told["setup"], told["prompt"], told["entry_point"] = (
        tuple(told["tests"]), tuple(told["setup"]), told["prompt"], told["entry_point"])
    task = tasks.pop(key, None) or Task(*key)
    tasks[key] = task  # the last one used is the last one forgotten
    if len(tasks) > KEPT:
        del tasks[next(iter(tasks))]
    return task


class Gone(BaseException):
    """The candidate is dead, or talks nonsense."""


class CandidateError(Exception):
    """An exception of the candidate's that is no built-in one."""


class Link:
    """Requests to the candidate."""

    def __init__(self, fd):
        self.fd, self.dead, self.calls = fd, "", 0

    def ask(self, *request):
        try:
            data = wire.Encoder().encode(request)
        except wire.Unsupported as fault:
            if self.calls and isinstance(fault, wire.TooLarge):  # it may hold what the program returned
                raise CandidateError("an argument is %s" % fault) from None
            raise Fault("an argument in the tests cannot be passed on: %s" % fault) from None
        return self.answer(self.exchange(data))

    def exchange(self, data):
        if self.dead:
            raise Gone(self.dead)
        try:
            wire.send(self.fd, data)
            return wire.Decoder(wire.receive(self.fd), self.handle).decode()
        except wire.Closed:
            self.dead = "the program ended"
        except (wire.Malformed, RecursionError, MemoryError):
            self.dead = "the program broke the protocol"
        raise Gone(self.dead)

    def answer(self, answer):
        kind, *rest = answer if type(answer) is tuple and answer else ("",)
        texts = all(type(r) is str for r in rest)
        if kind == "value":
            return rest
        if kind == "unsupported" and len(rest) == 1 and texts:
            raise CandidateError("it returned " + rest[0])
        if kind == "raised" and len(rest) == 2 and texts:
            raise _exception(*rest)
        self.dead = "the program broke the protocol"
        raise Gone(self.dead)

    def exactly(self, answer, *kinds):
        if len(answer) != len(kinds) or not all(isinstance(a, k) for a, k in zip(answer, kinds)):
            self.dead = "the program broke the protocol"
            raise Gone(self.dead)
        return answer

    def handle(self, number, truth):
        return wire.Handle(number, truth, self)

    def load(self, source, names):
        return self.ask("load", source, names)

    def call(self, owner, name, args, named):
        self.calls += 1
        result, changed = self.exactly(self.ask("call", owner, name, args, named), object, dict)
        for index, value in changed.items():
            if type(index) is int and 0 <= index < len(args) and type(args[index]) is type(value):
                _replace(args[index], value)
        return result

    def get(self, number, name):
        method, value = self.exactly(self.ask("get", number, name), bool, object)
        return Stub(self, number, name) if method else value

    def set(self, number, name, value):
        self.ask("set", number, name, value)


class Stub:
    """Stands for one of the candidate's functions, methods or classes."""

    def __init__(self, link, owner, name):
        self.link, self.owner, self.__name__ = link, owner, name

    def __call__(self, *args, **named):
        return self.link.call(self.owner, self.__name__, args, named)


def _replace(target, value):
    """Does to an argument what the candidate did to its copy."""
    if isinstance(target, (list, bytearray)):
        target[:] = value
    elif isinstance(target, (dict, set)):
        target.clear()
        target.update(value)
    else:
        target.clear()
        target.extend(value)


def _exception(name, text):
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            return kind(text)
        except TypeError:
            pass
    return CandidateError("%s: %s" % (name, text))


def _line(fault):
    text = str(fault)[:1000].strip().partition("\n")[0]  # it may be the program's, of any length
    return (type(fault).__name__ + ": " + text if text else type(fault).__name__)[:300]


class Judge:
    """Judges one program."""

    def __init__(self, task, program, link):
        self.task, self.program, self.link = task, program, link
        self.names = {"__name__": "tests", "__builtins__": builtins}
        self.passed, self.reason = set(), ""

    def run(self):
        loaded = self.load()
        if loaded is None:
            return self.report("wrong")
        kinds, functions = loaded
        if kinds == "syntax":
            return self.report("unparseable")
        complete = False
        try:
            self.bind(kinds)
            self.run_tests(functions)
            complete = True
        except Fault:
            raise
        except BaseException as fault:
            self.note("the tests stopped", fault)
        if complete and not self.link.calls and not self.reason:
            raise Fault("the tests never call the program")
        return self.report("correct" if complete and len(self.passed) == self.task.total and not self.reason else "wrong")

    def report(self, outcome):
        passed = len(self.passed) if outcome == "correct" else min(len(self.passed), self.task.total - 1)
        return {"outcome": outcome, "passed": passed, "total": self.task.total, "reason": self.reason[:500], "died": self.link.dead}

    def note(self, where, fault):
        self.reason = self.reason or where + ": " + _line(fault)

    def load(self):
        wanted = self.task.wanted
        try:
            answer = self.link.load(self.program, wanted)
            if answer[:1] == ["syntax"] and len(answer) == 2 and type(answer[1]) is str:
                self.reason = answer[1]
                return "syntax", []
            _, kinds, functions = self.link.exactly(answer, str, dict, list)
        except (Gone, Exception) as fault:
            return self.note("loading the program", fault)
        return {n: kinds.get(n) for n in wanted}, [f for f in functions if type(f) is str]

    def bind(self, kinds):
        """Gives each name its meaning: the prompt's, the standard library's, or a stub or value of the program's."""
        if self.task.prompt:
            exec(self.task.prompt, self.names)
        for name, kind in kinds.items():
            self.names.pop(name, None)
            if name in self.task.trusted:
                self.names[name] = self.task.trusted[name]
            elif kind in ("function", "class"):
                self.names[name] = Stub(self.link, None, name)
            elif kind == "value":
                self.names[name] = self.value(name)

    def value(self, name):
        self.link.calls += 1
        try:
            return self.link.exactly(self.link.ask("name", name), object)[0]
        except (Gone, Exception) as fault:
            self.note("reading " + name, fault)

    def run_tests(self, functions):
        for code in self.task.setup:
            exec(code, self.names)
        if self.task.one_text:
            self.names.update({"unit!": self.unit, "BaseException!": BaseException})
            exec(self.task.tests[0], self.names)
        else:
            self.run_list()
        if self.task.calls_check:
            self.names["check"](self.candidate(functions))
        if self.task.one_text and not self.task.counted:
            self.unit(0, None)

    def run_list(self):
        for number, code in enumerate(self.task.tests):
            fault = None
            try:
                exec(code, self.names)
            except (Exception, Gone) as raised:
                fault = raised
            self.unit(number, fault)

    def candidate(self, functions):
        """What check is called with. A task that names no function means the program's last one, whose name is only that:
        names of the tests are not the program's to choose from."""
        if self.task.entry in self.names:
            return self.names[self.task.entry]
        if self.task.entry or not functions:
            raise NameError("the program does not define %s" % (self.task.entry or "a function"))
        return Stub(self.link, None, functions[-1])

    def unit(self, number, fault):
        """Counts a test. Tests that run several times pass once."""
        if isinstance(fault, Fault):
            raise fault
        if fault is None:
            self.passed.add(number)
        else:
            self.note("test %d" % (number + 1), fault)
