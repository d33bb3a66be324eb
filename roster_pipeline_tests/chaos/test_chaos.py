"""Run a short part of `make chaos`: a few kills, schedules of faults and hostile texts. None of them may lose anything.

`e2e/test_killed_and_faulty.py` runs less of it in `make test`. `unit/test_chaos_score.py` tests the score itself.
"""

from random import Random

import pytest

from roster_pipeline_tests.chaos import hazards as hazards_module
from roster_pipeline_tests.chaos.hazards import HAZARDS, hazards
from roster_pipeline_tests.chaos.kills import kills
from roster_pipeline_tests.chaos.places import ground
from roster_pipeline_tests.chaos.schedules import schedules
from roster_pipeline_tests.chaos.strings import strings
from roster_pipeline_tests.chaos.texts import hostile_texts

SEED = 3


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
    """Cause each kind of hazard twice in a small district."""
    monkeypatch.setattr(hazards_module, "HAZARDS", {hazard: HAZARDS[hazard]})
    score = hazards(here, Random(SEED), 2)
    assert (score.tried, score.lines) == (2, [])


def test_hostile_text_returns_byte_for_byte(here):
    score = strings(here, Random(SEED).sample(hostile_texts(), 75))
    assert (score.tried, score.lines) == (300, [])
