"""A district's DuckDB file as a question finds it: opened without disturbing anybody, and what its last reading was.

It is opened read-only, and only while no sync of the district runs: a sync opens it anew at each of its steps and would
find it taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import duckdb
from sqlalchemy import Connection

from roster_pipeline.damaged import as_damage, is_in_use, move_aside
from roster_pipeline.errors import FileDamaged
from roster_pipeline.model.entities import ENTITIES
from roster_pipeline.product.database import share_district

Answer = TypeVar("Answer")
OPTIONS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "512MB",
    "threads": 2,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
EMPTIED = """
    select resource from raw.load_audit as now
    where sync_id = $sync_id and "rows" = 0 and exists (
        from raw.load_audit as before
        where before.resource = now.resource and before.sync_id <> now.sync_id and before."rows" > 0
    )
"""


@dataclass(frozen=True)
class Unread:
    """Why the file says nothing now, as the end of a sentence."""

    because: str
    is_running: bool = False


@dataclass(frozen=True)
class Landing:
    """The last reading, brought to its end: nothing lands that was not.

    Attributes:
        sync_id: the sync that read it; for a plan that was only looked at, none that the product knows.
        sync_uid: its uid, by which the product knows it; numbers come again in a restored database.
        clever_state: Clever's word for the district, such as `running`.
        uploaded_at: when Clever last took in the district's data.
        rows: how many records of each list were read.
        emptied: lists that came empty and had not been: what is absent there proves nothing.
        is_decided: whether what was read was checked and planned too.
    """

    sync_id: int
    sync_uid: str | None
    clever_state: str
    uploaded_at: datetime | None
    rows: Mapping[str, int]
    emptied: frozenset[str]
    is_decided: bool


@dataclass(frozen=True)
class Fault:
    """What was wrong with a record. `kind`: `refused` when read, a field `dropped`, or a contract `broken`."""

    resource: str
    reason: str
    kind: str


@dataclass(frozen=True)
class Waits:
    """A change that is held: `op` on a row of `entity`; which school, class or person, where it is about one."""

    entity: str
    op: str
    school_id: str | None = None
    section_id: str | None = None
    clever_id: str | None = None


@contextmanager
def open_file(
    pg: Connection, folder: Path, district_id: str, *, is_preview: bool = False
) -> Iterator[duckdb.DuckDBPyConnection | Unread]:
    """The district's file, read-only; or why not. No sync of it begins before the transaction of `pg` ends.

    Args:
        is_preview: open the copy that the last preview worked on.

    Raises:
        FileDamaged: a page that was read after the opening is damaged. The file was moved aside: ask again.
    """
    file = folder / f"{district_id}{'.preview' if is_preview else ''}.duckdb"
    if not file.exists():
        yield Unread("this machine has no file of what was read")
        return
    if not share_district(pg, district_id):
        yield Unread("a sync of this district is running, and the file is its own until it ends", is_running=True)
        return
    try:
        with as_damage(file, f"District {district_id}'s file"):
            con = duckdb.connect(file, read_only=True, config=OPTIONS)
    except FileDamaged:
        move_aside(file, _now(pg))
        yield Unread("the file was damaged and is moved aside; the next sync reads the district in full")
        return
    except duckdb.Error as fault:
        yield Unread("another program has the file open" if is_in_use(fault) else "the file cannot be opened")
        return
    try:
        with as_damage(file, f"District {district_id}'s file"), con:
            con.execute("set timezone = 'UTC'; set enable_progress_bar = false")
            yield con
    except FileDamaged:
        move_aside(file, _now(pg))
        raise


def _now(pg: Connection) -> datetime:
    moment = pg.exec_driver_sql("select now()").scalar_one()
    assert isinstance(moment, datetime)
    return moment


def despite_damage(ask: Callable[[], Answer]) -> Answer:
    """Ask, and ask again for each damaged file that the question came upon: once moved aside it is as if missing."""
    while True:
        try:
            return ask()
        except FileDamaged:
            continue


def last_landing(con: duckdb.DuckDBPyConnection) -> Landing | Unread:
    """What the file says of its last reading, or that there was none."""
    try:
        district = con.execute("select sync_id, sync_uid, state, last_sync from raw.district").fetchone()
    except duckdb.CatalogException:
        district = None
    except duckdb.BinderException:
        return Unread("the file is of an earlier version, and the next sync makes it anew")
    if district is None:
        return Unread("nothing of this district has been read yet")
    sync_id, sync_uid, state, uploaded_at = district
    try:
        rows = con.execute('select resource, "rows" from raw.load_audit where sync_id = ?', [sync_id]).fetchall()
    except duckdb.CatalogException:
        return Unread("the file is of an earlier version, and the next sync makes it anew")
    emptied = con.execute(EMPTIED, {"sync_id": sync_id}).fetchall()
    return Landing(
        sync_id,
        sync_uid,
        str(state),
        uploaded_at,
        dict(rows),
        frozenset(name for (name,) in emptied),
        _is_decided(con, sync_id, sync_uid),
    )


def _is_decided(con: duckdb.DuckDBPyConnection, sync_id: int, sync_uid: str | None) -> bool:
    plan = "select (plan::json ->> 'sync_id')::bigint, plan::json ->> 'sync_uid' from changes.plan"
    try:
        return con.execute(plan).fetchone() == (sync_id, sync_uid)
    except duckdb.CatalogException:
        return False


def faults_of(
    con: duckdb.DuckDBPyConnection, landing: Landing, resources: tuple[str, ...], clever_id: str
) -> tuple[Fault, ...]:
    """What was wrong with the records of this id: when they were read, and when they were checked."""
    rows = con.execute(
        "select resource, reason, if(whole_record, 'refused', 'dropped') from raw.rejected "
        "where clever_id = ? and list_contains(?, resource) order by all",
        [clever_id, list(resources)],
    ).fetchall()
    if landing.is_decided:
        # Quarantine begins with what could not be read.
        rows += con.execute(
            "select distinct resource, reason, 'broken' from quarantine.records where clever_id = $id and "
            "list_contains($of, resource) and (resource, reason) not in "
            "(select (resource, reason) from raw.rejected where whole_record and clever_id = $id) order by all",
            {"id": clever_id, "of": list(resources)},
        ).fetchall()
    return tuple(Fault(*row) for row in rows)


def held_for(con: duckdb.DuckDBPyConnection, landing: Landing, column: str, clever_id: str) -> tuple[Waits, ...]:
    """Held changes of every entity that has `column` (`clever_id` or `section_id`), where it is this id."""
    if not landing.is_decided:
        return ()
    ids = ("school_id", "section_id", "clever_id")
    return tuple(
        Waits(entity.name, *row)
        for entity in ENTITIES
        if column in entity.columns
        for row in con.execute(
            f"select op, {', '.join(name if name in entity.columns else 'null' for name in ids)} "
            f"from changes.{entity.name} where held and {column} = ? order by all",
            [clever_id],
        ).fetchall()
    )
