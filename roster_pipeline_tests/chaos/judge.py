"""Compare an installation with docs/rules.md and with the analysts' database, and look for leftovers."""

from dataclasses import dataclass

from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline_tests.chaos.places import Place
from roster_pipeline_tests.chaos.score import HALF, WRONG, Score
from roster_pipeline_tests.chaos.steps import sync
from roster_pipeline_tests.chaos.visible import (
    Rows,
    Seen,
    Watch,
    analysts_see,
    archived_rosters,
    as_expected,
    expected_rows,
    for_analysts,
    left_behind,
    read_visible,
    versions,
)
from roster_pipeline_tests.support.readers import known
from roster_pipeline_tests.support.rule_book import expect


@dataclass
class Judge:
    """The judge of one district in one installation. It adds its findings to the score.

    Attributes:
        expected: the district that the rules expect to be published, while it differs from what Clever serves.
    """

    place: Place
    district: SandboxDistrict
    score: Score
    expected: SandboxDistrict | None = None

    def begin(self) -> Seen:
        """Record the present content of the product as the start of the next sync."""
        seen = read_visible(self.place.engine, self.district.id)
        self._people = known(self.place.engine, self.district.id)
        self._before = as_expected(seen.rows)
        self._before.rosters = archived_rosters(self.place.engine, self.district.id) | self._before.rosters
        return seen

    def published(self, *, shown: bool = True) -> Seen:
        """Check that the product, and with `shown` the snapshot, is what docs/rules.md makes of the recorded
        content.
        """
        now = read_visible(self.place.engine, self.district.id)
        told = as_expected(now.rows).reviews
        wanted = expect(self.expected or self.district, self._before, self._people, told)
        self.score.compare("beside docs/rules.md", expected_rows(wanted), now.rows)
        if shown:
            found = self.shown()
            self.score.note(WRONG, not found, "there is no latest.duckdb")
            for rows in found:
                self.score.compare("latest.duckdb", for_analysts(now.rows), rows)
        return now

    def shown(self) -> list[Rows]:
        """Return what analysts see, or nothing if there is no snapshot."""
        return [analysts_see(self.place.latest, self.district.id)] if self.place.latest.exists() else []

    def seen_meanwhile(self, watch: Watch, states: list[Seen], shown: list[Rows]) -> None:
        """Check that readers saw only these states of the product, and these or earlier ones in the snapshot."""
        strange = sum(one not in states for one in watch.seen)
        self.score.note(HALF, strange, f"{strange} states of the product that nobody published")
        shown = [*shown, *(for_analysts(state.rows) for state in states)]
        strange = sum(one not in shown for one in watch.shown)
        self.score.note(HALF, strange, f"{strange} states of latest.duckdb that nobody published")
        self.score.complain(HALF, (f"latest.duckdb did not open: {said}" for said in watch.complaints))
        self.score.notes["looks at the product meanwhile"] += watch.looks

    def nothing_is_left(self) -> None:
        found = left_behind(self.place)
        self.score.complain(WRONG, (f"left behind: {what}" for what in found))

    def again_writes_nothing(self) -> None:
        """Check that another sync of the same feed changes no row."""
        before = versions(self.place.engine)
        self.goes_well()
        self.score.note(WRONG, versions(self.place.engine) != before, "the same feed once more wrote something")

    def goes_well(self, *, mode: str = "full", snapshot: bool = False) -> None:
        """Run a sync without faults and check it."""
        with self.place.entered():
            ended = sync(self.district.id, mode=mode, with_snapshot=snapshot)
        self.score.note(WRONG, ended.exit_code != 0, f"a sync without faults failed: {ended.failure}")
