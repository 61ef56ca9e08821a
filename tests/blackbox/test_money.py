"""The money benchmarks, small: budgets that hold, books that agree after kill -9, agents that are stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.crash import run as crash
from loadtest.overshoot import run as overshoot
from loadtest.overshoot import setting
from tests.agents import run as agents
from tests.blackbox.proxy import ROOT, Proxy


def figures(text: str) -> dict[str, str]:
    """The key=value pairs of the last line."""
    line = text.strip().splitlines()[-1]
    assert line.startswith("figure: "), text
    return dict(pair.split("=", 1) for pair in line.removeprefix("figure: ").split())


def test_a_small_budget_holds_and_can_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = overshoot.run(tmp_path, ["0.05"], [1, 32])
    text = capsys.readouterr().out
    figure = figures(text)
    assert code == 0 and figure["overshoot_max_percent"] == "0.00", text
    assert float(figure["usable_min_percent"]) >= 97 and figure["wrongly_refused"] == "0", text


@pytest.mark.parametrize("point", ["sent_marked", "mid_stream", "settled", "committed"])
def test_the_books_agree_after_a_kill(tmp_path: Path, capsys: pytest.CaptureFixture[str], point: str) -> None:
    setting.price_file(tmp_path)
    with setting.SimulatorProcess(tmp_path / "simulator") as simulator:
        bench = crash.Bench(tmp_path, simulator)
        assert bench.kill(point, f"{point}:5")
        assert bench.kill("at some instant", after=0.4)
    found = bench.total
    assert not (found.lost or found.doubled or found.differ or found.leaked), capsys.readouterr().out


def test_runaway_agents_are_stopped_and_honest_ones_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    code = agents.main(["--no-corpus"])
    text = capsys.readouterr().out
    figure = figures(text)
    assert code == 0 and figure["missed"] == "0" and figure["false_stops"] == "0", text
    assert int(figure["stopped"]) >= 10


def test_the_agents_example_is_a_valid_configuration(tmp_path: Path) -> None:
    done = Proxy(tmp_path, []).cli("check", "-c", str(ROOT / "config" / "examples" / "agents.yaml"))
    assert done.returncode == 0, done.stderr
