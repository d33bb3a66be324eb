"""One file of records → one table in Clever's own shape, with a hash of what counts as content."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import duckdb

from roster_pipeline.damaged import is_damage
from roster_pipeline.errors import RosterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb.sqltypes import DuckDBPyType

    from roster_pipeline.model.feed import ResourceRead
    from roster_pipeline.model.resources import Resource

ORDERED = frozenset({"teachers"})
"""Lists whose order is content: the first teacher is the primary one (docs/rules.md R4.3)."""

DIGEST = "md5(concat_ws(':', count(*), sum(content_hash)))"
"""Of a table's content, the same in whatever order its rows came.

DuckDB's own hash takes a tenth of the time of md5 and is promised within one version only: an upgrade makes every
digest new once. Nothing is decided by it.
"""


def load_rows(con: duckdb.DuckDBPyConnection, read: ResourceRead, sync_id: int, schema: str = "raw") -> str:
    """Replace one table by the rows of one file; returns its content digest.

    Raises:
        RosterError: the file does not hold the rows that were read, or is no file of this feed.
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
            raise  # the damaged file is the one that the rows are loaded into
        # Not the text of the fault: it may quote a record.
        raise RosterError(f"{read.file} could not be loaded ({type(fault).__name__}); sync again.") from None
    row = con.execute(f"SELECT count(*), {DIGEST} FROM {table}").fetchone()
    rows, digest = row or (0, "")
    if rows != read.rows:
        raise RosterError(f"{read.file} holds {rows} rows where {read.rows} were read; sync again.")
    return str(digest)


def _can_be_read(read: ResourceRead) -> bool:
    """Whether the file of a list is sound, told apart from the database: an error names neither."""
    try:
        with duckdb.connect() as apart:
            counted = f"SELECT count(*) FROM read_ndjson($file, columns = {read.resource.fields}, compression = 'zstd')"
            apart.execute(counted, {"file": str(read.file)}).fetchone()
    except duckdb.Error:
        return False
    return True


def make_empty(con: duckdb.DuckDBPyConnection, read: ResourceRead, schema: str) -> None:
    """Replace one table by none of the rows that `load_rows` would load."""
    fields = ", ".join(f"{name} {kind}" for name, kind in read.resource.fields.items())
    con.execute(
        f"CREATE OR REPLACE TABLE {schema}.{read.resource.name} ({fields}, content_hash UBIGINT, sync_id BIGINT)"
    )


def load_rejections(con: duckdb.DuckDBPyConnection, table: str, read: ResourceRead, sync_id: int) -> None:
    """Add what could not be read of a file's records to a table like `raw.rejected`."""
    if not read.rejections:
        return
    # One statement, however many: a row at a time would take minutes for a resource that changed its shape.
    con.execute(
        f"INSERT INTO {table} SELECT ?, ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::BOOLEAN[])",
        [
            sync_id,
            read.resource.name,
            [fault.clever_id for fault in read.rejections],
            [fault.reason for fault in read.rejections],
            [fault.whole_record for fault in read.rejections],
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
