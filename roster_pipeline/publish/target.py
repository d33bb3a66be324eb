"""How one table of the product is written: its key, its columns, and their values for a planned change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, ColumnElement, Date, DateTime, FromClause, Table, TableClause, Text

from roster_pipeline.model.entities import END, ENTITIES, Entity
from roster_pipeline.product import tables
from roster_pipeline.product.tables import metadata

Values = Mapping[str, ColumnElement[Any]]
TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "account_id": BigInteger(),
    "is_primary": Boolean(),
    "imported_from_clever": Boolean(),
    "start_date": Date(),
    "end_date": Date(),
}
"""The type of each column of a change that is not text."""
AT = sa.bindparam("at", type_=DateTime(timezone=True))
NO_TIME = sa.cast(sa.null(), DateTime(timezone=True))


def changed_table(entity: Entity) -> TableClause:
    """Return the temporary table that holds the planned changes of an entity."""
    columns = [sa.column(name, TYPES.get(name, Text())) for name in ("op", *entity.columns, "version")]
    return sa.table(f"changed_{entity.name}", *columns)


CHANGED = {entity.name: changed_table(entity) for entity in ENTITIES}


@dataclass(frozen=True, eq=False)
class Target:
    """One table of the product. Two targets are equal only if they are the same object.

    Attributes:
        key: the columns that identify a row.
        content: the columns that a later sync may change, with the value for a row of the changes.
        once: the columns that are written only for a new row, with the value.
        source: the changes, joined with the tables that turn Clever ids into ids of the product.
        ended: the column with the time at which a row ended. Rows of a table without it are deleted.
        closing: content that has another value once the row has ended.
        released: values that are written first. They free a unique value, which another row can then take.
        is_born_ended: whether a new row may have ended already, such as a review that is decided from the beginning.
        unique: a column of the content that a foreign key could refer to. PostgreSQL locks a row more strongly if the
            statement assigns such a column. The application could then add no row that refers to this one. Therefore
            the writer assigns the column only where it changes.
    """

    name: str
    key: tuple[str, ...]
    source: FromClause
    content: Values = field(default_factory=dict)
    once: Values = field(default_factory=dict)
    ended: str | None = None
    closing: Values = field(default_factory=dict)
    released: Values = field(default_factory=dict)
    is_born_ended: bool = False
    unique: str | None = None

    @property
    def table(self) -> Table:
        return metadata.tables[f"{tables.SCHEMA}.{self.name}"]

    @property
    def changed_rows(self) -> TableClause:
        return CHANGED[self.name]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is written."""
        return (*self.once, *self.content, *([self.ended] if self.ended else []))

    @property
    def inserted(self) -> tuple[str, ...]:
        """The columns of a new row."""
        return self.columns if self.is_born_ended else (*self.once, *self.content)

    @property
    def changed(self) -> tuple[str, ...]:
        """The columns of an existing row that the writer owns. All others belong to the product."""
        return (*self.content, self.ended) if self.ended else tuple(self.content)

    @property
    def ending(self) -> Values:
        """The values that a row gets when it ends. They need the parameters `at` and `sync_id`."""
        return {**self.closing, self.ended: AT} if self.ended else self.closing

    @property
    def expressions(self) -> Values:
        """Every column that is written, with its value for a row of the changes."""
        values = {**self.once, **self.content, **({self.ended: NO_TIME} if self.ended else {})}
        return self.end_where(values, self.changed_rows.c.op == END)

    def end_where(self, values: Values, is_end: ColumnElement[bool]) -> Values:
        """Return the values, with those of `ending` instead for the rows that end."""
        return {
            column: sa.case((is_end, self.ending[column]), else_=value) if column in self.ending else value
            for column, value in values.items()
        }

    def temporary(self, prefix: str, *more: sa.ColumnClause[Any]) -> TableClause:
        """Return a temporary table `PREFIX_NAME` with an `op`, the columns that are written, and more."""
        columns = [sa.column(name, self.table.c[name].type) for name in self.columns]
        return sa.table(f"{prefix}_{self.name}", sa.column("op", Text), *columns, *more)

    def is_same_row(self, other: FromClause) -> ColumnElement[bool]:
        """Return whether a row of the product and a row of another source have the same key."""
        return sa.and_(*(self.table.c[column] == other.c[column] for column in self.key))
