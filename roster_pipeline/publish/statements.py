"""SQL statements and expressions of PostgreSQL that SQLAlchemy Core does not provide."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Table, TableValuedAlias
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ClauseElement, Executable
from sqlalchemy.sql.visitors import InternalTraversal


class CreateTemporaryTable(Executable, ClauseElement):
    """The statement CREATE TEMPORARY TABLE … AS. The table exists until the transaction ends."""

    # SQLAlchemy keeps the compiled statement for an equal name and an equal query.
    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 - the name and the type are those of SQLAlchemy
        ("name", InternalTraversal.dp_string),
        ("query", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, name: str, query: sa.SelectBase) -> None:
        self.name = name
        self.query = query


@compiles(CreateTemporaryTable)
def _compile(element: CreateTemporaryTable, compiler: Any, **how: Any) -> str:
    query = compiler.process(element.query, **how)
    return f"CREATE TEMPORARY TABLE {element.name} ON COMMIT DROP AS {query}"


def drop_table(name: str) -> sa.schema.DropTable:
    """Return the statement that drops a temporary table before the transaction ends."""
    return sa.schema.DropTable(Table(name, sa.MetaData()))


def next_id(table: Table) -> ColumnElement[int]:
    """Return the expression that draws the next `id` of a table."""
    return sa.func.nextval(sa.func.pg_get_serial_sequence(table.fullname, "id"), type_=sa.BigInteger)


def row_version(table: Table) -> ColumnElement[str]:
    """Return the expression that changes with every write of a row."""
    return sa.cast(sa.literal_column(f"{table.name}.xmin"), sa.Text)


def row_as_json(table: Table) -> ColumnElement[Any]:
    """Return the expression that turns a whole row of a table into JSON."""
    return sa.func.to_jsonb(table.table_valued(), type_=JSONB)


def is_any(column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Return whether a column has one of many values. One array is one parameter, however many values there are."""
    return column == sa.any_(sa.cast(sa.literal(list(values), ARRAY(column.type)), ARRAY(column.type)))


def json_as_row(table: Table, value: ColumnElement[Any], name: str) -> TableValuedAlias:
    """Return a source of one row, which is a JSON value with the columns of a table."""
    null_row: ColumnElement[Any] = sa.literal_column(f"null::{table.fullname}")
    columns = [sa.column(column.name, column.type) for column in table.c]
    return sa.func.jsonb_populate_record(null_row, value).table_valued(*columns, name=name, joins_implicitly=True)
