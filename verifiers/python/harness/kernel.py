# The few system calls that Python's library does not offer, by ctypes. The numbers that differ between processors come
# with the settings.
import ctypes, os, struct

CLONE_NEWPID = 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 38, 47

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = {}


def use(numbers):
    _numbers.update(numbers)


def _checked(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, what + ": " + os.strerror(number))
    return result


def _call(name, *args):
    return _checked(_libc.syscall(ctypes.c_long(_numbers[name]), *args), name)


def mount(source, target, kind, flags, data=""):
    _checked(_libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()), "mount " + target)


def umount(target):
    _checked(_libc.umount2(target.encode(), MNT_DETACH), "umount " + target)


class _Rights(ctypes.Structure):
    """landlock_ruleset_attr: what is refused unless a rule allows it; older kernels know only the first ones."""
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("rights", ctypes.c_uint64), ("folder", ctypes.c_int32)]


WRITE_FILE, READ_FILE, READ_DIR = 2, 4, 8  # LANDLOCK_ACCESS_FS_*
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # by version of Landlock: so many rights there are, one bit each


def landlock(allowed):
    """Refuses this process and its children, for good, whatever of files, TCP, abstract sockets and signals Landlock governs
    in this kernel, but for the rights given: pairs of a path and its rights."""
    version = _call("landlock_create_ruleset", None, ctypes.c_size_t(0), ctypes.c_uint(1))
    rights = _Rights((1 << _FILE_RIGHTS.get(version, 16)) - 1, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = _call("landlock_create_ruleset", ctypes.byref(rights), ctypes.c_size_t(size), ctypes.c_uint(0))
    for path, right in allowed:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
        beneath = _Beneath(right if os.path.isdir(path) else right & ~READ_DIR, folder)
        _call("landlock_add_rule", ctypes.c_int(rules), ctypes.c_int(1), ctypes.byref(beneath), ctypes.c_uint(0))
        os.close(folder)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    _call("landlock_restrict_self", ctypes.c_int(rules), ctypes.c_uint(0))
    os.close(rules)


def pivot_root(folder):
    """Makes folder the root; the old one is gone for good."""
    os.chdir(folder)
    _call("pivot_root", b".", b".")
    umount(".")
    os.chdir("/")


def unshare(flags):
    _checked(_libc.unshare(flags), "unshare")


def setns(fd, kind):
    _checked(_libc.setns(fd, kind), "setns")


def prctl(option, argument=0, third=0):
    zero = ctypes.c_ulong(0)
    _checked(_libc.prctl(option, ctypes.c_ulong(argument), ctypes.c_ulong(third), zero, zero), "prctl %d" % option)


def close_from(first):
    _call("close_range", ctypes.c_uint(first), ctypes.c_uint(0xFFFFFFFF), ctypes.c_uint(0))


_HEADER = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
_SETS = ctypes.c_uint32 * 6


def keep_capabilities(mask):
    """Gives up all capabilities but those in mask, for good."""
    low, high = mask & 0xFFFFFFFF, mask >> 32
    _call("capset", _HEADER, _SETS(low, low, 0, high, high, 0))


def drop_bounds():
    """No program started from here can gain a capability."""
    for number in range(64):
        try:
            prctl(PR_CAPBSET_DROP, number)
        except OSError:
            break  # past the last one that this kernel knows


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


_OWN_PID = 0x70696421  # seccomp_linux.go: stands for the number of the process


class Filter:
    """A seccomp filter, compiled by the parent."""

    def __init__(self, code):
        self.code = ctypes.create_string_buffer(code, len(code))
        self.program = _Program(len(code) // 8, ctypes.addressof(self.code))
        self.address = ctypes.addressof(self.program)
        self.pids = [at + 4 for at in range(0, len(code), 8) if struct.unpack_from("=I", code, at + 4)[0] == _OWN_PID]

    def install(self):
        for at in self.pids:
            struct.pack_into("=I", self.code, at, os.getpid())
        prctl(PR_SET_SECCOMP, 2, self.address)  # SECCOMP_MODE_FILTER
