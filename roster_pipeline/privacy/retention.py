"""Erases what is older than its retention period (docs/rules.md R6.5), in batches that may be stopped at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import RosterError
from roster_pipeline.privacy.expired_files import remove_expired_files
from roster_pipeline.privacy.find import find_expired
from roster_pipeline.privacy.forget import Eraser, begin, finish
from roster_pipeline.privacy.policy import RetentionPolicy
from roster_pipeline.privacy.records import list_unfinished
from roster_pipeline.privacy.server_files import rewrite_server_files
from roster_pipeline.privacy.stores.snapshots import Snapshots
from roster_pipeline.privacy.subject import Subject, build_subject
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import transaction, write_as_eraser
from roster_pipeline.product.tables import (
    changes,
    corrections,
    refresh_requests,
    syncs,
    web_audit,
    web_codes,
    web_sessions,
)

PEOPLE_BATCH, ROWS_BATCH = 500, 5_000


def count_expired(pg: Connection, policy: RetentionPolicy, now: datetime) -> dict[str, int]:
    """Return what `erase_expired` would erase in PostgreSQL, by the kind of the retention period."""
    people = find_expired(pg, policy.start("people_who_left", now), None)
    journal = sa.select(sa.func.count()).select_from(syncs).where(_has_expired_journal(policy, now))
    rows: dict[str, int] = {}
    for kind, table, is_old in _old_rows(policy, now):
        count = pg.execute(sa.select(sa.func.count()).select_from(table).where(is_old)).scalar_one()
        rows[kind] = rows.get(kind, 0) + int(count)
    syncs_due = int(pg.execute(journal).scalar_one())
    return {"people_who_left": len(people.accounts) if people else 0, "journal": syncs_due, **rows}


def erase_expired(eraser: Eraser, policy: RetentionPolicy) -> dict[str, int]:
    """Erase everything whose retention period has ended, and finish the erasures that were killed.

    A run that is stopped has erased a part, and the next run erases the rest. An erasure that cannot be finished does
    not keep the other periods from ending.

    Returns:
        The number of people, syncs, rows and files that were erased, by the kind of the retention period.

    Raises:
        RosterError: an erasure could not be finished. Everything else was erased.
    """
    now = eraser.now()
    with transaction(eraser.engine) as pg:
        begun = [erasure.number for erasure in list_unfinished(pg)]
    people = 0
    while (batch := _begin_batch(eraser, policy, now)) is not None:
        number, accounts = batch
        begun.append(number)
        people += accounts
    journals = _erase_journals(eraser, policy, now)
    failure = _finish(eraser, begun, has_erased_journals=journals > 0)
    counts = {"people_who_left": people, "journal": journals}
    for kind, table, is_old in _old_rows(policy, now):
        counts[kind] = counts.get(kind, 0) + _delete_rows(eraser, table, is_old)
    rows = sum(counts.values()) - people
    counts |= remove_expired_files(eraser.settings, eraser.engine, policy, now)
    if rows:
        rewrite_server_files(eraser.settings, eraser.engine)
    if failure is not None:
        raise failure
    return counts


def _finish(eraser: Eraser, numbers: list[int], *, has_erased_journals: bool) -> RosterError | None:
    """Finish some erasures, and return their failure, after which the other periods are still due.

    Args:
        has_erased_journals: whether the snapshot, whose history comes from the journal, has to be written anew.
    """
    try:
        if numbers:
            finish(eraser, numbers)
        elif has_erased_journals:
            Snapshots(eraser.settings, eraser.engine).erase((), eraser.now())
    except RosterError as error:
        return error
    return None


def _begin_batch(eraser: Eraser, policy: RetentionPolicy, now: datetime) -> tuple[int, int] | None:
    """Delete the rows of some people who left long ago. Return the erasure and the number of accounts, or None."""
    before = policy.start("people_who_left", now)
    with transaction(eraser.engine) as pg:
        subject = find_expired(pg, before, PEOPLE_BATCH)
    if subject is None:
        return None
    find = _build_finder(subject.accounts, before)
    return begin(eraser, subject, " ".join(map(str, subject.accounts)), find), len(subject.accounts)


def _build_finder(accounts: tuple[int, ...], before: datetime) -> Callable[[Connection], Subject]:
    """Return what finds the same people again, without those who returned meanwhile."""

    def find(pg: Connection) -> Subject:
        present = find_expired(pg, before, None)
        return build_subject(pg, "expired", set(accounts) & set(present.accounts if present else ()))

    return find


def _erase_journals(eraser: Eraser, policy: RetentionPolicy, now: datetime) -> int:
    """Delete the journal of each sync that ended long ago, in a transaction of its own, and mark the sync."""
    with transaction(eraser.engine) as pg:
        numbers = list(pg.execute(sa.select(syncs.c.id).where(_has_expired_journal(policy, now))).scalars())
    for number in numbers:

        def erase(pg: Connection, sync_id: int = number) -> None:
            write_as_eraser(pg)
            pg.execute(changes.delete().where(changes.c.sync_id == sync_id))
            pg.execute(syncs.update().where(syncs.c.id == sync_id).values(journal_erased_at=now))

        write_product(eraser.engine, erase)
    return len(numbers)


def _has_expired_journal(policy: RetentionPolicy, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(syncs.c.finished_at < policy.start("journal", now), syncs.c.journal_erased_at.is_(None))


def _old_rows(policy: RetentionPolicy, now: datetime) -> Iterator[tuple[str, sa.Table, sa.ColumnElement[bool]]]:
    """Yield the tables whose rows have an age, with their old rows."""
    audit, sessions = policy.start("audit", now), policy.start("web_sessions", now)
    yield "audit", web_audit, web_audit.c.at < audit
    yield "audit", corrections, corrections.c.finished_at < audit
    yield "audit", refresh_requests, refresh_requests.c.finished_at < audit
    ended_at = sa.func.least(web_sessions.c.ended_at, web_sessions.c.expires_at)
    yield "web_sessions", web_sessions, ended_at < sessions
    yield "web_sessions", web_codes, web_codes.c.used_at < sessions


def _delete_rows(eraser: Eraser, table: sa.Table, is_old: sa.ColumnElement[bool]) -> int:
    """Delete the old rows of a table, each batch in a transaction of its own."""
    (key,) = table.primary_key.columns
    batch = sa.select(key).where(is_old).limit(ROWS_BATCH)
    deleted = 0
    while rows := write_product(eraser.engine, lambda pg: _delete_as_eraser(pg, table.delete().where(key.in_(batch)))):
        deleted += rows
    return deleted


def _delete_as_eraser(pg: Connection, statement: sa.Delete) -> int:
    write_as_eraser(pg)
    return pg.execute(statement).rowcount
