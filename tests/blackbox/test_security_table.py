"""docs/security.md names every check, and each of its tests exists."""

from __future__ import annotations

import re

from tests.blackbox.proxy import ROOT

CHECKS = [f"{letter}{number}" for letter, most in (("A", 8), ("B", 10), ("F", 7), ("H", 13), ("L", 9)) for number in range(1, most + 1)]


def test_every_check_is_in_the_table_and_names_a_test_that_exists() -> None:
    rows = re.findall(r"^\| ([A-Z]\d+) \| (.+) \| `(\S+)::(\w+)` \|$", (ROOT / "docs" / "security.md").read_text(), re.MULTILINE)
    assert [row[0] for row in rows] == CHECKS
    for check, what, file, name in rows:
        text = (ROOT / file).read_text()
        assert what.strip() and (f"def {name}(" in text or re.search(rf"^TEST\w*\(\w+, {name}\)", text, re.MULTILINE)), check
    # The other way round: who looks for a check by its name finds it.
    text = "".join(file.read_text() for file in (ROOT / "tests" / "blackbox").glob("test_security_*.py"))
    for check in CHECKS:
        assert f"def test_{check.lower()}_" in text, check
