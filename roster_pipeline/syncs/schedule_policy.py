"""The night: which districts are due for a full read, in which order and batches, and why another one is not.

Nothing here starts a sync or reads a clock: Dagster's schedule and sensor ask, and hand in the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.model.clock import CLOCK_TOLERANCE, trusted_time
from roster_pipeline.model.text import count_noun

EASTERN = ZoneInfo("America/New_York")
EVENING = time(20, 30)
"""Clever asks districts to upload by 19:00 Eastern because apps sync from 20:00 on."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=6)
LATE = timedelta(hours=30)
"""Since the last full read: a night that was missed, and six hours to catch up."""
BATCH_DISTRICTS, BATCH_MEMBERS = 25, 20_000
"""What one run takes (`make bench BENCH_ARGS="--only nightly"`). A new interpreter imports for 2 to 4 seconds of CPU,
as much as the sync of a small district takes: shared by 25 that is a twenty-fifth. A district of 20,000 members has a
run of its own, so that no small one waits behind it and the other slot goes on."""


@dataclass(frozen=True)
class Candidate:
    """A connected district of tier secure_sync.

    Attributes:
        state: `disconnected` too is tried, unless an operator has ended the connection: each sync looks at Clever's
            list of connections first, and a district that is there again becomes active (R5.20).
        last_full_read_at: when its last full read that was published began; None: never.
        failures: syncs that failed since the last one that did not, the last of them at `failed_at`.
    """

    district_id: str
    name: str
    state: str
    last_full_read_at: datetime | None
    failures: int = 0
    failed_at: datetime | None = None
    is_operator_disconnected: bool = False


@dataclass(frozen=True)
class Turn:
    """What an evening means for one district.

    Attributes:
        due: to be read in full now.
        waits_until: when a failing one is tried again.
        skipped: why it is not due, in words; None if it is, or has been read since the evening.
    """

    district: Candidate
    due: bool
    waits_until: datetime | None = None
    skipped: str | None = None


CANDIDATES = """
    select organization.clever_district_id, organization.name, organization.state, organization.last_full_read_at,
        failed.times, failed.last_at, organization.operator_disconnected_at is not null
    from roster.organizations as organization
    cross join lateral (
        select coalesce(max(id), 0) as id from roster.syncs
        where organization_id = organization.id
            and state not in ('failed', 'running', 'canceled') and mode not in ('resolve', 'undo')
    ) as worked
    cross join lateral (
        select count(*) as times,
            max(ended.at) filter (where ended.at <= :latest) as last_at
        from roster.syncs cross join lateral (select coalesce(finished_at, started_at) as at) as ended
        where organization_id = organization.id and id > worked.id and state = 'failed'
    ) as failed
    where organization.tier = 'secure_sync'
        and (cast(:only as text[]) is null or clever_district_id = any(:only))
    order by case when organization.last_full_read_at <= :latest then organization.last_full_read_at end nulls first,
        organization.id
"""
MEMBERS = """
    select clever_district_id, count(*) from roster.org_memberships
    join roster.organizations as organization on organization.id = organization_id
    where clever_district_id = any(:chosen) and ended_at is null
    group by 1
"""


def candidates(pg: Connection, now: datetime, only: Sequence[str] | None = None) -> list[Candidate]:
    """The districts of tier secure_sync (docs/rules.md R3.2), the most stale first; those never read before all.

    A time that lies ahead of now was stored by a clock that was wrong, and counts as unknown.

    Args:
        only: Clever ids to choose from.
    """
    values = {"latest": now + CLOCK_TOLERANCE, "only": only and list(only)}
    return [Candidate(*row) for row in pg.execute(sa.text(CANDIDATES), values)]


def last_evening(now: datetime) -> datetime:
    """When the night that is due at `now` began, in UTC."""
    local = now.astimezone(EASTERN)
    today = datetime.combine(local.date(), EVENING, EASTERN)
    if today > local:
        today = datetime.combine(local.date() - timedelta(days=1), EVENING, EASTERN)
    return today.astimezone(UTC)


def turn_of(district: Candidate, evening: datetime, now: datetime) -> Turn:
    """Whether a district is to be read in full for this evening. One whose times are not known is due."""
    if district.state == "paused" or district.is_operator_disconnected:
        return Turn(district, due=False, skipped=district.state)
    read_at = trusted_time(district.last_full_read_at, now)
    if read_at and read_at >= evening:
        return Turn(district, due=False)
    until = _next_try(district, now)
    if until and until > now:
        said = f"{count_noun(district.failures, 'failure')} in a row, next try at {until:%H:%M} UTC"
        return Turn(district, due=False, waits_until=until, skipped=said)
    return Turn(district, due=True)


def was_tried(district: Candidate) -> bool:
    """Whether there is anything to catch up on: the first sync of a new district is the night's, or a person's."""
    return district.last_full_read_at is not None or district.failures > 0


def _next_try(district: Candidate, now: datetime) -> datetime | None:
    """After n failures in a row: 2^(n-1) times five minutes after the last, at most six hours, and six hours from now.

    None if there is nothing to wait for, or if it is not known when the last one was.
    """
    failed_at = trusted_time(district.failed_at, now)
    if failed_at is None:
        return None
    doubled: int = 2 ** min(max(district.failures - 1, 0), 10)
    return min(failed_at + min(FIRST_WAIT * doubled, LONGEST_WAIT), now + LONGEST_WAIT)


def in_batches(pg: Connection, chosen: Sequence[Candidate]) -> list[list[Candidate]]:
    """What one run takes each, in the order given: many small districts, or one large one."""
    ids = [one.district_id for one in chosen]
    members: dict[str, int] = dict(pg.execute(sa.text(MEMBERS), {"chosen": ids}).tuples().all())
    return _batches([(one, members.get(one.district_id, 0)) for one in chosen])


def _batches(sized: Iterable[tuple[Candidate, int]]) -> list[list[Candidate]]:
    batches: list[list[Candidate]] = []
    room = 0
    for district, members in sized:
        if not batches or members > room or len(batches[-1]) == BATCH_DISTRICTS:
            batches.append([])
            room = BATCH_MEMBERS
        batches[-1].append(district)
        room -= members
    return batches


def hours_late(district: Candidate, now: datetime) -> int | None:
    """Whole hours since its last full read, where that is too long ago; None: in time, never read, or not active.

    A district that was read at a time which is not known is late, by the fewest hours that count as late.
    """
    if district.state != "active" or district.last_full_read_at is None:
        return None
    read_at = trusted_time(district.last_full_read_at, now)
    if read_at is None:
        return LATE // timedelta(hours=1)
    since = now - read_at
    return since // timedelta(hours=1) if since > LATE else None


def in_words(turns: Iterable[Turn], most: int = 10) -> str:
    """Who is skipped and why, by id, at most so many of them."""
    skipped = [turn for turn in turns if turn.skipped]
    named = "; ".join(f"{turn.district.district_id}: {turn.skipped}" for turn in skipped[:most])
    more = f"; and {len(skipped) - most} more" if len(skipped) > most else ""
    return f"{len(skipped)} skipped ({named}{more})" if skipped else "none skipped"
