"""Split the chaos run into lives of single towns, which processes share and which can be repeated one by one."""

from collections.abc import Iterator
from contextlib import ExitStack
from random import Random
from typing import NamedTuple

from roster_pipeline_tests.chaos.hazards import hazards
from roster_pipeline_tests.chaos.kills import kills
from roster_pipeline_tests.chaos.places import Ground, ground
from roster_pipeline_tests.chaos.schedules import schedules
from roster_pipeline_tests.chaos.score import Score
from roster_pipeline_tests.chaos.strings import strings
from roster_pipeline_tests.chaos.texts import hostile_texts

KILLS, FAULTS, HAZARDS, STRINGS = "kills", "fault schedules", "hazards", "hostile records"
A_LIFE = {KILLS: 10, FAULTS: 25, HAZARDS: 10, STRINGS: 2_500}
"""How many of each befall one town before the next begins; of texts, how many one district is made of."""
_open = ExitStack()
_ground: Ground


class Life(NamedTuple):
    """The share of one town: its number among those of its kind, and the number of its cases."""

    kind: str
    number: int
    count: int


def lives_of(kind: str, wanted: int) -> Iterator[Life]:
    """Return the lives that are needed for a number of cases."""
    size = A_LIFE[kind]
    for number, start in enumerate(range(0, wanted, size)):
        yield Life(kind, number, min(size, wanted - start))


def begin(server_url: str) -> None:
    """Create what one process keeps for all its lives."""
    global _ground
    _ground = _open.enter_context(ground(server_url))


def live(seed: int, life: Life) -> Score:
    """Run one life, drawn from the seed. Return its score."""
    if life.kind == STRINGS:
        start = life.number * A_LIFE[STRINGS]
        score = strings(_ground, hostile_texts()[start : start + life.count])
    else:
        befalls = {KILLS: kills, FAULTS: schedules, HAZARDS: hazards}[life.kind]
        score = befalls(_ground, Random(f"{seed}/{life.kind}/{life.number}"), life.count)
    score.lines = [f"{life.kind}, town {life.number}: {line}" for line in score.lines]
    return score
