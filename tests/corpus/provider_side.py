"""The provider end of a corpus run: answers with recordings and judges the request as it arrived."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulator import Recording, Simulator, replay
from tests.simulator.http import Header, Reply, Request

from .client_side import sent_headers
from .exchanges import HOP_BY_HOP, Exchange
from .usage_request import added_chunk, is_usage_request

_REWRITTEN = HOP_BY_HOP | {"host", "content-length", "accept-encoding", "expect"}


@dataclass
class Arrival:
    """What the provider end saw of one exchange."""

    times: int = 0
    problems: list[str] = field(default_factory=list)  # why the request is not the recorded one
    asked_for_usage: bool = False
    added_usage: dict[str, object] | None = None


class ProviderSide(Simulator):
    """Answers `x-sim-exchange: <round>:<index>` with that exchange's recording."""

    def __init__(self, ca_dir: Path, exchanges: list[Exchange], through_proxy: bool, **ports: int) -> None:
        super().__init__(ca_dir, reuse_port=True, **ports)
        self.exchanges = {exchange.index: exchange for exchange in exchanges}
        self.through_proxy = through_proxy
        self.arrivals: dict[int, Arrival] = {}

    async def on_recorded(self, selected: str, request: Request, reply: Reply) -> None:
        round_number, index = (int(part) for part in selected.split(":"))
        exchange = self.exchanges[index]
        arrival = self.arrivals.setdefault(index, Arrival())
        arrival.times += 1
        arrival.problems += self._differences(exchange, round_number, request)
        body = exchange.response_body
        if request.body != exchange.request_body:
            if is_usage_request(exchange.request_body, request.body):
                arrival.asked_for_usage = True
                added = added_chunk(exchange)
                if added is not None:
                    body, arrival.added_usage = added[0], added[1] or None
            else:
                arrival.problems.append("request body differs")
        if coded(exchange, round_number):
            body, headers = expected_answer(exchange, round_number)
        else:
            headers = list(exchange.response_headers)
        recording = Recording(
            exchange.status, headers, body, exchange.kind, exchange.mode(round_number),
            exchange.framing(round_number), exchange.seed,
        )
        await replay.send(recording, request, reply)

    def _differences(self, exchange: Exchange, round_number: int, request: Request) -> list[str]:
        problems = []
        if request.method != exchange.method:
            problems.append(f"method {request.method} for {exchange.method}")
        if request.target != exchange.target:
            problems.append(f"target {request.target!r} for {exchange.target!r}")
        expected = [h for h in sent_headers(exchange, round_number) if h[0].lower() not in _REWRITTEN]
        arrived = [h for h in request.headers if h[0].lower() not in _REWRITTEN]
        if self.through_proxy:
            expected = [h for h in expected if not h[0].lower().startswith("x-llm-")]
        if arrived != expected:
            strange = [h for h in arrived if h not in expected] + [h for h in expected if h not in arrived]
            problems.append(f"request headers differ: {strange[:3] or 'order'}")
        if self.through_proxy:
            codings = _values(request.headers, "accept-encoding")
            # Where nothing is measured, the client's own wish may stand.
            if codings not in ([], ["identity"], _values(exchange.request_headers, "accept-encoding")):
                problems.append(f"accept-encoding {codings}")
            left = {n.lower() for n, _ in request.headers} & (HOP_BY_HOP - {"connection", "transfer-encoding"})
            if left:
                problems.append(f"hop-by-hop fields {sorted(left)}")
            port = self.tls_port if request.tls else self.port
            if request.fields.get("host") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
                problems.append(f"host {request.fields.get('host')!r}")
        return problems


def _values(headers: Iterable[Header], wanted: str) -> list[str]:
    return [value for name, value in headers if name.lower() == wanted]


def coded(exchange: Exchange, round_number: int) -> bool:
    """In the odd rounds a server that was recorded compressing compresses although nobody asked.

    Not where the proxy may have asked for a chunk which it must take out again.
    """
    if round_number % 2 == 0 or not exchange.was_coded or not exchange.response_body:
        return False
    return not (exchange.streams and "/completions" in exchange.target)


def expected_answer(exchange: Exchange, round_number: int) -> tuple[bytes, list[Header]]:
    """The body and end-to-end fields the client must receive."""
    headers = list(exchange.response_headers)
    if not coded(exchange, round_number):
        return exchange.response_body, headers
    engine = zlib.compressobj(wbits=31)
    body = engine.compress(exchange.response_body) + engine.flush()
    return body, [*headers, ("Content-Encoding", "gzip")]
