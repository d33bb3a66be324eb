"""Loads one file of records into one raw table, with a hash of the content of each record."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import duckdb

from roster_pipeline.damaged import is_damage
from roster_pipeline.errors import RosterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb.sqltypes import DuckDBPyType

    from roster_pipeline.model.feed import ListFile
    from roster_pipeline.model.resources import Resource

ORDERED = frozenset({"teachers"})
"""Fields whose order is content: the first teacher is the primary one (docs/rules.md R4.3)."""

DIGEST = "md5(concat_ws(':', count(*), sum(content_hash)))"
"""A digest of a table's content, the same for every order of its rows.

DuckDB's own hash takes a tenth of the time of md5. It may change with an upgrade of DuckDB. No decision depends on it.
"""


def load_rows(con: duckdb.DuckDBPyConnection, read: ListFile, sync_id: int, schema: str = "raw") -> str:
    """Replace one table by the rows of one file. Return the content digest of the table.

    Raises:
        RosterError: The file does not hold the rows that were read, or is not a file of this feed.
    """
    resource, fields = read.resource, read.resource.fields
    table = f"{schema}.{resource.name}"
    try:
        con.execute(
            f"""
            CREATE OR REPLACE TABLE {table} AS
            SELECT *, hash({_content(resource)}) AS content_hash, $sync_id::BIGINT AS sync_id
            FROM read_ndjson($file, columns = {fields}, compression = 'zstd')
            """,
            {"file": str(read.file), "sync_id": sync_id},
        )
    except duckdb.Error as fault:
        if is_damage(fault) and _can_be_read(read):
            raise  # the database is damaged, not the file of records
        # The text of DuckDB's error may quote a record.
        raise RosterError(f"{read.file} could not be loaded ({type(fault).__name__}); sync again.") from None
    row = con.execute(f"SELECT count(*), {DIGEST} FROM {table}").fetchone()
    rows, digest = row or (0, "")
    if rows != read.rows:
        raise RosterError(f"{read.file} holds {rows} rows where {read.rows} were read; sync again.")
    return str(digest)


def _can_be_read(read: ListFile) -> bool:
    """Return whether the file of a list can be read. DuckDB's error does not name the damaged file."""
    try:
        with duckdb.connect() as con:
            count = f"SELECT count(*) FROM read_ndjson($file, columns = {read.resource.fields}, compression = 'zstd')"
            con.execute(count, {"file": str(read.file)}).fetchone()
    except duckdb.Error:
        return False
    return True


def create_empty(con: duckdb.DuckDBPyConnection, read: ListFile, schema: str) -> None:
    """Replace one table by an empty one with the columns that `load_rows` would create."""
    fields = ", ".join(f"{name} {kind}" for name, kind in read.resource.fields.items())
    con.execute(
        f"CREATE OR REPLACE TABLE {schema}.{read.resource.name} ({fields}, content_hash UBIGINT, sync_id BIGINT)"
    )


def load_rejections(con: duckdb.DuckDBPyConnection, table: str, read: ListFile, sync_id: int) -> None:
    """Add the rejections of a list to a table like `raw.rejected`."""
    if not read.rejections:
        return
    # One statement for all rows: row by row takes minutes for a list that changed its shape.
    con.execute(
        f"INSERT INTO {table} SELECT ?, ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::BOOLEAN[])",
        [
            sync_id,
            read.resource.name,
            [fault.clever_id for fault in read.rejections],
            [fault.reason for fault in read.rejections],
            [fault.is_whole_record for fault in read.rejections],
        ],
    )


def _content(resource: Resource) -> str:
    """Return the SQL of the values that `content_hash` is computed from. Equal meanings give equal values."""
    kinds = ((field, duckdb.sqltype(resource.fields[field])) for field in resource.content)
    return ", ".join(plain for field, kind in kinds for plain in _plain(field, kind))


def _plain(place: str, kind: DuckDBPyType) -> Iterator[str]:
    """Yield the SQL of a field for which null, missing and blank are the same, and so are ids in another order."""
    if kind.id == "struct":
        for name, inside in cast("list[tuple[str, DuckDBPyType]]", kind.children):
            yield from _plain(f"{place}.{name}", inside)
    elif kind.id == "list":
        yield f"coalesce({place if place in ORDERED else f'list_sort({place})'}, [])"
    else:
        yield f"coalesce({place}, '')"
