"""The format of agent scripts, held to examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.agents import dialects
from tests.agents.play import Verdict, details
from tests.agents.run import SCRIPTS, unique
from tests.agents.script import Filler, ScriptError, find, read, unrolled
from tests.support.client import Answer


def write(folder: Path, text: str) -> Path:
    file = folder / "one.yaml"
    file.write_text(text)
    return file


def test_the_shipped_scripts_are_enough_and_can_be_read():
    scripts = [read(file) for file in find(SCRIPTS)]
    unique(scripts)
    assert sum(script.expect == "stopped" for script in scripts) >= 10
    assert sum(script.expect == "passes" for script in scripts) >= 20


@pytest.mark.parametrize("text", [
    "expect: perhaps\nsteps: [ask]", "expect: passes", "expect: passes\nsteps: [{sing: la}]",
    "expect: passes\nsteps: [ask]\nstepz: 1", "expect: passes\ndialect: latin\nsteps: [ask]",
    "expect: passes\nsteps: [{repeat: 2}]", "- ask", "expect: [",
])
def test_what_is_no_script_is_refused(tmp_path, text):
    with pytest.raises(ScriptError):
        read(write(tmp_path, text))


def test_repetitions_are_counted_from_the_inside(tmp_path):
    script = read(write(tmp_path, "expect: passes\nsteps:\n- repeat: 2\n  steps:\n  - repeat: 2\n"
                                  "    steps: [{user: '{j}.{i} of {k}'}]\n- ask"))
    filler = Filler("x")
    steps = [(kind, filler.fill(value, counters)) for kind, value, _, counters in unrolled(script.steps)]
    assert steps == [("user", "1.1 of {k}"), ("user", "1.2 of {k}"), ("user", "2.1 of {k}"),
                     ("user", "2.2 of {k}"), ("ask", {})]


def test_words_are_new_and_same_words_are_not():
    filler = Filler("x")
    assert filler.fill("{words:5}", ()) != filler.fill("{words:5}", ())
    assert filler.fill("{same:5}", ()) == filler.fill("{same:5}", ())
    assert len(filler.fill("{same:5}", ()).split()) == 5


@pytest.mark.parametrize("dialect", ["openai_chat", "openai_responses", "anthropic_messages", "gemini"])
def test_a_tool_call_and_its_result_are_in_every_dialects_body(dialect):
    turns = [dialects.Turn("user", "hello"),
             dialects.Turn("calls", calls=dialects.calls_of([{"name": "f", "arguments": {"a": 1}, "result": "r"}], 1))]
    path, body = dialects.request(dialect, "m", "be brief", ("f",), turns, False, 50)
    text = json.dumps(body)
    assert path.startswith("/p/")
    for piece in ("hello", "be brief", '"f"', '"r"', "50"):
        assert piece in text


def test_the_evidence_is_found_in_a_refusal_and_in_a_cut_stream():
    body = b'{"error":{"message":"no","details":{"detector":"cycle","reason":"loop"}}}'
    assert details(Answer(402, body=body)) == {"message": "no", "detector": "cycle", "reason": "loop"}
    assert details(Answer(200, body=b'data: {"x":1}\n\ndata: ' + body + b"\n\n"))["detector"] == "cycle"


def test_a_late_or_foreign_stop_is_missed(tmp_path):
    script = read(write(tmp_path, "expect: stopped\nby: cycle\nwithin: 5\nsteps: [ask]"))
    assert Verdict(script, requests=9).missed
    assert Verdict(script, requests=9, stopped_at=6, evidence={"detector": "cycle"}).missed
    assert Verdict(script, requests=9, stopped_at=5, evidence={"detector": "max_steps"}).missed
    assert not Verdict(script, requests=9, stopped_at=5, evidence={"detector": "cycle"}).missed
