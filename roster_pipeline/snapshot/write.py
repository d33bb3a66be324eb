"""Updates one district in the snapshot.

The rows that are read again follow from the journal of the syncs that the snapshot has not seen: full syncs, delta
syncs, decisions of people and undos. A district is read as a whole if the snapshot does not have it, or if the product
does not know its last sync there. A new file takes in every district. A damaged file is moved aside and created again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy import Connection

from roster_pipeline.damaged import move_aside
from roster_pipeline.errors import FileDamaged, SnapshotUnwritable
from roster_pipeline.model.queries import load_query
from roster_pipeline.paths import PRIVATE_FILE, private_folder
from roster_pipeline.product.tables import syncs
from roster_pipeline.product.transfer import copy_to_duckdb, select_into
from roster_pipeline.snapshot.file import next_version
from roster_pipeline.snapshot.tables import FOLDER, TABLES, SnapshotTable

Values = Mapping[str, object]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _District:
    """A district to update.

    Attributes:
        sync_id: The sync that its new rows are recorded under.
        published_at: The end of that sync, from which they are valid.
        is_whole: Read all rows, whatever the snapshot has.
    """

    district_id: str
    organization_id: int
    sync_id: int
    published_at: datetime
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
    """Update one district in `latest.duckdb`. Return the number of its rows there by table.

    Args:
        pg: A transaction of its own with one view of the product, under the lock of the district.
        sync_id: The sync that the new rows are recorded under. They are valid from its end.
        at: The time now. Rows of a sync that the product does not know any more are valid from then.
        warn: Called with a sentence if the file was damaged, because its history is lost then.
        is_whole: Read all rows, because a correction of another district wrote rows of this one.

    Raises:
        SnapshotUnwritable: The disk or the folder refuses the file.
        RosterError: Another process writes to the file, or the new file does not open.
    """
    published_at = pg.execute(sa.select(syncs.c.finished_at).where(syncs.c.id == sync_id)).scalar() or at
    district = _District(district_id, organization_id, sync_id, published_at, is_whole)
    try:
        private_folder(folder)  # the operator decides who may read data of people
        lock = FileLock(folder / ".lock", mode=PRIVATE_FILE).acquire()
    except OSError as error:
        raise SnapshotUnwritable(folder, error.strerror or type(error).__name__) from None
    with lock:
        try:
            with pg.begin_nested():
                return _update(pg, folder, district)
        except FileDamaged as damage:
            aside = move_aside(damage.file, at)
            warn(
                f"snapshots/{damage.file.name} was damaged. It is moved aside as {aside.name}, and every district is "
                f"read again from PostgreSQL. Its history starts anew at {at:%Y-%m-%d %H:%M} UTC."
            )
        return _update(pg, folder, district)


def _update(pg: Connection, folder: Path, district: _District) -> dict[str, int]:
    with next_version(folder) as con:
        is_new = not con.execute("from syncs limit 1").fetchall()
        for other in _other_districts(pg, district) if is_new else ():
            with pg.begin_nested() as own:
                _update_district(con, pg, other)
                own.rollback()  # drops its temporary tables
        _update_district(con, pg, district)
        return {table.name: _count_rows(con, table.name, district.district_id) for table in TABLES}


def _other_districts(pg: Connection, district: _District) -> list[_District]:
    """Return every other district that was ever synced, with its newest sync that has ended.

    Clever Library is no district. Its teachers are not in the analysts' database.
    """
    rows = pg.exec_driver_sql(
        "select distinct on (organization.id) organization.clever_district_id, organization.id, sync.id, "
        "sync.finished_at from roster.organizations as organization join roster.syncs as sync "
        "on sync.organization_id = organization.id where sync.state <> 'running' and organization.id <> %s "
        "and organization.tier <> 'library' order by organization.id, sync.id desc",
        (district.organization_id,),
    )
    return [_District(*row) for row in rows]


def _update_district(con: duckdb.DuckDBPyConnection, pg: Connection, district: _District) -> None:
    """Read the rows of one district that may differ from the snapshot, and record them."""
    record = {"district": district.district_id, "sync": district.sync_id, "at": district.published_at}
    last = None if district.is_whole else _last_sync(con, pg, district.district_id, district.organization_id)
    values = {"organization_id": district.organization_id, "last": last}
    if last is not None:
        select_into(pg, "journal", load_query(FOLDER, "journal"), values)
    for table in TABLES:
        is_whole = last is None
        if is_whole or _find_touched(con, pg, table, values):
            _read_rows(con, pg, table, values, is_whole=is_whole)
            _record_rows(con, table, record, is_whole=is_whole)


def _last_sync(con: duckdb.DuckDBPyConnection, pg: Connection, district_id: str, organization_id: int) -> int | None:
    """Return the newest sync of a district in the snapshot, or None if the product does not know it.

    The product does not know a sync if its database was restored from an older backup.
    """
    newest = "select id, uid, finished_at from syncs where district_id = ? order by id desc limit 1"
    last = con.execute(newest, [district_id]).fetchone()
    # A restored database uses the same number again, and a sync that ran during the backup has another end there.
    same = "select from roster.syncs where id = %s and uid::text = %s and finished_at = %s and organization_id = %s"
    if last is None or not pg.exec_driver_sql(f"select exists ({same})", (*last, organization_id)).scalar_one():
        return None
    return int(last[0])


def _find_touched(con: duckdb.DuckDBPyConnection, pg: Connection, table: SnapshotTable, values: Values) -> bool:
    """Fill temporary table `touched_<table>` in both databases. Return whether it has a key."""
    name = f"touched_{table.name}"
    select_into(pg, name, table.touched_query, values)
    if not pg.exec_driver_sql(f"select exists (select from {name})").scalar_one():
        return False
    keys = {column: table.columns[column] for column in table.key}
    copy_to_duckdb(pg, f"select {', '.join(keys)} from {name}", {}, con, f"temporary table {name}", keys)
    return True


def _read_rows(
    con: duckdb.DuckDBPyConnection, pg: Connection, table: SnapshotTable, values: Values, *, is_whole: bool
) -> None:
    """Copy the rows of the product into temporary table `fresh_<table>`."""
    into = f"temporary table fresh_{table.name}"
    copy_to_duckdb(pg, table.query(is_whole=is_whole), values, con, into, table.columns)


def _record_rows(con: duckdb.DuckDBPyConnection, table: SnapshotTable, values: Values, *, is_whole: bool) -> None:
    """End the rows of the history that are gone or different, and insert the new ones."""
    history, fresh, columns = f"{table.name}_history", f"fresh_{table.name}", ", ".join(table.columns)
    key = " and ".join(f"touched.{column} = open.{column}" for column in table.key)
    same = " and ".join(f"fresh.{column} is not distinct from open.{column}" for column in table.columns)
    open_rows = f"from {history} as open where valid_to is null and district_id = $district"
    if not is_whole:
        # Rows are found by their keys alone, so that most columns of the history are never unpacked.
        touched = f"select rowid {open_rows} and exists (from touched_{table.name} as touched where {key})"
        open_rows = f"from {history} where rowid in ({touched})"
    con.execute(
        f"create or replace temporary table open_rows as select rowid as place, {columns} {open_rows}",
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


def _count_rows(con: duckdb.DuckDBPyConnection, table: str, district_id: str) -> int:
    rows = con.execute(f"select count(*) from {table} where district_id = ?", [district_id]).fetchall()
    return int(rows[0][0])
