# The few system calls that Python's library does not offer, by ctypes. The numbers that differ between processors come
# with the settings.
import ctypes, os

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
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


class Filter:
    """A seccomp filter, compiled by the parent."""

    def __init__(self, code):
        self.program = _Program(len(code) // 8, code)
        self.address = ctypes.addressof(self.program)

    def install(self):
        prctl(PR_SET_SECCOMP, 2, self.address)  # SECCOMP_MODE_FILTER
