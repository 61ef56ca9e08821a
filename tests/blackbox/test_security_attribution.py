"""Checks A of docs/security.md: whose money a request spends is not for its headers to say."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.blackbox.proxy import Proxy, providers
from tests.blackbox.raw import post
from tests.blackbox.security import CHAT, Provider, ask, new_key, raw, raw_chat, status
from tests.bypass.recorder import Recorder

Start = Callable[..., Proxy]
WORKFLOWS = [{"name": "triage", "team": "support"}, {"name": "index", "team": "research"}]


def two_tenants(**more: Any) -> tuple[str, str, dict[str, Any]]:
    mine, row = new_key("mine")
    other, another = new_key("other")
    return mine, other, {"workflows": WORKFLOWS, **more, "credentials": [
        {**row, "pins": {"team": "support"}, "provider_keys": {"openai": "sk-1"}},
        {**another, "pins": {"team": "research"}, "provider_keys": {"openai": "sk-2"}}]}


@pytest.mark.parametrize("trust", ["header", "credential", "both"])
def test_a1_a_header_never_moves_spend_to_an_owner_the_key_does_not_allow(start: Start, trust: str) -> None:
    mine, other, settings = two_tenants(trust=trust, budgets=[
        {"name": "research", "match": {"team": "research"}, "limit": {"usd": "1"}, "window": "total"}])
    proxy = start(settings)
    labels = [{"X_LLM_Workflow": "index"}, {"X_LLM_Tags": "team=research"}, {"X_LLM_Team": "research"},
              {"X_LLM_Credential": "other"}, {"X_LLM_Workflow": "index", "X_LLM_User": "u", "X_LLM_Customer": "c"},
              {"baggage": "workflow=index"}, {"X_LLM_Parent_Run": "r", "X_LLM_Run": "r"}]
    codes = [ask(proxy, mine, **label).status_code for label in labels]
    body = {"model": "gpt-4o-mini", "messages": [], "max_tokens": 9, "metadata": {"workflow": "index"}, "user": "other"}
    codes.append(ask(proxy, mine, body=body).status_code)
    assert set(codes) <= {200, 403} and 200 in codes, codes
    rows = proxy.records(len(codes))
    assert {row["credential"] for row in rows} == {"mine"}
    spent = [row for row in rows if row["cost_picodollars"]]
    assert {row["team"] for row in spent} == {"support"}
    assert not [row for row in spent if row["workflow"] == "index"]
    assert ask(proxy, other, X_LLM_Workflow="index").status_code == 200 or trust == "credential"


def test_a1_a_pinned_budget_pays_whatever_the_request_calls_itself(start: Start) -> None:
    key, row = new_key("app")
    free, another = new_key("free")
    proxy = start({
        "budgets": [{"name": "apps", "match": {"workflow": "apps"}, "limit": {"requests": 2}, "window": "total"},
                    {"name": "all", "match": {}, "limit": {"requests": 100}, "window": "total"}],
        "credentials": [{**row, "provider_keys": {"openai": "sk-1"}, "pins": {"budget": "apps"}},
                        {**another, "provider_keys": {"openai": "sk-1"}}]})
    assert "not acted on" not in proxy.log()
    assert [ask(proxy, key, X_LLM_Workflow=name).status_code for name in ("x", "y", "z")] == [200, 200, 402]
    assert ask(proxy, free, X_LLM_Workflow="x").status_code == 200
    assert ask(proxy, free, X_LLM_Workflow="apps").status_code == 402
    held = {budget["budget"]: budget["spent"]["requests"] for budget in json.loads(proxy.get("/api/v1/budgets"))["budgets"]}
    assert held == {"apps": 2, "all": 3}


def test_a2_an_attribution_header_in_any_disguise_is_refused_or_ignored(start: Start) -> None:
    with Provider() as provider:
        key, row = new_key("app")
        proxy = start({"workflows": WORKFLOWS, "credentials": [{**row, "pins": {"workflow": "triage"}, "provider_keys": {"openai": "k"}}]},
                      rows=providers(provider.origin))
        authorization = f"Authorization: Bearer {key}\r\n"
        disguises = [
            "X-LLM-Workflow: triage\r\nX-LLM-Workflow: index\r\n", "X-LLM-Workflow: triage, index\r\n",
            "x-llm-workflow: index\r\n", "X-LLM-WORKFLOW: index\r\n", "X_LLM_Workflow: index\r\n", "X-LLM_Workflow: index\r\n",
            "Connection: X-LLM-Workflow\r\nX-LLM-Workflow: index\r\n", "X-LLM-Workflow : index\r\n",
            "X-LLM-Workflow: index\r\nx-llm-workflow: index\r\n", "X-LLM-Team: research\r\n",
        ]
        for disguise in disguises:
            assert status(raw_chat(proxy, authorization + disguise)) in (200, 400, 403), disguise
        body = b"5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\nX-LLM-Workflow: index\r\n\r\n"
        trailer = (f"POST {CHAT} HTTP/1.1\r\nHost: p\r\n{authorization}Content-Type: application/json\r\nTrailer: X-LLM-Workflow\r\n"
                   "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n").encode() + body
        assert status(raw(proxy, trailer)) in (200, 400)
        for row in proxy.records(4):
            assert row["workflow"] in ("triage", "_unset", None, "") and not row["team"] == "research", row
        for message in provider.received:
            head = message.split(b"\r\n\r\n")[0].lower()
            assert b"x-llm-" not in head  # X_LLM_Workflow is somebody else's field


def test_a3_names_that_are_no_names_are_refused_and_never_stored(start: Start) -> None:
    proxy = start({})
    bad = ["", " ", "a" * 10_000, "_other", "a\tb", "a\x7fb", "\x80\xff", "\xc3\x28"]
    for name in bad:
        answer = raw_chat(proxy, f"X-LLM-Workflow: {name}\r\n".encode("latin-1").decode("latin-1"))
        assert status(answer) in (200, 400), name
    for text in (b"X-LLM-Workflow: a\x00b\r\n", b"X-LLM-Workflow: a\rb\r\n", b"X-LLM-Workflow: a\n b\r\n", b"X-LLM-Workflow: \xff\xfe\r\n",
                 b"X-LLM-Run: " + b"r" * 200 + b"\r\n", b"X-LLM-Tags: a=%00\r\n", b"X-LLM-Tags: a=%0d%0aSet-Cookie\r\n"):
        assert status(raw(proxy, post(CHAT, b"{}", "", close=True).replace(b"Content-Type", text + b"Content-Type", 1))) == 400, text
    for row in proxy.records(5):
        for label in ("workflow", "run", "user", "customer"):
            value = row[label] or ""
            assert len(value.encode()) <= 128 and value.isprintable(), row
        assert row["workflow"] not in ("_other",)


def test_a3_a_name_in_another_alphabet_is_a_name(start: Start) -> None:
    proxy = start({})
    assert status(raw(proxy, post(CHAT, b"{}", "X-LLM-Workflow: M@rz\r\n", close=True).replace(b"@", "ä".encode()))) == 200
    assert proxy.records(1)[0]["workflow"] == "März"


def test_a4_the_header_comes_before_aliases_and_these_before_the_body(start: Start) -> None:
    proxy = start({"attribution": {"path_prefix": "/w", "aliases": {"workflow": ["x-app", "baggage:workflow"]}}})
    body = {"model": "gpt-4o-mini", "messages": [], "max_tokens": 5, "metadata": {"workflow": "body"}}
    headers = [{"X_LLM_Workflow": "header", "x_app": "alias", "baggage": "workflow=baggage"},
               {"x_app": "alias", "baggage": "workflow=baggage"}, {"baggage": "workflow=baggage"}, {}]
    for fields in headers:
        assert ask(proxy, body=body, path="/w/path" + CHAT, **fields).status_code == 200
    assert ask(proxy, body=body).status_code == 200
    assert [row["workflow"] for row in proxy.records(5)] == ["header", "alias", "baggage", "path", "body"]
    # What only labels never makes a run that limits act on.
    assert ask(proxy, body={**body, "prompt_cache_key": "r1", "user": "u"}, traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01").status_code == 200
    last = proxy.records(6)[-1]
    assert last["run"] is None and last["user"] not in ("u", "r1")


def test_a5_another_tenants_ids_in_urls_are_asked_for_with_ones_own_key(start: Start) -> None:
    mine, other, settings = two_tenants()
    with Provider() as provider:
        proxy = start(settings, rows=providers(provider.origin))
        for path in ("/v1/files/file-of-other", "/v1/batches/batch-of-other", "/v1/responses/resp-of-other", "/v1/threads/t/runs/r",
                     "/v1/videos/v", "/v1/files/file-of-other/content"):
            with proxy.connect() as sock:
                sock.sendall(f"GET /p/openai{path} HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer {mine}\r\nX-LLM-Credential: other\r\n\r\n".encode())
                assert sock.recv(12) == b"HTTP/1.1 200"
            line, fields, _ = provider.last()
            # Nobody's key but the asking tenant's goes along: what it may see is the provider's to say.
            assert line == f"GET {path} HTTP/1.1" and fields["authorization"] == "Bearer sk-1"
        rows = proxy.records(6)
        assert {row["credential"] for row in rows} == {"mine"}
        # An answer that is read again is not billed again, to nobody.
        assert sum(row["cost_picodollars"] or 0 for row in rows if row["path"].endswith("resp-of-other")) >= 0


def test_a6_one_tenants_identity_is_never_given_to_a_key_like_it(start: Start) -> None:
    mine, other, settings = two_tenants()
    proxy = start(settings)
    assert ask(proxy, mine).status_code == 200 and ask(proxy, other).status_code == 200
    for key in (mine[:-1], mine + "A", mine[:-1] + ("A" if mine[-1] != "A" else "B"), mine.lower(), mine.upper(), mine[:20],
                mine + "\u00a0", other[:24] + mine[24:]):
        assert raw_status(proxy, key) == 401, key
    assert ask(proxy, mine).status_code == 200
    assert [row["credential"] for row in proxy.records(3, "http_status = 200")] == ["mine", "other", "mine"]


def raw_status(proxy: Proxy, key: str) -> int:
    return status(raw(proxy, post(CHAT, b"{}", "Authorization: Bearer @\r\n", close=True).replace(b"@", key.encode())))


def test_a7_no_tenants_key_is_in_anothers_request(start: Start) -> None:
    keys = [new_key(name) for name in ("one", "two")]
    with Recorder() as provider:
        proxy = start({"credentials": [{**row, "provider_keys": {"openai": f"sk-{row['name']}"}} for _, row in keys]},
                      rows=providers(provider.origin))

        def send(number: int) -> int:
            # Half of them over connections the other tenant used a moment ago.
            return ask(proxy, keys[number % 2][0], X_Bypass_Case=str(number), X_LLM_Workflow=f"w{number % 2}").status_code

        with ThreadPoolExecutor(max_workers=8) as pool:
            assert set(pool.map(send, range(1000))) == {200}
        shown = {int(number): arrival.headers["authorization"] for number, arrival in provider.arrivals.items()}
    assert shown == {number: f"Bearer sk-{('one', 'two')[number % 2]}" for number in range(1000)}
    rows = proxy.records(1000, seconds=30)
    assert {(row["credential"], row["workflow"]) for row in rows} == {("one", "w0"), ("two", "w1")}


def test_a8_a_request_id_of_the_clients_is_never_ours(start: Start) -> None:
    proxy = start({})
    ids = []
    for _ in range(3):
        answer = ask(proxy, X_LLM_Request_Id="mine", X_Request_Id="mine", Idempotency_Key="mine")
        assert answer.status_code == 200
        ids.append(answer.headers["x-llm-request-id"])
    assert len(set(ids)) == 3 and "mine" not in ids
    assert {row["id"] for row in proxy.records(3)} == set(ids)
    assert json.loads(proxy.get(f"/api/v1/records/{ids[0]}"))["id"] == ids[0]
