"""Runs one case against one proxy and says PASS, WARN, FAIL or SMUGGLE, and why.

PASS     as it should be
WARN     lenient, but what went on was well formed and everybody got their own answer
FAIL     malformed or ambiguous bytes were sent on, a valid message was refused, a cut one completed, or hidden bytes
         were read as a further message by the proxy itself
SMUGGLE  a request reached the provider that the proxy did not know of, or somebody got another's answer"""

import asyncio
import base64
import contextlib
import itertools
import json
import socket
import struct
from dataclasses import dataclass, field

import wire
from echo import Script

ANSWER_SECONDS = 1.0    # longest wait for an answer that may never come
QUIET_SECONDS = 0.04    # how long to look for answers nobody asked for
PIECE_SECONDS = 0.002   # between the pieces of a message that is sent in pieces
VICTIMS = 2

numbers = itertools.count(1)


@dataclass
class Verdict:
    case: object
    grade: str
    why: str
    evidence: list = field(default_factory=list)
    visible: bool = False  # truncations: the client could tell


@dataclass
class Outcome:
    """What a client got: "answer", "violation", "cut", "closed" or "nothing" (in time)."""

    kind: str
    message: object = None
    why: str = ""

    @property
    def status(self):
        return self.message.first[1] if self.kind == "answer" else 0

    def from_echo(self):
        return self.kind == "answer" and bool(self.message.values(b"x-echo"))


class Client:
    def __init__(self, port):
        self.port = port
        self.interim = 0

    async def __aenter__(self):
        reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.stream = wire.Stream(reader)
        return self

    async def __aexit__(self, *_):
        self.writer.transport.abort()

    async def send(self, data):
        with contextlib.suppress(ConnectionError, OSError, asyncio.TimeoutError):
            self.writer.write(data)
            await asyncio.wait_for(self.writer.drain(), 2)

    async def send_in_pieces(self, data, count):
        size = max(1, -(-len(data) // count))
        for at in range(0, len(data), size):
            await self.send(data[at:at + size])
            if count > 1:
                await asyncio.sleep(PIECE_SECONDS)

    async def end(self, how):
        with contextlib.suppress(ConnectionError, OSError):
            if how == "half":
                self.writer.write_eof()
            elif how == "close":
                self.writer.close()
            elif how == "reset":
                self.writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.writer.transport.abort()

    async def answer(self, method=b"GET", seconds=ANSWER_SECONDS):
        """The next final answer."""
        message = wire.Message()

        async def read():
            nonlocal message
            while True:
                self.stream.seen.clear()
                message = wire.Message()
                await wire.read_response(self.stream, message, method)
                if message.first[1] >= 200 or message.first[1] == 101:
                    return
                self.interim += 1

        try:
            await asyncio.wait_for(read(), seconds)
            return Outcome("answer", message)
        except asyncio.TimeoutError:
            return Outcome("nothing", message)
        except wire.Violation as violation:
            return Outcome("violation", message, str(violation))
        except wire.Cut as cut:
            return Outcome("cut", message, str(cut))
        except wire.Closed:
            return Outcome("closed", message)


async def ask(client, label):
    """Sends an ordinary request of our own; "right", "wrong" (another's answer) or "none"."""
    target = f"/{label}-{next(numbers)}"
    await client.send(f"GET {target} HTTP/1.1\r\nHost: api.test\r\n\r\n".encode())
    outcome = await client.answer()
    if outcome.kind != "answer":
        return "none" if outcome.kind in ("nothing", "closed", "cut") else "wrong"
    if not outcome.from_echo():
        return "wrong" if outcome.status < 400 else "none"
    try:
        return "right" if json.loads(bytes(outcome.message.body))["target"] == target else "wrong"
    except ValueError:
        return "wrong"


async def ask_victims(port):
    results = []
    for _ in range(VICTIMS):
        try:
            async with Client(port) as client:
                results.append(await ask(client, "victim"))
        except OSError:
            results.append("none")
    return results


def is_ours(target):
    return target.startswith(("/canary-", "/victim-"))


METERED_PATH = b"/case/v1/chat/completions"
METERED_BODY = b'{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"hello"}]}'


class Judge:
    """With `metered` every case goes to a chat endpoint, whose bodies the proxy reads, edits and meters."""

    def __init__(self, proxy, echo, metered=False):
        self.proxy = proxy
        self.echo = echo
        self.metered = metered

    @property
    def port(self):
        return self.proxy.port

    async def judge(self, case):
        self.echo.seen.clear()
        self.echo.scripts.clear()
        try:
            if case.kind == "request":
                verdict = await self.judge_request(case)
            else:
                verdict = await self.judge_response(case)
        except OSError as error:
            verdict = Verdict(case, "FAIL", f"no connection to the proxy: {error}")
        if verdict.grade == "FAIL" and case.level == "policy":
            verdict.grade = "WARN"
        return verdict

    # -- requests -------------------------------------------------------------------------------------------------

    async def judge_request(self, case):
        answers, canary = [], "not sent"
        methods = [line.split(b" ", 1)[0] for line in case.raw.lstrip(b"\r\n").split(b"\r\n")[:1]] or [b"GET"]
        method = methods[0] if methods[0] == b"HEAD" else b"GET"
        async with Client(self.port) as client:
            raw = case.raw.replace(b" /case ", b" " + METERED_PATH + b" ") if self.metered else case.raw
            await client.send_in_pieces(raw, case.pieces)
            if case.end != "keep":
                await asyncio.sleep(0.05)
                await client.end(case.end)
            expected = len(case.targets or ["/case"]) if case.expect != "reject" else len(case.targets or [])
            if case.end not in ("close", "reset"):
                seconds = ANSWER_SECONDS
                while True:
                    outcome = await client.answer(method if not answers else b"GET", seconds)
                    if outcome.kind == "nothing" and answers:
                        break
                    answers.append(outcome)
                    if outcome.kind != "answer" or outcome.status == 101 or len(answers) > 50:
                        break
                    seconds = ANSWER_SECONDS if len(answers) < expected else QUIET_SECONDS
                if answers[-1].kind == "answer" and answers[-1].status != 101 and not client.stream.ended:
                    canary = await ask(client, "canary")
            else:
                await asyncio.sleep(0.1)
        victims = await ask_victims(self.port)
        return self.grade_request(case, answers, canary, victims)

    def grade_request(self, case, answers, canary, victims):
        got = [seen for seen in self.echo.seen if not is_ours(seen.target)]
        evidence = [f"provider: {seen}" for seen in self.echo.seen[:6]]
        evidence += [f"client: {outcome.kind} {outcome.message.first if outcome.message else ''} {outcome.why}"
                     for outcome in answers[:5]] + [f"canary {canary}, victims {victims}"]

        def verdict(grade, why):
            return Verdict(case, grade, why, evidence)

        whole = [seen for seen in got if seen.complete]
        prefixes = case.targets or ["/case"]
        hidden = [seen for seen in whole if "hidden" in seen.target]
        surplus = len(whole) > len(prefixes)
        real = [outcome for outcome in answers if outcome.kind == "answer"]
        echoed = sum(outcome.from_echo() for outcome in real)
        if canary == "wrong" or "wrong" in victims:
            return verdict("SMUGGLE", "somebody got another's answer")
        if (hidden or surplus) and echoed < len(whole):
            return verdict("SMUGGLE", "a request reached the provider that the proxy did not answer")
        broken = [violation for seen in self.echo.seen for violation in seen.violations]
        if broken:
            return verdict("FAIL", f"sent on: {broken[0]}")
        if hidden or (surplus and case.expect != "reject"):
            return verdict("FAIL", "hidden bytes were read as a request of their own")
        if "none" in victims:
            return verdict("FAIL", "a good request on a new connection got no answer")
        if any(outcome.kind == "violation" for outcome in answers):
            return verdict("FAIL", f"malformed answer: {next(o.why for o in answers if o.kind == 'violation')}")

        if case.expect == "accept":
            return self.grade_accepted(case, whole, real, verdict)
        allowed = len(prefixes) if case.expect == "either" else len(case.targets or [])
        if case.expect == "reject":
            if len(whole) > allowed:
                if case.end != "keep":
                    return verdict("FAIL", "a message that was cut short was completed")
                if len(real) > len(whole):
                    return verdict("FAIL", "what followed was read as a request of its own")
                return verdict("WARN", "put in order and sent on")
            if real and real[0].status < 300 and not real[0].from_echo():
                return verdict("WARN", f"answered {real[0].status}")
            return verdict("PASS", "refused")
        if len(real) > max(1, allowed) and b"hidden" in case.raw:
            return verdict("FAIL", "what followed was read as a request of its own")
        if whole and case.absent:
            leaked = self.leaked(case, whole[0])
            if leaked:
                return verdict("FAIL", f"{leaked} was sent on")
        if whole and case.body is not None and bytes(whole[0].message.body) != case.body:
            return verdict("FAIL", "the body was changed")
        return verdict("PASS", "sent on" if whole else "refused")

    @staticmethod
    def leaked(case, seen):
        names = {name.lower() for name, _ in seen.message.fields}
        return next((name for name in case.absent if name.lower().encode() in names), None)

    def grade_accepted(self, case, whole, real, verdict):
        prefixes = case.targets or ["/case"]
        if len(whole) < len(prefixes):
            status = real[-1].status if real else "nothing"
            return verdict("FAIL", f"a valid message was refused ({status})")
        if len(real) < len(prefixes) or not all(o.from_echo() and o.status == 200 for o in real[:len(prefixes)]):
            return verdict("FAIL", "the provider's answer did not come back")
        for seen, prefix in zip(whole, prefixes):
            if not seen.target.startswith(prefix):
                return verdict("FAIL", "messages arrived out of order")
        body = case.body
        if body is None and (parsed := parsed_request(case)) is not None:
            body = bytes(parsed[0].body)
        if body is not None and bytes(whole[0].message.body) != body:
            return verdict("FAIL", "the body was changed")
        if leaked := self.leaked(case, whole[0]):
            return verdict("FAIL", f"{leaked} was sent on")
        names = {name.lower() for name, _ in whole[0].message.fields}
        for name in case.present:
            if name.lower().encode() not in names:
                return verdict("FAIL", f"{name} was lost")
        shown = json.loads(bytes(real[0].message.body)) if real[0].message.body else None
        if shown and base64.b64decode(shown["body"]) != bytes(whole[0].message.body):
            return verdict("FAIL", "the answer was changed")
        return verdict("PASS", "sent on")

    # -- responses ------------------------------------------------------------------------------------------------

    async def judge_response(self, case):
        label = f"raw-{next(numbers)}"
        size = max(1, -(-len(case.raw) // case.pieces))
        pieces = [case.raw[at:at + size] for at in range(0, len(case.raw), size)]
        self.echo.scripts[label] = Script(pieces, case.end if case.end != "half" else "close", early=case.early)
        canary = "not sent"
        async with Client(self.port) as client:
            await client.send(self.question(case, label))
            outcome = await client.answer(case.method.encode(), 2.0)
            unasked = None
            if outcome.kind == "answer" and outcome.message.framing != "close" and outcome.status != 101:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(client.stream.fill(), QUIET_SECONDS)
                unasked = bytes(client.stream.buffer[:80]) or None
                if not client.stream.ended and not unasked and case.version == "HTTP/1.1":
                    canary = await ask(client, "canary")
        victims = await ask_victims(self.port)
        return self.grade_response(case, outcome, unasked, canary, victims, client.interim)

    def question(self, case, label):
        """The client's request; the provider finds its script by the label."""
        target = METERED_PATH.decode() + "?" + label if self.metered else "/" + label
        if case.asked is not None:
            return case.asked.replace(b"@TARGET@", target.encode())
        if self.metered and case.method == "GET":
            return (f"POST {target} {case.version}\r\nHost: api.test\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(METERED_BODY)}\r\n\r\n").encode() + METERED_BODY
        return f"{case.method} {target} {case.version}\r\nHost: api.test\r\n\r\n".encode()

    def grade_response(self, case, outcome, unasked, canary, victims, interim):
        evidence = [f"client: {outcome.kind} {outcome.message.first} {outcome.why} body {bytes(outcome.message.body[:80])!r}",
                    f"after it {unasked!r}, canary {canary}, victims {victims}"]
        evidence += [f"provider: {seen}" for seen in self.echo.seen[:4]]
        refused = outcome.kind in ("cut", "closed", "nothing") or (
            outcome.status in (500, 502, 503, 504) and b" %d " % outcome.status not in case.raw[:20])
        visible = refused or outcome.kind == "violation"

        def verdict(grade, why):
            return Verdict(case, grade, why, evidence, visible)

        if canary == "wrong" or "wrong" in victims:
            return verdict("SMUGGLE", "somebody got another's answer")
        if unasked and b"X-Hidden" in unasked:
            return verdict("SMUGGLE", "hidden bytes came as an answer of their own")
        if unasked:
            return verdict("FAIL", "bytes after the answer were passed on")
        if "none" in victims:
            return verdict("FAIL", "a good request on a new connection got no answer")
        if outcome.kind == "violation":
            return verdict("FAIL", f"passed on: {outcome.why}")
        if outcome.status == 101 and (case.asked is None or case.expect == "reject"):
            return verdict("FAIL", "an upgrade nobody asked for was passed on")
        if interim and case.version == "HTTP/1.0":
            return verdict("FAIL", "an interim answer to an HTTP/1.0 client")
        wanted = parsed_response(case)
        if case.expect == "accept":
            if outcome.kind != "answer" or refused:
                return verdict("FAIL", f"a valid answer was refused ({outcome.status or outcome.kind})")
            body = case.body if case.body is not None else bytes(wanted.body)
            if outcome.status != wanted.first[1] or bytes(outcome.message.body) != body:
                return verdict("FAIL", "the answer was changed")
            names = {name.lower() for name, _ in outcome.message.fields}
            for name in case.absent:
                if name.lower().encode() in names:
                    return verdict("FAIL", f"{name} was passed on")
            for name in case.present:
                if name.lower().encode() not in names:
                    return verdict("FAIL", f"{name} was lost")
            return verdict("PASS", "passed on")
        if refused:
            return verdict("PASS", "refused or visibly cut")
        if case.expect == "reject":
            if case.klass in ("truncation", "cut-answer"):
                return verdict("FAIL", "an answer that was cut short looks whole")
            return verdict("WARN", "put in order and passed on")
        if case.body is not None and bytes(outcome.message.body) != case.body:
            return verdict("FAIL", "the answer was changed")
        return verdict("PASS", "passed on")


parsed_cache = {}


def parsed_request(case):
    if case.id not in parsed_cache:
        parsed_cache[case.id] = None
        with contextlib.suppress(Exception):
            parsed_cache[case.id] = run_now(wire.read_first_request(case.raw))
    return parsed_cache[case.id]


def parsed_response(case):
    key = "response " + case.id
    if key not in parsed_cache:
        parsed_cache[key] = run_now(wire.read_final_response(case.raw, case.method.encode()))
    return parsed_cache[key]


def run_now(coroutine):
    """Runs a coroutine that never really waits, from inside the event loop."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("waited")
