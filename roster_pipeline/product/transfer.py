"""Rows between DuckDB and PostgreSQL as CSV over COPY: no row becomes a Python object on the way.

CSV tells NULL (nothing) from an empty text (quotes), keeps every other byte, and both sides read it at full speed.
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

BLOCK = 1 << 20
LONGEST_READ = TEXT_MAX_CHARS + 1
"""Characters of a text that are read from the product, which may hold longer ones than Clever may give. The cut text is
one character too long to equal any of Clever's."""


def copy_to_postgres(con: duckdb.DuckDBPyConnection, query: str, pg: Connection, table: str, columns: str) -> None:
    """Create temporary table `table` (`columns` is its SQL column list) and fill it with the rows of a DuckDB query."""
    name = sql.Identifier(table)
    with _csv_file(con) as file:
        con.execute(
            f"copy ({query}) to $file (format csv, header false, nullstr '', force_quote *)", {"file": str(file)}
        )
        with cursor(pg) as cur:
            cur.execute(sql.SQL("create temporary table {} ({}) on commit drop").format(name, _raw(columns)))
            with (
                cur.copy(sql.SQL("copy {} from stdin (format csv)").format(name)) as copy,
                file.open("rb") as blocks,
            ):
                while block := blocks.read(BLOCK):
                    copy.write(block)
            cur.execute(sql.SQL("analyze {}").format(name))


def copy_to_duckdb(
    pg: Connection,
    query: str,
    parameters: Mapping[str, object],
    con: duckdb.DuckDBPyConnection,
    into: str,
    columns: Mapping[str, str],
) -> None:
    """Create a DuckDB table with the rows of a PostgreSQL query. Texts are cut at LONGEST_READ characters.

    A row of uncut texts could be longer than DuckDB reads.

    Args:
        into: `table NAME`, or `temporary table NAME`.
        columns: name to DuckDB type, in the order of the query.
    """
    typed = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items()) + "}"
    with _csv_file(con) as file:
        with cursor(pg) as cur, file.open("wb") as out:
            # COPY takes no bound parameters, so psycopg quotes them on this side.
            cut = sql.SQL("select {} from ({}) as found ({})").format(
                sql.SQL(", ").join(_cut(name, kind) for name, kind in columns.items()),
                _bound(query, parameters),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
            )
            statement = sql.SQL("copy ({}) to stdout (format csv, force_quote *)").format(cut)
            with cur.copy(statement) as copy:
                for block in copy:
                    out.write(block)
        if not file.stat().st_size:  # reading no rows takes DuckDB ten times as long as making the table
            con.execute(f"create or replace {into} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
            return
        # Without `new_line`, DuckDB takes a CR in somebody's name for the end of all lines, if it comes first.
        con.execute(
            f"create or replace {into} as select * from read_csv($file, columns = {typed}, header = false, "
            "auto_detect = false, delim = ',', quote = '\"', escape = '\"', new_line = '\\n', nullstr = '', "
            "allow_quoted_nulls = false, strict_mode = true, max_line_size = 16777216, parallel = false)",
            {"file": str(file)},
        )


def select_into(pg: Connection, table: str, query: str, parameters: Mapping[str, object]) -> None:
    """Create temporary table `table` in PostgreSQL with the rows of a query of its own."""
    with cursor(pg) as cur:
        name = sql.Identifier(table)
        cur.execute(sql.SQL("create temporary table {} on commit drop as {}").format(name, _bound(query, parameters)))
        cur.execute(sql.SQL("analyze {}").format(name))


@contextmanager
def cursor(pg: Connection) -> Iterator[psycopg.Cursor[tuple[object, ...]]]:
    """psycopg's own cursor on SQLAlchemy's connection, in the same transaction: COPY needs it."""
    raw = cast("psycopg.Connection[tuple[object, ...]]", pg.connection.driver_connection)
    with raw.cursor() as cur:
        yield cur


def _cut(name: str, kind: str) -> sql.Composable:
    column = sql.Identifier(name)
    return sql.SQL("left({}, {})").format(column, LONGEST_READ) if kind == "VARCHAR" else column


def _raw(text: str) -> sql.SQL:
    """SQL that this package wrote itself."""
    return sql.SQL(text)


def _bound(query: str, parameters: Mapping[str, object]) -> sql.Composed:
    """`query` with each `%(name)s` replaced by its quoted value."""
    parts = re.split(r"%\((\w+)\)s", query)
    return sql.Composed([sql.Literal(parameters[part]) if odd % 2 else _raw(part) for odd, part in enumerate(parts)])


@contextmanager
def _csv_file(con: duckdb.DuckDBPyConnection) -> Iterator[Path]:
    """A file in DuckDB's own temporary folder, which whoever opens the database next empties: these are people."""
    row = con.execute("select current_setting('temp_directory')").fetchone()
    home = Path(row[0]) if row and row[0] else None
    if home:
        private_folder(home)
    with TemporaryDirectory(prefix="rows-", dir=home) as folder:
        yield Path(folder) / "rows.csv"
