"""The official Node SDKs see the same through the proxy, over TLS, as directly."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

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


def run(base: str, ca: Path, through_proxy: bool) -> dict[str, Any]:
    prefix = (lambda name: f"{base}/p/{name}") if through_proxy else (lambda name: base)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
        "TW_OPENAI": prefix("openai"), "TW_ANTHROPIC": prefix("anthropic"), "TW_GOOGLE": prefix("gemini"),
        "NODE_EXTRA_CA_CERTS": str(ca),
    }
    done = subprocess.run(["node", "sdks.mjs"], cwd=NODE, env=environment, capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    make = tmp_path_factory.mktemp
    with Simulator(make("direct")) as direct:
        directly = run(direct.tls_origin, direct.ca_file, through_proxy=False)
    with Simulator(make("behind")) as behind, Proxy(
        make("proxy"), providers(behind.tls_origin, behind.ca_file)
    ) as proxy:
        through = run(proxy.tls_url, proxy.ca, through_proxy=True)
    return directly, through


def test_every_scenario_is_run(results: tuple[dict[str, Any], dict[str, Any]]) -> None:
    assert sorted(results[0]) == sorted(SCENARIOS)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_same_result_as_direct(results: tuple[dict[str, Any], dict[str, Any]], scenario: str) -> None:
    directly, through = results
    assert "unexpected" not in directly[scenario], directly[scenario]
    same = through[scenario] == directly[scenario]
    assert same, f"{str(through[scenario])[:2000]}\n instead of\n{str(directly[scenario])[:2000]}"
