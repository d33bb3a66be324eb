"""The policy of the nightly schedule: which districts are due for a full read, in which order, and in which batches.

The module starts no sync and reads no clock. The schedule and the sensor of Dagster pass the time in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.model.clock import CLOCK_TOLERANCE, trusted_time
from roster_pipeline.model.queries import load_query
from roster_pipeline.model.text import count_noun
from roster_pipeline.product.tables import org_memberships, organizations

EASTERN = ZoneInfo("America/New_York")
EVENING = time(20, 30)
"""Clever asks districts to upload by 19:00 Eastern because apps sync from 20:00 on."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=6)
"""The wait after the first of several failures in a row, and the longest wait."""
LATE = timedelta(hours=30)
"""The age of the last full read from which a district is late: one missed night and six hours to catch up."""
BATCH_DISTRICTS, BATCH_MEMBERS = 25, 20_000
"""The most districts and members of one run. Small districts share a run, because a new interpreter costs as much CPU
as the sync of a small district. A district of 20,000 members has a run of its own, so that no small district waits."""


@dataclass(frozen=True)
class Candidate:
    """A connected district of tier secure_sync.

    Attributes:
        state: the state of the connection. A disconnected district is due too, unless an operator disconnected it:
            each sync reads Clever's list of connections first, and a district that is back becomes active
            (docs/rules.md R5.20).
        last_full_read_at: the start of the last full read that was published, or None.
        failures: the number of syncs that have failed since the last one that did not.
        failed_at: the end of the last failed sync.
    """

    district_id: str
    name: str
    state: str
    last_full_read_at: datetime | None
    failures: int = 0
    failed_at: datetime | None = None
    is_operator_disconnected: bool = False


@dataclass(frozen=True)
class NightDecision:
    """The decision of one evening about one district.

    Attributes:
        due: the district is due for a full read now.
        waits_until: the time of the next try of a failing district.
        skipped: the reason in words why the district is not due. None if it is due, or was read since the evening.
    """

    district: Candidate
    due: bool
    waits_until: datetime | None = None
    skipped: str | None = None


def list_candidates(pg: Connection, now: datetime, only: Sequence[str] | None = None) -> list[Candidate]:
    """Return the districts of tier secure_sync (docs/rules.md R3.2), the oldest full read first.

    Districts that were never read in full come before all others.

    Args:
        only: the Clever ids to choose from. The default is every district.
    """
    values = {"latest": now + CLOCK_TOLERANCE, "only": only and list(only)}
    rows = pg.execute(sa.text(load_query("syncs", "nightly_candidates")), values)
    return [Candidate(**row) for row in rows.mappings()]


def last_evening(now: datetime) -> datetime:
    """Return the start of the last nightly window before `now`, in UTC."""
    local = now.astimezone(EASTERN)
    today = datetime.combine(local.date(), EVENING, EASTERN)
    if today > local:
        today = datetime.combine(local.date() - timedelta(days=1), EVENING, EASTERN)
    return today.astimezone(UTC)


def decide_night(district: Candidate, evening: datetime, now: datetime) -> NightDecision:
    """Decide whether a district is due for a full read. A district whose times are unknown is due."""
    if district.state == "paused" or district.is_operator_disconnected:
        return NightDecision(district, due=False, skipped=district.state)
    read_at = trusted_time(district.last_full_read_at, now)
    if read_at and read_at >= evening:
        return NightDecision(district, due=False)
    until = _next_try(district, now)
    if until and until > now:
        reason = f"{count_noun(district.failures, 'failure')} in a row, next try at {until:%H:%M} UTC"
        return NightDecision(district, due=False, waits_until=until, skipped=reason)
    return NightDecision(district, due=True)


def has_been_tried(district: Candidate) -> bool:
    """Return whether a sync of the district was ever tried.

    Only such districts are caught up. The first sync of a new district is started by the schedule or by a person.
    """
    return district.last_full_read_at is not None or district.failures > 0


def _next_try(district: Candidate, now: datetime) -> datetime | None:
    """Return the time of the next try of a failing district, or None if it does not have to wait.

    The wait is doubled with each failure in a row, from `FIRST_WAIT` up to `LONGEST_WAIT`. A failure at an unknown time
    does not delay the district.
    """
    failed_at = trusted_time(district.failed_at, now)
    if failed_at is None:
        return None
    doubled: int = 2 ** min(max(district.failures - 1, 0), 10)
    return min(failed_at + min(FIRST_WAIT * doubled, LONGEST_WAIT), now + LONGEST_WAIT)


def split_into_batches(pg: Connection, chosen: Sequence[Candidate]) -> list[list[Candidate]]:
    """Split districts into the batches of one run each, in the given order."""
    members = _count_members(pg, [district.district_id for district in chosen])
    return _fill_batches([(district, members.get(district.district_id, 0)) for district in chosen])


def _count_members(pg: Connection, district_ids: Sequence[str]) -> dict[str, int]:
    query = (
        sa.select(organizations.c.clever_district_id, sa.func.count())
        .join_from(org_memberships, organizations)
        .where(organizations.c.clever_district_id.in_(district_ids), org_memberships.c.ended_at.is_(None))
        .group_by(organizations.c.clever_district_id)
    )
    return dict(pg.execute(query).tuples().all())


def _fill_batches(sized: Iterable[tuple[Candidate, int]]) -> list[list[Candidate]]:
    """Fill one batch after the other.

    Args:
        sized: each district with the number of its members.
    """
    batches: list[list[Candidate]] = []
    room = 0
    for district, members in sized:
        if not batches or members > room or len(batches[-1]) == BATCH_DISTRICTS:
            batches.append([])
            room = BATCH_MEMBERS
        batches[-1].append(district)
        room -= members
    return batches


def count_hours_late(district: Candidate, now: datetime) -> int | None:
    """Return the whole hours since the last full read of a late district.

    Returns:
        The hours. None if the district is not late, was never read, or is not active. The threshold `LATE` if the time
        of the last full read is unknown.
    """
    if district.state != "active" or district.last_full_read_at is None:
        return None
    read_at = trusted_time(district.last_full_read_at, now)
    if read_at is None:
        return LATE // timedelta(hours=1)
    since = now - read_at
    return since // timedelta(hours=1) if since > LATE else None


def describe_skipped(decisions: Iterable[NightDecision], most: int = 10) -> str:
    """Return the number of skipped districts, and the id and the reason of the first `most` of them."""
    skipped = [decision for decision in decisions if decision.skipped]
    reasons = "; ".join(f"{decision.district.district_id}: {decision.skipped}" for decision in skipped[:most])
    more = f"; and {len(skipped) - most} more" if len(skipped) > most else ""
    return f"{len(skipped)} skipped ({reasons}{more})" if skipped else "none skipped"
