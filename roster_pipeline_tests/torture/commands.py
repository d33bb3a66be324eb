"""What people do to a district: sync it, decide what waits, put a sync back. Each can be done on a twin, or be killed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from sqlalchemy import Connection

from roster_pipeline.errors import RosterError
from roster_pipeline.product.database import transaction
from roster_pipeline.publish.holds import decide_hold, find_plan
from roster_pipeline.publish.resolve import DECISIONS, resolve_review
from roster_pipeline.publish.undo import undo_sync
from roster_pipeline_tests.integration.readers import query
from roster_pipeline_tests.torture.places import Place

SOMEBODY = "the admin"
NEWEST_HOLD = "select plan_digest from roster.holds where state = 'open' order by id desc limit 1"
WAITS = "select true from roster.holds where plan_digest = :name and state = 'open' limit 1"
REVIEW = "select id::text from roster.reviews where state = 'open' and clever_id = '{}' and reason = '{}'"
IS_OPEN = "select true from roster.reviews where id = cast(:name as bigint) and state = 'open'"
NEWEST_SYNC = (
    "select max(id)::text from roster.syncs where mode = 'full' and state in ('published', 'held') "
    "and counts -> 'changes' <> '{}'"
)
IS_PUBLISHED = "select true from roster.syncs where id = cast(:name as bigint) and state <> 'undone'"


@dataclass(frozen=True)
class Command:
    """One command of the console.

    Attributes:
        name: of the command.
        find: SQL; what it is about has another number in each place.
        pending: SQL; a row if that (`:name`) is still to be done.
        do: the same in this process.
        options: what follows on the command line.
        reads_clever: whether the command ends in a sync.
    """

    name: str
    find: str
    pending: str
    do: Callable[[Connection, str], object]
    options: tuple[str, ...] = ()
    reads_clever: bool = False

    def subject(self, place: Place) -> str | None:
        return next((name for (name,) in query(place.engine, self.find) if name), None)

    def arguments(self, subject: str) -> list[str]:
        return [self.name, subject, *self.options]

    def is_pending(self, place: Place, subject: str) -> bool:
        return bool(query(place.engine, self.pending, name=subject))

    def do_here(self, place: Place) -> None:
        """In this process and to its end, unless it is refused."""
        try:
            with transaction(place.engine) as pg:
                self.do(pg, self.subject(place) or "0")
        except RosterError:
            return


def possible_commands(place: Place, rng: Random) -> list[Command]:
    """What a person may decide in a place now; that a plan waits is what it is decided most about."""
    found = []
    if query(place.engine, NEWEST_HOLD):
        found += [*[_decide_plan("approve", "approved")] * 2, _decide_plan("reject", "rejected")]
    for person, reason in query(place.engine, "select clever_id, reason from roster.reviews where state = 'open'"):
        found.append(_resolve(person, reason, rng.choice(DECISIONS[reason])))
    if query(place.engine, NEWEST_SYNC)[0][0]:
        found.append(Command("undo", NEWEST_SYNC, IS_PUBLISHED, lambda pg, name: undo_sync(pg, int(name), _now())))
    return found


def _decide_plan(name: str, decision: str) -> Command:
    def do(pg: Connection, digest: str) -> None:
        decide_hold(pg, find_plan(pg, digest), decision, decided_by=SOMEBODY, at=_now())

    return Command(name, NEWEST_HOLD, WAITS, do, reads_clever=name == "approve")


def _resolve(person: str, reason: str, decision: str) -> Command:
    def do(pg: Connection, review: str) -> None:
        resolve_review(pg, int(review), decision, decided_by=SOMEBODY, at=_now())

    return Command("resolve", REVIEW.format(person, reason), IS_OPEN, do, ("--as", decision))


def _now() -> datetime:
    return datetime.now(UTC)
