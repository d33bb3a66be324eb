"""Kill real commands with `kill -9` at any moment. The next sync must end as if the killed command had never run.

A sync, an approval or an undo runs as a process and is killed. Readers look at the product and the snapshot all the
time, also during the next sync. After that sync the product is what docs/rules.md says, the snapshot shows the same,
nothing is left over, and one more sync writes nothing.
"""

from dataclasses import dataclass
from random import Random

from roster_pipeline.model.limits import Limits
from roster_pipeline_tests.chaos.judge import Judge
from roster_pipeline_tests.chaos.places import NOTHING_HELD, Ground, Place
from roster_pipeline_tests.chaos.runs import Death, run
from roster_pipeline_tests.chaos.score import HALF, Score
from roster_pipeline_tests.chaos.steps import MODES
from roster_pipeline_tests.chaos.texts import short_texts
from roster_pipeline_tests.chaos.town import Town
from roster_pipeline_tests.chaos.visible import Rows, Watch, read_visible, wait_for_the_dead
from roster_pipeline_tests.support.readers import execute, query

STUDENTS, MOST_EDITS = 40, 8
DEATHS = (None, None, "publishing", "publishing", "publishing", "the snapshot", "the snapshot", "any line")
"""By the clock, or in a part."""
WITH_DAGSTER = 0.1
"""How often a command is run as everybody runs it, and killed by the clock; without Dagster it takes a fifth."""
AGAIN = 0.25
"""How often the same feed is synced once more, to see that it writes nothing."""
USUAL = {None: 2.0, "publishing": 150, "the snapshot": 60, "any line": 1_000}
"""How far a command gets undisturbed, at first: seconds, or lines of a part."""
FARTHER = 1.2
"""How much farther the next one may be let go; one that outlives its death tells how far it got."""
MOST_ATTEMPTS = 4
"""For one kill: a process may have ended before it comes."""
SIGN_UP = (
    "insert into roster.accounts (email, first_name, last_name, role) values (:email, :first, :last, :role) "
    "on conflict do nothing"
)
OWN_CLASS = (
    "insert into roster.rosters (organization_id, name) select id, 'Chess club' from roster.organizations",
    "insert into roster.roster_students (roster_id, account_id) select r.id, m.account_id from roster.rosters as r "
    "join roster.org_memberships as m on m.organization_id = r.organization_id where r.source = 'native'",
)
WAITS = "select plan_digest from roster.holds where state = 'open' order by id desc limit 1"
NEWEST = (
    "select id::text from roster.syncs where id = (select max(id) from roster.syncs) and counts -> 'changes' <> '{}'"
)
ONCE_KNOWN = "known_schools"
"""What an undo does not undo."""


def kills(ground: Ground, rng: Random, wanted: int) -> Score:
    """Kill some commands in the life of one town. Return the score."""
    with ground.place() as place:
        town = Town(rng, short_texts(), students=STUDENTS)
        ground.clever.served[:] = [town.district]
        place.connect(town.district)
        life = _Life(ground, town, place, Score())
        for _ in range(wanted * MOST_ATTEMPTS):
            if life.score.tried < wanted:
                life.one_attempt()
        return life.score


@dataclass(frozen=True)
class _Attempt:
    """A command that will be killed.

    Attributes:
        done: what the product holds once it is done and before the next sync; None where it ends in a sync itself.
    """

    arguments: tuple[str, ...]
    done: Rows | None = None


@dataclass
class _Life:
    """A town and its installation, whose commands are killed."""

    ground: Ground
    town: Town
    place: Place
    score: Score

    def __post_init__(self) -> None:
        self.judge = Judge(self.place, self.town.district, self.score)

    def one_attempt(self) -> None:
        """Change the district, kill one command, and judge the next sync."""
        self._happen()
        attempt = self.town.rng.choice((self._sync, self._sync, self._sync, self._approve, self._undo))()
        before, shown = self.judge.begin(), self.judge.shown()
        with Watch(self.place, self.town.district.id) as watch:
            self._kill(attempt)
            middle = read_visible(self.place.engine, self.town.district.id)
            if attempt.done is not None:
                self.judge.begin()
            self.judge.goes_well(mode=self.town.rng.choice(MODES), snapshot=True)
            if waits := query(self.place.engine, WAITS):
                run(("approve", *waits[0]), self.place.environment, self.ground.log)
        self.place.limit(self.town.district.id, NOTHING_HELD)
        after = self.judge.published()
        self.judge.seen_meanwhile(watch, [before, middle, after], shown)
        done = after.rows if attempt.done is None else attempt.done
        half = middle.rows not in (before.rows, {**done, ONCE_KNOWN: middle.rows[ONCE_KNOWN]})
        self.score.note(HALF, half, f"{attempt.arguments[0]} killed: neither as before nor as after")
        self.judge.nothing_is_left()
        if self.town.rng.random() < AGAIN:
            self.judge.again_writes_nothing()

    def _sync(self) -> _Attempt:
        return _Attempt(("sync", "--mode", self.town.rng.choice(MODES), "--district", self.town.district.id))

    def _approve(self) -> _Attempt:
        """Let more students leave than the threshold allows, and approve the removals."""
        self.judge.goes_well()
        self.place.limit(self.town.district.id, Limits())
        self.town.crowd_leaves()
        self.judge.goes_well()
        waits = query(self.place.engine, WAITS)
        if not waits:
            self.place.limit(self.town.district.id, NOTHING_HELD)
            return self._sync()
        return _Attempt(("approve", *waits[0]))

    def _undo(self) -> _Attempt:
        """Undo the newest sync."""
        before = read_visible(self.place.engine, self.town.district.id)
        self.judge.goes_well()
        newest = query(self.place.engine, NEWEST)
        if before == read_visible(self.place.engine, self.town.district.id) or not newest:
            return self._sync()
        return _Attempt(("undo", *newest[0]), done=before.rows)

    def _happen(self) -> None:
        rng = self.town.rng
        self.town.live(rng.randint(1, MOST_EDITS))
        if rng.random() < 0.5:
            self._sign_up()
        if rng.random() < 0.2 and not query(self.place.engine, "select from roster.rosters where source = 'native'"):
            for statement in OWN_CLASS:
                execute(self.place.engine, statement)

    def _sign_up(self) -> None:
        """Create an account with an email that Clever gives to a new person, who may be another one."""
        rng = self.town.rng
        newcomer = self.town.arrive()
        first, last = rng.choice((("Own", "Name"), tuple(newcomer["name"].values())))
        role = rng.choice(("student", "student", "teacher", "admin"))
        execute(self.place.engine, SIGN_UP, email=newcomer["email"], first=first, last=last, role=role)

    def _kill(self, attempt: _Attempt) -> None:
        """Run a command in its own process, and kill it if it still runs at that moment."""
        rng, name, with_dagster = self.town.rng, attempt.arguments[0], self.town.rng.random() < WITH_DAGSTER
        part = None if with_dagster else rng.choice(DEATHS)
        kind, reach = (name, part, with_dagster), self.ground.reach
        usual = reach.setdefault(kind, USUAL[part])
        death = Death(part, rng.randint(1, int(usual)) if part else rng.uniform(0, usual))
        ran = run(attempt.arguments, self.place.environment, self.ground.log, death, with_dagster=with_dagster)
        wait_for_the_dead(self.place)
        if ran.is_killed:
            reach[kind] *= FARTHER
            self.score.tried += 1
            where = f"in {part}" if part else "by the clock"
            self.score.notes[f"{name} killed {where}{', with Dagster' if with_dagster else ''}"] += 1
        else:
            reach[kind] = max(1, ran.lines if part else ran.seconds)
