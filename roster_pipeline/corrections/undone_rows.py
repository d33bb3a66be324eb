"""The rows that an undo puts back, read from the journal of a sync into temporary tables `undone_X`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause, TableClause
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.model.entities import END, INSERT, UPDATE, recorded_names
from roster_pipeline.product.tables import (
    changes,
    identity_links,
    org_memberships,
    rosters,
    school_memberships,
    schools,
    syncs,
)
from roster_pipeline.publish.statements import CreateTemporaryTable, json_as_row
from roster_pipeline.publish.table_mappings import TARGETS, Target
from roster_pipeline.publish.writer import DELETE

UNDONE: dict[str, TableClause] = {
    name: target.temporary("undone", sa.column("key", JSONB), sa.column("is_changed", sa.Boolean))
    for name, target in TARGETS.items()
}
"""The temporary table of each entity. `is_changed` says whether the row was written since the sync."""


def find_rows(
    pg: Connection,
    target: Target,
    undone: sa.Row[Any],
    *,
    correction: int,
    at: datetime,
    school_id: int | None = None,
) -> None:
    """Read the rows of one entity as they were before a sync into `undone_X`.

    A row that is already as it was is left out.

    Args:
        undone: the sync.
        correction: the sync that records the undo.
        school_id: the one school whose rows are put back. None puts back all rows.
    """
    journal = _journal(target, undone.id)
    was = json_as_row(target.table, sa.func.coalesce(journal.c.before, journal.c.after), "was")
    became = json_as_row(target.table, journal.c.after, "became")
    product = target.table
    is_same_row = sa.and_(*(product.c[name] == was.c[name] for name in target.key))
    values = target.end_where({name: was.c[name] for name in target.columns}, journal.c.op == END)
    is_changed = _is_changed(target, undone, journal, was, became)
    query = (
        sa.select(
            journal.c.op,
            *(value.label(name) for name, value in values.items()),
            journal.c.key,
            is_changed.label("is_changed"),
        )
        .select_from(
            journal.join(was, sa.true()).join(became, sa.true()).outerjoin(product, is_same_row),
        )
        .params(at=at, sync_id=correction)
    )
    if target.ended:
        query = query.where(~sa.func.coalesce(_is_back(target, journal, was), sa.false()))
    if school_id is not None:
        query = query.where(_is_of_school(target.name, was, became, school_id, undone.organization_id))
    pg.execute(CreateTemporaryTable(UNDONE[target.name].name, query))


def _journal(target: Target, sync_id: int) -> sa.Subquery:
    """Select the journal of a sync for one entity, with the op that undoes each row."""
    op = sa.case(
        (changes.c.op == INSERT, END if target.ended else DELETE), (changes.c.op == DELETE, INSERT), else_=UPDATE
    )
    return (
        sa.select(op.label("op"), changes.c.key, changes.c.before, changes.c.after)
        .where(changes.c.sync_id == sync_id, changes.c.entity.in_(recorded_names(target.name)))
        .subquery("journal")
    )


def _is_back(target: Target, journal: FromClause, was: FromClause) -> ColumnElement[bool]:
    """Return whether the row of the product is already as it was."""
    product = target.table
    is_equal = sa.and_(*(product.c[name].is_not_distinct_from(was.c[name]) for name in target.changed))
    return sa.case((journal.c.op == END, product.c[target.ended or ""].is_not(None)), else_=is_equal)


def _is_changed(
    target: Target, undone: sa.Row[Any], journal: FromClause, was: FromClause, became: FromClause
) -> ColumnElement[bool]:
    """Return whether the row was written since the sync."""
    product = target.table
    if target.name == "accounts" and undone.mode == "resolve":
        # Later syncs update the name and the email of the account. The decision can still be undone.
        is_other_role = product.c.role.is_distinct_from(became.c.role)
        return sa.or_(is_other_role, _is_used_elsewhere(journal, was, undone.organization_id))
    reasons = [product.c[name].is_distinct_from(became.c[name]) for name in (target.changed or target.key)]
    if target.name == "accounts":
        reasons.append(_is_used_elsewhere(journal, was, undone.organization_id))
    if target.name == "org_memberships":
        reasons.append(product.c.is_admin.is_distinct_from(became.c.is_admin))
    return sa.or_(*reasons, _is_written_later(target, undone.id, journal))


def _is_written_later(target: Target, sync_id: int, journal: FromClause) -> ColumnElement[bool]:
    """Return whether a later sync that still counts wrote the row."""
    later, writer = changes.alias("later"), syncs.alias("writer")
    return sa.exists().where(
        writer.c.id == later.c.sync_id,
        later.c.sync_id > sync_id,
        later.c.entity.in_(recorded_names(target.name)),
        later.c.key == journal.c.key,
        writer.c.mode != "undo",
        writer.c.state != "undone",
    )


def _is_used_elsewhere(journal: FromClause, was: FromClause, organization_id: int) -> ColumnElement[bool]:
    """Return whether an account that the undo would end is linked or a member in another organization."""
    link, member = identity_links.alias("link"), org_memberships.alias("member")
    is_linked = sa.exists().where(
        link.c.account_id == was.c.id, link.c.unlinked_at.is_(None), link.c.organization_id != organization_id
    )
    is_member = sa.exists().where(
        member.c.account_id == was.c.id, member.c.ended_at.is_(None), member.c.organization_id != organization_id
    )
    return sa.and_(journal.c.op == END, sa.or_(is_linked, is_member))


def _is_of_school(
    entity: str, was: FromClause, became: FromClause, school_id: int, organization_id: int
) -> ColumnElement[bool]:
    """Return whether a row, as it was or as it became, belongs to a school. People of another school are left out."""
    people = _people_of(school_id, organization_id)
    if entity == "schools":
        return was.c.id == school_id
    if entity == "accounts":
        return was.c.id.in_(people)
    if entity in ("identity_links", "org_memberships"):
        return was.c.account_id.in_(people)
    if entity == "school_memberships":
        return was.c.school_id == school_id
    if entity == "rosters":
        return sa.or_(was.c.school_id == school_id, became.c.school_id == school_id)
    if entity == "reviews":
        clever_ids = sa.select(identity_links.c.clever_id).where(identity_links.c.account_id.in_(people))
        return was.c.clever_id.in_(clever_ids)
    own_rosters = sa.select(rosters.c.id).where(rosters.c.school_id == school_id)
    return sa.or_(was.c.roster_id.in_(own_rosters), became.c.roster_id.in_(own_rosters))


def _people_of(school_id: int, organization_id: int) -> sa.CompoundSelect[Any]:
    """Select the accounts that belong or belonged to a school and belong to no other school of the organization."""
    member, elsewhere, other = school_memberships.c, school_memberships.alias("elsewhere"), schools.alias("other")
    return sa.except_(
        sa.select(member.account_id).where(member.school_id == school_id),
        sa.select(elsewhere.c.account_id)
        .join(other, other.c.id == elsewhere.c.school_id)
        .where(
            elsewhere.c.school_id != school_id,
            elsewhere.c.ended_at.is_(None),
            other.c.organization_id == organization_id,
        ),
    )
