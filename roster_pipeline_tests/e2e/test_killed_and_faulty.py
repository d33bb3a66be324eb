"""A few kills and faults of `make chaos` lose nothing and leave nothing wrong or half published.

The other tests of a fault name the fault. These draw the moment of a `kill -9` and several faults at once, while a
reader looks at the product all the time.
"""

from random import Random

import pytest

from roster_pipeline_tests.chaos import kills as kills_module
from roster_pipeline_tests.chaos.kills import kills
from roster_pipeline_tests.chaos.places import ground
from roster_pipeline_tests.chaos.schedules import schedules

SEED = 3


@pytest.fixture(scope="module")
def here(server_url):
    with ground(server_url) as installations:
        yield installations


@pytest.mark.parametrize("part", ["publishing", "the snapshot"])
def test_killed_command_leaves_nothing_after_the_next_sync(here, part, monkeypatch):
    monkeypatch.setattr(kills_module, "DEATHS", (part,))
    monkeypatch.setattr(kills_module, "WITH_DAGSTER", 0)
    score = kills(here, Random(SEED), 1)
    assert (score.tried, score.lines) == (1, [])


def test_faults_at_once_publish_all_or_nothing(here):
    score = schedules(here, Random(SEED), 2)
    assert (score.tried, score.lines) == (2, [])
