"""Subject an installation to hazards: damaged files, wrong clocks, restored databases, busy applications, bad records.

A hazard lasts for one sync. That sync is published as the rules say, or it fails and the product is unchanged. The next
sync is published as the rules say, and one more sync of the same feed writes nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.schedule_policy import LONGEST_WAIT, decide_night, last_evening, list_candidates
from roster_pipeline_tests.chaos import application, damage, restore, steps
from roster_pipeline_tests.chaos.judge import Judge
from roster_pipeline_tests.chaos.places import Ground, Place
from roster_pipeline_tests.chaos.records import BAD_RECORDS
from roster_pipeline_tests.chaos.score import HALF, WRONG, Score
from roster_pipeline_tests.chaos.steps import MODES, sync
from roster_pipeline_tests.chaos.texts import short_texts
from roster_pipeline_tests.chaos.town import Town
from roster_pipeline_tests.chaos.visible import read_visible

STUDENTS, MOST_EDITS = 14, 6
DAYS_OFF = (-400, -30, -1, 1, 30, 400)
"""By how many days a clock is wrong."""


def hazards(ground: Ground, rng: Random, wanted: int) -> Score:
    """Subject one installation to `wanted` hazards. Return the score."""
    with ground.place() as place:
        town = Town(rng, short_texts(), students=STUDENTS)
        ground.clever.served[:] = [town.district]
        place.connect(town.district)
        life = Life(ground, town, place, Score())
        life.judge.begin()
        life.judge.goes_well(snapshot=True)
        for _ in range(wanted):
            life.one_hazard()
        return life.score


@dataclass
class Life:
    """One district, its installation and its hazards."""

    ground: Ground
    town: Town
    place: Place
    score: Score

    def __post_init__(self) -> None:
        self.judge = Judge(self.place, self.town.district, self.score)

    def one_hazard(self) -> None:
        """Cause one hazard during one sync, and judge that sync and the two after it."""
        rng = self.town.rng
        name = rng.choice(tuple(HAZARDS))
        self.score.tried += 1
        self.score.notes[f"hazard: {name}"] += 1
        self.town.live(rng.randint(0, MOST_EDITS))
        with HAZARDS[name](self):
            self._sync_once(name)
        self.judge.begin()
        self.judge.goes_well(mode=rng.choice(MODES), snapshot=True)
        self.judge.published()
        self._is_due(name)
        self.judge.nothing_is_left()
        self.judge.again_writes_nothing()

    def _sync_once(self, name: str) -> None:
        """Sync during the hazard. The sync must be published as a whole or change nothing."""
        before = self.judge.begin()
        with self.place.entered():
            ended = sync(self.town.district.id, mode=self.town.rng.choice(MODES))
        if ended.exit_code == 0:
            self.score.notes["syncs during a hazard that were published"] += 1
            self.judge.published()
            return
        self.score.notes["syncs during a hazard that changed nothing"] += 1
        changed = read_visible(self.place.engine, self.town.district.id) != before
        self.score.note(HALF, changed, f"{name}: failed, and something changed: {ended.failure}")
        self.score.note(WRONG, ended.exit_code == 1, f"{name}: an internal error: {ended.failure}")
        self.score.note(WRONG, name in MUST_BE_PUBLISHED, f"{name}: not published: {ended.failure}")

    def _is_due(self, name: str) -> None:
        """Return whether the next night would read the district, whatever times the hazard left in the product."""
        tomorrow = datetime.now(UTC) + timedelta(days=1) + LONGEST_WAIT
        with transaction(self.place.engine) as pg:
            (district,) = list_candidates(pg, tomorrow, [self.town.district.id])
        due = decide_night(district, last_evening(tomorrow), tomorrow).due
        self.score.note(WRONG, not due, f"{name}: the next night does not read the district")


@contextmanager
def _clock_is_wrong(life: Life) -> Iterator[None]:
    """Set the clock of the machine days ahead or back."""
    days = timedelta(days=life.town.rng.choice(DAYS_OFF))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "now", lambda: datetime.now(UTC) + days)
        yield


@contextmanager
def _database_is_restored(life: Life) -> Iterator[None]:
    """Restore an earlier backup of the product database. The files stay as they are."""
    with restore.backup(life.ground.server_url, life.place):
        for _ in range(life.town.rng.randint(1, 2)):
            life.town.live(MOST_EDITS)
            life.judge.begin()
            life.judge.goes_well(mode=life.town.rng.choice(MODES), snapshot=True)
    yield


@contextmanager
def _district_file_is_damaged(life: Life) -> Iterator[None]:
    damage.damage(life.place.home / "districts" / f"{life.town.district.id}.duckdb", life.town.rng)
    yield


@contextmanager
def _snapshot_is_damaged(life: Life) -> Iterator[None]:
    damage.damage(life.place.latest, life.town.rng, ways=damage.FOUND_AT_OPEN)
    yield


@contextmanager
def _application_is_busy(life: Life) -> Iterator[None]:
    with application.busy(life.place):
        yield


@contextmanager
def _sessions_are_cut(life: Life) -> Iterator[None]:
    with application.cutting_sessions(life.place, life.town.rng):
        yield


@contextmanager
def _record_is_bad(life: Life) -> Iterator[None]:
    """Let Clever send one record that is rejected. Its earlier data stays, and the rest is published."""
    life.judge.begin()
    life.judge.goes_well(snapshot=True)
    with life.town.rng.choice(BAD_RECORDS)(life) as expected:
        life.judge.expected = expected
        try:
            yield
        finally:
            life.judge.expected = None


Hazard = Callable[[Life], AbstractContextManager[None]]
HAZARDS: dict[str, Hazard] = {
    "the clock is wrong": _clock_is_wrong,
    "the database is restored": _database_is_restored,
    "the district file is damaged": _district_file_is_damaged,
    "the snapshot is damaged": _snapshot_is_damaged,
    "the application is busy": _application_is_busy,
    "idle sessions are cut": _sessions_are_cut,
    "one record is bad": _record_is_bad,
}
MUST_BE_PUBLISHED = frozenset(
    {
        "the clock is wrong",
        "the database is restored",
        "the snapshot is damaged",
        "the application is busy",
        "one record is bad",
    }
)
"""Hazards during which a sync has no reason to fail."""
