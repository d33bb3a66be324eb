"""The records of Dagster: runs, events and compute logs.

No name and no email is in them (docs/rules.md R6.3). A check lists Clever ids of people, and its results are deleted.
The records of a district name it, and are deleted with it. All other records stay until they are old
(docs/privacy.md#dagster).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Engine, TableClause, Text
from sqlalchemy.dialects.postgresql import ARRAY

from roster_pipeline.privacy.stores.store import StoreRecord, hash_files
from roster_pipeline.privacy.subject import Subject
from roster_pipeline.publish.statements import is_any
from roster_pipeline.settings import Settings

OpenDagster = Callable[[], AbstractContextManager[Engine]]
ENDED = ("SUCCESS", "FAILURE", "CANCELED")
PARTITION_TAG = "dagster/partition"
"""Dagster's tag with the district of a run."""
IDS_OF_PEOPLE = '"clever_ids"'
"""The metadata of a check that lists Clever ids (defs/assets.py)."""
SEARCHED = {
    "event_logs": ("event", "partition"),
    "asset_event_tags": ("value",),
    "asset_check_executions": ("evaluation_event", "partition"),
    "job_ticks": ("tick_body",),
    "bulk_actions": ("body",),
    "dynamic_partitions": ("partition",),
    "run_tags": ("value",),
    "runs": ("run_body",),
}
"""The columns of Dagster's tables that can name a subject, in the order in which rows are deleted."""
CLEARED = {"asset_keys": ("last_materialization", "cached_status_data")}
"""The columns that hold the newest event of an asset, whichever district it was of. The row stays."""
TABLES = {
    name: sa.table(name, *(sa.column(column, Text) for column in (*columns, "run_id", "status", "key")))
    for name, columns in {**SEARCHED, **CLEARED}.items()
}


@dataclass(frozen=True)
class DagsterRecords:
    """The rows and files of Dagster that name the subject."""

    settings: Settings
    open_dagster: OpenDagster
    name: str = "Dagster's records"

    def inspect(self, subject: Subject) -> StoreRecord:
        with self.open_dagster() as engine, engine.connect() as dagster:
            rows = {name: _count_rows(dagster, name, subject) for name in (SEARCHED if _has_tables(dagster) else ())}
        files = self._files(subject)
        removed = {table: count for table, count in {**rows, "files": len(files)}.items() if count}
        return StoreRecord(self.name, removed, hash_files(self.settings.home.resolve(), files))

    def erase(self, subjects: Sequence[Subject], at: datetime) -> None:  # noqa: ARG002 - the interface of a store
        with self.open_dagster() as engine, engine.begin() as dagster:
            for subject in subjects if _has_tables(dagster) else ():
                erase_records(dagster, subject)
        for subject in subjects:
            for file in self._files(subject):
                mask_names(file, _names(subject))

    def _files(self, subject: Subject) -> list[Path]:
        """Return the files of the Dagster home that contain a name. They are logs, which list no Clever ids."""
        if subject.kind == "expired":
            return []
        wanted = [name.encode() for name in _names(subject)]
        files = (file for file in self.settings.dagster_home.rglob("*") if file.is_file())
        return [file for file in files if any(name in file.read_bytes() for name in wanted)]


def mask_names(file: Path, names: Collection[str]) -> None:
    """Replace names in a log, which may be that of many districts."""
    content = file.read_bytes()
    for name in names:
        content = content.replace(name.encode(), _mask(name).encode())
    file.write_bytes(content)


def _has_tables(dagster: Connection) -> bool:
    """Return whether Dagster has created its tables."""
    return dagster.execute(sa.select(sa.func.to_regclass("runs"))).scalar() is not None


def _count_rows(dagster: Connection, name: str, subject: Subject) -> int:
    rows = sa.select(sa.func.count()).select_from(TABLES[name]).where(_is_named(name, subject))
    return int(dagster.execute(rows).scalar_one())


def erase_records(dagster: Connection, subject: Subject) -> None:
    """Delete the rows that name the subject, and the events and checks of ended runs of its own.

    A run that also synced other districts stays, with the id replaced in its configuration.
    """
    runs = list(dagster.execute(sa.select(TABLES["runs"].c.run_id).where(_is_named("runs", subject))).scalars())
    for name in ("event_logs", "asset_check_executions"):
        dagster.execute(sa.delete(TABLES[name]).where(is_any(TABLES[name].c.run_id, runs)))
    for name in SEARCHED:
        is_erased = is_any(TABLES[name].c.run_id, runs) if name == "runs" else _is_named(name, subject)
        dagster.execute(sa.delete(TABLES[name]).where(is_erased))
    for name, columns in CLEARED.items():
        cleared = dict.fromkeys(columns, sa.null())
        dagster.execute(sa.update(TABLES[name]).where(_is_named(name, subject)).values(cleared))
    body = TABLES["runs"].c.run_body
    for district in subject.districts if subject.kind == "district" else ():
        replaced = sa.func.replace(body, district, _mask(district))
        dagster.execute(sa.update(TABLES["runs"]).where(_contains(body, [district])).values(run_body=replaced))


def _select_own_runs(subject: Subject) -> sa.Select[tuple[str]]:
    """Select the runs whose partition is a district of the subject."""
    tag = TABLES["run_tags"].c
    return sa.select(tag.run_id).where(tag.key == PARTITION_TAG, is_any(tag.value, subject.districts))


def _mask(name: str) -> str:
    """Return what replaces a name in a record that stays. It is as long as the name."""
    return "x" * len(name)


def _names(subject: Subject) -> tuple[str, ...]:
    return subject.districts if subject.kind == "district" else subject.names


def _is_named(name: str, subject: Subject) -> ColumnElement[bool]:
    """Return whether a row names the subject. Of many people, only the results of the one check are searched."""
    table: TableClause = TABLES[name]
    columns = [table.c[column] for column in {**SEARCHED, **CLEARED}[name]]
    is_named = sa.or_(*(_contains(column, _names(subject)) for column in columns))
    if subject.kind == "expired":
        return sa.and_(sa.func.strpos(columns[0], IDS_OF_PEOPLE) > 0, is_named)
    if name != "runs":
        return is_named
    is_own = table.c.run_id.in_(_select_own_runs(subject)) if subject.kind == "district" else is_named
    return sa.and_(table.c.status.in_(ENDED), is_own)


def _contains(column: ColumnElement[str], names: Collection[str]) -> ColumnElement[bool]:
    each = sa.func.unnest(sa.cast(sa.literal(list(names), ARRAY(Text)), ARRAY(Text))).column_valued("name")
    return sa.exists().where(sa.func.strpos(column, each) > 0)
