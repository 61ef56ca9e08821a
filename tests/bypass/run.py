"""./dev bypass [FILE] [--nasty | --siege | --invent COUNT --seed SEED] [--verbose]

Sends request bodies that try to get around an output cap through the real proxy, whose rule is
`output_caps: [{match: {...}, max: 100, default: 100, on_exceed: clamp}]`, to a provider that keeps what
arrives. Each body that arrives is read in every way a server could read it (tests/bypass/judge.py): if
one of them allows more than 100 output tokens for the request, the cap was bypassed. A refused body
(4xx, nothing arrives) is not bypassed. Whatever arrives must be the body as sent except for limits that
were replaced or inserted.

FILE holds one JSON object a line (blank lines and lines that begin with # are skipped):

  body | body_base64 (b64, base64)   the bytes; `body` may also be an object, which is sent as JSON
  path (url, endpoint)               "/v1/chat/completions"; a path that begins with /p/NAME/ is sent as it is
  provider | dialect | family        openai anthropic gemini cohere ollama azure vertex, or a dialect's name such as
                                     openai_chat or gemini; left out, the path decides
  headers                            an object or a list of pairs; content_type and content_encoding may
                                     also stand beside it
  gzip: true                         compress the body before it is sent and say so in Content-Encoding
  chunked: true                      send it in chunks of 7 bytes
  method, name (id), max             POST, a label for reports, 100
  legitimate: true                   an ordinary request: refusing it is a failure, too

Headers about the message's length are left out; the runner writes its own. `--invent` makes up bodies;
`--nasty` and `--siege` take those of nasty.py and siege.py instead of reading a file.

Last line: `figure: bodies= bypassed= refused= lowered= altered= wrongly_refused=`.
"""

from __future__ import annotations

import argparse
import base64
import difflib
import gzip
import http.client
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bypass.invent import invent
from tests.bypass.judge import judge, kind_of
from tests.bypass.nasty import nasty
from tests.bypass.recorder import Recorder
from tests.bypass.siege import siege
from tests.support.proxy import Proxy, free_ports

BODIES = Path(__file__).parent / "bodies.jsonl"
MOST = 100
FRAMING = {"content-length", "transfer-encoding", "connection", "host", "expect"}
FAMILIES = ["openai", "anthropic", "gemini", "cohere", "ollama", "azure", "vertex"]
DEFAULT_PATHS = {
    "openai": "/v1/chat/completions", "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/gemini-2.5-flash:generateContent", "cohere": "/v2/chat", "ollama": "/api/chat",
    "openai_chat": "/v1/chat/completions", "openai_completions": "/v1/completions",
    "openai_responses": "/v1/responses", "anthropic_messages": "/v1/messages",
    "gemini_interactions": "/v1beta/interactions",
}


@dataclass
class Case:
    name: str
    family: str
    path: str
    body: bytes
    method: str = "POST"
    headers: list[tuple[str, str]] = field(default_factory=list)
    chunked: bool = False
    legitimate: bool = False
    most: int = MOST

    @property
    def encoding(self) -> str:
        return next((value for name, value in self.headers if name.lower() == "content-encoding"), "")

    @property
    def charset(self) -> str:
        said = next((value for name, value in self.headers if name.lower() == "content-type"), "")
        found = re.search(r'charset="?([^";, ]+)', said, re.IGNORECASE)
        return found.group(1) if found else ""


@dataclass
class Outcome:
    case: Case
    status: int = 0
    arrived: bytes | None = None
    encoding: str = ""
    limit: float = 0
    why: str = ""
    alterations: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def bypassed(self) -> bool:
        return self.arrived is not None and self.limit > self.case.most

    @property
    def lowered(self) -> bool:
        return self.arrived is not None and self.arrived != self.case.body


def first_of(row: dict[str, Any], *names: str) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def family_of(word: str | None, path: str) -> str:
    word = (word or "").lower()
    for family in FAMILIES:
        if word == family or word.startswith(family):
            return family
    for mark, family in [("/messages", "anthropic"), ("/complete", "anthropic"), (":generate", "gemini"), (":stream", "gemini"),
                         ("/interactions", "gemini"), ("/v2/chat", "cohere"), ("/api/", "ollama")]:
        if mark in path and not path.endswith("completions"):
            return family
    return "openai"


def read_case(row: dict[str, Any], number: int) -> Case:
    encoded = first_of(row, "body_base64", "body_b64", "base64", "b64")
    body = first_of(row, "body", "request_body", "json", "text")
    if isinstance(encoded, bool):
        encoded = body if encoded else None
    if row.get("request_body_base64") is True:
        encoded = body
    if encoded is not None:
        data = base64.b64decode(encoded)
    elif isinstance(body, str):
        # Bytes that are no UTF-8 may stand there as lone surrogates.
        data = body.encode("utf-8", "surrogateescape") if _encodable(body) else body.encode("utf-8", "surrogatepass")
    else:
        data = json.dumps(body).encode()
    word = first_of(row, "provider", "family", "dialect")
    path = first_of(row, "path", "url", "endpoint") or DEFAULT_PATHS.get(str(word or "openai").lower(), "/v1/chat/completions")
    if "://" in path:
        path = "/" + path.split("://", 1)[1].split("/", 1)[1]
    given = first_of(row, "headers", "request_headers") or []
    headers = [(str(k), str(v)) for k, v in (given.items() if isinstance(given, dict) else given)]
    chunked = bool(row.get("chunked")) or any(k.lower() == "transfer-encoding" for k, _ in headers)
    headers = [(k, v) for k, v in headers if k.lower() not in FRAMING]
    names = {name.lower() for name, _ in headers}
    if row.get("content_encoding") and "content-encoding" not in names:
        headers.append(("Content-Encoding", row["content_encoding"]))
    if row.get("gzip"):
        data = gzip.compress(data, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    if "content-type" not in names:
        headers.append(("Content-Type", row.get("content_type") or "application/json"))
    most = row.get("max")
    return Case(name=str(first_of(row, "name", "id") or f"line {number}"), family=family_of(word, path), path=path, body=data,
                method=row.get("method") or "POST", headers=headers, chunked=chunked,
                legitimate=bool(first_of(row, "legitimate", "legit")), most=int(most) if most else MOST)


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeError:
        return False
    return True


def read_cases(path: Path) -> list[Case]:
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            cases.append(read_case(json.loads(line), number))
    return cases


TOKEN = re.compile(rb'"(?:\\.|[^"\\])*"|[-+0-9.eE]+|[A-Za-z_]+|\s+|.', re.DOTALL)
LIMIT_WORDS = {b"max_tokens", b"max_completion_tokens", b"max_output_tokens", b"maxOutputTokens", b"num_predict",
               b"n_predict", b"max_new_tokens", b"max_tokens_to_sample", b"max_response_output_tokens", b"generationConfig",
               b"generation_config", b"options", b"parameters", b"completion_args", b"session", b"stream_options", b"include_usage"}


# Keys whose values may become others: limits, what is set aside for thinking, what holds limits or asks for usage.
REPLACED = {word.decode().casefold() for word in LIMIT_WORDS} | {
    "maxtokens", "max_gen_len", "max_decode_tokens", "maxtokencount", "int_val", "budget_tokens", "token_budget", "thinking_budget", "thinkingbudget", "thinking_token_budget", "reasoning_budget"}


def alterations(sent: bytes, arrived: bytes) -> list[str]:
    """Differences that are no replaced or inserted limits."""
    if sent == arrived:
        return []
    before, after = TOKEN.findall(sent), TOKEN.findall(arrived)
    whole = after
    # What is alike at both ends is most of a large body.
    least = min(len(before), len(after))
    front = next((at for at in range(least) if before[at] != after[at]), least)
    back = next((at for at in range(least - front) if before[-1 - at] != after[-1 - at]), least - front)
    before, after = before[front:len(before) - back], after[front:len(after) - back]
    found = []
    for what, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = before[i:j], after[k:m]
        if what == "equal":
            continue
        inserted = all(t in b'{}:,' or t.isdigit() or t == b"true" or t.strip(b'"') in LIMIT_WORDS for t in new)
        removed = all(re.fullmatch(rb'[-+0-9.eE]+|null|false|"[^"]*"', t) for t in old)
        placed = not old or key_before(whole, front + k) in REPLACED
        if not (inserted and removed and placed and len(old) <= 1):
            found.append(f"{b''.join(old)[:80]!r} became {b''.join(new)[:80]!r}")
    return found


def key_before(tokens: list[bytes], at: int) -> str:
    """The key whose value begins at a token, without its escapes and its case."""
    said = [token for token in tokens[max(at - 8, 0):at] if token.strip()]
    if len(said) < 2 or said[-1] != b":" or not said[-2].startswith(b'"'):
        return ""
    return str(json.loads(said[-2])).casefold()


def send(case: Case, port: int, number: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        path = case.path if case.path.startswith("/p/") else f"/p/{case.family}{case.path}"
        connection.putrequest(case.method, path, skip_accept_encoding=True)
        for name, value in case.headers:
            connection.putheader(name, value)
        connection.putheader("X-Bypass-Case", str(number))
        connection.putheader("X-LLM-Workflow", f"most-{case.most}")
        connection.putheader("Authorization", "Bearer test")
        if case.chunked:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
            for at in range(0, len(case.body), 7):
                piece = case.body[at:at + 7]
                connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            connection.send(b"0\r\n\r\n")
        else:
            connection.putheader("Content-Length", str(len(case.body)))
            connection.endheaders(case.body)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def configuration(origin: str, ports: list[int], directory: Path, limits: set[int]) -> dict[str, Any]:
    rows = [{"name": family, "origin": origin, "dialect": family, "match": {"path_prefix": f"/p/{family}"}} for family in FAMILIES]
    return {
        "schema": 1,
        "listen": [{"address": f"127.0.0.1:{ports[0]}"}],
        "admin": {"address": f"127.0.0.1:{ports[1]}"},
        "providers": rows,
        "output_caps": [{"match": {"workflow": f"most-{most}"}, "max": most, "default": most, "on_exceed": "clamp"}
                        for most in sorted(limits)],
        "ledger": {"path": str(directory / "ledger.db")},
        "drain": {"delay": "0s", "timeout": "5s"},
    }


@contextmanager
def start(directory: Path, origin: str, limits: set[int]) -> Iterator[int]:
    ports = free_ports(2)
    proxy = Proxy(directory, configuration(origin, ports, directory, limits), ports[1])
    proxy.start()
    try:
        yield ports[0]
    finally:
        proxy.stop()


def run(cases: list[Case], directory: Path) -> list[Outcome]:
    outcomes = [Outcome(case) for case in cases]
    with Recorder() as recorder:
        with start(directory, recorder.origin, {case.most for case in cases}) as port:
            with ThreadPoolExecutor(max_workers=4) as pool:
                statuses = pool.map(lambda item: send(item[1].case, port, item[0]), enumerate(outcomes))
                for outcome, status in zip(outcomes, statuses):
                    outcome.status = status
        for number, outcome in enumerate(outcomes):
            arrival = recorder.arrivals.get(str(number))
            if arrival is not None:
                outcome.arrived, outcome.encoding = arrival.body, arrival.encoding
    for outcome in outcomes:
        kind = kind_of(outcome.case.path, outcome.case.family)
        if outcome.arrived is None or kind is None:
            continue
        verdict = judge(kind, outcome.arrived, outcome.encoding, outcome.case.family == "ollama", outcome.case.charset)
        outcome.limit, outcome.why, outcome.problems = verdict.limit, verdict.why, verdict.problems
        outcome.alterations = alterations(outcome.case.body, outcome.arrived)
    return outcomes


def wrongly_refused(outcome: Outcome) -> bool:
    return outcome.case.legitimate and (outcome.arrived is None or bool(outcome.problems))


def figure(outcomes: list[Outcome]) -> str:
    def count(test: Any) -> int:
        return sum(1 for outcome in outcomes if test(outcome))

    return (f"figure: bodies={len(outcomes)} bypassed={count(lambda o: o.bypassed)} "
            f"refused={count(lambda o: o.arrived is None)} lowered={count(lambda o: o.lowered)} "
            f"altered={count(lambda o: bool(o.alterations))} wrongly_refused={count(wrongly_refused)}")


def show(outcomes: list[Outcome], everything: bool) -> bool:
    """Prints what went wrong; whether nothing did."""
    good = True
    for outcome in outcomes:
        word = "refused" if outcome.arrived is None else "lowered" if outcome.lowered else "as sent"
        bad = []
        if outcome.bypassed:
            bad.append(f"BYPASSED: {outcome.limit} by {outcome.why}")
        bad += [f"ALTERED: {text}" for text in outcome.alterations]
        if wrongly_refused(outcome):
            bad.append(f"WRONGLY REFUSED ({outcome.status}) {outcome.problems}")
        if outcome.arrived is None and not 400 <= outcome.status < 500:
            bad.append(f"neither refused nor forwarded ({outcome.status})")
        if bad or everything:
            print(f"{outcome.case.name}: {outcome.case.family} {outcome.case.path}: {word} {outcome.status}")
        for line in bad:
            print(f"    {line}")
        if bad and outcome.arrived is not None:
            print(f"    sent    {outcome.case.body[:300]!r}\n    arrived {outcome.arrived[:300]!r}")
        good = good and not bad
    return good


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bypass", description="bodies that try to get around an output cap")
    parser.add_argument("file", nargs="?", type=Path, default=BODIES)
    parser.add_argument("--invent", type=int, metavar="COUNT", help="make up so many bodies instead")
    parser.add_argument("--nasty", action="store_true", help="send the thousand of nasty.py instead")
    parser.add_argument("--siege", action="store_true", help="send the five thousand of siege.py instead")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="one line for each body")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bypass-") as directory:
        rows = invent(arguments.invent, arguments.seed) if arguments.invent else nasty() if arguments.nasty else siege() if arguments.siege else None
        cases = read_cases(arguments.file) if rows is None else [read_case(row, number) for number, row in enumerate(rows)]
        outcomes = run(cases, Path(directory))
    good = show(outcomes, arguments.verbose)
    print(figure(outcomes))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
