"""The tests that `docs/clever-page-tests.md` names exist, and each requirement of the page has one."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
TEXT = (TESTS.parent / "docs" / "clever-page-tests.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if line.startswith("|") and "`" in line]
NUMBERS = [
    *(2, 4, 5, 6, 8, *range(11, 19), 20, 21, 33, 35, *range(37, 43), *range(53, 57), 58),
    *(*range(60, 69), *range(71, 84)),
]
"""The requirements that people meet on the page, without those of Clever Library."""
DANGERS, ACTS = 24, 15
"""The rows without a number: what must never happen, and what each role may do."""


def names_of(row):
    return re.findall(r"`((?:unit|integration|properties|browser)/[^`]+)`", row)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:50])
def test_a_promise_names_tests_that_exist(row):
    names = names_of(row)
    assert names
    for name in names:
        path, _, test = name.partition("::")
        functions = {node.name for node in ast.walk(ast.parse((TESTS / path).read_text())) if hasattr(node, "name")}
        assert not test or test in functions, name
        assert any(function.startswith("test_") for function in functions)


def test_each_requirement_danger_and_act_has_a_row():
    numbered = [row.split("|")[1] for row in ROWS if re.match(r"\| \d", row)]
    numbers = sorted(int(number) for cell in numbered for number in cell.split(","))
    assert numbers == sorted(NUMBERS)
    assert len(ROWS) - len(numbered) == DANGERS + ACTS
