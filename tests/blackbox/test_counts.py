"""What tokenweir counts itself, in the ledger: expected from tiktoken, the cookbook and recorded usage, never from our code."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.blackbox.proxy import Proxy, providers
from tests.simulator import Recording, Simulator
from tests.tokenizer import oracles

# The example of OpenAI's cookbook "How to count tokens with tiktoken": 129 for gpt-4-0613, 124 for gpt-4o.
COOKBOOK = [
    {"role": "system",
     "content": "You are a helpful, pattern-following assistant that translates corporate jargon into plain English."},
    {"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
    {"role": "system", "name": "example_assistant", "content": "Things working well together will increase revenue."},
    {"role": "system", "name": "example_user",
     "content": "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage."},
    {"role": "system", "name": "example_assistant", "content": "Let's talk later when we're less busy about how to do better."},
    {"role": "user",
     "content": "This late pivot means we don't have time to boil the ocean for the client deliverable."},
]
SAID = "Naïve café — 123 4567 tokens, and 東京タワー 👍🏽 too.\n\n    done()"


@pytest.fixture(scope="module")
def o200k() -> oracles.Tiktoken:
    return oracles.Tiktoken("o200k_base")


@pytest.fixture(scope="module")
def cl100k() -> oracles.Tiktoken:
    return oracles.Tiktoken("cl100k_base")


@pytest.fixture
def proxy(simulator: Simulator, tmp_path: Path) -> Iterator[Proxy]:
    with Proxy(tmp_path / "proxy", providers(simulator.origin)) as running:
        yield running


def tokens(encoder: oracles.Tiktoken, text: str) -> int:
    return encoder.count_many([text])[0]


def message(encoder: oracles.Tiktoken, role: str, content: str) -> int:
    """The cookbook's formula: three tokens around each message."""
    return 3 + tokens(encoder, role) + tokens(encoder, content)


def ask(proxy: Proxy, path: str, body: dict[str, Any], recording: str = "", script: str = "", **headers: str) -> requests.Response:
    fields = {"Authorization": "Bearer sk-test", "x-api-key": "k", "Content-Type": "application/json", **headers}
    if recording:
        fields["x-sim-exchange"] = recording
    if script:
        fields["x-sim-script"] = script
    return requests.post(f"{proxy.url}{path}", data=json.dumps(body).encode(), headers=fields, timeout=60, proxies={"http": ""})


def row_of(proxy: Proxy) -> dict[str, Any]:
    rows = proxy.records(1)
    assert len(rows) == 1
    return rows[0]


def answer(simulator: Simulator, name: str, document: dict[str, Any]) -> str:
    simulator.recordings[name] = Recording(200, [("Content-Type", "application/json")], json.dumps(document).encode())
    return name


def chat_answer(text: str, prompt: int, completion: int) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion", "model": "gpt-4o-2024-08-06",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}}


@pytest.mark.parametrize(("model", "expected", "tokenizer"),
                         [("gpt-4o", 124, "o200k_base"), ("gpt-4-0613", 129, "cl100k_base"), ("gpt-5-mini", 123, "o200k_base")])
def test_a_chat_is_counted_to_the_token(proxy: Proxy, simulator: Simulator, o200k: oracles.Tiktoken,
                                        cl100k: oracles.Tiktoken, model: str, expected: int, tokenizer: str) -> None:
    # It is the first request of the process: for gpt-4 the vocabulary is not even loaded yet.
    name = answer(simulator, "counted-chat", chat_answer(SAID, expected, 40))
    assert ask(proxy, "/p/openai/v1/chat/completions", {"model": model, "messages": COOKBOOK}, name).status_code == 200
    row = row_of(proxy)
    assert row["counted_input_tokens"] == expected
    assert expected <= row["counted_upper_bound"] <= expected * 1.1
    assert (row["counted_tokenizer"], row["counted_confidence"]) == (tokenizer, "exact")
    parts = json.loads(row["input_parts"])
    assert sum(parts.values()) == expected and parts["new"] == message(
        o200k if tokenizer == "o200k_base" else cl100k, "user", COOKBOOK[-1]["content"])
    assert row["context_repeated_tokens"] == 0
    said = tokens(o200k if tokenizer == "o200k_base" else cl100k, SAID)
    # Models with channels name them: three tokens more.
    assert row["counted_output_tokens"] == said + (3 if model.startswith("gpt-5") else 0)
    assert row["input_source"] == "reported"


def test_every_other_dialect_is_counted_too(proxy: Proxy, simulator: Simulator) -> None:
    """Bodies and figures as recorded from the providers."""
    cases = [
        ("/p/openai/v1/responses", {"model": "gpt-4.1", "input": "Hello!"}, 9, 0, "o200k_base",
         {"id": "r", "object": "response", "model": "gpt-4.1", "status": "completed",
          "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi there."}]}],
          "usage": {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}}),
        ("/p/anthropic/v1/messages",
         {"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Tell me a brief fact about Paris"}]},
         14, 2, "claude_legacy",
         {"id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [{"type": "text", "text": "Hi there."}],
          "stop_reason": "end_turn", "usage": {"input_tokens": 14, "output_tokens": 6}}),
        ("/p/gemini/v1beta/models/gemini-2.5-flash:generateContent", {"contents": [{"role": "user", "parts": [{"text": "Say hello"}]}]},
         3, 0, "o200k_base",
         {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi there."}]}, "finishReason": "STOP"}],
          "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 3, "totalTokenCount": 6}}),
        ("/p/cohere/v2/chat", {"model": "command-r-08-2024", "messages": [{"role": "user", "content": "Hello!"}]}, 2, 1, "o200k_base",
         {"id": "x", "finish_reason": "COMPLETE", "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi there."}]},
          "usage": {"billed_units": {"input_tokens": 2, "output_tokens": 3}, "tokens": {"input_tokens": 70, "output_tokens": 3}}}),
        ("/p/ollama/api/chat", {"model": "qwen2.5:7b", "stream": False, "messages": [{"role": "user", "content": "Hello!"}]}, 10, 3, "qwen",
         {"model": "qwen2.5:7b", "message": {"role": "assistant", "content": "Hi there."}, "done": True, "prompt_eval_count": 10, "eval_count": 4}),
    ]
    for number, (path, body, expected, off, tokenizer, document) in enumerate(cases):
        name = answer(simulator, f"counted-{number}", document)
        assert ask(proxy, path, body, name, **{"X-LLM-Workflow": f"w{number}"}).status_code == 200, path
    rows = {row["workflow"]: row for row in proxy.records(len(cases))}
    for number, (path, _, expected, off, tokenizer, _) in enumerate(cases):
        row = rows[f"w{number}"]
        assert abs(row["counted_input_tokens"] - expected) <= off, (path, row["counted_input_tokens"])
        assert row["counted_upper_bound"] >= expected, path
        assert row["counted_tokenizer"] == tokenizer, path
        assert row["counted_confidence"] in ("exact", "estimated_framing", "estimated"), path
        assert sum(json.loads(row["input_parts"]).values()) == row["counted_input_tokens"], path
        # "Hi there." is three tokens of every one of these vocabularies, its marks at most three more.
        assert 3 <= row["counted_output_tokens"] <= 6, path


def test_a_history_sent_again_is_named_and_the_memory_finds_it(proxy: Proxy, o200k: oracles.Tiktoken) -> None:
    said = ["You are terse. " * 20, "Where is the lighthouse? " * 30, "On the cape.", "And who keeps it?"]
    roles = ["system", "user", "assistant", "user"]
    every = [{"role": role, "content": text} for role, text in zip(roles, said)]
    sizes = [message(o200k, role, text) for role, text in zip(roles, said)]
    hits = memo_hits(proxy)
    path, run = "/p/openai/v1/chat/completions", {"X-LLM-Run": "r-1", "X-LLM-Workflow": "w"}
    for messages in (every[:2], every, every):
        assert ask(proxy, path, {"model": "gpt-4o", "messages": messages}, script="output=5", **run).status_code == 200
    assert ask(proxy, path, {"model": "gpt-4o", "messages": every}, script="output=5", **{**run, "X-LLM-Run": "r-2"}).status_code == 200
    rows = proxy.records(4)
    assert [row["context_repeated_tokens"] for row in rows] == [0, sum(sizes[:2]), sum(sizes), 0], "of its run alone"
    assert [row["counted_input_tokens"] for row in rows] == [3 + sum(sizes[:2])] + [3 + sum(sizes)] * 3
    parts = json.loads(rows[1]["input_parts"])
    assert parts["history"] == sizes[1] + sizes[2] and parts["new"] == sizes[3]
    # Two parts of the second request, all four of the third and of the other run's were counted before.
    assert memo_hits(proxy) - hits == 2 + 4 + 4


def memo_hits(proxy: Proxy) -> int:
    found = re.search(r'^tokenweir_count_memo_lookups_total\{result="hit"\} (\S+)$', proxy.get("/metrics"), re.MULTILINE)
    assert found
    return int(float(found[1]))


def said_in(body: str) -> str:
    """The text of an OpenAI stream's whole events."""
    text = ""
    for line in body.split("\n"):
        if not line.startswith("data: {"):
            continue
        for choice in json.loads(line[6:]).get("choices", []):
            text += choice["delta"].get("content") or ""
    return text


def test_a_stream_without_usage_is_settled_from_the_counts(proxy: Proxy, o200k: oracles.Tiktoken) -> None:
    body = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "Tell me a story."}]}
    got = ask(proxy, "/p/openai/v1/chat/completions", body, script="output=60;usage=no")
    text = said_in(got.text)
    row = row_of(proxy)
    assert text and row["raw_usage"] is None
    assert row["input_tokens"] == row["counted_input_tokens"] == 3 + message(o200k, "user", "Tell me a story.")
    assert row["output_tokens"] == row["counted_output_tokens"] == tokens(o200k, text)
    assert (row["usage_source"], row["input_source"], row["output_source"]) == ("counted", "counted", "counted")
    assert row["cost_picodollars"] > 0


def test_a_stream_the_provider_breaks_off_is_settled_from_the_counts(proxy: Proxy, o200k: oracles.Tiktoken) -> None:
    body = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "Tell me a story."}]}
    fields = b"Host: x\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\nx-sim-script: output=300;truncate_at=80;usage=no\r\n"
    data = json.dumps(body).encode()
    with proxy.connect() as sock:
        sock.sendall(b"POST /p/openai/v1/chat/completions HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (fields, len(data), data))
        seen = drained(sock)
    row = row_of(proxy)
    text = said_in(seen)
    assert tokens(o200k, text) > 20
    assert row["counted_output_tokens"] == tokens(o200k, text)
    assert row["input_tokens"] == 3 + message(o200k, "user", "Tell me a story.")
    assert row["output_tokens"] >= tokens(o200k, text)
    assert row["end_state"] == "provider_error" and row["output_source"] == "counted"


def drained(sock: socket.socket) -> str:
    """All that comes, without the lines of chunked framing."""
    data = b""
    try:
        while piece := sock.recv(65536):
            data += piece
    except ConnectionError:
        pass
    return re.sub(rb"\r\n[0-9a-f]+\r\n", b"", data).decode(errors="replace")


def test_a_client_that_leaves_pays_for_what_was_counted(proxy: Proxy, o200k: oracles.Tiktoken) -> None:
    body = {"model": "gpt-4o", "stream": True, "max_tokens": 900, "messages": [{"role": "user", "content": "Tell me a story."}]}
    fields = b"Host: x\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\nx-sim-script: output=900;rate=200\r\n"
    data = json.dumps(body).encode()
    with proxy.connect() as sock:
        sock.sendall(b"POST /p/openai/v1/chat/completions HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (fields, len(data), data))
        seen = b""
        while seen.count(b"data: ") < 40:
            seen += sock.recv(65536)
    row = row_of(proxy)
    text = said_in(re.sub(rb"\r\n[0-9a-f]+\r\n", b"", seen).decode(errors="replace").rsplit("\n\n", 1)[0])
    assert row["end_state"] == "client_abort"
    assert row["input_tokens"] == 3 + message(o200k, "user", "Tell me a story.")
    assert tokens(o200k, text) <= row["counted_output_tokens"] < 900
    assert row["counted_output_tokens"] <= row["output_tokens"] < 900, "what was on its way is charged too"


def compare(proxy: Proxy, simulator: Simulator, times: int) -> None:
    """Exchanges whose provider reports 40 % more than a Claude's count can know."""
    for number in range(1, times + 1):
        text = "The quick brown fox jumps over the lazy dog. " * 10 * number
        reported = 140 * number + 10
        name = answer(simulator, f"calibrating-{number}", {
            "id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
            "content": [{"type": "text", "text": "Yes."}], "stop_reason": "end_turn", "usage": {"input_tokens": reported, "output_tokens": 5}})
        body = {"model": "claude-sonnet-4-5", "max_tokens": 20, "messages": [{"role": "user", "content": text}]}
        assert ask(proxy, "/p/anthropic/v1/messages", body, name).status_code == 200
    proxy.records(times)


def test_what_is_learned_is_published_seen_used_and_forgotten_for_good(simulator: Simulator, tmp_path: Path) -> None:
    token = "the-operators-token"
    running = Proxy(tmp_path / "proxy", providers(simulator.origin))
    running.settings["admin"]["token"] = token
    def order(*words: str) -> str:
        done = running.cli("calibration", *words, "-c", str(running.config_file), "--as", "maria")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    with running as proxy:
        compare(proxy, simulator, 10)
        rows = proxy.records(10)
        early, late = rows[4], rows[9]
        # Eight comparisons later the count is what experience says, within a few tokens.
        assert early["counted_input_tokens"] < early["input_tokens"] * 0.9
        assert abs(late["counted_input_tokens"] - late["input_tokens"]) <= late["input_tokens"] * 0.02
        learned = json.loads(order("--json"))
        line = learned["learned"][0]
        assert (line["provider"], line["model"], line["kind"], line["applied"]) == ("anthropic", "claude-sonnet-4-5", "text", True)
        assert 1.2 < line["factor"] < 1.7
        ratio = learned["ratios"][0]
        assert (ratio["requests"], ratio["reported_tokens"]) == (10, sum(140 * n + 10 for n in range(1, 11)))
        metrics = proxy.get("/metrics")
        of = 'tokenweir_calibration_{}_tokens_total{{provider="anthropic",kind="text"}} '
        assert of.format("reported") + str(ratio["reported_tokens"]) in metrics
        assert of.format("counted") + str(ratio["counted_tokens"]) in metrics
        assert "claude-sonnet-4-5" in order()

    with running as proxy:  # It is remembered ...
        assert json.loads(order("--json"))["learned"][0]["applied"] is True
        assert "forgot 1" in order("reset", "claude-sonnet-4-5", "--reason", "another tokenizer")
        assert json.loads(order("--json"))["learned"] == []
        proxy.kill()
    with running as proxy:  # ... and stays forgotten, also after kill -9.
        assert json.loads(order("--json"))["learned"] == []
        assert json.loads(order("--json"))["ratios"][0]["requests"] == 10
        audit = proxy.cli("audit", "--json", "-c", str(running.config_file)).stdout
        assert '"calibration.reset"' in audit and "model=claude-sonnet-4-5" in audit and "maria" in audit
