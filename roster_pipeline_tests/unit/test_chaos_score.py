"""The modules of `make chaos` can be imported, and its score counts rows that are lost, twice or wrong."""

from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from roster_pipeline_tests import chaos
from roster_pipeline_tests.chaos.score import DUPLICATE, LOST, WRONG, Score

MODULES = sorted(path.stem for path in Path(chaos.__path__[0]).glob("[!_]*.py") if not path.stem.startswith("test_"))
ROW, OTHER = ("one", "student"), ("two", "teacher")


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ([ROW, OTHER], {}),
        ([ROW], {LOST: 1}),
        ([ROW, OTHER, OTHER], {DUPLICATE: 1}),
        ([ROW, ("two", "student")], {WRONG: 1}),
        ([ROW, OTHER, ("three", "student")], {WRONG: 1}),
    ],
    ids=["as expected", "one lost", "one twice", "one of other content", "one that nobody expects"],
)
def test_score_counts_each_row_that_differs(rows, kinds):
    score = Score()
    score.compare("here", {"members": Counter([ROW, OTHER])}, {"members": Counter(rows)})
    assert score.found == Counter(kinds)


@pytest.mark.parametrize("module", MODULES)
def test_module_of_chaos_can_be_imported(module):
    assert import_module(f"{chaos.__name__}.{module}")
