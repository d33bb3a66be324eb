"""`kill -9` at any moment of real commands: the next sync ends as if the killed one had not happened.

Every command runs twice: on a twin that nobody kills, and as a process that is killed after a random time. While that
one lives and while the next sync makes it good, somebody looks all the time. Then the product is what the twin is, and
what the rule book says; the analysts' file shows the same, nothing is left behind, and one more sync writes nothing.
"""

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random

from roster_pipeline_tests.integration.readers import execute, known, query
from roster_pipeline_tests.integration.rule_book import expect
from roster_pipeline_tests.torture.commands import Command, possible_commands
from roster_pipeline_tests.torture.console import KILLED
from roster_pipeline_tests.torture.places import Ground, Place
from roster_pipeline_tests.torture.score import HALF, WRONG, Score
from roster_pipeline_tests.torture.steps import WITHOUT_SNAPSHOT, sync
from roster_pipeline_tests.torture.texts import short_texts
from roster_pipeline_tests.torture.town import Town
from roster_pipeline_tests.torture.visible import (
    Rows,
    Seen,
    Watch,
    analysts_see,
    as_expected,
    expected_rows,
    for_analysts,
    left_behind,
    look,
    sizes,
    versions,
    wait_for_the_dead,
)

STUDENTS = 40
SECONDS = {"sync": 2.5, "approve": 2.5, "reject": 0.4, "resolve": 0.5, "undo": 0.6}
"""How long each command lives undisturbed, at first; whatever outlives its kill corrects it."""
MOST_ATTEMPTS = 4
"""For one kill: a process may have ended before it comes."""
SIGN_UP = (
    "insert into roster.accounts (email, first_name, last_name, role) values (:email, :first, :last, :role) "
    "on conflict do nothing"
)
A_WEEK_GOES_BY = "update roster.syncs set finished_at = finished_at - interval '8 days'"
OWN_CLASS = (
    "insert into roster.rosters (organization_id, name) select id, 'Chess club' from roster.organizations",
    "insert into roster.roster_students (roster_id, account_id) select r.id, m.account_id from roster.rosters as r "
    "join roster.org_memberships as m on m.organization_id = r.organization_id where r.source = 'native'",
)
BESIDE = {
    "native members": "select link.clever_id from roster.roster_students as m join roster.rosters as r "
    "on r.id = m.roster_id and r.source = 'native' join roster.identity_links as link "
    "on link.account_id = m.account_id and link.unlinked_at is null where m.ended_at is null",
    "holds": "select reason, counts ->> 'part', counts ->> 'removals', counts ->> 'of' from roster.holds "
    "where state = 'open'",
}
HELD = "select counts -> 'held' <> '{}' from roster.syncs where mode = 'full' order by id desc limit 1"


def kills(ground: Ground, rng: Random, wanted: int) -> Score:
    """So many kills in the life of one town."""
    with ExitStack() as stack:
        here, twin = (stack.enter_context(ground.place()) for _ in range(2))
        town = Town(rng, short_texts(), students=STUDENTS)
        ground.clever.served[:] = [town.district]
        for place in (here, twin):
            place.connect(town.district)
        life = _Life(ground, town, here, twin, Score())
        for _ in range(wanted * MOST_ATTEMPTS):
            if life.score.tried < wanted:
                life.one_attempt()
        return life.score


@dataclass
class _Life:
    """A town, its installation that is killed, and the twin that is not."""

    ground: Ground
    town: Town
    here: Place
    twin: Place
    score: Score

    @property
    def district_id(self) -> str:
        return self.town.district.id

    def one_attempt(self) -> None:
        """Something happens; one command, killed; the next sync."""
        command = self._choose()
        if command is None or self.town.rng.random() < 0.25:
            self._happen()
        before = look(self.here.engine, self.district_id)
        people = known(self.here.engine, self.district_id)
        shown = [*self._file(), for_analysts(before.rows)]
        with Watch(self.here, self.district_id) as watch:
            self._kill(command)
            middle = look(self.here.engine, self.district_id)
            if command and not command.reads_clever:
                people = known(self.here.engine, self.district_id)
            self._sync(self.here)
        after = look(self.here.engine, self.district_id)
        self._do_on_twin(command, middle)
        self._judge_what_was_seen(watch, [before, middle, after], shown)
        self._compare(command, middle if command and not command.reads_clever else before, people, after)
        if command is None or command.reads_clever:
            self.score.note(HALF, middle not in (before, after), "after the kill, neither as before nor as after")

    def _choose(self) -> Command | None:
        """A command that a person could give now; None is a sync."""
        possible = possible_commands(self.twin, self.town.rng)
        return self.town.rng.choice(possible) if possible and self.town.rng.random() < 0.4 else None

    def _happen(self) -> None:
        rng = self.town.rng
        self.town.live(rng.randint(0, 8))
        if rng.random() < 0.3:
            rng.choice((Town.crowd_leaves, Town.class_empties))(self.town)
        if rng.random() < 0.5:
            self._sign_up()
        if rng.random() < 0.7:
            self._everywhere(A_WEEK_GOES_BY)
        if rng.random() < 0.2 and not query(self.twin.engine, "select from roster.rosters where source = 'native'"):
            for statement in OWN_CLASS:
                self._everywhere(statement)

    def _sign_up(self) -> None:
        """Somebody has an account of their own, whose address Clever gives to a newcomer; who may be another."""
        rng = self.town.rng
        newcomer = self.town.arrive()
        first, last = rng.choice((("Own", "Name"), tuple(newcomer["name"].values())))
        role = rng.choice(("student", "student", "teacher", "admin"))
        self._everywhere(SIGN_UP, email=newcomer["email"], first=first, last=last, role=role)

    def _everywhere(self, statement: str, **values: object) -> None:
        for place in (self.here, self.twin):
            execute(place.engine, statement, **values)

    def _file(self) -> list[Rows]:
        return [analysts_see(self.here.latest, self.district_id)] if self.here.latest.exists() else []

    def _kill(self, command: Command | None) -> None:
        """The command in a process of its own, killed; and to its end, if a person would see that it was not done."""
        name = command.name if command else "sync"
        subject = command.subject(self.here) if command else None
        arguments = command.arguments(subject) if command else ["sync", "--district", self.district_id]
        environment = self.here.environment
        after = self.town.rng.uniform(0, SECONDS[name])
        ran = self.ground.console.kill(arguments, environment, after=after)
        wait_for_the_dead(self.here)
        if ran.code == KILLED:
            self.score.tried += 1
            self.score.notes[f"{name} killed"] += 1
        else:
            SECONDS[name] = 0.5 * SECONDS[name] + 0.5 * ran.seconds
        if command and command.is_pending(self.here, subject):
            self.ground.console.run(arguments, environment)

    def _sync(self, place: Place) -> None:
        steps = {"steps": WITHOUT_SNAPSHOT} if place is self.twin else {}
        ended = sync(place, self.district_id, **steps)
        self.score.note(WRONG, ended.exit_code != 0, f"the next sync failed: {ended.said}")

    def _do_on_twin(self, command: Command | None, middle: Seen) -> None:
        if command:
            command.do_here(self.twin)
            if not command.reads_clever:
                done = look(self.twin.engine, self.district_id)
                self.score.compare(f"{command.name}, beside the twin", done.rows, middle.rows)
        self._sync(self.twin)

    def _judge_what_was_seen(self, watch: Watch, states: list[Seen], shown: list[Rows]) -> None:
        strange = sum(one not in states for one in watch.seen)
        self.score.note(HALF, strange, f"{strange} states of the product that nobody published")
        shown += [for_analysts(state.rows) for state in states]
        strange = sum(one not in shown for one in watch.shown)
        self.score.note(HALF, strange, f"{strange} states of latest.duckdb that nobody published")
        self.score.complain(HALF, (f"latest.duckdb did not open: {said}" for said in watch.complaints))
        self.score.notes["looks at the product meanwhile"] += watch.looks

    def _compare(self, command: Command | None, before: Seen, people: object, after: Seen) -> None:
        twin = look(self.twin.engine, self.district_id)
        self.score.compare("beside the twin", twin.rows, after.rows)
        self.score.compare("beside the twin, rows", sizes(self.twin.engine), sizes(self.here.engine))
        self.score.compare("beside the twin", _beside(self.twin), _beside(self.here))
        if not query(self.twin.engine, HELD)[0][0] and not (command and command.reads_clever):
            told = as_expected(after.rows).reviews
            wanted = expect(self.town.district, as_expected(before.rows), people, told)
            self.score.compare("beside the rule book", expected_rows(wanted), after.rows)
        self.score.compare("latest.duckdb", for_analysts(after.rows), *self._file())
        self.score.complain(WRONG, (f"left behind: {what}" for what in left_behind(self.here, self.district_id)))
        versions = versions(self.here.engine)
        self._sync(self.here)
        self.score.note(WRONG, versions(self.here.engine) != versions, "the same feed once more wrote something")


def _beside(place: Place) -> Rows:
    return {name: Counter(query(place.engine, statement)) for name, statement in BESIDE.items()}

