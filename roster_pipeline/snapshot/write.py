"""Brings one district up to date in the analysts' file.

What is read again follows the journals of the syncs that the file has not seen, whatever they were: full or delta, a
decision, an undo. A district that is new in the file, or whose last sync there the product does not know, is read as a
whole. A file that is new takes in every district; a damaged one is moved aside and made anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock
from sqlalchemy import Connection

from roster_pipeline.damaged import move_aside
from roster_pipeline.errors import FileDamaged, SnapshotUnwritable
from roster_pipeline.paths import PRIVATE_FILE, private_folder
from roster_pipeline.product.transfer import copy_to_duckdb, select_into
from roster_pipeline.snapshot.file import next_version
from roster_pipeline.snapshot.tables import JOURNAL, TABLES, Published

Values = Mapping[str, object]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _District:
    """A district, the sync that its new rows are noted under, and whether all is read whatever the file has of it."""

    district_id: str
    organization_id: int
    sync_id: int
    is_whole: bool = False


def write_snapshot(
    pg: Connection,
    folder: Path,
    *,
    district_id: str,
    organization_id: int,
    sync_id: int,
    at: datetime,
    warn: Callable[[str], None] = _log.warning,
    is_whole: bool = False,
) -> dict[str, int]:
    """Bring one district up to date in `latest.duckdb`; returns the rows that now stand there, by table.

    Args:
        pg: a transaction of its own, with one view of the product, under the district's lock.
        sync_id: which sync the new rows are noted under.
        at: from when they are valid.
        warn: called with a sentence if the file was damaged, because its history is gone then.
        is_whole: read everything, because a correction of another district wrote rows of this one.

    Raises:
        SnapshotUnwritable: the disk or the folder does not let the file be written.
        RosterError: the file is open for writing elsewhere, or the new one does not open.
    """
    district = _District(district_id, organization_id, sync_id, is_whole)
    try:
        private_folder(folder)  # people: whom to let in is the operator's to say
        lock = FileLock(folder / ".lock", mode=PRIVATE_FILE).acquire()
    except OSError as error:
        raise SnapshotUnwritable(folder, error.strerror or type(error).__name__) from None
    with lock:
        try:
            with pg.begin_nested():
                return _bring_up_to_date(pg, folder, district, at)
        except FileDamaged as damage:
            aside = move_aside(damage.file, at)
            warn(
                f"snapshots/{damage.file.name} was damaged. It is moved aside as {aside.name}, and every district is "
                f"read again from PostgreSQL. Its history starts anew at {at:%Y-%m-%d %H:%M} UTC."
            )
        return _bring_up_to_date(pg, folder, district, at)


def _bring_up_to_date(pg: Connection, folder: Path, district: _District, at: datetime) -> dict[str, int]:
    with next_version(folder) as con:
        is_new = not any(con.execute("select exists (from syncs)").fetchone() or ())
        for other in _other_districts(pg, district) if is_new else ():
            with pg.begin_nested() as own:
                _take_in(con, pg, other, at)
                own.rollback()  # with its temporary tables
        _take_in(con, pg, district, at)
        return {table.name: _rows(con, table.name, district.district_id) for table in TABLES}


def _other_districts(pg: Connection, district: _District) -> list[_District]:
    """Every other district that was ever synced, with its newest sync that has ended."""
    rows = pg.exec_driver_sql(
        "select organization.clever_district_id, organization.id, max(sync.id) from roster.organizations as "
        "organization join roster.syncs as sync on sync.organization_id = organization.id "
        "where sync.state <> 'running' and organization.id <> %s group by organization.id order by organization.id",
        (district.organization_id,),
    )
    return [_District(*row) for row in rows]


def _take_in(con: duckdb.DuckDBPyConnection, pg: Connection, district: _District, at: datetime) -> None:
    """Read what is new of one district, and note it."""
    noted = {"district": district.district_id, "sync": district.sync_id, "at": at}
    last = None if district.is_whole else _last_sync(con, pg, district.district_id, district.organization_id)
    values = {"organization_id": district.organization_id, "last": last}
    if last is not None:
        select_into(pg, "journal", JOURNAL, values)
    for table in TABLES:
        if last is None:
            _read(con, pg, table, values, whole=True)
            _record(con, table, noted, whole=True)
        elif _touch(con, pg, table, values):
            _read(con, pg, table, values, whole=False)
            _record(con, table, noted, whole=False)


def _last_sync(con: duckdb.DuckDBPyConnection, pg: Connection, district_id: str, organization_id: int) -> int | None:
    """The newest sync that the file knows of this district, if the product knows it too: it may have been put back."""
    newest = "select id, uid, finished_at from syncs where district_id = ? order by id desc limit 1"
    last = con.execute(newest, [district_id]).fetchone()
    # In a database that was restored the number comes again, and a sync that ran at the backup was never finished so.
    same = "select from roster.syncs where id = %s and uid::text = %s and finished_at = %s and organization_id = %s"
    if last is None or not pg.exec_driver_sql(f"select exists ({same})", (*last, organization_id)).scalar_one():
        return None
    return int(last[0])


def _touch(con: duckdb.DuckDBPyConnection, pg: Connection, table: Published, values: Values) -> bool:
    """Leave the keys that were touched in temporary table `touched_X`, on both sides; whether there are any."""
    name = f"touched_{table.name}"
    select_into(pg, name, table.touched, values)
    if not pg.exec_driver_sql(f"select exists (select from {name})").scalar_one():
        return False
    keys = {column: table.columns[column] for column in table.key}
    copy_to_duckdb(pg, f"select {', '.join(keys)} from {name}", {}, con, f"temporary table {name}", keys)
    return True


def _read(con: duckdb.DuckDBPyConnection, pg: Connection, table: Published, values: Values, *, whole: bool) -> None:
    """The rows as the product has them, into temporary table `fresh_X`."""
    copy_to_duckdb(pg, table.read(whole=whole), values, con, f"temporary table fresh_{table.name}", table.columns)


def _record(con: duckdb.DuckDBPyConnection, table: Published, values: Values, *, whole: bool) -> None:
    """Close the rows that are gone or different, and open the new ones."""
    history, fresh, columns = f"{table.name}_history", f"fresh_{table.name}", ", ".join(table.columns)
    key = " and ".join(f"touched.{column} = open.{column}" for column in table.key)
    same = " and ".join(f"fresh.{column} is not distinct from open.{column}" for column in table.columns)
    stands = f"from {history} as open where valid_to is null and district_id = $district"
    if not whole:
        # The keys are looked through by themselves: most of what is stored is never unpacked.
        touched = f"select rowid {stands} and exists (from touched_{table.name} as touched where {key})"
        stands = f"from {history} where rowid in ({touched})"
    con.execute(
        f"create or replace temporary table open_rows as select rowid as place, {columns} {stands}",
        {"district": values["district"]},
    )
    con.execute(
        f"update {history} set valid_to = $at where rowid in (select place from open_rows as open "
        f"where not exists (from {fresh} as fresh where {same}))",
        {"at": values["at"]},
    )
    con.execute(
        f"insert into {history} (district_id, {columns}, valid_from, sync_id) select $district, {columns}, $at, $sync "
        f"from {fresh} as fresh where not exists (from open_rows as open where {same})",
        values,
    )


def _rows(con: duckdb.DuckDBPyConnection, table: str, district_id: str) -> int:
    (rows,) = _one(con, f"select count(*) from {table} where district_id = ?", [district_id])
    return int(rows)


def _one(con: duckdb.DuckDBPyConnection, query: str, values: list[object]) -> tuple[Any, ...]:
    row = con.execute(query, values).fetchone()
    assert row is not None  # an aggregate always answers with one row
    return row
