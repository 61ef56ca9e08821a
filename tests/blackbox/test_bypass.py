"""No body gets around an output cap: the written ones, and some made up by seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bypass.invent import invent
from tests.bypass.nasty import nasty
from tests.bypass import run as runner
from tests.bypass.judge import judge
from tests.bypass.run import BODIES, Case, Outcome, alterations, figure, read_case, read_cases, run, show
from tests.bypass.siege import siege


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


def test_no_place_of_any_api_is_left_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = judged([read_case(row, number) for number, row in enumerate(siege())], tmp_path, capsys)
    assert len(outcomes) >= 5000 and " bypassed=0 " in figure(outcomes)
    assert sum(outcome.lowered for outcome in outcomes) > 3000


def test_the_judge_finds_a_proxy_that_caps_a_token_too_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = runner.configuration

    def planted(*arguments: Any) -> dict[str, Any]:
        config = honest(*arguments)
        for rule in config["output_caps"]:
            rule["max"] = rule["default"] = rule["max"] + 1
        return config

    monkeypatch.setattr(runner, "configuration", planted)
    cases = [case for case in read_cases(BODIES) if case.legitimate]
    outcomes = run(cases, tmp_path)
    raised = [outcome for outcome in outcomes if outcome.lowered]
    assert len(raised) > 60 and all(outcome.bypassed or case_shares(outcome) for outcome in raised)


def case_shares(outcome: Outcome) -> bool:
    """Where a limit is shared, or only an option of streams was written, one token more is not seen."""
    return outcome.arrived is not None and (b'"n":' in outcome.arrived or b"101" not in outcome.arrived)


@pytest.mark.parametrize(("kind", "body"), [
    ("chat", b'{"max_tokens":50,"max_tokens":5000}'), ("chat", b'{"max_tokens":5000,"max_tokens":50}'), ("chat", b'{"MAX_TOKENS":5000,"max_tokens":50}'), ("chat", b'{"max_tokens":50,"n":3}'),
    ("chat", b'{"max_tokens":1,"n":101}'), ("chat", b"{}"), ("chat", b'{"max_tokens":null}'), ("chat", b'{"max_tokens":-1}'), ("chat", b'{"max_t\\u006fkens":5000}'), ("chat", b'{"max_tokens":50}{"max_tokens":5000}'),
    ("chat", '{"max_tokens":5000}'.encode("utf-16")), ("chat", b'{"max_tokens":50,/*"*/"max_tokens":5000/*"*/}'), ("chat", b'{"max_tokens":"5e3"}'), ("chat", b'{"max_tokens":50,"fallbacks":[{"max_tokens":5000}]}'),
    ("gemini", b'{"generationConfig":{"maxOutputTokens":50},"generation_config":{}}'), ("gemini", b'{"generationConfig":{"maxOutputTokens":50,"candidateCount":3}}'),
    ("gemini", b'{"generationConfig":{"maxOutputTokens":50,"thinkingConfig":{"thinkingBudget":5000}}}'), ("messages", b'{"max_tokens":50,"tools":[{"max_tokens":5000}]}'), ("ollama", b'{"options":{"num_predict":50},"options":{}}'),
    ("predict", b'{"instances":[{},{},{}],"parameters":{"maxOutputTokens":50}}'), ("conversation", b'{"inputs":"x"}'), ("client secret", b'{"session":{"max_output_tokens":"inf"}}'), ("completions", b'{"prompt":["a","b","c"],"max_tokens":50}'),
])
def test_the_judge_knows_every_way_round(kind: str, body: bytes) -> None:
    assert judge(kind, body, "").limit > 100


def test_the_judge_sees_what_was_written_anew() -> None:
    sent = b'{"max_tokens": 5000, "temperature": 1.0, "a": "\\u00e9"}'
    assert not alterations(sent, sent.replace(b"5000", b"100"))
    for anew in (b'{"max_tokens":100,"temperature":1.0,"a":"\\u00e9"}', sent.replace(b"1.0", b"1"), sent.replace(b"\\u00e9", "é".encode()), sent.replace(b' "a"', b' "b"'), sent[:-1]):
        assert alterations(sent, anew), anew
