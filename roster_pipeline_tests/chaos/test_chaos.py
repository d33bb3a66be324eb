"""The quick part of `make chaos`: a few kills, schedules of faults and hostile texts, and nothing lost by any.

That it would be noticed is tested too: what the score says of rows that are lost, twice, wrong.
"""

from collections import Counter
from random import Random

import pytest

from roster_pipeline_tests.chaos import hazards as hazards_module
from roster_pipeline_tests.chaos.hazards import HAZARDS, hazards
from roster_pipeline_tests.chaos.kills import kills
from roster_pipeline_tests.chaos.places import ground
from roster_pipeline_tests.chaos.schedules import schedules
from roster_pipeline_tests.chaos.score import DUPLICATE, LOST, WRONG, Score
from roster_pipeline_tests.chaos.strings import strings
from roster_pipeline_tests.chaos.texts import hostile_texts

SEED = 3
ROW, OTHER = ("one", "student"), ("two", "teacher")


@pytest.fixture(scope="module")
def here(server_url):
    with ground(server_url) as found:
        yield found


def test_killed_commands_leave_nothing_after_the_next_sync(here):
    score = kills(here, Random(SEED), 2)
    assert (score.tried, score.lines) == (2, [])


def test_random_faults_publish_all_or_nothing(here):
    score = schedules(here, Random(SEED), 6)
    assert (score.tried, score.lines) == (6, [])


@pytest.mark.parametrize("hazard", HAZARDS)
def test_a_hazard_loses_nothing(here, hazard, monkeypatch):
    """Each kind of hazard happens twice to a small district."""
    monkeypatch.setattr(hazards_module, "HAZARDS", {hazard: HAZARDS[hazard]})
    score = hazards(here, Random(SEED), 2)
    assert (score.tried, score.lines) == (2, [])


def test_hostile_text_returns_byte_for_byte(here):
    score = strings(here, Random(SEED).sample(hostile_texts(), 75))
    assert (score.tried, score.lines) == (300, [])


@pytest.mark.parametrize(
    ("found", "kinds"),
    [
        ([ROW, OTHER], {}),
        ([ROW], {LOST: 1}),
        ([ROW, OTHER, OTHER], {DUPLICATE: 1}),
        ([ROW, ("two", "student")], {WRONG: 1}),
        ([ROW, OTHER, ("three", "student")], {WRONG: 1}),
    ],
    ids=["as expected", "one lost", "one twice", "one of other content", "one that nobody expects"],
)
def test_score_counts_each_row_that_differs(found, kinds):
    score = Score()
    score.compare("here", {"members": Counter([ROW, OTHER])}, {"members": Counter(found)})
    assert score.found == Counter(kinds)
