"""Every single action of a sync and of an undo fails once: nothing is half done, and the next one makes it good.

Each is tried on a fresh copy of the same installation, the evening before a day on which everything changes. A case is
one kind of action, and of those that pass every so-manieth.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import count
from random import Random
from typing import NamedTuple

import duckdb

from roster_pipeline.cli import corrections
from roster_pipeline.errors import RosterError
from roster_pipeline_tests.integration.readers import query
from roster_pipeline_tests.torture import traps
from roster_pipeline_tests.torture.commands import IS_PUBLISHED, NEWEST_SYNC
from roster_pipeline_tests.torture.places import Ground, Place
from roster_pipeline_tests.torture.schedules import NO_LIMITS
from roster_pipeline_tests.torture.score import HALF, WRONG, Score
from roster_pipeline_tests.torture.steps import sync
from roster_pipeline_tests.torture.texts import short_texts
from roster_pipeline_tests.torture.town import Town
from roster_pipeline_tests.torture.traps import Trap
from roster_pipeline_tests.torture.visible import (
    Rows,
    Seen,
    analysts_see,
    for_analysts,
    left_behind,
    look,
    sizes,
    versions,
)

KINDS = {
    "statement": traps.statements,
    "commit": traps.commits,
    "asset step": traps.asset_steps,
    "file": traps.files,
    "query of the warehouse": traps.warehouse,
}
STUDENTS, EDITS = 20, 30
SYNC, UNDO = "sync", "undo"


class Way(NamedTuple):
    """One way to fail: of what, which kind of action, from which on, and every how manieth."""

    command: str
    kind: str
    first: int
    stride: int


def _ways(command: str, kind: str, parts: int, leap: int = 1) -> list[Way]:
    """All actions of a kind in so many parts; with `leap`, not all but one of so many."""
    return [Way(command, kind, 1 + part * leap, parts * leap) for part in range(parts)]


WAYS: Sequence[Way] = (
    *(*_ways(SYNC, "asset step", 1), *_ways(SYNC, "commit", 2), *_ways(SYNC, "statement", 6)),
    *(*_ways(SYNC, "file", 5), *_ways(SYNC, "query of the warehouse", 4, leap=4)),
    *(*_ways(UNDO, "commit", 1), *_ways(UNDO, "statement", 3), *_ways(UNDO, "file", 1)),
    *_ways(UNDO, "query of the warehouse", 1, leap=3),
)
"""By number of the case. The warehouse is only asked: it is changed by whole tables, and land's are in `kills` too."""


def stumbles(ground: Ground, seed: int, number: int, leap: int) -> Score:
    """All actions of one way, or one of so many."""
    way = WAYS[number]
    with ExitStack() as stack:
        town = Town(Random(f"{seed}/stumbles"), short_texts(), students=STUDENTS)
        ground.clever.served[:] = [town.district]
        eve = stack.enter_context(ground.place())
        eve.connect(town.district, NO_LIMITS)
        score = Score()
        score.note(WRONG, sync(eve, town.district.id).exit_code != 0, "the first sync failed")
        town.live(EDITS)
        if way.command == UNDO:
            score.note(WRONG, sync(eve, town.district.id).exit_code != 0, "the second sync failed")
        trial = _Trial(ground, eve, town.district.id, way, score)
        for nth in count(way.first, way.stride * leap):
            if not trial.one_failure(nth):
                return score


class _Moment(NamedTuple):
    """How an installation is once all is well."""

    seen: Seen
    sizes: Rows
    versions: dict[str, list[tuple[object, ...]]]


@dataclass
class _Trial:
    """An installation of which every failure gets a copy."""

    ground: Ground
    eve: Place
    district_id: str
    way: Way
    score: Score

    def __post_init__(self) -> None:
        self.before = look(self.eve.engine, self.district_id)
        ((self.newest,),) = query(self.eve.engine, NEWEST_SYNC)
        with self.ground.place(like=self.eve) as place:
            self._do(place)
            self.after = self._moment(place)

    def one_failure(self, nth: int) -> bool:
        """Whether there was an nth action."""
        trap = Trap(nth)
        with self.ground.place(like=self.eve) as place:
            with KINDS[self.way.kind](trap, str(place.home)):
                self._do(place)
            if trap.sprung:
                self.score.tried += 1
                self.score.notes[f"{self.way.command}, {self.way.kind}"] += 1
                with self._about(nth):
                    self._judge(place)
        return trap.sprung

    def _do(self, place: Place) -> None:
        """The command, as far as it gets."""
        if self.way.command == SYNC:
            sync(place, self.district_id, warehouse_stays=False)
            return
        try:
            with place.entered(), redirect_stdout(StringIO()):
                corrections.undo(int(self.newest), None, as_json=True)
        except (RosterError, OSError, duckdb.Error):  # `main` calls the last two a fault of ours
            return

    def _judge(self, place: Place) -> None:
        """As before or as after; after the next one as after; and nothing that lies about."""
        seen, done = look(place.engine, self.district_id), self.after.seen
        self.score.note(HALF, seen not in (self.before, done), "neither as before nor as after")
        possible = [for_analysts(state.rows) for state in (self.before, done)]
        self.score.note(HALF, analysts_see(place.latest, self.district_id) not in possible, "latest.duckdb")
        if self.way.command == SYNC or query(place.engine, IS_PUBLISHED, name=self.newest):
            self._do(place)
        again = self._moment(place)
        self.score.compare("after the next one", done.rows, again.seen.rows)
        self.score.compare("after the next one, rows", self.after.sizes, again.sizes)
        ended = sync(place, self.district_id)
        self.score.note(WRONG, ended.exit_code != 0, f"the next sync failed: {ended.said}")
        rows = look(place.engine, self.district_id).rows
        shown = analysts_see(place.latest, self.district_id)
        self.score.compare("latest.duckdb", for_analysts(rows), shown)
        self.score.complain(WRONG, (f"left behind: {what}" for what in left_behind(place, self.district_id)))
        if self.way.command == SYNC:
            self.score.note(WRONG, versions(place.engine) != again.versions, "the same feed wrote something")

    def _moment(self, place: Place) -> _Moment:
        return _Moment(look(place.engine, self.district_id), sizes(place.engine), versions(place.engine))

    @contextmanager
    def _about(self, nth: int) -> Iterator[None]:
        """Every line says which failure it is about."""
        told = len(self.score.lines)
        yield
        about = f"{self.way.command}, {self.way.kind} {nth}: "
        self.score.lines[told:] = [about + line for line in self.score.lines[told:]]
