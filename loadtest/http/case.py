"""One case, and how it is written in a JSON lines file.

    {"id": "cl-plus", "class": "content-length", "level": "must", "expect": "reject", "raw": "POST /case HTTP/1.1\\r\\n..."}

id       unique; letters, digits and hyphens
kind     "request" (default) or "response"
class    free text, for the table; "truncation" responses are counted apart
level    "must", or "policy" where a lenient answer breaks no rule: its FAIL is shown as WARN
expect   "accept", "reject" or "either"
raw      the bytes on the wire, one character a byte (U+0000 to U+00FF); or "raw_base64"
         request:  what the client sends. The message proper asks for a target starting with /case; a target with
                   "hidden" in it must never reach the provider as a request of its own
         response: what the provider answers with
targets  request, optional: the targets of all messages that may arrive (default: what starts with /case, once)
body     request, accepted: the body that must arrive; response, accepted: the body the client must get
         (default: as our own strict reader reads `raw`)
absent, present   names of fields that must not, or must, arrive (request) or be delivered (response)
end      what the sender does after `raw`: "keep" the connection (default), "close" it, "half" close, "reset" it
method, version   response: of the client's request (default GET, HTTP/1.1)
pieces   optional: `raw` is sent in so many pieces
asked    response, optional: the bytes of the client's request, in place of a plain one; @TARGET@ is put in
early    response, optional: the provider answers when it has the request's head, and reads no further
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Optional


@dataclass
class Case:
    id: str
    klass: str
    expect: str
    raw: bytes
    kind: str = "request"
    level: str = "must"
    targets: Optional[list] = None
    body: Optional[bytes] = None
    absent: list = field(default_factory=list)
    present: list = field(default_factory=list)
    end: str = "keep"
    method: str = "GET"
    version: str = "HTTP/1.1"
    pieces: int = 1
    asked: Optional[bytes] = None
    early: bool = False


def from_json(line):
    data = json.loads(line)
    raw = base64.b64decode(data["raw_base64"]) if "raw_base64" in data else data["raw"].encode("latin-1")
    body = data.get("body")
    case = Case(id=data["id"], klass=data.get("class", "unnamed"), expect=data["expect"], raw=raw,
                kind=data.get("kind", "request"), level=data.get("level", "must"), targets=data.get("targets"),
                body=None if body is None else body.encode("latin-1"), absent=data.get("absent", []),
                present=data.get("present", []), end=data.get("end", "keep"), method=data.get("method", "GET"),
                version=data.get("version", "HTTP/1.1"), pieces=data.get("pieces", 1),
                asked=data["asked"].encode("latin-1") if "asked" in data else None, early=data.get("early", False))
    for name, value, allowed in (("expect", case.expect, ("accept", "reject", "either")),
                                 ("kind", case.kind, ("request", "response")),
                                 ("level", case.level, ("must", "policy")),
                                 ("end", case.end, ("keep", "close", "half", "reset"))):
        if value not in allowed:
            raise ValueError(f"{case.id}: {name} is {value!r}, not one of {', '.join(allowed)}")
    return case


def to_json(case):
    data = {"id": case.id, "kind": case.kind, "class": case.klass, "level": case.level, "expect": case.expect,
            "raw": case.raw.decode("latin-1")}
    defaults = Case("", "", "", b"")
    for name in ("targets", "absent", "present", "end", "method", "version", "pieces", "early"):
        if getattr(case, name) != getattr(defaults, name):
            data[name] = getattr(case, name)
    if case.body is not None:
        data["body"] = case.body.decode("latin-1")
    if case.asked is not None:
        data["asked"] = case.asked.decode("latin-1")
    return json.dumps(data)


def load(path):
    with open(path, encoding="utf-8") as lines:
        cases = [from_json(line) for line in lines if line.strip()]
    if len({case.id for case in cases}) != len(cases):
        raise ValueError(f"{path}: ids are not unique")
    return cases
