"""Traffic with names: each request can be found again in the provider's bill and in the ledger."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass

from loadtest.overshoot import setting
from tests.support.client import Client

PATH = "/p/openai/v1/chat/completions"


@dataclass
class Sent:
    name: str
    most: int  # picodollars it can cost, by the bytes of its body and its cap
    whole: bool = False  # the client has the whole answer
    left: bool = False  # the client hung up on purpose


class Load:
    """Clients that ask until told to stop. `kind`: mixed, long (streams whose hold grows), large (bodies)."""

    def __init__(self, port: int, prefix: str, kind: str = "mixed", clients: int = 12) -> None:
        self.port, self.prefix, self.kind, self.clients = port, prefix, kind, clients
        self.sent: list[Sent] = []
        self.stopping = False
        self._source = random.Random(prefix)
        self._prompts = [setting.prompt(self._source) for _ in range(8)]

    def stop(self) -> None:
        self.stopping = True

    async def run(self, most: int | None = None) -> None:
        await asyncio.gather(*(self._client(most) for _ in range(self.clients)))

    async def _client(self, most: int | None) -> None:
        connection = Client(self.port)
        failures = 0
        while not self.stopping and failures < 3 and (most is None or len(self.sent) < most):
            answered = await self.one(connection)
            failures = 0 if answered else failures + 1
        connection.close()

    async def one(self, connection: Client) -> bool:
        source = self._source
        cap, output, rate = 200, source.randint(10, 200), 600 if self.kind == "mixed" else 0
        if self.kind == "long":  # at a speed at which a hold can follow
            cap, output, rate = 6_000, source.randint(2_000, 3_000), 1_500
        stream = self.kind == "long" or source.random() < 0.6
        body = json.dumps({"model": setting.MODEL, "max_tokens": cap, "stream": stream, "messages": [
            {"role": "user", "content": source.choice(self._prompts) + (" river" * 300_000 if self.kind == "large" else "")}]
        }).encode()
        name = f"{self.prefix}-{len(self.sent)}"
        one = Sent(name, setting.cost(len(body) + 200, cap))
        self.sent.append(one)
        leaves = stream and source.random() < 0.33 or (not stream and source.random() < 0.05)
        if leaves and self.kind != "long":
            leave = source.randint(1, 4_000)
        else:
            leave = None
        script = f"input={setting.INPUT_TOKENS};output={output};per_event=5;rate={rate if stream else 0}"
        answer = await connection.ask(
            PATH, body, {"X-LLM-Workflow": "crash", "X-LLM-Tags": f"id={name}", "x-sim-id": name, "x-sim-script": script},
            leave_after=leave, reset=source.random() < 0.5)
        one.whole = answer.status == 200 and answer.whole
        one.left = leave is not None and answer.status == 200 and not answer.whole
        return answer.status == 200
