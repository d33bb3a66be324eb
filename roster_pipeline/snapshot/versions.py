"""Selects what the rows of the product were in the time that a pass reads: one temporary table of versions per entity.

A version is a row of the product with the time in which it was published. The journal gives the earlier versions, and
the table of the product gives the present one. A row that the unseen syncs did not write has one version without a
beginning. A row that the product has no more has no version, so a person who was forgotten is in no snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Table, TableValuedAlias, Text
from sqlalchemy.dialects import postgresql

from roster_pipeline.product import tables
from roster_pipeline.product.tables import changes, schools
from roster_pipeline.product.transfer import select_into

TIME = sa.DateTime(timezone=True)
ALWAYS_BEFORE, ALWAYS_AFTER = (sa.cast(sa.literal(text), TIME) for text in ("-infinity", "infinity"))
IDS = ("id", "organization_id", "account_id", "roster_id", "school_id")
JOURNAL = sa.table(
    "journal",
    sa.column("entity", Text),
    *(sa.column(name, BigInteger) for name in ("sync_id", "seq", *IDS)),
    *(sa.column(name, TIME) for name in ("published_at", "next_at")),
    sa.column("has_before", sa.Boolean),
)


@dataclass(frozen=True, eq=False)
class VersionedEntity:
    """One table of the product whose versions a pass reads.

    Attributes:
        key: The columns that identify a row.
        columns: The columns that the queries of the snapshot read.
        is_needed: Whether a row of the product belongs to a touched key.
    """

    table: Table
    key: tuple[str, ...]
    columns: tuple[str, ...]
    is_needed: ColumnElement[bool]

    def query(self) -> Select[Any]:
        """Return the query of all versions of the needed rows."""
        branches = (self._select_before(), self._select_between(), self._select_present())
        return sa.select(sa.union_all(*branches).subquery())

    def _select_before(self) -> Select[Any]:
        """Select each row as it was before its first change."""
        row = _as_row(self.table, changes.c.before)
        query = self._select_journalled(row, ALWAYS_BEFORE, JOURNAL.c.published_at)
        return query.where(JOURNAL.c.has_before, changes.c.before.is_not(None))

    def _select_between(self) -> Select[Any]:
        """Select each row as it became by a change, until the next change."""
        row = _as_row(self.table, changes.c.after)
        query = self._select_journalled(row, JOURNAL.c.published_at, JOURNAL.c.next_at)
        return query.where(JOURNAL.c.next_at.is_not(None), changes.c.after.is_not(None))

    def _select_journalled(
        self, row: TableValuedAlias, valid_from: ColumnElement[Any], valid_to: ColumnElement[Any]
    ) -> Select[Any]:
        is_change = sa.and_(changes.c.sync_id == JOURNAL.c.sync_id, changes.c.seq == JOURNAL.c.seq)
        exists_still = sa.exists().where(*(self.table.c[name] == row.c[name] for name in self.key))
        return (
            sa.select(*(row.c[name] for name in self.columns), *_valid(valid_from, valid_to))
            .select_from(JOURNAL.join(changes, is_change).join(row, sa.true()))
            .where(JOURNAL.c.entity == self.table.name, exists_still)
        )

    def _select_present(self) -> Select[Any]:
        """Select each row as it is now, from its last change on."""
        last = (
            sa.select(*(JOURNAL.c[name] for name in self.key), JOURNAL.c.published_at)
            .where(JOURNAL.c.entity == self.table.name, JOURNAL.c.next_at.is_(None))
            .subquery("last")
        )
        is_same = sa.and_(*(last.c[name] == self.table.c[name] for name in self.key))
        valid = _valid(sa.func.coalesce(last.c.published_at, ALWAYS_BEFORE), ALWAYS_AFTER)
        present = sa.select(*(self.table.c[name] for name in self.columns), *valid)
        return present.select_from(self.table.outerjoin(last, is_same)).where(self.is_needed)


def _as_row(table: Table, value: ColumnElement[Any]) -> TableValuedAlias:
    """Return a source of one row, which is a JSON value with the columns of a table."""
    null_row: ColumnElement[Any] = sa.literal_column(f"null::{table.fullname}")
    columns = [sa.column(column.name, column.type) for column in table.c]
    return sa.func.jsonb_populate_record(null_row, value).table_valued(*columns, name="row")


def _valid(*times: ColumnElement[Any]) -> Iterator[ColumnElement[Any]]:
    return (time.label(name) for time, name in zip(times, ("valid_from", "valid_to"), strict=True))


def _touched(table: str, *columns: str) -> Select[Any]:
    """Select columns of `touched_<table>`."""
    return sa.select(*(sa.column(name) for name in columns)).select_from(sa.table(f"touched_{table}"))


def _is_touched_member(table: Table, role: str) -> ColumnElement[bool]:
    touched = _touched("enrollments", "roster_id", "account_id").where(sa.column("role") == role)
    return sa.tuple_(table.c.roster_id, table.c.account_id).in_(touched)


def _is_touched_place(table: Table) -> ColumnElement[bool]:
    """Return whether a term or a course is touched. Two organizations may have the same Clever id of one."""
    touched = _touched(table.name, "organization_id", f"{table.name.removesuffix('s')}_id")
    return sa.tuple_(table.c.organization_id, table.c.clever_id).in_(touched)


SCHOOLS_OF_MEMBERS = sa.union(_touched("schools", "school_id"), _touched("school_memberships", "school_id"))
PEOPLE = _touched("people", "account_id")
LINKED = sa.union(PEOPLE, *(_touched(name, "account_id") for name in ("enrollments", "school_memberships")))
ROSTERS_OF_MEMBERS = sa.union(_touched("rosters", "roster_id"), _touched("enrollments", "roster_id"))
MEMBERS = tables.org_memberships.c
ENTITIES = (
    VersionedEntity(
        schools,
        ("id",),
        ("id", "organization_id", "clever_id", "name", "sis_id", "nces_id", "low_grade", "high_grade", "archived_at"),
        schools.c.clever_id.in_(SCHOOLS_OF_MEMBERS),
    ),
    VersionedEntity(
        tables.accounts,
        ("id",),
        ("id", "first_name", "last_name", "email", "grade"),
        tables.accounts.c.id.in_(PEOPLE),
    ),
    VersionedEntity(
        tables.identity_links,
        ("id",),
        ("organization_id", "account_id", "clever_id", "unlinked_at"),
        tables.identity_links.c.account_id.in_(LINKED),
    ),
    VersionedEntity(
        tables.org_memberships,
        ("organization_id", "account_id"),
        ("organization_id", "account_id", "role", "ended_at"),
        sa.tuple_(MEMBERS.organization_id, MEMBERS.account_id).in_(_touched("people", "organization_id", "account_id")),
    ),
    VersionedEntity(
        tables.school_memberships,
        ("school_id", "account_id"),
        ("school_id", "account_id", "role", "is_primary", "source", "ended_at"),
        tables.school_memberships.c.account_id.in_(_touched("school_memberships", "account_id")),
    ),
    VersionedEntity(
        tables.terms,
        ("id",),
        ("id", "organization_id", "clever_id", "name", "start_date", "end_date", "archived_at"),
        _is_touched_place(tables.terms),
    ),
    VersionedEntity(
        tables.courses,
        ("id",),
        ("id", "organization_id", "clever_id", "number", "name", "archived_at"),
        _is_touched_place(tables.courses),
    ),
    VersionedEntity(
        tables.rosters,
        ("id",),
        (
            *("id", "organization_id", "school_id", "clever_id", "source", "name", "subject", "grade", "period"),
            *("term_name", "term_id", "course_id", "archived_at"),
        ),
        tables.rosters.c.id.in_(ROSTERS_OF_MEMBERS),
    ),
    VersionedEntity(
        tables.roster_teachers,
        ("roster_id", "account_id"),
        ("roster_id", "account_id", "is_primary", "ended_at"),
        _is_touched_member(tables.roster_teachers, "teacher"),
    ),
    VersionedEntity(
        tables.roster_students,
        ("roster_id", "account_id"),
        ("roster_id", "account_id", "ended_at"),
        _is_touched_member(tables.roster_students, "student"),
    ),
)


@cache
def _query_text(entity: VersionedEntity) -> str:
    compiled = entity.query().compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    return str(compiled)


def read_versions(pg: Connection) -> None:
    """Fill the temporary tables `<entity>_versions` with the versions of all rows that belong to a touched key."""
    for entity in ENTITIES:
        select_into(pg, f"{entity.table.name}_versions", _query_text(entity), {})
