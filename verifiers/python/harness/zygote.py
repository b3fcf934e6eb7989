# The warm interpreter. It forks a candidate (and a judge) for each job, watches the time they use, and never sees what a
# job contains: programs and tests go straight to those that run them, by descriptors that pass through here unread.
import bisect, cmath, collections, copy, dataclasses, datetime, decimal, fractions, functools, gc, heapq, io, itertools  # noqa: F401
import json, math, numbers, operator, random, re, select, signal, socket, statistics, string, time, typing  # noqa: F401
import _sitebuiltins, base64, builtins, os, sys, traceback

import candidate
import jail
import judge
import kernel


def main(settings):
    control = socket.socket(fileno=3)
    try:
        zygote = Zygote(settings, control)
    except BaseException as fault:
        control.send(json.dumps({"fault": "%s: %s" % (type(fault).__name__, fault)}).encode())
        os._exit(1)
    control.send(b'{"ready": true}')
    zygote.serve()


class Zygote:
    def __init__(self, settings, control):
        self.control, self.isolated = control, settings["tier"] == "namespaces"
        kernel.use(settings["numbers"])
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        self.filter = kernel.Filter(base64.b64decode(settings["filter"]))
        self.judge_filter = kernel.Filter(base64.b64decode(settings["judge_filter"]))
        self.judge = None
        self.own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC) if self.isolated else None
        self.folder = jail.new_root(settings["binds"], settings["links"], settings["disk"]) if self.isolated else jail.Bare()
        if settings["tier"] == "landlock":
            jail.forbid_files(settings["binds"])
        jail.lock(settings["limits"], self.isolated)
        os.environ.clear()
        sys.path[:] = [p for p in sys.path if p.startswith("/")]
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        candidate.make_streams()
        builtins.exit, builtins.quit = (_sitebuiltins.Quitter(name, "Ctrl-D") for name in ("exit", "quit"))  # as site does
        random.seed(0)
        gc.disable()
        gc.collect()
        gc.freeze()

    def serve(self):
        while True:
            message, fds, _, _ = socket.recv_fds(self.control, 1 << 16, 8)
            if not message:
                os._exit(0)  # our parent is gone, or wants us gone
            job = json.loads(message)
            if "expire" in job:
                continue  # it came too late: that job has ended
            reply = self.job(job, list(fds))
            self.folder.clean()
            self.control.send(json.dumps(reply).encode())

    def job(self, job, fds):
        """One job. Descriptors: the candidate's input, output, errors and channel, then the judge's channel and report."""
        judge = None
        if len(fds) > 4:
            judge = self.judge = self.judge if self.judge and self.judge.alive() else Judge(self)
        candidate = self.fork_apart(job, fds[:4])
        if judge:
            judge.begin(fds[4:])
        while fds:
            os.close(fds.pop())
        return Watch(job, self.control, candidate, judge).until_done()

    def fork_apart(self, job, fds):
        """Forks into a new pid namespace: whatever runs there dies with its first process, and sees nobody else."""
        if self.isolated:
            kernel.unshare(kernel.CLONE_NEWPID)
        pid = os.fork()
        if pid == 0:
            self.child(fds, job["seconds"], self.filter, candidate.main, job)
        if self.isolated:
            kernel.setns(self.own, kernel.CLONE_NEWPID)
        return pid

    def child(self, fds, seconds, filter, run, *args):
        """In the new process: leave nothing of ours open, give up every right, then run."""
        try:
            high = [os.dup2(os.dup(fd), 64 + i) for i, fd in enumerate(fds)]
            for i, fd in enumerate(high):
                os.dup2(fd, i)
            kernel.close_from(len(fds))
            os.chdir("/tmp" if self.isolated else ".")
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            jail.confine(seconds, filter)
            run(*args)
        except BaseException:
            os.write(2, traceback.format_exc().encode("utf-8", "replace"))
        os._exit(70)


class Judge:
    """The judge's process, as the zygote sees it."""

    def __init__(self, zygote):
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            zygote.child([0, 1, 2, theirs.fileno()], 0, zygote.judge_filter, judge.serve)
        theirs.close()

    def alive(self):
        """Between jobs a judge ends when it has served many."""
        if self.pid and os.waitpid(self.pid, os.WNOHANG)[0]:
            self.gone()
        return self.pid is not None

    def gone(self):
        self.pid = None
        self.socket.close()

    def begin(self, fds):
        self.start = processor_time(self.pid)
        try:
            socket.send_fds(self.socket, [b"job"], fds)
        except OSError:
            pass  # it is dead, which the watch will find


def processor_time(pid):
    """The time that another process has used so far, in seconds."""
    return time.clock_gettime(~pid << 3 | 2)


class Watch:
    """Waits for the end of one job. Kills what uses up its processor time, and all if the parent says so, which sees
    whether they sleep. The job has ended when the candidate is dead and the judge has reported."""

    def __init__(self, job, control, candidate, judge):
        self.allowed, self.control, self.candidate, self.judge = job["time"], control, candidate, judge
        self.ended, self.late, self.judging, self.poll = {}, "", judge is not None, select.poll()
        self.handles = {os.pidfd_open(candidate): self.reap_candidate, control.fileno(): self.obey}
        if judge:
            self.handles[os.pidfd_open(judge.pid)] = self.reap_judge
            self.handles[judge.socket.fileno()] = self.judge_reports
        self.own = [fd for fd in self.handles if fd != control.fileno() and not (judge and fd == judge.socket.fileno())]
        for fd in self.handles:
            self.poll.register(fd, select.POLLIN)

    def until_done(self):
        pause = 10
        while self.candidate or self.judging:
            for fd, _ in self.poll.poll(pause):
                self.handles[fd]()
            if self.candidate and processor_time(self.candidate) > self.allowed:
                self.expire(self.candidate, "candidate: processor time")
            if self.judging and processor_time(self.judge.pid) - self.judge.start > self.allowed:
                self.expire_judge("processor time")
            pause = 25
        for fd in self.own:
            os.close(fd)
        return {"ended": self.ended, "late": self.late}

    def reap(self, name, pid):
        _, status, used = os.wait4(pid, 0)
        self.ended[name] = {"status": status, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss}

    def reap_candidate(self):
        if self.candidate:
            self.reap("candidate", self.candidate)
            self.candidate = None

    def reap_judge(self):
        if self.judge.pid:
            self.reap("judge", self.judge.pid)
            self.judge.gone()
            self.judge_done()

    def judge_reports(self):
        if self.judge.pid and self.judge.socket.recv(16):
            self.judge_done()

    def judge_done(self):
        self.judging = False
        if self.candidate:
            os.kill(self.candidate, signal.SIGKILL)

    def obey(self):
        if not self.control.recv(1 << 16):
            os._exit(0)  # our parent is gone
        self.expire(self.candidate, "candidate: asleep")
        if self.judging:
            self.expire_judge("asleep")

    def expire_judge(self, why):
        """It may report in the same moment; it must not be met by the next job half dead."""
        self.expire(self.judge.pid, "judge: " + why)
        self.reap_judge()

    def expire(self, pid, why):
        if pid:
            self.late = self.late or why
            os.kill(pid, signal.SIGKILL)
