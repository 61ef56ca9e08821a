"""The official Python SDKs see the same through the proxy, over TLS, as directly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blackbox.proxy import ROOT, Proxy, providers
from tests.blackbox.sdk_python import SCENARIOS, base_urls
from tests.simulator import Simulator


pytestmark = pytest.mark.sdk


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, Proxy]]:
    """A simulator to talk to directly, and a proxy before another one, so that neither knows the
    other's prompts."""
    with Simulator(tmp_path_factory.mktemp("direct")) as direct, Simulator(
        tmp_path_factory.mktemp("behind")
    ) as behind, Proxy(
        tmp_path_factory.mktemp("proxy"), providers(behind.tls_origin, behind.ca_file)
    ) as proxy:
        yield direct, proxy


def run(scenario: str, origin: str, ca: Path, through_proxy: bool) -> object:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
        **base_urls(origin, through_proxy),
        "SSL_CERT_FILE": str(ca),
    }
    done = subprocess.run([sys.executable, "-m", "tests.blackbox.sdk_python", scenario], cwd=ROOT,
                          env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_same_result_as_direct(ends: tuple[Simulator, Proxy], scenario: str) -> None:
    direct, proxy = ends
    through = run(scenario, proxy.tls_url, proxy.ca, through_proxy=True)
    assert through == run(scenario, direct.tls_origin, direct.ca_file, through_proxy=False)
