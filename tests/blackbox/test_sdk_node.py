"""The official Node SDKs see the same through the proxy, over TLS, as directly."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blackbox.proxy import Proxy, providers
from tests.simulator import Simulator

NODE = Path(__file__).parent / "node"
INSTALLED = shutil.which("node") is not None and (NODE / "node_modules").exists()
pytestmark = [
    pytest.mark.sdk,
    pytest.mark.skipif(not INSTALLED, reason="Node packages are not installed: ./dev setup"),
]
SCENARIOS = """openai_plain openai_stream openai_stream_usage openai_tools openai_responses
openai_embeddings openai_errors openai_cancel anthropic_plain anthropic_stream anthropic_tools
anthropic_count_tokens anthropic_errors anthropic_cancel google_plain google_stream google_tools
google_count_and_embed google_errors google_cancel vercel_plain vercel_stream vercel_tools
vercel_errors""".split()


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, Proxy]]:
    with Simulator(tmp_path_factory.mktemp("direct")) as direct, Simulator(
        tmp_path_factory.mktemp("behind")
    ) as behind, Proxy(
        tmp_path_factory.mktemp("proxy"), providers(behind.tls_origin, behind.ca_file)
    ) as proxy:
        yield direct, proxy


def run(scenario: str, base: str, ca: Path, through_proxy: bool) -> object:
    prefix = (lambda name: f"{base}/p/{name}") if through_proxy else (lambda name: base)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
        "TW_OPENAI": prefix("openai"), "TW_ANTHROPIC": prefix("anthropic"), "TW_GOOGLE": prefix("gemini"),
        "NODE_EXTRA_CA_CERTS": str(ca),
    }
    done = subprocess.run(["node", "sdks.mjs", scenario], cwd=NODE, env=environment,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def test_every_scenario_is_run(ends: tuple[Simulator, Proxy]) -> None:
    listed = subprocess.run(["node", "sdks.mjs", "--list"], cwd=NODE, capture_output=True, text=True,
                            env={**os.environ, "TW_OPENAI": "http://x", "TW_ANTHROPIC": "http://x", "TW_GOOGLE": "http://x"})
    assert sorted(json.loads(listed.stdout)) == sorted(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_same_result_as_direct(ends: tuple[Simulator, Proxy], scenario: str) -> None:
    direct, proxy = ends
    through = run(scenario, proxy.tls_url, proxy.ca, through_proxy=True)
    assert through == run(scenario, direct.tls_origin, direct.ca_file, through_proxy=False)
