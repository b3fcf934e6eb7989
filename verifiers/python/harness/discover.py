# Run once, outside the jail, without any program: tells which files the interpreter needs. Every extension module of the
# library is loaded so that the dynamic loader itself says which shared libraries belong to it.
import ctypes, glob, json, os, sys, sysconfig

library = os.path.realpath(sysconfig.get_path("stdlib"))
paths = [os.path.realpath(p) for p in sys.path if os.path.isdir(p)]
folders = sorted({library, *paths})
folders = [f for f in folders if not any(f != other and f.startswith(other + "/") for other in folders)]

for extension in glob.glob(os.path.join(sysconfig.get_path("stdlib"), "lib-dynload", "*.so")):
    try:
        ctypes.CDLL(extension)
    except OSError:
        pass  # a library that is not installed: the module cannot be imported outside either

with open("/proc/self/maps") as maps:
    mapped = {line.split(None, 5)[5].strip() for line in maps if line.count("/")}


def names(file):
    """All names by which the loader may ask for a shared library: its own, and links beside it that lead to it."""
    links = [e.path for e in os.scandir(os.path.dirname(file)) if ".so." in e.name and e.is_symlink()]
    return [file] + [link for link in links if os.path.realpath(link) == file]


binds = [(f, f) for f in folders]
for path in sys.path:
    if os.path.isdir(path) and os.path.realpath(path) != path:
        binds.append((os.path.realpath(path), path))
for file in sorted(mapped):
    if ".so" in file and os.path.isfile(file) and not any(file.startswith(f + "/") for f in folders):
        binds += [(file, name) for name in names(file)]
links = [(os.readlink(link), link) for link in ("/lib", "/lib64")
         if os.path.islink(link) and any(target.startswith(os.path.realpath(link) + "/") for _, target in binds)]

print(json.dumps({"version": sys.version_info[:2], "executable": os.path.realpath(sys.executable), "binds": binds, "links": links}))
