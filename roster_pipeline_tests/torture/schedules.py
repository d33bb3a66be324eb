"""Random faults of Clever and the network while a district changes: published as the rule book says, or nothing at all.

A schedule is a day in Clever and up to four faults. Its first sync either is published and equal to the rule book, or
is refused because of Clever and changed nothing, of no table and no file. Then the faults stop, and the next sync is
equal to the rule book; if the first was published, it writes nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from random import Random

import dagster as dg
import httpx

from roster_pipeline.errors import SourceUnusable
from roster_pipeline.extract import paging
from roster_pipeline_tests.integration.readers import known
from roster_pipeline_tests.integration.rule_book import expect
from roster_pipeline_tests.torture.network import NETWORK, SPOILT, Crooked
from roster_pipeline_tests.torture.places import Ground, Place
from roster_pipeline_tests.torture.score import HALF, WRONG, Score
from roster_pipeline_tests.torture.steps import ALL, WITHOUT_SNAPSHOT, Ended, sync
from roster_pipeline_tests.torture.texts import short_texts
from roster_pipeline_tests.torture.town import Town
from roster_pipeline_tests.torture.visible import (
    analysts_see,
    as_expected,
    expected_rows,
    for_analysts,
    left_behind,
    look,
    versions,
)

STUDENTS = 14
NO_LIMITS = dict.fromkeys(
    ("class_removals", "school_removals", "district_removals", "window_removals", "district_updates"), 1.0
)
PATHS = (
    *("/oauth/tokens", "/v3.1/districts", "/v3.1/schools", "/v3.1/sections", "/v3.1/terms", "/v3.1/courses"),
    *("/v3.1/users", "/v3.1/users", "/v3.1/"),
)
CROOKED = tuple(SPOILT)
Steps = Sequence[dg.AssetsDefinition]
KINDS = (
    *("401", "403", "404", "408", "413", "429", "500", "501", "502", "503", "204", "302"),
    *("html", "empty", "cut", "drop", "delay:0.05"),
)
NTHS = (0, 1, 1, 2, 2, 3, 4, 5)
LIMITS = (2, 3, 5, 8, 10_000)
"""Records a page, so that most lists have several."""


def schedules(ground: Ground, rng: Random, wanted: int) -> Score:
    """So many schedules, one after the other in the life of one town."""
    with ExitStack() as stack:
        place = stack.enter_context(ground.place())
        town = Town(rng, short_texts(), students=STUDENTS)
        ground.clever.served[:] = [town.district]
        place.connect(town.district, NO_LIMITS)
        life = _Life(ground, town, place, Score())
        for number in range(wanted):
            # The snapshot is for analysts: it can be seen to be left alone only once it is there.
            life.one_schedule(with_snapshot=number % 4 == 0)
        return life.score


@dataclass
class _Life:
    """A town and its installation."""

    ground: Ground
    town: Town
    place: Place
    score: Score

    @property
    def district_id(self) -> str:
        return self.town.district.id

    def one_schedule(self, *, with_snapshot: bool) -> None:
        steps = ALL if with_snapshot else WITHOUT_SNAPSHOT
        self.score.tried += 1
        self.town.live(self.town.rng.randint(0, 6))
        before, files = versions(self.place.engine), self._files()
        with self._going_wrong() as network:
            ended = self._sync_and_compare(steps, network)
        if ended.exit_code == SourceUnusable.exit_code:
            self.score.note(HALF, versions(self.place.engine) != before, f"refused, and rows written: {ended.said}")
            self.score.note(HALF, self._files() != files, f"refused, and files written: {ended.said}")
        before = versions(self.place.engine) if ended.exit_code == 0 and self._stays() else None
        healthy = self._sync_and_compare(steps, NETWORK)
        self.score.note(WRONG, healthy.exit_code != 0, f"refused without faults: {healthy.said}")
        again = before is not None and versions(self.place.engine) != before
        self.score.note(WRONG, again, "the same feed once more wrote something")
        self.score.complain(WRONG, (f"left behind: {what}" for what in left_behind(self.place, self.district_id)))

    def _stays(self) -> bool:
        """Whether Clever stays as it is until the faults are over."""
        if self.town.rng.random() < 0.3:
            self.town.live(2)
            return False
        return True

    @contextmanager
    def _going_wrong(self) -> Iterator[Crooked]:
        """One to four faults, and pages of any size."""
        rng = self.town.rng
        faults = [(rng.choice(PATHS), rng.choice(NTHS), rng.choice(KINDS + CROOKED)) for _ in range(rng.randint(1, 4))]
        usual, paging.LIMIT = paging.LIMIT, rng.choice(LIMITS)
        self.ground.clever.go_wrong(fault for fault in faults if fault[2] in KINDS)
        try:
            yield Crooked([fault for fault in faults if fault[2] in CROOKED])
        finally:
            self.ground.clever.go_wrong([])
            paging.LIMIT = usual
            for *_, kind in faults:
                self.score.notes[f"fault {kind}"] += 1

    def _sync_and_compare(self, steps: Steps, network: httpx.BaseTransport) -> Ended:
        """One sync; if it was published, everything is as the rule book says."""
        before = as_expected(look(self.place.engine, self.district_id).rows)
        people = known(self.place.engine, self.district_id)
        ended = sync(self.place, self.district_id, network=network, steps=steps)
        if ended.exit_code == 0:
            self.score.notes["published"] += 1
            after = look(self.place.engine, self.district_id).rows
            wanted = expect(self.town.district, before, people, as_expected(after).reviews)
            self.score.compare("beside the rule book", expected_rows(wanted), after)
            if steps is ALL:
                shown = analysts_see(self.place.latest, self.district_id)
                self.score.compare("latest.duckdb", for_analysts(after), shown)
        elif ended.exit_code == SourceUnusable.exit_code:
            self.score.notes["refused"] += 1
        else:
            self.score.note(WRONG, 1, f"neither published nor refused because of Clever: {ended.said}")
        return ended

    def _files(self) -> str:
        """Of what analysts read, whether it is there and what is in it."""
        return sha256(self.place.latest.read_bytes()).hexdigest() if self.place.latest.exists() else ""
