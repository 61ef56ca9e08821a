"""A strict HTTP/1.1 reader for both sides of a proxy, independent of the product's own parser.

It reads from a `Stream` and raises `Violation` for anything RFC 9112 does not allow, `Cut` when the peer closed in
the middle of a message. Used by the echo provider, by the client that judges answers, and by the strict reference
proxy."""

import ipaddress
import re
from dataclasses import dataclass, field

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
TARGET = re.compile(rb"(/[^\x00-\x20\x7f-\xff#]*|\*)")
HOST_NAME = re.compile(rb"[A-Za-z0-9\-._~]+(:[0-9]*)?")
CHUNK_EXTENSION = re.compile(
    rb"(?:[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
    rb"(?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|\"(?:[^\"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t\x20-\x7e\x80-\xff])*\"))?)*")
LIMIT = 256 * 1024


class Violation(Exception):
    """What arrived is not HTTP as the RFC has it."""


class Cut(Exception):
    """The peer closed in the middle of a message."""


class Closed(Exception):
    """The peer closed where a message could have started."""


class Stream:
    """Buffered reading, keeping every byte that has been consumed since `mark`."""

    def __init__(self, reader):
        self.reader = reader
        self.buffer = bytearray()
        self.seen = bytearray()
        self.reset = False
        self.ended = False

    async def fill(self):
        """Reads some more; False at the end."""
        if self.ended:
            return False
        try:
            data = await self.reader.read(65536)
        except (ConnectionError, OSError):
            self.reset = True
            data = b""
        if not data:
            self.ended = True
            return False
        self.buffer += data
        return True

    def take(self, size):
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        if len(self.seen) < LIMIT:
            self.seen += data
        return data

    async def line(self, limit=LIMIT):
        """One line without its CRLF."""
        start = 0
        while (at := self.buffer.find(b"\n", start)) < 0:
            start = len(self.buffer)
            if start > limit:
                raise Violation("line without end")
            if not await self.fill():
                raise Cut("in a line") if self.buffer or self.seen else Closed()
        line = self.take(at + 1)
        if not line.endswith(b"\r\n"):
            raise Violation("line ends in a bare LF")
        return line[:-2]

    async def exactly(self, size, into):
        while size:
            if not self.buffer and not await self.fill():
                raise Cut("in a body")
            data = self.take(min(size, len(self.buffer)))
            into += data
            size -= len(data)

    async def until_close(self, into):
        while True:
            into += self.take(len(self.buffer))
            if not await self.fill():
                if self.reset:
                    raise Cut("reset in a body that ends with the connection")
                return


@dataclass
class Message:
    first: tuple = ()
    fields: list = field(default_factory=list)
    trailers: list = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    framing: str = "none"

    def values(self, name):
        return [value for key, value in self.fields if key.lower() == name]

    def value(self, name, default=b""):
        return next(iter(self.values(name)), default)

    def options(self):
        return {option.strip().lower() for value in self.values(b"connection") for option in value.split(b",")}


def parse_field(line):
    name, colon, value = line.partition(b":")
    if line[:1] in (b" ", b"\t"):
        raise Violation("folded field line")
    if not colon or not TOKEN.fullmatch(name):
        raise Violation("malformed field name")
    value = value.strip(b" \t")
    if not VALUE.fullmatch(value):
        raise Violation("control byte in a field value")
    return name, value


async def read_fields(stream, fields):
    while line := await stream.line():
        fields.append(parse_field(line))
        if len(fields) > 2000:
            raise Violation("too many fields")


def framing_of(message, version):
    """("chunked", 0), ("length", n) or ("none", 0)."""
    lengths, codings = message.values(b"content-length"), message.values(b"transfer-encoding")
    if codings:
        if lengths:
            raise Violation("Content-Length beside Transfer-Encoding")
        if len(codings) > 1 or codings[0].lower() != b"chunked":
            raise Violation("Transfer-Encoding is not just chunked")
        if version == b"HTTP/1.0":
            raise Violation("Transfer-Encoding in HTTP/1.0")
        return "chunked", 0
    if len(lengths) > 1:
        raise Violation("several Content-Length fields")
    if lengths:
        if not re.fullmatch(rb"[0-9]{1,19}", lengths[0]):
            raise Violation("malformed Content-Length")
        return "length", int(lengths[0])
    return "none", 0


async def read_chunks(stream, message):
    while True:
        line = await stream.line(4096)
        digits = re.match(rb"[0-9A-Fa-f]{1,16}", line)
        if not digits or not CHUNK_EXTENSION.fullmatch(line[digits.end():]):
            raise Violation("malformed chunk line")
        size = int(digits[0], 16)
        if size == 0:
            await read_fields(stream, message.trailers)
            return
        await stream.exactly(size, message.body)
        end = bytearray()
        await stream.exactly(2, end)
        if end != b"\r\n":
            raise Violation("chunk data is not followed by CRLF")


def check_host(value):
    if value.startswith(b"["):
        address, bracket, port = value[1:].partition(b"]")
        if not bracket:
            raise Violation("malformed Host")
        try:
            ipaddress.IPv6Address(address.decode("latin-1"))
        except ValueError:
            raise Violation("malformed Host") from None
        if not re.fullmatch(rb"(:[0-9]*)?", port):
            raise Violation("malformed Host")
    elif not HOST_NAME.fullmatch(value):
        raise Violation("malformed Host")


def origin_form(message):
    """Cuts an absolute-form target down to its path (RFC 9112 section 3.2.2: every server accepts that form)."""
    method, target, version = message.first
    match = re.fullmatch(rb"(?i:https?)://([^/?#]*)(/.*)?", target, re.DOTALL)
    if match:
        check_host(match[1])
        message.first = (method, match[2] or b"/", version)
        if match[1].lower() != message.value(b"host").lower():
            raise Violation("the target's authority is not the Host")


async def read_request(stream, message, on_head=None):
    """Reads one request into `message`, which holds what was understood also when this raises."""
    line = await stream.line()
    parts = line.split(b" ")
    if len(parts) != 3 or not TOKEN.fullmatch(parts[0]):
        raise Violation("malformed request line")
    message.first = tuple(parts)
    if parts[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Violation("unknown version")
    await read_fields(stream, message.fields)
    hosts = message.values(b"host")
    if len(hosts) != 1 and (hosts or parts[2] == b"HTTP/1.1"):
        raise Violation("Host is missing or repeated")
    if hosts:
        check_host(hosts[0])
    origin_form(message)
    target = message.first[1]
    if not TARGET.fullmatch(target) or (target == b"*" and parts[0] != b"OPTIONS"):
        raise Violation("malformed target")
    message.framing, length = framing_of(message, parts[2])
    if on_head:
        await on_head(message)
    if message.framing == "chunked":
        await read_chunks(stream, message)
    elif message.framing == "length":
        await stream.exactly(length, message.body)
    return message


async def read_response(stream, message, method=b"GET"):
    line = await stream.line()
    match = re.fullmatch(rb"(HTTP/1\.[01]) ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)", line)
    if not match:
        raise Violation("malformed status line")
    status = int(match[2])
    message.first = (match[1], status, match[3])
    await read_fields(stream, message.fields)
    message.framing, length = framing_of(message, match[1])
    if status < 200 or status in (204, 304) or method == b"HEAD":
        if status < 200 or status == 204:
            if message.framing == "chunked" or (message.framing == "length" and length):
                raise Violation(f"body framing in a {status}")
        message.framing = "none"
    elif message.framing == "chunked":
        await read_chunks(stream, message)
    elif message.framing == "length":
        await stream.exactly(length, message.body)
    else:
        message.framing = "close"
        await stream.until_close(message.body)
    return message


class FixedReader:
    """Bytes already at hand, as something a Stream can read."""

    def __init__(self, data):
        self.data = data

    async def read(self, _):
        data, self.data = self.data, b""
        return data


async def read_first_request(raw):
    """(message, rest) of well-formed bytes, else None."""
    stream, message = Stream(FixedReader(raw)), Message()
    try:
        await read_request(stream, message)
    except (Violation, Cut, Closed):
        return None
    return message, bytes(stream.buffer)


async def read_final_response(raw, method=b"GET"):
    """The final response in well-formed bytes, else None."""
    stream = Stream(FixedReader(raw))
    try:
        while True:
            message = await read_response(stream, Message(), method)
            if message.first[1] >= 200:
                return message
    except (Violation, Cut, Closed):
        return None
