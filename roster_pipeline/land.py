"""Files → the `raw` tables of one district's DuckDB file, with the proof of how completely they were read.

What Clever said, in Clever's own shape: choosing between copies, trimming and renaming is staging's. Reading
Clever is extract's. Whether a feed is good enough to act on is the plan's; here is what it needs
to know for that.
"""

from __future__ import annotations

import re
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import duckdb

from roster_pipeline.errors import DistrictUnknown, RosterError
from roster_pipeline.model.feed import District

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from duckdb.sqltypes import DuckDBPyType

    from roster_pipeline.model.feed import Feed, ResourceRead
    from roster_pipeline.model.resources import Resource

ORDERED = frozenset({"teachers"})
"""Lists whose order is content: the first teacher is the primary one (rule book, Rosters)."""

TABLES = """
CREATE SCHEMA IF NOT EXISTS raw;
CREATE TABLE IF NOT EXISTS raw.proof (
    sync_id BIGINT, resource VARCHAR, pages BIGINT, "rows" BIGINT, set_aside BIGINT, content_digest VARCHAR,
    PRIMARY KEY (sync_id, resource)
);
CREATE TABLE IF NOT EXISTS raw.district (
    sync_id BIGINT, id VARCHAR, name VARCHAR, state VARCHAR, last_sync TIMESTAMPTZ
);
CREATE TABLE IF NOT EXISTS raw.set_aside (
    sync_id BIGINT, resource VARCHAR, clever_id VARCHAR, reason VARCHAR, whole_record BOOLEAN
);
"""

DIGEST = "md5(concat_ws(':', count(*), sum(content_hash)))"
"""Of a table's content, the same in whatever order its rows came.

DuckDB's own hash takes a tenth of the time of md5 and is promised within one version only: an upgrade makes every
digest new once. Nothing is decided by it.
"""

EMPTIED = """
SELECT now.resource
FROM raw.proof AS now
WHERE now.sync_id = $sync_id AND now."rows" = 0
  AND EXISTS (
      SELECT 1 FROM raw.proof AS before
      WHERE before.resource = now.resource AND before.sync_id <> now.sync_id AND before."rows" > 0
  )
ORDER BY now.resource
"""


@dataclass(frozen=True)
class Landed:
    """What a sync brought into the warehouse.

    Attributes:
        rows: by the name of the resource; duplicates of one Clever id counted each.
        set_aside: records refused and fields dropped, over all resources.
        emptied: resources that are empty now and once were not, so that absence from them proves nothing
            (rule book, Safety). They stay listed, sync after sync, until they have rows again.
    """

    sync_id: int
    district: District
    rows: dict[str, int]
    set_aside: int
    emptied: tuple[str, ...]


@contextmanager
def open_warehouse(
    folder: Path, district_id: str, *, memory_limit: str = "512MB", threads: int = 2
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The district's own DuckDB file, made if it is missing; held against other processes until closed.

    Args:
        folder: where the files of all districts are, made if it is missing.
        memory_limit: for DuckDB alone; beyond it, it writes to a folder beside the file.

    Raises:
        DistrictUnknown: the id is none of Clever's. It becomes a file name, so it is not taken on trust.
        RosterError: another process holds the file, or it cannot be opened.
    """
    if not re.fullmatch("[0-9a-f]{24}", district_id):
        raise DistrictUnknown("A district is named by Clever's id for it, 24 characters of 0-9 and a-f.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = folder / f"{district_id}.tmp"
    options: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "threads": threads,
        "preserve_insertion_order": False,
        "temp_directory": str(temporary),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        # A change above this size is written into the file at once, a smaller one first into the log. Whole
        # tables are replaced here, and writing them twice takes a tenth longer.
        "checkpoint_threshold": "1MB",
    }
    try:
        con = duckdb.connect(folder / f"{district_id}.duckdb", config=options)
    except duckdb.Error as fault:
        raise RosterError(_not_opened(district_id, str(fault))) from None
    with con:
        # The file is ours alone now, and so is whatever a killed process left beside it.
        shutil.rmtree(temporary, ignore_errors=True)
        con.execute("SET enable_progress_bar = false")
        yield con


def land(con: duckdb.DuckDBPyConnection, feed: Feed, sync_id: int) -> Landed:
    """Replace the `raw` tables by a feed's rows, in one transaction: killed anywhere, the old tables stay.

    Each table has its resource's kept fields, `content_hash` (of what counts as content) and `sync_id`.
    Landing the same sync again gives the same.

    Args:
        con: from `open_warehouse`.
        sync_id: this sync's number; `raw.proof` keeps one row for each sync and resource.

    Raises:
        RosterError: a file does not hold the rows that were read, or is no file of this feed.
    """
    with _one_transaction(con):
        con.execute(TABLES)
        con.execute("DELETE FROM raw.set_aside; DELETE FROM raw.district")
        district = feed.district
        con.execute(
            "INSERT INTO raw.district VALUES (?, ?, ?, ?, ?)",
            [sync_id, district.id, district.name, district.state, district.last_sync],
        )
        for read in feed.reads:
            digest = _land_rows(con, read, sync_id)
            _land_proof(con, read, sync_id, digest)
    return last_landed(con)


def last_landed(con: duckdb.DuckDBPyConnection) -> Landed:
    """What the `raw` tables hold now, whichever run landed it.

    Raises:
        RosterError: nothing has landed yet.
    """
    try:
        row = con.execute("SELECT sync_id, id, name, state, last_sync FROM raw.district").fetchone()
    except duckdb.CatalogException:
        row = None
    if row is None:
        raise RosterError("Nothing of this district has landed yet; materialize its raw assets first.")
    sync_id, *described = row
    proof = con.execute('SELECT resource, "rows", set_aside FROM raw.proof WHERE sync_id = ?', [sync_id]).fetchall()
    emptied = con.execute(EMPTIED, {"sync_id": sync_id}).fetchall()
    return Landed(
        sync_id,
        District(*described),
        {resource: rows for resource, rows, _ in proof},
        sum(count for _, _, count in proof),
        tuple(name for (name,) in emptied),
    )


def proof_of(con: duckdb.DuckDBPyConnection, sync_id: int) -> dict[str, dict[str, object]]:
    """How completely each list was read: pages to the last, rows, records set aside, and whether absence is proven."""
    emptied = {name for (name,) in con.execute(EMPTIED, {"sync_id": sync_id}).fetchall()}
    rows = con.execute('SELECT resource, pages, "rows", set_aside FROM raw.proof WHERE sync_id = ?', [sync_id])
    return {
        name: {"pages": pages, "rows": count, "set_aside": set_aside, "complete": name not in emptied}
        for name, pages, count, set_aside in rows.fetchall()
    }


@contextmanager
def _one_transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    with ExitStack() as undo:
        con.begin()
        undo.callback(con.rollback)
        yield
        con.commit()
        undo.pop_all()


def _land_rows(con: duckdb.DuckDBPyConnection, read: ResourceRead, sync_id: int) -> str:
    """Replace one table; gives its content digest."""
    resource, fields = read.resource, read.resource.fields
    try:
        con.execute(
            f"""
            CREATE OR REPLACE TABLE raw.{resource.name} AS
            SELECT *, hash({_content(resource)}) AS content_hash, $sync_id::BIGINT AS sync_id
            FROM read_ndjson($file, columns = {fields}, compression = 'zstd')
            """,
            {"file": str(read.file), "sync_id": sync_id},
        )
    except duckdb.Error as fault:
        # Not the text of the fault: it may quote a record.
        raise RosterError(f"{read.file} could not be loaded ({type(fault).__name__}); sync again.") from None
    row = con.execute(f"SELECT count(*), {DIGEST} FROM raw.{resource.name}").fetchone()
    rows, digest = row or (0, "")
    if rows != read.rows:
        raise RosterError(f"{read.file} holds {rows} rows where {read.rows} were read; sync again.")
    return str(digest)


def _land_proof(con: duckdb.DuckDBPyConnection, read: ResourceRead, sync_id: int, digest: str) -> None:
    """What was read of a resource, and what was not."""
    con.execute(
        "INSERT OR REPLACE INTO raw.proof VALUES (?, ?, ?, ?, ?, ?)",
        [sync_id, read.resource.name, read.pages, read.rows, len(read.set_aside), digest],
    )
    if not read.set_aside:
        return
    # One statement, however many: a row at a time would take minutes for a resource that changed its shape.
    con.execute(
        "INSERT INTO raw.set_aside SELECT ?, ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::BOOLEAN[])",
        [
            sync_id,
            read.resource.name,
            [fault.clever_id for fault in read.set_aside],
            [fault.reason for fault in read.set_aside],
            [fault.whole_record for fault in read.set_aside],
        ],
    )


def _content(resource: Resource) -> str:
    """The SQL of what `content_hash` is made of: the content fields, the same for what means the same."""
    kinds = ((field, duckdb.sqltype(resource.fields[field])) for field in resource.content)
    return ", ".join(plain for field, kind in kinds for plain in _plain(field, kind))


def _plain(place: str, kind: DuckDBPyType) -> Iterator[str]:
    """A field so that null, missing and blank are the same, and ids in another order are too."""
    if kind.id == "struct":
        for name, inside in cast("list[tuple[str, DuckDBPyType]]", kind.children):
            yield from _plain(f"{place}.{name}", inside)
    elif kind.id == "list":
        yield f"coalesce({place if place in ORDERED else f'list_sort({place})'}, [])"
    else:
        yield f"coalesce({place}, '')"


def _not_opened(district_id: str, complaint: str) -> str:
    if "lock" in complaint:
        return f"District {district_id}'s warehouse is in use by another process; try again when that has ended."
    return f"District {district_id}'s warehouse cannot be opened; move its file away and sync again."
