"""Copies rows between DuckDB and PostgreSQL as CSV with COPY, so that no row becomes a Python object.

In CSV, NULL is an empty field and an empty text is a pair of quotes. All other bytes stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import duckdb
import psycopg
from psycopg import sql
from sqlalchemy import Connection

from roster_pipeline.model.resources import TEXT_MAX_CHARS
from roster_pipeline.paths import private_folder

BLOCK_BYTES = 1 << 20
READ_MAX_CHARS = TEXT_MAX_CHARS + 1
"""The length at which texts of the product are cut. It is one character more than a text of Clever may have, so a cut
text is never equal to one of Clever."""


def copy_to_postgres(con: duckdb.DuckDBPyConnection, query: str, pg: Connection, table: str, columns: str) -> None:
    """Create a temporary table in PostgreSQL and fill it with the rows of a DuckDB query.

    Args:
        columns: the column list of the table in SQL.
    """
    name = sql.Identifier(table)
    with _csv_file(con) as file:
        con.execute(
            f"copy ({query}) to $file (format csv, header false, nullstr '', force_quote *)", {"file": str(file)}
        )
        create_temporary_table(pg, table, columns)
        with cursor(pg) as cur:
            with (
                cur.copy(sql.SQL("copy {} from stdin (format csv)").format(name)) as copy,
                file.open("rb") as blocks,
            ):
                while block := blocks.read(BLOCK_BYTES):
                    copy.write(block)
            cur.execute(sql.SQL("analyze {}").format(name))


def create_temporary_table(pg: Connection, table: str, columns: str) -> None:
    """Create an empty temporary table in PostgreSQL. The table exists until the transaction ends.

    Args:
        columns: the column list of the table in SQL.
    """
    with cursor(pg) as cur:
        name = sql.Identifier(table)
        cur.execute(sql.SQL("create temporary table {} ({}) on commit drop").format(name, _raw(columns)))


def copy_to_duckdb(
    pg: Connection,
    query: str,
    parameters: Mapping[str, object],
    con: duckdb.DuckDBPyConnection,
    into: str,
    columns: Mapping[str, str],
) -> None:
    """Create a DuckDB table with the rows of a PostgreSQL query. Texts are cut at READ_MAX_CHARS characters.

    A row of uncut texts could be longer than the longest line that DuckDB reads.

    Args:
        query: a SELECT with `%(name)s` for each parameter.
        into: `table NAME`, or `temporary table NAME`.
        columns: the DuckDB type of each column, in the order of the query.
    """
    typed = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items()) + "}"
    with _csv_file(con) as file:
        with cursor(pg) as cur, file.open("wb") as out:
            # COPY takes no bound parameters, so psycopg quotes them on this side.
            cut = sql.SQL("select {} from ({}) as source ({})").format(
                sql.SQL(", ").join(_cut(name, kind) for name, kind in columns.items()),
                _bound(query, parameters),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
            )
            statement = sql.SQL("copy ({}) to stdout (format csv, force_quote *)").format(cut)
            with cur.copy(statement) as copy:
                for block in copy:
                    out.write(block)
        if not file.stat().st_size:  # DuckDB takes ten times as long to read an empty file as to create the table
            con.execute(f"create or replace {into} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
            return
        # Without `new_line`, DuckDB takes a CR for the end of a line if the first one stands in a name.
        con.execute(
            f"create or replace {into} as select * from read_csv($file, columns = {typed}, header = false, "
            "auto_detect = false, delim = ',', quote = '\"', escape = '\"', new_line = '\\n', nullstr = '', "
            "allow_quoted_nulls = false, strict_mode = true, max_line_size = 16777216, parallel = false)",
            {"file": str(file)},
        )


def select_into(pg: Connection, table: str, query: str, parameters: Mapping[str, object]) -> None:
    """Create a temporary table in PostgreSQL with the rows of a query of PostgreSQL."""
    with cursor(pg) as cur:
        name = sql.Identifier(table)
        cur.execute(sql.SQL("create temporary table {} on commit drop as {}").format(name, _bound(query, parameters)))
        cur.execute(sql.SQL("analyze {}").format(name))


@contextmanager
def cursor(pg: Connection) -> Iterator[psycopg.Cursor[tuple[object, ...]]]:
    """Open a cursor of psycopg on a connection of SQLAlchemy, in the same transaction. COPY needs such a cursor."""
    raw = cast("psycopg.Connection[tuple[object, ...]]", pg.connection.driver_connection)
    with raw.cursor() as cur:
        yield cur


def _cut(name: str, kind: str) -> sql.Composable:
    """Return a column, cut at READ_MAX_CHARS if it is a text."""
    column = sql.Identifier(name)
    return sql.SQL("left({}, {})").format(column, READ_MAX_CHARS) if kind == "VARCHAR" else column


def _raw(text: str) -> sql.SQL:
    """Return SQL of this package as psycopg takes it. It must not hold any value from outside."""
    return sql.SQL(text)


def _bound(query: str, parameters: Mapping[str, object]) -> sql.Composed:
    """Return a query in which each `%(name)s` is replaced by the quoted value of the parameter."""
    parts = re.split(r"%\((\w+)\)s", query)
    return sql.Composed([sql.Literal(parameters[part]) if odd % 2 else _raw(part) for odd, part in enumerate(parts)])


@contextmanager
def _csv_file(con: duckdb.DuckDBPyConnection) -> Iterator[Path]:
    """Create a file for rows in the temporary folder of DuckDB, and delete it at the end.

    The rows are about people. If the process is killed, the next process that opens the database empties the folder.
    """
    row = con.execute("select current_setting('temp_directory')").fetchone()
    parent = Path(row[0]) if row and row[0] else None
    if parent:
        private_folder(parent)
    with TemporaryDirectory(prefix="rows-", dir=parent) as folder:
        yield Path(folder) / "rows.csv"
