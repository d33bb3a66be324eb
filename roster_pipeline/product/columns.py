"""The column shapes that the tables of schema `roster` share."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Identity, Index, MetaData, Text, text

SCHEMA = "roster"
metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    },
)


def surrogate_key() -> Column[int]:
    """Return the column `id`, which the database fills."""
    return Column("id", BigInteger, Identity(always=False), primary_key=True)


def reference(table: str, *, nullable: bool = False) -> Column[int]:
    """Return a foreign key to the `id` of a table, named by the singular of that table."""
    name = table.removesuffix("s") + "_id"
    return Column(name, BigInteger, ForeignKey(f"{SCHEMA}.{table}.id"), nullable=nullable)


def timestamp(name: str, *, now: bool = False) -> Column[datetime]:
    """Return a point in time.

    Args:
        now: a new row takes the time of its transaction, and the column is never empty.
    """
    return Column(name, DateTime(timezone=True), server_default=text("now()") if now else None, nullable=not now)


def choice(name: str, *values: str, default: str | None = None) -> tuple[Column[str], CheckConstraint]:
    """Return a text column and the constraint that lists its values."""
    listed = ", ".join(f"'{value}'" for value in values)
    column = Column(name, Text, nullable=False, server_default=default)
    return column, CheckConstraint(f"{name} in ({listed})", name=name)


def unique_where(condition: str, name: str, *columns: str) -> Index:
    """Return an index that keeps the columns unique among the rows that meet a condition."""
    return Index(name, *columns, unique=True, postgresql_where=text(condition))
