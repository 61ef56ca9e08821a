"""Fixtures of the black-box tests: one simulator a run, proxies as a test needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.proxy import BINARY, Proxy, providers
from tests.simulator import Simulator


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes minutes; run by ./dev test --full")
    config.addinivalue_line("markers", "native: judges memory or takes descriptors away, which sanitizers need themselves")
    config.addinivalue_line("markers", "sdk: drives real SDKs; their side is not what sanitizers watch")
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} is missing: run ./dev build first")


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with Simulator(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture
def start(simulator: Simulator, tmp_path: Path) -> Iterator[Callable[..., Proxy]]:
    """start(changes, tls=True, rows=None, environment=None) -> a running Proxy, stopped at the end."""
    running: list[Proxy] = []

    def begin(changes: dict[str, Any] | None = None, tls: bool = True,
              rows: list[dict[str, Any]] | None = None,
              environment: dict[str, str] | None = None) -> Proxy:
        origin, ca = (simulator.tls_origin, simulator.ca_file) if tls else (simulator.origin, None)
        proxy = Proxy(tmp_path / f"proxy{len(running)}", rows or providers(origin, ca), changes, environment)
        running.append(proxy)
        return proxy.start()

    yield begin
    for proxy in running:
        if proxy.process is not None:
            code = proxy.stop()
            assert code == 0, proxy.log()[-20000:]


@pytest.fixture(scope="module")
def shared(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with TLS on both sides that the tests of one file share."""
    proxy = Proxy(tmp_path_factory.mktemp("proxy"), providers(simulator.tls_origin, simulator.ca_file))
    with proxy:
        yield proxy
