"""The workflows of the demo: what applications with good and bad habits send."""

from __future__ import annotations

import asyncio
import os
import random
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anthropic
import openai
from google import genai

CHAT_MODEL = "gpt-5.4-mini"
AGENT_MODEL = "gpt-5.4"
RAG_MODEL = "claude-sonnet-4-6"
STREAM_MODEL = "claude-haiku-4-5"
REPORT_MODEL = "gemini-2.5-flash"
EMBEDDING_MODEL = "text-embedding-3-small"
HOUSE_MODEL = "house-llama-70b"

_FACTS = (
    "The gauge at the lower weir reads a third below the seasonal mean. "
    "Maintenance of the sluice is planned for the second week of the month. "
    "Contracts are renewed per basin and carry a notice period of ninety days. "
    "The pump house keeps its own meter and reports every quarter of an hour. "
)


@dataclass
class Clients:
    """The official SDKs, told nothing but another base URL."""

    openai: openai.AsyncOpenAI
    house: openai.AsyncOpenAI
    anthropic: anthropic.AsyncAnthropic
    gemini: genai.Client


def connect(base: str, ca_file: str) -> Clients:
    """`base` is the proxy's address. The SDKs find the test authority through the environment."""
    os.environ["SSL_CERT_FILE"] = ca_file
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    return Clients(
        openai.AsyncOpenAI(base_url=f"{base}/p/openai/v1", api_key="demo"),
        openai.AsyncOpenAI(base_url=f"{base}/p/house-llm/v1", api_key="demo"),
        anthropic.AsyncAnthropic(base_url=f"{base}/p/anthropic", api_key="demo"),
        genai.Client(api_key="demo", http_options=genai.types.HttpOptions(base_url=f"{base}/p/gemini")),
    )


def labels(workflow: str, run: str, script: str = "", **more: str) -> dict[str, str]:
    """Attribution is headers. `x-sim-script` tells the simulator how to behave."""
    headers = {"X-LLM-Workflow": workflow, "X-LLM-Run": run}
    headers |= {f"X-LLM-{name.capitalize()}": value for name, value in more.items()}
    return headers | ({"x-sim-script": script} if script else {})


async def support_chat(clients: Clients, number: int) -> None:
    """A conversation that resends its history: the input grows with every turn."""
    messages = [{"role": "system", "content": "You help customers of a water utility. " + _FACTS * 24}]
    headers = labels("support-chat", f"chat-{number}", "ttft=0.05;rate=400", customer=f"customer-{number % 3}")
    for turn in range(10):
        messages.append({"role": "user", "content": f"Question {turn} of customer {number}: " + _FACTS})
        answer = await clients.openai.chat.completions.create(
            model=CHAT_MODEL, messages=messages, max_completion_tokens=400, extra_headers=headers
        )
        messages.append({"role": "assistant", "content": answer.choices[0].message.content})


async def docs_rag(clients: Clients, number: int) -> None:
    """Questions with the same ten documents stuffed into each prompt, and no cache mark on them."""
    documents = "".join(f"\n## Document {i}\n" + _FACTS * 12 for i in range(10))
    headers = labels("docs-rag", f"lookup-{number}", "ttft=0.1;rate=500;output=40", purpose="answer")
    for question in range(5):
        await clients.anthropic.messages.create(
            model=RAG_MODEL, max_tokens=300, extra_headers=headers,
            system="Answer from the documents only.",
            messages=[{"role": "user", "content": f"{documents}\nQuestion {number}.{question}: when?"}],
        )


async def code_agent(clients: Clients, number: int) -> None:
    """An agent that calls tools. The last one asks the same thing again and again."""
    tool = {
        "type": "function", "name": "search_code", "strict": False,
        "parameters": {"type": "object", "properties": {"query": {"type": "string"}}},
    }
    loops = number == 3
    items: list[object] = [{"role": "user", "content": f"Find the leak in module {number}. " + _FACTS * 8}]
    headers = labels("code-agent", f"agent-{number}", "ttft=0.05;rate=600;tools=1;reasoning=120", purpose="tool")
    for step in range(24 if loops else 8):
        answer = await clients.openai.responses.create(
            model=AGENT_MODEL, input=items, tools=[tool], max_output_tokens=2000, extra_headers=headers
        )
        for call in answer.output:
            if call.type == "function_call":
                items.append(call.model_dump(exclude_none=True))
                output = "nothing found" if loops else f"result {step}: " + _FACTS
                items.append({"type": "function_call_output", "call_id": call.call_id, "output": output})


async def nightly_report(clients: Clients, number: int) -> None:
    """A batch at the rate limit: each call is refused once and the SDK tries again."""
    script = f"ttft=0.05;rate=600;output=200;status=429;times=1;key=report-{number};retry_after=1"
    await clients.openai.chat.completions.create(
        model=CHAT_MODEL, extra_headers=labels("nightly-report", f"report-{number}", script),
        messages=[{"role": "user", "content": f"Summarise day {number}. " + _FACTS * 10}],
    )
    await clients.gemini.aio.models.generate_content(
        model=REPORT_MODEL, contents=f"Check summary {number}. " + _FACTS * 10,
        config=genai.types.GenerateContentConfig(
            http_options=genai.types.HttpOptions(
                headers=labels("nightly-report", f"report-{number}", "ttft=0.05;rate=600", purpose="check")
            )
        ),
    )


async def support_stream(clients: Clients, number: int) -> None:
    """A streaming bot on three APIs."""
    headers = labels("support-stream", f"stream-{number}", "ttft=0.15;rate=160", user=f"user-{number % 5}")
    question = f"Caller {number} asks: " + _FACTS
    async with clients.anthropic.messages.stream(
        model=STREAM_MODEL, max_tokens=500, extra_headers=headers,
        system=[{"type": "text", "text": _FACTS * 30, "cache_control": {"type": "ephemeral"}}],
        messages=[{"role": "user", "content": question}],
    ) as stream:
        async for _ in stream.text_stream:
            pass
    # This client does not ask for usage: the proxy does, and keeps the extra chunk to itself.
    chunks = await clients.openai.chat.completions.create(
        model=CHAT_MODEL, stream=True, extra_headers=headers, messages=[{"role": "user", "content": question}]
    )
    async for chunk in chunks:
        if not chunk.choices:
            raise RuntimeError("a usage chunk reached a client that did not ask for it")
    parts = await clients.gemini.aio.models.generate_content_stream(
        model=REPORT_MODEL, contents=question,
        config=genai.types.GenerateContentConfig(http_options=genai.types.HttpOptions(headers=headers)),
    )
    async for _ in parts:
        pass


async def search_index(clients: Clients, number: int) -> None:
    """Embeddings."""
    texts = [_FACTS + str(number * 8 + i) for i in range(8)]
    for _ in range(5):
        await clients.openai.embeddings.create(
            model=EMBEDDING_MODEL, input=texts, extra_headers=labels("search-index", f"batch-{number}")
        )


async def house_model(clients: Clients, number: int) -> None:
    """A model nobody gave a price, by an application that does not say which workflow it is."""
    for turn in range(5):
        await clients.house.chat.completions.create(
            model=HOUSE_MODEL, extra_headers={"x-sim-script": "ttft=0.05;rate=300"},
            messages=[{"role": "user", "content": f"Draft {number}.{turn}. " + _FACTS * 4}],
        )


Step = Callable[[Clients, int], Awaitable[None]]
PLAN: tuple[tuple[Step, int], ...] = (
    (support_chat, 8), (docs_rag, 8), (code_agent, 4), (nightly_report, 16),
    (support_stream, 20), (search_index, 6), (house_model, 4),
)


async def drive(clients: Clients) -> list[BaseException]:
    """Runs every workflow at once, started over a few seconds. Returns what went wrong."""

    async def later(step: Step, number: int, delay: float) -> None:
        await asyncio.sleep(delay)
        await step(clients, number)

    source = random.Random(7)
    tasks = [
        later(step, number, source.uniform(0, 8)) for step, count in PLAN for number in range(count)
    ]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    return [result for result in results if isinstance(result, BaseException)]
