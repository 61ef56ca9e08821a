"""The simulator must be right about itself before it may judge anybody else."""

from __future__ import annotations

import http.client
import json
import random
import re
import ssl
import time

import pytest

from tests.simulator import Recording, Script, Simulator, fragments
from tests.simulator.http import ChunkReader
from tests.simulator.script import from_json, parse


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("ca")) as running:
        yield running


@pytest.fixture(autouse=True)
def fresh_bill(simulator):
    simulator.bill.clear()


def ask(simulator, path, body, script="", method="POST"):
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=20)
    connection.request(method, path, json.dumps(body), {"x-sim-script": script})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer, data


def events(data):
    return [json.loads(line[5:]) for line in data.splitlines() if re.match(rb"data: ?\{", line)]


LONG = "a long prompt that fills the cache of the provider " * 200


def openai_classes(usage):
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    reasoning = usage["completion_tokens_details"]["reasoning_tokens"]
    return usage["prompt_tokens"] - cached, cached, 0, usage["completion_tokens"] - reasoning, reasoning


def response_classes(usage):
    cached = usage["input_tokens_details"]["cached_tokens"]
    reasoning = usage["output_tokens_details"]["reasoning_tokens"]
    return usage["input_tokens"] - cached, cached, 0, usage["output_tokens"] - reasoning, reasoning


def anthropic_classes(usage):
    hidden = usage.get("output_tokens_details", {}).get("thinking_tokens", 0)
    return (usage["input_tokens"], usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"],
            usage["output_tokens"] - hidden, hidden)


def gemini_classes(usage):
    cached = usage.get("cachedContentTokenCount", 0)
    return (usage["promptTokenCount"] - cached, cached, 0, usage.get("candidatesTokenCount", 0),
            usage.get("thoughtsTokenCount", 0))


MARKED = [{"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}]
SPEAKERS = {
    "chat": ("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": LONG}]},
             lambda data: openai_classes(json.loads(data)["usage"])),
    "chat stream": ("/v1/chat/completions",
                    {"model": "m", "messages": [{"role": "user", "content": LONG}], "stream": True,
                     "stream_options": {"include_usage": True}},
                    lambda data: openai_classes(events(data)[-1]["usage"])),
    "responses": ("/v1/responses", {"model": "m", "input": LONG},
                  lambda data: response_classes(json.loads(data)["usage"])),
    "responses stream": ("/v1/responses", {"model": "m", "input": LONG, "stream": True},
                         lambda data: response_classes(events(data)[-1]["response"]["usage"])),
    "messages": ("/v1/messages", {"model": "m", "max_tokens": 500, "system": MARKED, "messages": []},
                 lambda data: anthropic_classes(json.loads(data)["usage"])),
    "messages stream": ("/v1/messages",
                        {"model": "m", "max_tokens": 500, "system": MARKED, "messages": [], "stream": True},
                        lambda data: anthropic_classes(events(data)[-2]["usage"])),
    "gemini": ("/v1beta/models/m:generateContent", {"contents": [{"parts": [{"text": LONG}]}]},
               lambda data: gemini_classes(json.loads(data)["usageMetadata"])),
    "gemini stream": ("/v1beta/models/m:streamGenerateContent?alt=sse",
                      {"contents": [{"parts": [{"text": LONG}]}]},
                      lambda data: gemini_classes(events(data)[-1]["usageMetadata"])),
    "gemini array": ("/v1beta/models/m:streamGenerateContent", {"contents": [{"parts": [{"text": LONG}]}]},
                     lambda data: gemini_classes(json.loads(data)[-1]["usageMetadata"])),
}


@pytest.mark.parametrize("name", SPEAKERS)
@pytest.mark.parametrize("script", ["", "tools=2", "reasoning=70;output=30", "output=9;fragment=bytes"])
def test_the_usage_told_is_the_usage_billed(simulator, name, script):
    path, body, classes = SPEAKERS[name]
    for _ in range(2):  # the second time some of the prompt is cached
        simulator.bill.clear()
        answer, data = ask(simulator, path, body, script)
        assert answer.status == 200, data
        owed = simulator.bill.totals()
        told = dict(zip(("input", "cache_read", "cache_write", "output", "reasoning"), classes(data)))
        assert {key: owed[key] for key in told} == told
        assert simulator.bill.entries[0].end == "complete" and simulator.bill.entries[0].told


@pytest.mark.parametrize(
    ("path", "body", "figures"),
    [
        ("/v2/chat", {"model": "m", "messages": [{"role": "user", "content": "hello"}]},
         lambda v: (v["usage"]["billed_units"]["input_tokens"], v["usage"]["billed_units"]["output_tokens"])),
        ("/api/chat", {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": False},
         lambda v: (v["prompt_eval_count"], v["eval_count"])),
        ("/v1/embeddings", {"model": "m", "input": ["one", "two"]}, lambda v: (v["usage"]["prompt_tokens"], 0)),
        ("/v1/completions", {"model": "m", "prompt": "one"},
         lambda v: (v["usage"]["prompt_tokens"], v["usage"]["completion_tokens"])),
    ],
)
def test_other_dialects_tell_what_they_bill(simulator, path, body, figures):
    _, data = ask(simulator, path, body)
    owed = simulator.bill.totals()
    assert figures(json.loads(data)) == (owed["input"] + owed["cache_read"], owed["output"])


def test_ollama_streams_unless_told_not_to(simulator):
    _, data = ask(simulator, "/api/generate", {"model": "m", "prompt": "hello"}, "output=5")
    lines = [json.loads(line) for line in data.splitlines()]
    assert [line["done"] for line in lines] == [False] * 5 + [True]
    assert lines[-1]["eval_count"] == 5


def test_a_cap_cuts_the_answer_and_says_so(simulator):
    body = {"model": "m", "max_tokens": 7, "messages": []}
    _, data = ask(simulator, "/v1/messages", body, "output=50")
    assert json.loads(data)["stop_reason"] == "max_tokens"
    assert simulator.bill.totals()["output"] == 7


def test_a_provider_may_ignore_the_cap_and_bills_a_scripted_prompt(simulator):
    body = {"model": "m", "max_tokens": 7, "messages": []}
    _, data = ask(simulator, "/v1/chat/completions", body, "input=500;output=50;obeys_cap=no")
    assert json.loads(data)["usage"]["completion_tokens"] == 50
    owed = simulator.bill.totals()
    assert (owed["input"], owed["output"]) == (500, 50)


@pytest.mark.parametrize("keeps_going, least, most", [("no", 0, 60), ("yes", 400, 400)])
def test_who_leaves_owes_what_was_generated_or_everything(simulator, keeps_going, least, most):
    body = json.dumps({"model": "m", "messages": [], "stream": True}).encode()
    script = f"output=400;rate=400;keeps_going={keeps_going}"
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=20)
    connection.request("POST", "/v1/chat/completions", body, {"x-sim-script": script})
    assert connection.getresponse().read(300)
    connection.sock.close()
    connection.close()
    while simulator.bill.entries[0].end == "open":
        time.sleep(0.01)
    assert least <= simulator.bill.totals()["output"] <= most


def test_scripted_errors_end_after_their_times(simulator):
    body = {"model": "m", "messages": []}
    script = "status=429;times=2;key=here;retry_after=3"
    answers = [ask(simulator, "/v1/chat/completions", body, script)[0] for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "3"
    assert simulator.bill.totals()["requests"] == 3


def test_a_truncated_stream_owes_the_prompt_and_what_was_generated(simulator):
    body = {"model": "m", "messages": [], "stream": True}
    with pytest.raises(http.client.IncompleteRead):
        ask(simulator, "/v1/chat/completions", body, "output=40;truncate_at=12")
    entry = simulator.bill.entries[0]
    assert (entry.end, entry.usage.output, entry.told) == ("truncated", 12, False)
    assert entry.usage.input > 0


def test_an_error_event_comes_in_the_middle(simulator):
    body = {"model": "m", "messages": [], "stream": True, "max_tokens": 100}
    _, data = ask(simulator, "/v1/messages", body, "output=40;error_at=5")
    assert events(data)[-1]["type"] == "error"
    assert simulator.bill.entries[0].end == "error_event"


def test_a_script_may_ride_in_the_model_name(simulator):
    _, data = ask(simulator, "/v1/chat/completions", {"model": "gpt-x#output=3", "messages": []})
    assert json.loads(data)["model"] == "gpt-x"
    assert json.loads(data)["usage"]["completion_tokens"] == 3


def test_scripts_can_be_posted_and_the_bill_read(simulator):
    rule = {"script": {"output": 4}, "model": "posted-*", "times": 1}
    assert ask(simulator, "/_sim/script", rule)[0].status == 200
    for expected in (4, None):
        _, data = ask(simulator, "/v1/chat/completions", {"model": "posted-a", "messages": []})
        if expected:
            assert json.loads(data)["usage"]["completion_tokens"] == expected
    _, bill = ask(simulator, "/_sim/bill?entries=1", None, method="GET")
    assert json.loads(bill)["by_model"]["posted-a"]["requests"] == 2
    assert len(json.loads(bill)["entries"]) == 2


def test_compressed_answers_decompress_to_the_plain_ones(simulator):
    import gzip

    body = {"model": "m", "messages": [], "stream": True}
    _, plain = ask(simulator, "/v1/chat/completions", body, "output=20")
    answer, packed = ask(simulator, "/v1/chat/completions", body, "output=20;encoding=gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == plain


def test_tls_is_served_by_a_certificate_of_the_test_authority(simulator):
    context = ssl.create_default_context(cafile=str(simulator.ca_file))
    connection = http.client.HTTPSConnection("localhost", simulator.tls_port, context=context, timeout=20)
    connection.request("GET", "/v1/models")
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("mode", fragments.MODES)
@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_a_recording_arrives_as_recorded(simulator, mode, framing):
    body = b"".join(b"data: {\"n\": %d}\r\n\r\n" % n for n in range(1200))
    headers = [("Content-Type", "text/event-stream"), ("x-Odd-Case", "kept")]
    simulator.recordings["one"] = Recording(200, headers, body, "sse", mode, framing, 5)
    connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=20)
    connection.request("POST", "/any/path?q=1", b"sent", {"x-sim-exchange": "one", "X-B": "2"})
    answer = connection.getresponse()
    assert answer.read() == body
    assert [h for h in answer.headers.items() if h[0].lower() not in
            ("transfer-encoding", "content-length", "connection")] == headers
    selected, request = simulator.arrived[-1]
    assert (selected, request.method, request.target, request.body) == ("one", "POST", "/any/path?q=1", b"sent")
    assert ("X-B", "2") in request.headers
    connection.close()


def test_pieces_add_up_to_the_whole():
    source = random.Random(1)
    for size in (0, 1, 100, 8192, 8193, 20_000):
        data = source.randbytes(size)
        assert b"".join(fragments.cut_randomly(data, source)) == data
        assert b"".join(fragments.cut_edges(data)) == data
    pieces = fragments.events_of(b'[{"a":"]}"}\n,{"b":[1]}]', "json_array")
    assert pieces == [b'[{"a":"]}"}', b'\n,{"b":[1]}', b"]"]
    assert fragments.events_of(b"data: 1\n\ndata: 2\r\n\r\ndata: 3", "sse") == [
        b"data: 1\n\n", b"data: 2\r\n\r\n", b"data: 3"]


def test_chunks_are_read_back_at_any_cut():
    wire = fragments.chunked([b"one", b"a" * 300, b"\r\n"])
    for cut in range(len(wire)):
        reader, buffer = ChunkReader(), bytearray()
        for part in (wire[:cut], wire[cut:]):
            buffer += part
            reader.feed(buffer)
        assert reader.done and bytes(reader.body) == b"one" + b"a" * 300 + b"\r\n"


def test_scripts_are_checked():
    assert parse("ttft=0.5, tools=2;usage=no") == Script(ttft=0.5, tools=2, usage=False)
    assert from_json({"status": 529}) == Script(status=529)
    for wrong in ("speed=3", "tools=many"):
        with pytest.raises(ValueError):
            parse(wrong)
