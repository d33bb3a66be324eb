"""Put every hostile text into every field of a school, a person, a class and a term, and publish it."""

from collections.abc import Sequence

from roster_pipeline_tests.chaos.judge import Judge
from roster_pipeline_tests.chaos.places import Ground
from roster_pipeline_tests.chaos.score import Score
from roster_pipeline_tests.support.hostile_text import babel

RECORDS = 4
"""Each text makes a school, a person, a class and a term."""


def strings(ground: Ground, texts: Sequence[str]) -> Score:
    """Sync one district made of these texts. Return the score."""
    score = Score(tried=RECORDS * len(texts))
    with ground.place() as place:
        district = babel(texts)
        ground.clever.served[:] = [district]
        place.connect(district)
        judge = Judge(place, district, score)
        judge.begin()
        judge.goes_well(snapshot=True)
        judge.published()
        judge.nothing_is_left()
        judge.again_writes_nothing()
    return score
