"""Run syncs with random faults while a district changes. Each is published as docs/rules.md says, or changes nothing.

A schedule is a day in Clever and some faults of Clever, the network, PostgreSQL or the disk. Its first sync is
published and equal to docs/rules.md, or fails and changes nothing. The next sync has no faults and is equal to
docs/rules.md. If the first sync was published, the next one writes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import NamedTuple

from roster_pipeline.errors import SourceUnusable
from roster_pipeline.extract import pagination
from roster_pipeline_tests.chaos.judge import Judge
from roster_pipeline_tests.chaos.network import CHANGING, SPOILT, Crooked
from roster_pipeline_tests.chaos.places import Ground, Place
from roster_pipeline_tests.chaos.score import HALF, WRONG, Score
from roster_pipeline_tests.chaos.steps import MODES, sync
from roster_pipeline_tests.chaos.stumbles import STUMBLES, no_stumble
from roster_pipeline_tests.chaos.texts import short_texts
from roster_pipeline_tests.chaos.town import Town
from roster_pipeline_tests.chaos.visible import read_visible, versions

STUDENTS, MOST_EDITS = 14, 6
PATHS = (
    *("/oauth/tokens", "/v3.1/districts", "/v3.1/schools", "/v3.1/sections", "/v3.1/terms", "/v3.1/courses"),
    *("/v3.1/users", "/v3.1/users", "/v3.1/events", "/v3.1/"),
)
CROOKED = tuple(SPOILT)
KINDS = (
    *("401", "403", "404", "408", "413", "429", "500", "501", "502", "503", "204", "302"),
    *("html", "empty", "cut", "drop", "delay:0.05"),
)
NTHS = (0, 1, 1, 2, 2, 3, 4, 5)
"""Which request is answered wrongly; 0 is every one."""
LIMITS = (2, 3, 5, 8, 10_000)
"""Records a page, so that most lists have several."""
STUMBLE = 0.3
"""How often something of our own goes wrong, and seldom much else."""


def schedules(ground: Ground, rng: Random, wanted: int) -> Score:
    """Run some schedules one after the other in the life of one town. Return the score."""
    with ground.place() as place:
        town = Town(rng, short_texts(), students=STUDENTS)
        ground.clever.served[:] = [town.district]
        place.connect(town.district)
        life = _Life(ground, town, place, Score())
        for number in range(wanted):
            # The snapshot is for analysts: it can be seen to be left alone only once it is there.
            life.one_schedule(snapshot=number % 4 == 0)
        return life.score


class _Faults(NamedTuple):
    """The faults of one schedule: answers of Clever by path, number and kind, and one fault of our own side."""

    answers: tuple[tuple[str, int, str], ...]
    stumble: str | None

    @property
    def names(self) -> list[str]:
        return [*(kind for *_, kind in self.answers), *([self.stumble] if self.stumble else [])]


@dataclass
class _Life:
    """A town and its installation."""

    ground: Ground
    town: Town
    place: Place
    score: Score

    def __post_init__(self) -> None:
        self.judge = Judge(self.place, self.town.district, self.score)

    def one_schedule(self, *, snapshot: bool) -> None:
        self.town.live(self.town.rng.randint(0, MOST_EDITS))
        faults = self._draw()
        self.score.tried += 1
        self.score.notes.update(f"fault: {name}" for name in faults.names)
        is_published = self._with(faults, snapshot=snapshot)
        before = versions(self.place.engine) if is_published and CHANGING not in faults.names else None
        if self.town.rng.random() < 0.3:
            self.town.live(2)
            before = None
        self.judge.begin()
        self.judge.goes_well(mode=self.town.rng.choice(MODES), snapshot=snapshot)
        self.judge.published(shown=snapshot)
        again = before is not None and versions(self.place.engine) != before
        self.score.note(WRONG, again, "the same feed once more wrote something")
        self.judge.nothing_is_left()

    def _draw(self) -> _Faults:
        rng = self.town.rng
        stumble = rng.choice(tuple(STUMBLES)) if rng.random() < STUMBLE else None
        count = rng.randint(0, 1) if stumble else rng.randint(1, 4)
        answers = ((rng.choice(PATHS), rng.choice(NTHS), rng.choice(KINDS + CROOKED)) for _ in range(count))
        return _Faults(tuple(answers), stumble)

    def _with(self, faults: _Faults, *, snapshot: bool) -> bool:
        """Run one sync with these faults. Return whether it was published."""
        before, rows, file = self.judge.begin(), versions(self.place.engine), self._file()
        stumble = STUMBLES[faults.stumble] if faults.stumble else no_stumble
        mode = self.town.rng.choice(MODES)
        with self.place.entered(), self._answering(faults) as network, stumble(self.place.engine, self.town.rng):
            ended = sync(self.town.district.id, mode=mode, network=network, with_snapshot=snapshot)
        is_known = ended.exit_code in (0, SourceUnusable.exit_code) or faults.stumble
        self.score.note(WRONG, not is_known, f"neither published nor refused because of Clever: {ended.failure}")
        if read_visible(self.place.engine, self.town.district.id) == before and ended.exit_code:
            self.score.notes["first syncs that changed nothing"] += 1
            self.score.note(HALF, versions(self.place.engine) != rows, f"rows written: {ended.failure}")
            self.score.note(HALF, self._file() != file, f"files written: {ended.failure}")
            return False
        self.score.notes["first syncs that were published"] += 1
        is_whole = ended.exit_code == 0 or faults.stumble
        self.score.note(HALF, not is_whole, f"failed, and something changed: {ended.failure}")
        if CHANGING not in faults.names:
            self.judge.published(shown=snapshot and ended.exit_code == 0)
        return True

    @contextmanager
    def _answering(self, faults: _Faults) -> Iterator[Crooked]:
        """Provide Clever and the network with their faults, and pages of any size."""
        usual, pagination.LIMIT = pagination.LIMIT, self.town.rng.choice(LIMITS)
        self.ground.clever.go_wrong(fault for fault in faults.answers if fault[2] in KINDS)
        try:
            yield Crooked([fault for fault in faults.answers if fault[2] in CROOKED], lambda: self.town.live(1))
        finally:
            self.ground.clever.go_wrong([])
            pagination.LIMIT = usual

    def _file(self) -> str:
        """Return whether the snapshot exists, and its content."""
        return sha256(self.place.latest.read_bytes()).hexdigest() if self.place.latest.exists() else ""
