"""Keys of the proxy's own: made by the command, shown once, good until they expire; keys of providers are
taken from their files again when these change."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
import yaml

from tests.blackbox.proxy import BINARY, Proxy, providers
from tests.bypass.recorder import Recorder


def command(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BINARY), "keys", *arguments], input=text, capture_output=True, text=True, timeout=60)


def new_key(*arguments: str) -> tuple[str, dict[str, str]]:
    """The key and the row for `credentials:`."""
    made = command("new", *arguments)
    assert made.returncode == 0, made.stderr
    key = re.search(r"shown this once: (\S+)", made.stdout)
    row = re.search(r"credentials row: +(\{.*\})", made.stdout)
    assert key and row, made.stdout
    return key.group(1), yaml.load(row.group(1), yaml.BaseLoader)


def ask(proxy: Proxy, key: str, **headers: str) -> requests.Response:
    return requests.post(f"{proxy.url}/p/openai/v1/chat/completions", json={"model": "gpt-4o", "messages": []},
                         headers={"Authorization": f"Bearer {key}", **headers}, proxies={"http": ""}, timeout=30)


def test_a_new_key_is_random_and_only_its_hash_is_in_the_row() -> None:
    key, row = new_key("app", "--expires", "2999-01-31")
    other, _ = new_key("app")
    assert key != other and re.fullmatch(r"twk_[A-Za-z0-9_-]{43}", key)
    assert row == {"name": "app", "key_sha256": hashlib.sha256(key.encode()).hexdigest(), "expires": "2999-01-31"}


def test_the_row_of_a_known_key_comes_from_standard_input() -> None:
    made = command("hash", "app", text="secret\n")
    assert made.returncode == 0 and hashlib.sha256(b"secret").hexdigest() in made.stdout
    assert command("hash", text="").returncode == 2
    assert command("new", "_bad").returncode != 0
    assert command("new", "--expires", "tomorrow").returncode != 0


def test_keys_serve_beside_each_other_and_stop_when_expired_or_revoked(start: Callable[..., Proxy]) -> None:
    first, row = new_key("app")
    second, more = new_key()
    expired, over = new_key("--expires", "2020-01-01")
    revoked, gone = new_key("gone")
    proxy = start({"credentials": [{**row, "provider_keys": {"openai": "sk-test"}, "more_keys": [more, over]},
                                   {**gone, "revoked": True}]})
    assert [ask(proxy, key).status_code for key in (first, second, expired, revoked, "guess")] == [200, 200, 401, 401, 401]


def test_a_header_cannot_move_spend_to_another_owner(start: Callable[..., Proxy]) -> None:
    key, row = new_key("app")
    proxy = start({
        "workflows": [{"name": "triage", "team": "support"}, {"name": "index", "team": "research"}],
        "credentials": [{**row, "pins": {"team": "support"}, "may_name": {"customer": ["c-*"]}}],
    })
    assert ask(proxy, key, **{"X-LLM-Workflow": "triage", "X-LLM-Customer": "c-1"}).status_code == 200
    for headers in ({"X-LLM-Workflow": "index"}, {"X-LLM-Customer": "d-1"}):
        answer = ask(proxy, key, **headers)
        assert answer.status_code == 403 and "pin_mismatch" in answer.text, answer.text


def test_a_providers_key_is_taken_from_its_file_again_when_that_changes(
        start: Callable[..., Proxy], tmp_path: Path) -> None:
    secret = tmp_path / "openai.key"
    secret.write_text("sk-old\n")
    secret.chmod(0o600)
    key, row = new_key("app")
    with Recorder() as provider:
        proxy = start({"credentials": [{**row, "provider_keys": {"openai": f"${{file:{secret}}}"}}]},
                      rows=providers(provider.origin))

        def shown() -> str:
            assert ask(proxy, key).status_code == 200
            return provider.arrivals[""].headers["authorization"]

        def wait_for(what: Callable[[], bool]) -> None:
            end = time.monotonic() + 30
            while not what():
                assert time.monotonic() < end
                time.sleep(0.1)

        assert shown() == "Bearer sk-old"
        # A file that is half written does not take the running key away.
        secret.write_text("two\nlines\n")
        wait_for(lambda: "reload refused" in proxy.log())
        assert shown() == "Bearer sk-old"
        fresh = tmp_path / "fresh"
        fresh.write_text("sk-new\n")
        fresh.chmod(0o600)
        os.replace(fresh, secret)
        wait_for(lambda: shown() == "Bearer sk-new")
        assert "sk-" not in proxy.log()


def test_no_answer_tells_an_expired_or_revoked_key_from_an_unknown_one(start: Callable[..., Proxy]) -> None:
    expired, row = new_key("app", "--expires", "2020-01-01")
    revoked, gone = new_key("gone")
    proxy = start({"credentials": [row, {**gone, "revoked": True}]})
    answers = []
    for key in ("twk_unknown", expired, revoked):
        answer = ask(proxy, key)
        text = answer.text.replace(answer.headers["x-llm-request-id"], "ID")
        answers.append((answer.status_code, text, sorted(name.lower() for name in answer.headers)))
    assert answers[0][0] == 401 and answers[0] == answers[1] == answers[2]


def test_a_clients_key_never_reaches_the_provider_wherever_it_is_shown(start: Callable[..., Proxy]) -> None:
    key, row = new_key("app")
    with Recorder() as provider:
        proxy = start({"credentials": [{**row, "provider_keys": {"openai": "sk-own"}}]}, rows=providers(provider.origin))
        places: list[tuple[dict[str, str], str]] = [
            ({"Authorization": f"Bearer {key}"}, ""), ({"x-api-key": key}, ""), ({"api-key": key}, ""),
            ({"x-goog-api-key": key}, ""), ({"X-LLM-Key": key}, ""), ({}, f"?key={key}"), ({}, f"?a=1&key={key}&b=2"),
            ({"Authorization": f"Bearer {key}", "x-api-key": key, "api-key": key, "x-goog-api-key": key}, f"?key={key}"),
        ]
        for headers, query in places:
            answer = requests.post(f"{proxy.url}/p/openai/v1/chat/completions{query}", json={"model": "m"},
                                   headers=headers, proxies={"http": ""}, timeout=30)
            assert answer.status_code == 200, (headers, query, answer.text)
            arrival = provider.arrivals[""]
            assert key not in arrival.path and key not in str(arrival.headers), (headers, query)
            assert arrival.headers["authorization"] == "Bearer sk-own"
        assert key not in proxy.log()


def test_two_tenants_keys_are_never_mixed_on_shared_connections(start: Callable[..., Proxy]) -> None:
    tenants = [new_key(name) for name in ("one", "two")]
    with Recorder() as provider:
        proxy = start({"credentials": [{**row, "provider_keys": {"openai": f"sk-{row['name']}"}} for _, row in tenants]},
                      rows=providers(provider.origin))

        def send(number: int) -> None:
            key, _ = tenants[number % 2]
            assert ask(proxy, key, **{"X-Bypass-Case": str(number)}).status_code == 200

        with ThreadPoolExecutor(max_workers=8) as pool:
            list(pool.map(send, range(400)))
        shown = {number: arrival.headers["authorization"] for number, arrival in provider.arrivals.items()}
    assert shown == {str(number): f"Bearer sk-{('one', 'two')[number % 2]}" for number in range(400)}
