"""Loads the rows that an undo will write, from the journal of the sync into temporary tables `undone_<entity>`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause, TableClause
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.corrections.account_facts import select_other_organizations
from roster_pipeline.model.entities import END, INSERT, UPDATE, recorded_names
from roster_pipeline.product.tables import (
    changes,
    identity_links,
    rosters,
    school_memberships,
    schools,
    syncs,
)
from roster_pipeline.publish.statements import CreateTemporaryTable, json_as_row
from roster_pipeline.publish.table_mappings import TARGETS
from roster_pipeline.publish.target import Target
from roster_pipeline.publish.writer import DELETE

UNDONE: dict[str, TableClause] = {
    name: target.temporary("undone", sa.column("key", JSONB), sa.column("is_excluded", sa.Boolean))
    for name, target in TARGETS.items()
}
"""The temporary table of each entity. `is_excluded` is true for a row that the undo must not write."""


def load_undone_rows(
    pg: Connection,
    target: Target,
    original_sync: sa.Row[Any],
    *,
    correction: int,
    at: datetime,
    school_id: int | None = None,
) -> None:
    """Load the rows of one entity that the sync wrote into `undone_<entity>`, with their values before the sync.

    A row that has these values already is left out.

    Args:
        target: the table of the entity.
        original_sync: the sync to undo.
        correction: the id of the sync that records the undo.
        at: the time of the undo, at which rows end that the sync added.
        school_id: the one school whose rows are restored. None restores all rows.
    """
    journal = _select_journal(target, original_sync.id)
    old = json_as_row(target.table, sa.func.coalesce(journal.c.before, journal.c.after), "old")
    new = json_as_row(target.table, journal.c.after, "new")
    product = target.table
    is_same_row = sa.and_(*(product.c[name] == old.c[name] for name in target.key))
    values = target.end_where({name: old.c[name] for name in target.columns}, journal.c.op == END)
    is_excluded = _is_excluded(target, original_sync, journal, old, new)
    query = sa.select(
        journal.c.op,
        *(value.label(name) for name, value in values.items()),
        journal.c.key,
        is_excluded.label("is_excluded"),
    ).select_from(journal.join(old, sa.true()).join(new, sa.true()).outerjoin(product, is_same_row))
    if target.ended:
        query = query.where(~sa.func.coalesce(_is_restored(target, journal, old), sa.false()))
    if school_id is not None:
        query = query.where(_is_of_school(target.name, old, new, school_id, original_sync))
    pg.execute(CreateTemporaryTable(UNDONE[target.name].name, query), {"at": at, "sync_id": correction})


def _select_journal(target: Target, sync_id: int) -> sa.Subquery:
    """Select the journal of a sync for one entity. Column `op` is the op that undoes the recorded change."""
    op = sa.case(
        (changes.c.op == INSERT, END if target.ended else DELETE), (changes.c.op == DELETE, INSERT), else_=UPDATE
    )
    return (
        sa.select(op.label("op"), changes.c.key, changes.c.before, changes.c.after)
        .where(changes.c.sync_id == sync_id, changes.c.entity.in_(recorded_names(target.name)))
        .subquery("journal")
    )


def _is_restored(target: Target, journal: FromClause, old: FromClause) -> ColumnElement[bool]:
    """Return whether the row of the product already has its values before the sync, so that nothing is to do."""
    product = target.table
    is_equal = sa.and_(*(product.c[name].is_not_distinct_from(old.c[name]) for name in target.changed))
    return sa.case((journal.c.op == END, product.c[target.ended or ""].is_not(None)), else_=is_equal)


def _is_excluded(
    target: Target, original_sync: sa.Row[Any], journal: FromClause, old: FromClause, new: FromClause
) -> ColumnElement[bool]:
    """Return whether the undo must not write the row.

    It must not if the row was written since the sync, or if it would close an account that another organization uses.
    Of an account that a decision wrote, only the role is compared.
    """
    product = target.table
    if target.name == "accounts" and original_sync.mode == "resolve":
        # Later syncs update the name and the email of the account. The decision can still be undone.
        is_other_role = product.c.role.is_distinct_from(new.c.role)
        return sa.or_(is_other_role, _is_used_elsewhere(journal, old, original_sync.organization_id))
    reasons = [product.c[name].is_distinct_from(new.c[name]) for name in (target.changed or target.key)]
    if target.name == "accounts":
        reasons.append(_is_used_elsewhere(journal, old, original_sync.organization_id))
    if target.name == "org_memberships":
        reasons.append(product.c.is_admin.is_distinct_from(new.c.is_admin))
    return sa.or_(*reasons, _is_written_later(target, original_sync.id, journal))


def _is_written_later(target: Target, sync_id: int, journal: FromClause) -> ColumnElement[bool]:
    """Return whether a later sync wrote the row. An undo and a sync that was itself undone do not count.

    The move from Clever Library that the sync needed (`moved_for`) does not count either. It has a later number, but it
    was made before.
    """
    later, writer = changes.alias("later"), syncs.alias("writer")
    return sa.exists().where(
        writer.c.id == later.c.sync_id,
        later.c.sync_id > sync_id,
        later.c.entity.in_(recorded_names(target.name)),
        later.c.key == journal.c.key,
        writer.c.mode != "undo",
        writer.c.state != "undone",
        writer.c.counts["moved_for"].astext.is_distinct_from(str(sync_id)),
    )


def _is_used_elsewhere(journal: FromClause, old: FromClause, organization_id: int) -> ColumnElement[bool]:
    """Return whether the undo would close an account that another organization uses."""
    return sa.and_(journal.c.op == END, sa.exists(select_other_organizations(old.c.id, organization_id)))


def _is_of_school(
    entity: str, old: FromClause, new: FromClause, school_id: int, original_sync: sa.Row[Any]
) -> ColumnElement[bool]:
    """Return whether a row belongs to a school.

    A roster belongs to its schools before and after the sync, and its members belong where the roster does. Rows about
    a person belong to the school if the person has no other school. Terms and courses belong to the district.
    """
    people = _select_people_of(school_id, original_sync.organization_id)
    if entity in ("terms", "courses"):
        return sa.false()
    if entity == "schools":
        return old.c.id == school_id
    if entity == "accounts":
        return old.c.id.in_(people)
    if entity in ("identity_links", "org_memberships"):
        return old.c.account_id.in_(people)
    if entity == "school_memberships":
        return old.c.school_id == school_id
    if entity == "rosters":
        return sa.or_(old.c.school_id == school_id, new.c.school_id == school_id)
    if entity == "reviews":
        clever_ids = sa.select(identity_links.c.clever_id).where(identity_links.c.account_id.in_(people))
        return old.c.clever_id.in_(clever_ids)
    images = (changes.c.before, changes.c.after)
    moved = sa.select(sa.cast(sa.func.coalesce(*images)["id"].astext, sa.BigInteger)).where(
        changes.c.sync_id == original_sync.id,
        changes.c.entity.in_(recorded_names("rosters")),
        sa.or_(*(image["school_id"].astext == str(school_id) for image in images)),
    )
    own_rosters = sa.union(sa.select(rosters.c.id).where(rosters.c.school_id == school_id), moved)
    return sa.or_(old.c.roster_id.in_(own_rosters), new.c.roster_id.in_(own_rosters))


def _select_people_of(school_id: int, organization_id: int) -> sa.CompoundSelect[Any]:
    """Select the accounts that are or were members of a school and have no other school in the organization."""
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
