# Builds the jail around the process it runs in: a root that holds the interpreter's library and nothing else, no
# capabilities beyond those for the next job's namespaces, and no way to gain any.
import os, resource

import kernel

ROOT = "/tmp"  # where the new root is mounted before it becomes the root
CAP_SYS_ADMIN = 1 << 21


def _bind(source, target):
    """Binds read-only. Flags that the source's mount has must stay, or the kernel refuses."""
    kernel.mount(source, target, "", kernel.MS_BIND | kernel.MS_REC)
    kept = os.statvfs(target).f_flag & (kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    read_only = kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_BIND | kernel.MS_REMOUNT
    kernel.mount("none", target, "", read_only | kept)


def _place(source, target):
    """Makes an empty folder or file at target, and binds source over it."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    elif not os.path.exists(target):
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o444))
    _bind(source, target)


def new_root(binds, links, disk):
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", ROOT, "tmpfs", kernel.MS_NOSUID, "size=1m,nr_inodes=4096,mode=755")
    for source, target in links:
        os.symlink(source, ROOT + target)
    for source, target in binds:
        _place(source, ROOT + target)
    for name in ("null", "zero", "urandom"):
        _place("/dev/" + name, ROOT + "/dev/" + name)
    os.makedirs(ROOT + "/tmp")
    kernel.pivot_root(ROOT)
    kernel.mount("none", "/", "", kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID)
    return Folder(disk)


class Folder:
    """The working folder of a job: a small file system of its own, made anew when a job has touched it."""

    def __init__(self, disk):
        self.options = "size=%d,nr_inodes=1024,mode=700" % disk
        self.mount()

    def mount(self):
        kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC, self.options)
        self.fresh = self.state()

    def state(self):
        now = os.stat("/tmp")
        return now.st_ctime_ns, now.st_mtime_ns, now.st_nlink, now.st_mode

    def clean(self):
        if self.state() != self.fresh:  # the time of change cannot be set back
            kernel.umount("/tmp")
            self.mount()


def forbid_files(binds):
    """In place of a root of its own: of the machine's files only the library can be read, and none written."""
    library = {path for pair in binds for path in pair}
    read = [(path, kernel.READ_FILE | kernel.READ_DIR) for path in sorted(library) + ["/dev/zero", "/dev/urandom"]]
    kernel.landlock(read + [("/dev/null", kernel.READ_FILE | kernel.WRITE_FILE)])


class Bare:
    """Without a mount namespace there is no folder for jobs."""

    def clean(self):
        pass


def lock(limits, isolated):
    """What all jobs inherit: no rights to gain, and limits for each process."""
    kernel.drop_bounds()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.keep_capabilities(CAP_SYS_ADMIN if isolated else 0)
    os.umask(0o077)
    for name, value in limits.items():
        kind = getattr(resource, "RLIMIT_" + name, None)
        if kind is not None:
            resource.setrlimit(kind, (value, value))


def confine(seconds, filter):
    """The last steps, in a process that is about to run a job."""
    if seconds:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    kernel.keep_capabilities(0)
    filter.install()
