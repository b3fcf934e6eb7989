# Values between judge and candidate: a tag and then a length or the bytes. Only exact built-in types arrive, and they
# are built here, never unpickled or evaluated. Lengths, depth and the number of values are bounded, since the other side
# may be hostile.
import collections, os, struct

MAX_BYTES = 16 << 20
MAX_VALUES = 500_000
MAX_DEPTH = 100

TYPES = {t.__name__: t for t in (int, float, complex, bool, str, bytes, bytearray, list, tuple, dict, set, frozenset, range, object, type(None))}
VIEWS = {"k": type({}.keys()), "v": type({}.values()), "m": type({}.items())}

_size = struct.Struct("<I")
_double = struct.Struct("<d")
_pair = struct.Struct("<dd")


class Unsupported(Exception):
    """A value that cannot be sent."""


class TooLarge(Unsupported):
    """A value beyond the bounds, which the other side's values can bring about."""


class Malformed(Exception):
    """Bytes that no honest sender makes."""


class Closed(Exception):
    """The other side is gone."""


class Handle:
    """Stands for an object that stays in the candidate's process. It is true or false, as the candidate says, and may be
    passed back; it can be compared with nothing and made into no text."""

    __slots__ = ("number", "truth", "link")

    def __init__(self, number, truth, link):
        object.__setattr__(self, "number", number)
        object.__setattr__(self, "truth", truth)
        object.__setattr__(self, "link", link)

    def _refuse(self, *_):
        raise TypeError("an object of the program's is compared or converted, which only plain values can be")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __len__ = __iter__ = __contains__ = _refuse
    __str__ = __repr__ = __format__ = __int__ = __float__ = __index__ = _refuse
    __hash__ = None

    def __bool__(self):
        return self.truth

    def __getattr__(self, name):
        return self.link.get(self.number, name)

    def __setattr__(self, name, value):
        self.link.set(self.number, name, value)


def _sized(tag, data):
    return tag + _size.pack(len(data)) + data


class Encoder:
    """Writes values. keep, if given, takes an object that is no plain value and returns the number of its handle."""

    def __init__(self, keep=None):
        self.out, self.left, self.room, self.keep = [], MAX_VALUES, MAX_BYTES, keep

    def encode(self, value):
        self.put(value, 0)
        return b"".join(self.out)

    def add(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise TooLarge("a value of over %d bytes" % MAX_BYTES)
        self.out.append(data)

    def items(self, tag, values, count, depth):
        self.add(tag + _size.pack(count))
        for value in values:
            self.put(value, depth)

    def put(self, value, depth):
        self.left -= 1
        if self.left < 0:
            raise TooLarge("over %d values" % MAX_VALUES)
        if depth > MAX_DEPTH:
            raise TooLarge("nested deeper than %d" % MAX_DEPTH)
        kind = type(value)
        write = _WRITERS.get(kind)
        if write is None:
            write = _writer(kind)
        if write is None:
            return self.other(value)
        write(self, value, depth + 1)

    def other(self, value):
        if isinstance(value, Handle):
            self.add(b"h" + _size.pack(value.number) + b"\0")
        elif isinstance(value, type) and TYPES.get(value.__name__) is value:
            self.add(_sized(b"y", value.__name__.encode()))
        elif hasattr(type(value), "__next__"):
            self.iterator(value)
        elif self.keep is not None:
            self.add(b"h" + _size.pack(self.keep(value)) + (b"\1" if value else b"\0"))
        else:
            raise Unsupported("a value of type " + type(value).__name__)

    def iterator(self, value):
        """An iterator is run to its end, and arrives as one over its items."""
        items = []
        for item in value:
            items.append(item)
            if len(items) > MAX_VALUES:
                raise TooLarge("an iterator of over %d items" % MAX_VALUES)
        self.items(b"g", items, len(items), 1)


def _write_int(encoder, value, _):
    encoder.add(_sized(b"i", int.to_bytes(value, int.bit_length(value) // 8 + 1, "little", signed=True)))


def _write_dict(encoder, value, depth, tag=b"d"):
    encoder.add(tag + _size.pack(len(value)))
    for key, item in dict.items(value):
        encoder.put(key, depth)
        encoder.put(item, depth)


_WRITERS = {
    type(None): lambda e, v, d: e.add(b"N"),
    bool: lambda e, v, d: e.add(b"T" if v else b"F"),
    int: _write_int,
    float: lambda e, v, d: e.add(b"f" + _double.pack(v)),
    complex: lambda e, v, d: e.add(b"c" + _pair.pack(v.real, v.imag)),
    str: lambda e, v, d: e.add(_sized(b"s", str.encode(v, "utf-8", "surrogatepass"))),
    bytes: lambda e, v, d: e.add(_sized(b"b", v)),
    bytearray: lambda e, v, d: e.add(_sized(b"a", bytes(v))),
    list: lambda e, v, d: e.items(b"l", list.__iter__(v), list.__len__(v), d),
    tuple: lambda e, v, d: e.items(b"t", tuple.__iter__(v), tuple.__len__(v), d),
    set: lambda e, v, d: e.items(b"S", set.__iter__(v), set.__len__(v), d),
    frozenset: lambda e, v, d: e.items(b"Z", frozenset.__iter__(v), frozenset.__len__(v), d),
    dict: _write_dict,
    range: lambda e, v, d: e.items(b"r", (v.start, v.stop, v.step), 3, d),
    collections.deque: lambda e, v, d: e.items(b"q", list(v), len(v), d),
    VIEWS["k"]: lambda e, v, d: e.items(b"k", list(v), len(v), d),
    VIEWS["v"]: lambda e, v, d: e.items(b"v", list(v), len(v), d),
    VIEWS["m"]: lambda e, v, d: e.items(b"m", list(v), len(v), d),
}


def _writer(kind):
    """A subclass travels as the built-in type that it extends, whatever it overrides."""
    for base in kind.__mro__[1:-1]:
        if base in _WRITERS:
            return _WRITERS[base]
    return None


class Decoder:
    """Reads one value. handle makes the object that stands for a handle's number."""

    def __init__(self, data, handle):
        self.data, self.at, self.left, self.handle = data, 0, MAX_VALUES + 16, handle

    def decode(self):
        try:
            value = self.take(0)
        except (IndexError, struct.error, UnicodeError, TypeError, OverflowError, ValueError) as fault:
            raise Malformed(str(fault)) from None
        if self.at != len(self.data):
            raise Malformed("bytes after the value")
        return value

    def size(self):
        number = _size.unpack_from(self.data, self.at)[0]
        self.at += 4
        return number

    def truth(self):
        self.at += 1
        return self.data[self.at - 1] == 1

    def bytes(self):
        count = self.size()
        start, self.at = self.at, self.at + count
        if self.at > len(self.data):
            raise Malformed("a length beyond the end")
        return self.data[start:self.at]

    def several(self, depth):
        count = self.size()
        if count > self.left:
            raise Malformed("too many values")
        return [self.take(depth) for _ in range(count)]

    def number(self, form):
        value = form.unpack_from(self.data, self.at)
        self.at += form.size
        return value

    def take(self, depth):
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH + 8:
            raise Malformed("too many values, or nested too deep")
        tag = chr(self.data[self.at])
        self.at += 1
        read = _READERS.get(tag)
        if read is None:
            raise Malformed("unknown tag")
        return read(self, depth + 1)

    def dict(self, depth):
        count = self.size()
        if count * 2 > self.left:
            raise Malformed("too many values")
        value = {}
        for _ in range(count):
            key = self.take(depth)
            value[key] = self.take(depth)
        return value


def _type(name):
    if name.decode() not in TYPES:
        raise Malformed("unknown type")
    return TYPES[name.decode()]


_READERS = {
    "N": lambda d, n: None,
    "T": lambda d, n: True,
    "F": lambda d, n: False,
    "i": lambda d, n: int.from_bytes(d.bytes(), "little", signed=True),
    "f": lambda d, n: d.number(_double)[0],
    "c": lambda d, n: complex(*d.number(_pair)),
    "s": lambda d, n: d.bytes().decode("utf-8", "surrogatepass"),
    "b": lambda d, n: d.bytes(),
    "a": lambda d, n: bytearray(d.bytes()),
    "l": lambda d, n: d.several(n),
    "t": lambda d, n: tuple(d.several(n)),
    "S": lambda d, n: set(d.several(n)),
    "Z": lambda d, n: frozenset(d.several(n)),
    "d": lambda d, n: d.dict(n),
    "r": lambda d, n: range(*d.several(n)),
    "q": lambda d, n: collections.deque(d.several(n)),
    "g": lambda d, n: iter(d.several(n)),
    "k": lambda d, n: dict.fromkeys(d.several(n)).keys(),
    "v": lambda d, n: dict(enumerate(d.several(n))).values(),
    "m": lambda d, n: dict(d.several(n)).items(),
    "y": lambda d, n: _type(d.bytes()),
    "h": lambda d, n: d.handle(d.size(), d.truth()),
}


def send(fd, data):
    data = _size.pack(len(data)) + data
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view):]
    except OSError:
        raise Closed() from None


def _read(fd, count):
    parts = []
    while count:
        try:
            part = os.read(fd, min(count, 1 << 20))
        except OSError:
            part = b""
        if not part:
            raise Closed()
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def receive(fd):
    count = _size.unpack(_read(fd, 4))[0]
    if count > MAX_BYTES + 4096:
        raise Malformed("a message of %d bytes" % count)
    return _read(fd, count)
