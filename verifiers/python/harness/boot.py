# Started by `python3 -s -S -c`: reads the settings and the other files of the harness from the control socket (fd 3),
# makes modules of them, and starts the jail. Nothing here is secret: a candidate may find these sources in memory.
import json, os, sys, types


def receive_settings():
    data = b""
    while not data.endswith(b"\n"):
        part = os.read(3, 1 << 16)
        if not part:
            os._exit(1)  # whoever started us is gone
        data += part
    return json.loads(data)


def start():
    settings = receive_settings()
    # What random and threading do in every forked process dirties 40 pages. It is not needed: no thread is lost by our forks,
    # and programs that draw numbers all start alike, as their sets and dictionaries do.
    register, os.register_at_fork = os.register_at_fork, lambda **_: None
    for name, source in settings.pop("harness"):
        module = types.ModuleType(name)
        sys.modules[name] = module
        exec(compile(source, "<" + name + ">", "exec"), module.__dict__)
    os.register_at_fork = register
    sys.modules["zygote"].main(settings)


start()
