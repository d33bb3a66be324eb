"""Prunes Dagster's records: the runs, events, check results and ticks that are older than their retention period.

Dagster deletes ticks alone. Its method `delete_run` executes a dozen statements for each run, leaves the results of
checks, and leaves events if the process is killed. The statements here delete a batch of runs in one transaction.
docs/privacy.md#dagster says what stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

import dagster as dg
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Engine

from roster_pipeline.errors import CannotStart
from roster_pipeline.instance.dagster_private import (
    AssetCheckExecutionRecordStatus,
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    JobTickTable,
    RunsTable,
    RunTagsTable,
    SqlEventLogStorageTable,
    TickStatus,
)
from roster_pipeline.instance.dagster_schema import dagster_place, open_engine, setting_of
from roster_pipeline.messages import operator
from roster_pipeline.publish.statements import is_any
from roster_pipeline.settings import Settings

T = TypeVar("T")

KNOWN_VERSIONS = frozenset({"7e2f3204cf8e", "f495c27d5019", "29b539ebc72a"})
"""The revisions of Dagster's tables from version 1.10.0 to the pinned one. Their columns are the same here."""
RUNS_BATCH, ROWS_BATCH = 200, 5_000
ENDED = [
    status.value for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
]
REPETITION_TAGS = ("dagster/parent_run_id", "dagster/root_run_id")
"""The tags of a repeated run, with the run that it repeats. The UI shows both on one page."""
RUNLESS = ""
"""The run id of events that no run reported, such as those of a sensor."""
PRUNED_TABLES = (RunsTable, RunTagsTable, SqlEventLogStorageTable, AssetEventTagsTable, AssetCheckExecutionsTable)


def prune_records(settings: Settings, before: datetime) -> dict[str, int]:
    """Delete the records that are older than a time and that nobody needs any more.

    Each batch is a transaction of its own. A call that is stopped has deleted a part, and the next call deletes the
    rest.

    Returns:
        The number of deleted runs, events without a run, check results and ticks.

    Raises:
        CannotStart: the version of Dagster's tables is unknown. Nothing was deleted.
    """
    with open_records(settings) as dagster:
        counts = Counter(dict.fromkeys(("runs", "events", "checks", "ticks"), 0))
        if not has_records(dagster):
            return counts
        for run_ids in list_expired_runs(dagster, before):
            with dagster.begin() as connection:
                _delete_runs(connection, run_ids)
            counts["runs"] += len(run_ids)
        counts["events"] = _delete_runless_events(dagster, before)
        counts["checks"] = _delete_checks(dagster, before)
        counts["ticks"] = _delete_ticks(dagster, before)
        if any(counts.values()):
            _reuse_space(dagster)
        return counts


def count_expired_runs(settings: Settings, before: datetime) -> int:
    """Return the number of runs that `prune_records` would delete."""
    with open_records(settings) as dagster:
        return sum(map(len, list_expired_runs(dagster, before))) if has_records(dagster) else 0


@contextmanager
def open_records(settings: Settings) -> Iterator[Engine]:
    """Open Dagster's database for a `with` block."""
    with open_engine(dagster_place(settings), setting_of(settings)) as dagster:
        yield dagster


def has_records(dagster: Engine) -> bool:
    """Return whether Dagster has created its tables.

    Raises:
        CannotStart: the version of the tables is unknown.
    """
    revision: sa.Select[tuple[str]] = sa.select(sa.column("version_num", sa.Text)).select_from(
        sa.table("alembic_version")
    )
    with dagster.connect() as connection:
        if connection.execute(sa.select(sa.func.to_regclass("alembic_version"))).scalar() is None:
            return False
        unknown = set(connection.execute(revision).scalars()) - KNOWN_VERSIONS
    if unknown:
        raise CannotStart(
            operator.text(
                "Dagster's tables have version {version}, which this version of roster-pipeline does not know. No "
                "record was deleted. Install the version of roster-pipeline that supports this version of Dagster, "
                "then run again.",
                version=", ".join(sorted(unknown)),
            )
        )
    return True


def list_expired_runs(dagster: Engine, before: datetime) -> Iterator[list[str]]:
    """Yield the runs to delete, in batches.

    These are the runs that ended before a time. The newest run of each outcome stays, for each job and district. A run
    stays too if it has the newest event of an asset and partition or the newest result of a check, or if a run that
    stays repeats it.
    """
    with dagster.connect() as connection:
        run_ids = connection.execute(_select_old_runs(before)).scalars().all()
    for batch in _split(run_ids, RUNS_BATCH):
        # A small batch, so that PostgreSQL looks up each event by its index and does not read the whole table.
        has_newest = sa.exists().where(SqlEventLogStorageTable.c.run_id == RunsTable.c.run_id, _is_newest())
        expired = sa.select(RunsTable.c.run_id).where(is_any(RunsTable.c.run_id, batch), ~has_newest)
        with dagster.connect() as connection:
            yield list(connection.execute(expired).scalars())


def _select_old_runs(before: datetime) -> sa.Select[tuple[str]]:
    """Select the runs that ended before a time and are not kept for their outcome, a check or a repetition."""
    runs, checks, tags = RunsTable.c, AssetCheckExecutionsTable.c, RunTagsTable.c
    outcome = (runs.pipeline_name, runs.partition, runs.status)
    rank = sa.func.row_number().over(partition_by=outcome, order_by=runs.id.desc()).label("rank")
    ranked = sa.select(runs.id, runs.run_id, runs.status, runs.end_time, runs.update_timestamp, rank).subquery()
    # A run that was canceled in the queue has no end.
    is_old = sa.case(
        (ranked.c.end_time.is_(None), ranked.c.update_timestamp < _in_utc(before)),
        else_=ranked.c.end_time < before.timestamp(),
    )
    has_newest_check = ranked.c.run_id.in_(sa.select(checks.run_id).where(checks.id.in_(_select_newest_checks())))
    is_repeated = sa.exists().where(tags.key.in_(REPETITION_TAGS), tags.value == ranked.c.run_id)
    return (
        sa.select(ranked.c.run_id)
        .where(ranked.c.rank > 1, ranked.c.status.in_(ENDED), is_old, ~has_newest_check, ~is_repeated)
        .order_by(ranked.c.id)
    )


def _select_newest_checks() -> sa.Select[tuple[int]]:
    """Select the newest result of each check, and the newest one that was only planned."""
    checks = AssetCheckExecutionsTable.c
    is_planned = checks.execution_status == AssetCheckExecutionRecordStatus.PLANNED.value
    return sa.select(sa.func.max(checks.id)).group_by(checks.asset_key, checks.check_name, is_planned)


def _is_newest() -> ColumnElement[bool]:
    """Return whether an event is the newest of its type for its asset and partition."""
    event, later = SqlEventLogStorageTable.c, SqlEventLogStorageTable.alias("later")
    is_later = sa.and_(
        later.c.asset_key == event.asset_key,
        later.c.dagster_event_type == event.dagster_event_type,
        later.c.id > event.id,
    )
    # CASE keeps both as lookups by an index. PostgreSQL would join the whole table for an OR.
    has_later = sa.case(
        (event.partition.is_(None), sa.exists().where(is_later, later.c.partition.is_(None))),
        else_=sa.exists().where(is_later, later.c.partition == event.partition),
    )
    return sa.and_(event.asset_key.is_not(None), ~has_later)


def _delete_runs(connection: Connection, run_ids: Sequence[str]) -> None:
    """Delete runs with their events and tags. Dagster's foreign key deletes the tags of the runs."""
    events, tags = SqlEventLogStorageTable, AssetEventTagsTable
    of_assets = sa.select(events.c.id).where(is_any(events.c.run_id, run_ids), events.c.asset_key.is_not(None))
    connection.execute(tags.delete().where(tags.c.event_id.in_(of_assets)))
    connection.execute(events.delete().where(is_any(events.c.run_id, run_ids)))
    connection.execute(RunsTable.delete().where(is_any(RunsTable.c.run_id, run_ids)))


def _delete_runless_events(dagster: Engine, before: datetime) -> int:
    """Delete the old events that no run reported, except the newest of each asset and partition."""
    events, tags = SqlEventLogStorageTable, AssetEventTagsTable
    is_old = sa.and_(events.c.run_id == RUNLESS, events.c.timestamp < _in_utc(before), ~_is_newest())
    with dagster.connect() as connection:
        event_ids = connection.execute(sa.select(events.c.id).where(is_old)).scalars().all()
    return _delete_rows(dagster, event_ids, tags.c.event_id, events.c.id)


def _delete_checks(dagster: Engine, before: datetime) -> int:
    """Delete the old results of checks whose run is deleted or that no run reported, except the newest ones."""
    checks, runs = AssetCheckExecutionsTable, RunsTable
    has_run = sa.exists().where(runs.c.run_id == checks.c.run_id)
    is_old = sa.and_(checks.c.create_timestamp < _in_utc(before), checks.c.id.not_in(_select_newest_checks()))
    with dagster.connect() as connection:
        check_ids = connection.execute(sa.select(checks.c.id).where(is_old, ~has_run)).scalars().all()
    return _delete_rows(dagster, check_ids, checks.c.id)


def _delete_ticks(dagster: Engine, before: datetime) -> int:
    """Delete the old ticks of sensors and schedules, except the newest of each state and those that go on.

    The daemon does so too, with the periods of dagster.yaml. Ticks of sensors that exist no more are left to this.
    """
    ticks, later = JobTickTable, JobTickTable.alias("later")
    has_later = sa.exists().where(
        later.c.selector_id == ticks.c.selector_id, later.c.status == ticks.c.status, later.c.id > ticks.c.id
    )
    is_old = sa.and_(ticks.c.timestamp < _in_utc(before), ticks.c.status != TickStatus.STARTED.value, has_later)
    with dagster.connect() as connection:
        tick_ids = connection.execute(sa.select(ticks.c.id).where(is_old)).scalars().all()
    return _delete_rows(dagster, tick_ids, ticks.c.id)


def _delete_rows(dagster: Engine, ids: Sequence[int], *columns: ColumnElement[int]) -> int:
    """Delete the rows in which one of some columns has one of some ids, each batch in a transaction of its own."""
    for batch in _split(ids, ROWS_BATCH):
        with dagster.begin() as connection:
            for column in columns:
                connection.execute(sa.delete(column.table).where(is_any(column, batch)))
    return len(ids)


def _reuse_space(dagster: Engine) -> None:
    """Let PostgreSQL reuse the space of the deleted rows. Reading and writing go on meanwhile."""
    names = ", ".join(table.name for table in (*PRUNED_TABLES, JobTickTable))
    with dagster.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"vacuum (analyze, truncate false) {names}"))


def _split(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the values in parts of some size. The last part may be smaller."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _in_utc(time: datetime) -> datetime:
    """Return a time in the form of Dagster's columns, which are in UTC and without a time zone."""
    return time.astimezone(UTC).replace(tzinfo=None)
