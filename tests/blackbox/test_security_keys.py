"""Checks B of docs/security.md: keys of this proxy's own and keys of providers."""

from __future__ import annotations

import hashlib
import os
import re
import resource
import signal
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from tests.blackbox.proxy import ROOT, Proxy, providers
from tests.blackbox.raw import post
from tests.blackbox.security import CHAT, PATHS, Provider, ask, new_key, raw, raw_chat, status, wait_for

Start = Callable[..., Proxy]


def test_b1_a_key_is_random_shown_once_and_kept_as_its_hash(start: Start, tmp_path: Path) -> None:
    keys = {new_key("app")[0] for _ in range(20)}
    assert len(keys) == 20 and all(re.fullmatch(r"twk_[A-Za-z0-9_-]{43}", key) for key in keys)  # 256 bits
    key, row = new_key("app", "--expires", "2999-01-01")
    assert row == {"name": "app", "key_sha256": hashlib.sha256(key.encode()).hexdigest(), "expires": "2999-01-01"}
    proxy = start({"credentials": [{**row, "provider_keys": {"openai": "${env:KEY_OF_OPENAI}"}}]}, environment={"KEY_OF_OPENAI": "sk-1"})
    assert ask(proxy, key).status_code == 200
    shown = proxy.cli("config", "show", "-c", str(proxy.config_file))
    proxy.stop()
    assert key not in shown.stdout + shown.stderr and "sk-1" not in shown.stdout + shown.stderr
    for file in proxy.directory.rglob("*"):
        assert not file.is_file() or key.encode() not in file.read_bytes(), file


def test_b2_a_near_miss_is_answered_like_a_far_one(start: Start) -> None:
    # How long each takes is measured by loadtest/keys (key_timing): digests are compared whole, whatever was sent.
    key, row = new_key("app")
    proxy = start({"credentials": [{**row, "provider_keys": {"openai": "sk-1"}}]})
    answers = set()
    for wrong in (key[:-1] + ("A" if key[-1] != "A" else "B"), "x", "twk_" + "A" * 43, row["key_sha256"], "", key + " " + key):
        answer = raw_chat(proxy, f"Authorization: Bearer {wrong}\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        ours = re.search(rb"(?i)x-llm-request-id: (\S+)", head)
        assert ours
        answers.add((status(answer), re.sub(rb"Date: [^\r]*", b"", head).replace(ours.group(1), b""), body.replace(ours.group(1), b"")))
    assert len(answers) == 1 and answers.pop()[0] == 401


def test_b3_text_of_clients_is_never_part_of_a_statement(start: Start) -> None:
    proxy = start({})
    names = ["'; drop table records; --", "a' or '1'='1", 'x"y', "100%", "a_b", "%%%", "\\'", "a;b", "$(id)", "`id`", "{{7*7}}", "=cmd|x"]
    for name in names:
        assert ask(proxy, X_LLM_Workflow=name, X_LLM_User=name, X_LLM_Run=name, X_LLM_Customer=name).status_code == 200, name
    huge = raw(proxy, post(CHAT, b"{}", f"Authorization: Bearer {'k' * 1_000_000}\r\n", close=True))
    assert status(huge) in (0, 431)
    assert status(raw(proxy, post(CHAT, b"{}", "Authorization: Bearer a\x00b\r\n", close=True))) == 400
    rows = proxy.records(len(names))
    assert [row["workflow"] for row in rows[:len(names)]] == names
    for name in names:
        answer = requests.get(f"{proxy.admin_url}/api/v1/records", params={"workflow": name}, proxies={"http": ""}, timeout=10)
        assert answer.status_code == 200 and len(answer.json()) in (1, len(names)), (name, answer.text[:300])
        report = proxy.cli("report", "--by", "workflow", "--format", "csv", "-c", str(proxy.config_file))
        assert report.returncode == 0, report.stderr
    connection = sqlite3.connect(proxy.ledger)
    assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    connection.close()
    # Statements are put together in these files alone, and there of the names of columns that the program knows.
    statement = re.compile(r'(?i)(format\(|\+=?\s*)\s*\(?"[^"]*\b(select|insert|update|delete|where|values)\b[^"]*(\{\}|=\s*\')')
    put_together = {file.name for file in (ROOT / "src").rglob("*.cpp") if statement.search(file.read_text())}
    assert put_together == {"context_rows.cpp", "ledger_history.cpp", "ledger_reader.cpp", "ledger_schema.cpp", "operator_store.cpp",
                            "row_writer.cpp", "spend_reader.cpp"}


def test_b4_a_revoked_or_expired_key_is_refused_within_a_second(start: Start) -> None:
    key, row = new_key("app")
    other, another = new_key("other")
    credentials: list[dict[str, Any]] = [{**row, "provider_keys": {"openai": "k"}}, {**another, "provider_keys": {"openai": "k"}}]
    proxy = start({"credentials": credentials})
    session = requests.Session()
    session.trust_env = False

    def on_an_open_connection(shown: str) -> int:
        answer = session.post(f"{proxy.url}{CHAT}", json={"model": "gpt-4o-mini", "messages": []}, timeout=30,
                              headers={"Authorization": f"Bearer {shown}"})
        assert answer.status_code in (200, 401), answer.text
        return answer.status_code

    assert on_an_open_connection(key) == 200
    assert proxy.process is not None
    took = []
    for revoked in (True, False, True, False, True):  # the machine may be busy with something else
        credentials[0]["revoked"] = revoked
        proxy.write_config()
        proxy.process.send_signal(signal.SIGHUP)
        begun = time.monotonic()
        wait_for(lambda: on_an_open_connection(key) == (401 if revoked else 200))
        took.append(time.monotonic() - begun)
    assert min(took[::2]) < (1 if os.getloadavg()[0] < (os.cpu_count() or 1) else 10), took
    assert on_an_open_connection(other) == 200
    soon = time.time() + 3
    credentials[1]["expires"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(soon))
    proxy.write_config()
    proxy.process.send_signal(signal.SIGHUP)
    wait_for(lambda: on_an_open_connection(other) == 401)
    assert time.time() >= int(soon)


def test_b4_a_key_that_is_over_never_passes_for_the_clients_own(start: Start) -> None:
    revoked, row = new_key("gone")
    expired, old = new_key("old", "--expires", "2020-01-01")
    unknown, _ = new_key("unknown")
    with Provider() as provider:
        proxy = start({"require_credential": False, "credentials": [{**row, "revoked": True}, old]}, rows=providers(provider.origin))
        for key in (revoked, expired, unknown):
            for field in ("Authorization: Bearer {}", "Authorization: {}", "x-api-key: {}", "api-key: {}", "x-goog-api-key: {}", "X-LLM-Key: {}"):
                assert status(raw_chat(proxy, field.format(key) + "\r\n")) == 401, field
            assert status(raw_chat(proxy, "", path=f"{CHAT}?key={key}")) == 401
        assert not provider.received
        assert ask(proxy, "sk-my-own").status_code == 200  # a client's own key passes through


def test_b5_a_providers_key_is_nowhere_to_be_read(start: Start, tmp_path: Path) -> None:
    secret = "sk-canary-of-the-provider"
    key, row = new_key("app")
    with Provider(b'{"error":{"message":"no","code":"x"}}', "401 Unauthorized") as provider:
        proxy = start({"log": {"level": "debug"}, "credentials": [{**row, "provider_keys": {"openai": "${env:PROVIDER_KEY}"}}]},
                      rows=providers(provider.origin), environment={"PROVIDER_KEY": secret})
        answers = [ask(proxy, key).text, ask(proxy, "wrong").text, proxy.get("/metrics"), proxy.get("/api/v1/records"), proxy.get("/readyz")]
        assert provider.last()[1]["authorization"] == f"Bearer {secret}"
        assert proxy.process is not None
        assert secret.encode() not in Path(f"/proc/{proxy.process.pid}/cmdline").read_bytes()
        for arguments in (("config", "show"), ("check",), ("report",)):
            done = proxy.cli(*arguments, "-c", str(proxy.config_file))
            answers.append(done.stdout + done.stderr)
        # A crash leaves no core behind, whatever the limits are.
        resource.prlimit(proxy.process.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        proxy.process.send_signal(signal.SIGABRT)
        _, ended = os.waitpid(proxy.process.pid, 0)
        assert os.WTERMSIG(ended) == signal.SIGABRT and not os.WCOREDUMP(ended)
        proxy.process = None
    for text in answers:
        assert secret not in text
    for file in proxy.directory.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file


def test_b6_a_clients_key_never_reaches_the_provider_nor_the_providers_the_client(start: Start) -> None:
    key, row = new_key("app")
    secret = "sk-the-providers"
    fields = ["Authorization: Bearer {}", "authorization: bearer  {}", "Authorization: {}", "x-api-key: {}", "X-API-KEY: {}", "api-key: {}",
              "x-goog-api-key: {}", "X-LLM-Key: {}"]
    with Provider(extra="Location: http://127.0.0.1:1/\r\n", status="307 Temporary Redirect") as provider:
        names = ["openai", "anthropic", "gemini", "cohere", "ollama"]
        proxy = start({"credentials": [{**row, "provider_keys": {name: secret for name in names}}]}, rows=providers(provider.origin))
        for name in names:
            for shown in fields + ["\r\n".join(fields[i] for i in (0, 3, 5, 6)), "x-api-key: {}\r\nX-A: 1\r\nx-api-key: {}"]:
                for query in ("", "?key={}", "?a=1&key={}&b=2", "?%6bey={}", "?alt=sse&key={}"):
                    if query and shown != fields[0]:
                        continue
                    before = len(provider.received)
                    answer = raw(proxy, post(PATHS[name] + query.replace("{}", key), b'{"model":"m","max_tokens":5,"messages":[]}',
                                             shown.replace("{}", key) + "\r\n", close=True))
                    assert status(answer) == 307, (name, shown, query, answer)
                    assert secret.encode() not in answer  # not even with a redirect, which is the client's to follow
                    assert len(provider.received) == before + 1
                    assert key.encode() not in provider.received[-1], (name, shown, query)
                    assert provider.received[-1].count(secret.encode()) == 1
        trace = raw(proxy, f"TRACE /p/openai/v1/models HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n".encode())
        assert secret.encode() not in trace
        # Where the provider has no key of ours, the client's stays here all the same.
        reload_without = {**proxy.settings, "credentials": [row]}
        proxy.settings = reload_without
        proxy.write_config()
        assert proxy.process is not None
        proxy.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "reloaded" in proxy.log())
        wait_for(lambda: ask(proxy, key).status_code == 307 and secret.encode() not in provider.received[-1])
        assert key.encode() not in provider.received[-1]


def test_b6_the_keys_a_client_sends_beside_ours_do_not_go_along(start: Start) -> None:
    key, row = new_key("app")
    with Provider() as provider:
        proxy = start({"credentials": [{**row, "provider_keys": {"gemini": "g-ours", "openai": "o-ours"}}]}, rows=providers(provider.origin))
        answer = raw(proxy, post(PATHS["gemini"] + "?alt=json&key=AIza-mine", b"{}", f"x-goog-api-key: {key}\r\nAuthorization: Bearer ya29.mine\r\n", close=True))
        assert status(answer) == 200
        assert b"mine" not in provider.received[-1] and provider.last()[0].startswith("POST /v1beta/models/gemini-2.5-flash:generateContent?alt=json ")
        assert status(raw_chat(proxy, f"Authorization: Bearer {key}\r\nx-api-key: sk-mine\r\napi-key: sk-mine\r\n")) == 200
        assert b"mine" not in provider.received[-1]


def test_b7_two_keys_follow_one_rule(start: Start) -> None:
    one, row = new_key("one")
    two, another = new_key("two")
    revoked, gone = new_key("gone")
    with Provider() as provider:
        proxy = start({"credentials": [{**row, "provider_keys": {"openai": "sk-1"}}, {**another, "provider_keys": {"openai": "sk-2"}},
                                       {**gone, "revoked": True}]}, rows=providers(provider.origin))
        def both(first: str, second: str) -> int:
            return status(raw_chat(proxy, f"Authorization: Bearer {first}\r\nx-api-key: {second}\r\n"))

        assert both(one, two) == 400 and both(two, one) == 400  # whose money it is cannot be guessed
        assert both(one, one) == 200 and both(one, "sk-else") == 200 and both("sk-else", two) == 200
        assert both(one, revoked) == 401 and both("x", "y") == 401
        twice = raw_chat(proxy, f"Authorization: Bearer {one}\r\nAuthorization: Bearer {two}\r\n")
        assert status(twice) == 400
        assert [row["credential"] for row in proxy.records(3, "http_status = 200")] == ["one", "one", "two"]
        for message in provider.received:
            assert message.lower().count(b"authorization:") == 1 and b"x-api-key" not in message.lower()


def test_b8_key_files_that_others_may_read_are_told_at_the_start(start: Start, tmp_path: Path) -> None:
    open_key, closed_key = tmp_path / "open.key", tmp_path / "closed.key"
    for file, mode in ((open_key, 0o644), (closed_key, 0o600)):
        file.write_text("sk-secret\n")
        file.chmod(mode)
    _, row = new_key("app")
    proxy = start({"credentials": [{**row, "provider_keys": {"openai": f"${{file:{open_key}}}", "anthropic": f"${{file:{closed_key}}}"}}]})
    warnings = [line for line in proxy.log().splitlines() if "may read" in line]
    assert any(str(open_key) in line for line in warnings) and not any(str(closed_key) in line for line in warnings), warnings
    proxy.config_file.chmod(0o644)
    proxy.settings["credentials"][0]["provider_keys"] = {"openai": "sk-written-out"}
    proxy.write_config()
    checked = proxy.cli("check", "-c", str(proxy.config_file))
    assert "may read the secrets in" in checked.stdout + checked.stderr
    assert checked.returncode == 0


def test_b9_wrong_keys_are_one_answer_in_the_clients_dialect_and_are_slowed_down(start: Start) -> None:
    revoked, row = new_key("gone")
    poor, another = new_key("poor")
    proxy = start({"credentials": [{**row, "revoked": True}, {**another, "provider_keys": {"openai": "k"}}],
                   "budgets": [{"name": "none", "match": {"credential": "poor"}, "limit": {"requests": 1}, "window": "total"}]})
    assert ask(proxy, poor).status_code == 200
    assert ask(proxy, poor).status_code == 402  # who has a key is told why
    forms = {"openai": '"invalid_api_key"', "anthropic": '"authentication_error"', "gemini": '"UNAUTHENTICATED"', "cohere": '"message"', "ollama": '"error"'}
    for name, words in forms.items():
        answers = [ask(proxy, key, path=PATHS[name]) for key in ("nobody", revoked, "twk_nobody")]
        assert {answer.status_code for answer in answers} == {401}
        texts = {answer.text.replace(answer.headers["x-llm-request-id"], "") for answer in answers}
        assert len(texts) == 1 and words in texts.pop(), name
    assert ask(proxy, "nobody").headers["x-should-retry"] == "false" and "date" in ask(proxy, "nobody").headers
    # Many wrong ones have to wait for their turn; a good one does not.
    loops = int(proxy.settings.get("threads", os.cpu_count() or 1))
    with ThreadPoolExecutor(max_workers=16) as pool:
        begun = time.monotonic()
        guesses = pool.map(lambda n: ask(proxy, f"guess{n}").status_code, range(150 * loops + 150))
        good = time.monotonic()
        assert ask(proxy, poor).status_code == 402
        assert time.monotonic() - good < 1
        assert set(guesses) == {401}
    assert time.monotonic() - begun > 1
    assert "guess" not in proxy.log()


def test_b10_a_key_in_the_query_is_in_no_log_and_no_record(start: Start) -> None:
    key, row = new_key("app")
    with Provider() as provider:
        proxy = start({"log": {"level": "debug"}, "credentials": [{**row, "provider_keys": {"gemini": "g", "openai": "o"}}]}, rows=providers(provider.origin))
        for path in (PATHS["gemini"], CHAT, "/p/nobody/v1/x", "/p/openai/v1/../x"):
            raw(proxy, post(f"{path}?key={key}&access_token=ya29-secret", b"{}", "", close=True))
        rows = proxy.records(4)
        assert len(rows) == 4 and all("?" not in row["path"] for row in rows)
        text = proxy.get("/api/v1/records") + proxy.get("/metrics")
        assert proxy.stop() == 0
        text += proxy.log()
    assert key not in text and "ya29-secret" not in text
    for file in proxy.directory.glob("ledger*"):
        assert key.encode() not in file.read_bytes()


def test_provider_keys_overlap_and_change_while_requests_are_under_way(start: Start, tmp_path: Path) -> None:
    first, row = new_key("app")
    second, more = new_key()
    secret = tmp_path / "provider.key"
    secret.write_text("sk-one")
    secret.chmod(0o600)
    with Provider() as provider:
        proxy = start({"credentials": [{**row, "more_keys": [more], "provider_keys": {"openai": f"${{file:{secret}}}"}}]}, rows=providers(provider.origin))
        assert ask(proxy, first).status_code == 200 and ask(proxy, second).status_code == 200
        assert provider.last()[1]["authorization"] == "Bearer sk-one"
        stop: list[int] = []

        def keep_asking() -> set[int]:
            seen = set()
            while not stop:
                seen.add(ask(proxy, second).status_code)
            return seen

        with ThreadPoolExecutor(max_workers=2) as pool:
            running = [pool.submit(keep_asking) for _ in range(2)]
            secret.write_text("sk-two")
            wait_for(lambda: provider.last()[1]["authorization"] == "Bearer sk-two")
            stop.append(1)
            assert [task.result() for task in running] == [{200}, {200}]  # none failed on the way
        assert ask(proxy, first).status_code == 200 and provider.last()[1]["authorization"] == "Bearer sk-two"


def test_an_operators_token_that_was_changed_is_asked_for_at_once(start: Start, tmp_path: Path) -> None:
    token = tmp_path / "admin-token"
    token.write_text("the-first-token-of-all")
    token.chmod(0o600)
    proxy = start({})
    proxy.stop()
    proxy.settings["admin"]["token"] = f"${{file:{token}}}"
    proxy.start()

    def order(shown: str) -> int:
        return requests.post(f"{proxy.admin_url}/-/reload", headers={"Authorization": f"Bearer {shown}"}, proxies={"http": ""}, timeout=10).status_code

    assert order("the-first-token-of-all") == 200
    token.write_text("the-second-token-now")
    wait_for(lambda: order("the-second-token-now") == 200)
    assert order("the-first-token-of-all") == 401
    proxy.settings["admin"].pop("token")
