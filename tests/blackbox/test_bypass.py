"""No body gets around an output cap: the written ones, and some made up by seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bypass.invent import invent
from tests.bypass.nasty import nasty
from tests.bypass.run import BODIES, Case, Outcome, figure, read_case, read_cases, run, show


def judged(cases: list[Case], directory: Path, capsys: pytest.CaptureFixture[str]) -> list[Outcome]:
    outcomes = run(cases, directory)
    good = show(outcomes, everything=False)
    assert good, capsys.readouterr().out[-5000:]
    return outcomes


def test_no_written_body_gets_around_a_cap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = judged(read_cases(BODIES), tmp_path, capsys)
    assert len(outcomes) >= 150 and " bypassed=0 " in figure(outcomes)
    # The rule does something, and does not refuse everything.
    assert sum(outcome.lowered for outcome in outcomes) > 100
    assert sum(outcome.arrived is not None and not outcome.lowered for outcome in outcomes) > 5


def test_no_invented_body_gets_around_a_cap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judged([read_case(row, number) for number, row in enumerate(invent(1500, seed=7))], tmp_path, capsys)


def test_no_trick_works_in_any_dialect(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = judged([read_case(row, number) for number, row in enumerate(nasty())], tmp_path, capsys)
    assert len(outcomes) >= 1000 and " bypassed=0 " in figure(outcomes)
    assert sum(outcome.lowered for outcome in outcomes) > 500
