"""Playing one script through the proxy, and judging what came back."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.client import Answer, Client

from . import dialects
from .dialects import Turn
from .script import MOST_REQUESTS, Filler, Script, unrolled

# What the simulator says when a script lets it fail; anything else that is no success is the proxy's.
PROVIDER_ERROR = b"scripted error"
RETRIED = (408, 409, 429, 500, 502, 503, 504, 529)
MOST_WAITS = 20


class Stopped(Exception):
    """The run was refused for good."""


@dataclass
class Verdict:
    script: Script
    requests: int = 0
    stopped_at: int | None = None  # number of the request that was refused
    status: int = 0
    evidence: dict[str, Any] = field(default_factory=dict)
    waits: int = 0
    problem: str = ""

    @property
    def by(self) -> str:
        return str(self.evidence.get("detector") or self.evidence.get("reason") or self.evidence.get("budget") or "")

    @property
    def missed(self) -> str:
        """Why a runaway counts as missed; empty when it was stopped as it should be."""
        if self.problem:
            return self.problem
        if self.stopped_at is None:
            return f"never stopped in {self.requests} requests"
        if self.script.within is not None and self.stopped_at > self.script.within:
            return f"stopped at request {self.stopped_at} instead of {self.script.within}"
        if self.script.by and not {self.by, self.evidence.get("reason"), self.evidence.get("budget")} & set(self.script.by):
            return f"stopped by {self.by or 'nobody'} instead of {' or '.join(self.script.by)}"
        return ""


def details(answer: Answer) -> dict[str, Any]:
    """The names and figures of a refusal, wherever the dialect has put them."""
    found: dict[str, Any] = {}

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                if isinstance(item, (dict, list)):
                    walk(item)
                elif key in ("detector", "reason", "budget", "run", "evidence", "message", "tool", "limit", "seen"):
                    found.setdefault(key, item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    body = answer.body
    if b"\ndata:" in body or body.startswith((b"data:", b"event:")):
        body = body.strip().splitlines()[-1].removeprefix(b"data:")
    try:
        walk(json.loads(body))
    except ValueError:
        pass
    return found


def is_cut(answer: Answer) -> bool:
    """A stream that the proxy ended: its last event is an error that names the proxy's request."""
    if answer.status != 200 or not answer.fields.get("content-type", "").startswith("text/event-stream"):
        return False
    last = answer.body.strip().splitlines()[-1:] or [b""]
    return b'"error"' in last[0] and PROVIDER_ERROR not in last[0]


class Player:
    def __init__(self, script: Script, port: int) -> None:
        self.script, self.port = script, port
        self.verdict = Verdict(script)
        self._filler = Filler(script.name)
        self._turns: list[Turn] = []
        self._run, self._parent = script.name, ""
        self._made = 0
        self._client = Client(port)

    async def play(self) -> Verdict:
        try:
            await self._steps(self.script.steps, ())
        except Stopped:
            pass
        except Exception as problem:  # noqa: BLE001 - one broken script must not end the others
            self.verdict.problem = f"{type(problem).__name__}: {problem}"
        self._client.close()
        return self.verdict

    async def _steps(self, steps: list[Any], counters: tuple[int, ...]) -> None:
        for kind, value, options, inner in unrolled(steps, counters):
            if kind == "side_by_side":
                await self._side_by_side(value, inner)
                continue
            await self._step(kind, self._filler.fill(value, inner), self._filler.fill(options, inner))

    async def _side_by_side(self, branches: list[list[Any]], counters: tuple[int, ...]) -> None:
        """Every branch continues the present transcript on its own; afterwards it goes on as before."""
        players = []
        for _ in branches:
            player = Player(self.script, self.port)
            player.verdict, player._filler = self.verdict, self._filler
            player._turns, player._run, player._parent = list(self._turns), self._run, self._parent
            self._made += 1_000
            player._made = self._made
            players.append(player)
        done = await asyncio.gather(
            *(player._steps(branch, (*counters, number)) for number, (player, branch) in
              enumerate(zip(players, branches), 1)), return_exceptions=True)
        for player in players:
            player._client.close()
        for result in done:
            if isinstance(result, BaseException):
                raise result

    async def _step(self, kind: str, value: Any, options: dict[str, Any]) -> None:
        match kind:
            case "user" | "assistant":
                self._turns.append(Turn(kind, str(value)))
            case "tool" | "tools":
                self._made += 1
                calls = dialects.calls_of([value] if kind == "tool" else value, self._made)
                self._turns.append(Turn("calls", calls=calls))
            case "forget":
                self._turns = []
            case "run":
                main = value in (None, "main")
                self._run = self.script.name if main else f"{self.script.name}/{value}"
                parent = options.get("parent", "" if main else "main")
                self._parent = "" if not parent else (
                    self.script.name if parent == "main" else f"{self.script.name}/{parent}")
            case "wait":
                await asyncio.sleep(float(value))
            case "ask":
                if isinstance(value, int) and not isinstance(value, bool):
                    value = {"times": value}
                await self._ask({**(value or {}), **options})

    async def _ask(self, options: dict[str, Any]) -> None:
        for _ in range(int(options.get("times", 1))):
            together = int(options.get("together", 1))
            if together == 1:
                answer = await self._send(self._client, options)
            else:
                clients = [Client(self.port) for _ in range(together)]
                answers = await asyncio.gather(*(self._send(client, options) for client in clients))
                for client in clients:
                    client.close()
                answer = answers[0]
            if options.get("keep", True) and answer.status == 200:
                self._made += 1
                self._turns.append(Turn("assistant", str(options.get("answer", f"Understood, {self._made} so far."))))

    async def _send(self, client: Client, options: dict[str, Any]) -> Answer:
        """One request with the retries its SDK would make."""
        script = self.script
        stream = bool(options.get("stream", script.stream))
        model = str(options.get("model", script.model) or dialects.MODELS[script.dialect])
        turns = self._turns or [Turn("user", "Go on.")]
        path, body = dialects.request(script.dialect, model, script.system, script.declared, turns, stream,
                                      int(options.get("max_tokens", script.max_tokens)))
        headers = {"X-LLM-Workflow": script.workflow, "X-LLM-Run": self._run, **script.headers,
                   **options.get("headers", {})}
        if script.dialect == "anthropic_messages":
            headers.setdefault("anthropic-version", "2023-06-01")
        if self._parent:
            headers["X-LLM-Parent-Run"] = self._parent
        if simulated := str(options.get("script", script.script) or "output=20"):
            headers["x-sim-script"] = simulated
        retries = int(options.get("retries", 0))
        data = json.dumps(body).encode()
        attempt = waits = 0
        while True:
            if self.verdict.requests >= MOST_REQUESTS:
                raise RuntimeError(f"more than {MOST_REQUESTS} requests")
            self.verdict.requests += 1
            number = self.verdict.requests
            if retries:
                headers["x-stainless-retry-count"] = str(attempt)
            answer = await client.ask(path, data, headers)
            if answer.status == 0:
                raise RuntimeError("the proxy broke the connection")
            if is_cut(answer) or (answer.status >= 400 and PROVIDER_ERROR not in answer.body):
                if answer.status == 429 and waits < MOST_WAITS:
                    waits += 1
                    self.verdict.waits += 1
                    await asyncio.sleep(min(float(answer.fields.get("retry-after", "1")), 5.0))
                    continue
                self._refused(number, answer)
            if answer.status in RETRIED and attempt < retries:
                attempt += 1
                await asyncio.sleep(0.02 * attempt)
                continue
            return answer

    def _refused(self, number: int, answer: Answer) -> None:
        verdict = self.verdict
        if verdict.stopped_at is None:
            verdict.stopped_at, verdict.status, verdict.evidence = number, answer.status, details(answer)
        raise Stopped
