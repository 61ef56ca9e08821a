"""The official Python SDKs see the same through the proxy, over TLS, as directly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.proxy import ROOT, Proxy, providers
from tests.blackbox.sdk_python import SCENARIOS, base_urls
from tests.simulator import Simulator


pytestmark = pytest.mark.sdk


def run(origin: str, ca: Path, through_proxy: bool) -> dict[str, Any]:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
        **base_urls(origin, through_proxy),
        "SSL_CERT_FILE": str(ca),
    }
    done = subprocess.run([sys.executable, "-m", "tests.blackbox.sdk_python"], cwd=ROOT,
                          env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the SDKs saw directly and through the proxy, each before a simulator of its own, so that
    neither knows the other's prompts."""
    make = tmp_path_factory.mktemp
    with Simulator(make("direct")) as direct:
        directly = run(direct.tls_origin, direct.ca_file, through_proxy=False)
    with Simulator(make("behind")) as behind, Proxy(
        make("proxy"), providers(behind.tls_origin, behind.ca_file)
    ) as proxy:
        through = run(proxy.tls_url, proxy.ca, through_proxy=True)
    return directly, through


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_same_result_as_direct(results: tuple[dict[str, Any], dict[str, Any]], scenario: str) -> None:
    directly, through = results
    assert "unexpected" not in directly[scenario], directly[scenario]
    same = through[scenario] == directly[scenario]
    assert same, f"{str(through[scenario])[:2000]}\n instead of\n{str(directly[scenario])[:2000]}"
